// Runs jobs of jobs.js in a page. Models that a job saves with downloads://NAME go to the directory of the
// answers' file.
import {createReadStream, readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, '../node_modules/@tensorflow');
const PAGE = `<!doctype html><title>jobs</title>
<script src="/tfjs/dist/tf.min.js"></script>
<script src="/tfjs-backend-wasm/dist/tf-backend-wasm.min.js"></script>`;
const TYPES = {js: 'text/javascript', wasm: 'application/wasm', json: 'application/json'};

/** Run the jobs of a JSON file on its backend, and write the answers to another. */
export default async function run(browser, jobsFile, answersFile) {
  const asked = readFileSync(jobsFile, 'utf8');
  const server = await serve(asked);
  const origin = `http://127.0.0.1:${server.address().port}`;
  const page = await browser.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('download', (download) =>
    download.saveAs(join(dirname(answersFile), download.suggestedFilename())));
  try {
    await page.goto(origin);
    // Jobs and answers pass as JSON texts, because Playwright takes seconds for a million numbers.
    const answers = await page.evaluate(async () => {
      tf.wasm?.setWasmPaths('/tfjs-backend-wasm/dist/');
      const {runJobs} = await import('/jobs.js');
      const {backend, jobs} = await (await fetch('/jobs.json')).json();
      return JSON.stringify(await runJobs(tf, backend, jobs));
    });
    // Wait for downloads, because closing the page cancels them.
    await page.waitForTimeout(asked.includes('downloads://') ? 1000 : 0);
    if (complaints.length) throw new Error(complaints.join('\n'));
    writeFileSync(answersFile, answers);
  } finally {
    await page.close();
    server.close();
  }
}

/** Serve the page, the jobs, jobs.js, TensorFlow.js, and models by their full path. */
async function serve(asked) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url);
    if (path === '/') return response.setHeader('Content-Type', 'text/html').end(PAGE);
    const models = `http://${request.headers.host}/model`;
    if (path === '/jobs.json') return response.end(asked.replaceAll('file://', models));
    response.setHeader('Content-Type', TYPES[path.split('.').pop()] ?? 'application/octet-stream');
    const file = path.startsWith('/model/') ? path.slice('/model'.length)
      : path === '/jobs.js' ? join(here, path) : join(dist, path);
    createReadStream(file).on('error', () => response.writeHead(404).end()).pipe(response);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

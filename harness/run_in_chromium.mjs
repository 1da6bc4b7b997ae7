// usage: node run_in_chromium.mjs CHROMIUM JOBS ANSWERS. Like run_in_node.mjs, but in a page of a
// headless browser. Models that a job saves with downloads://NAME go to the directory of ANSWERS.
import {createReadStream, readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

import {openBrowser} from './chromium.mjs';

const [executablePath, jobsFile, answersFile] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, '../node_modules/@tensorflow');
const {backend, jobs} = JSON.parse(readFileSync(jobsFile, 'utf8'));
const PAGE = `<!doctype html><title>jobs</title>
<script src="/tfjs/dist/tf.min.js"></script>
<script src="/tfjs-backend-wasm/dist/tf-backend-wasm.min.js"></script>`;

// Serves the page, jobs.js, TensorFlow.js, and models by their full path.
const server = createServer((request, response) => {
  const path = decodeURIComponent(request.url);
  if (path === '/') return response.setHeader('Content-Type', 'text/html').end(PAGE);
  const types = {js: 'text/javascript', wasm: 'application/wasm', json: 'application/json'};
  response.setHeader('Content-Type', types[path.split('.').pop()] ?? 'application/octet-stream');
  const file = path.startsWith('/model/') ? path.slice('/model'.length)
    : path === '/jobs.js' ? join(here, path) : join(dist, path);
  createReadStream(file).on('error', () => response.writeHead(404).end()).pipe(response);
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const origin = `http://127.0.0.1:${server.address().port}`;

const browser = await openBrowser(executablePath);
const page = await browser.newPage();
const complaints = [];
page.on('pageerror', (error) => complaints.push(String(error)));
page.on('download', (download) =>
  download.saveAs(join(dirname(answersFile), download.suggestedFilename())));
await page.goto(origin);
const inPage = JSON.parse(JSON.stringify(jobs).replaceAll('file://', `${origin}/model`));
const answers = await page.evaluate(async ({backend, jobs}) => {
  tf.wasm?.setWasmPaths('/tfjs-backend-wasm/dist/');
  const {runJobs} = await import('/jobs.js');
  return runJobs(tf, backend, jobs);
}, {backend, jobs: inPage});
// Wait for downloads, because closing the browser cancels them.
await page.waitForTimeout(jobs.some((job) => job.save) ? 1000 : 0);
await browser.close();
server.close();
if (complaints.length) throw new Error(complaints.join('\n'));
writeFileSync(answersFile, JSON.stringify(answers));

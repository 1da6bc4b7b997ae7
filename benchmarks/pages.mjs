// usage: node benchmarks/pages.mjs CHROMIUM SITE
// Measures the pages of a built site in headless Chromium: bytes and seconds of each first view, and the
// seconds until a val_loss when the page trains on every character of a window, and on the last only. The
// site must have the runs of `make demo` and the corpus python-docs.
import {createServer} from 'node:http';
import {readFile} from 'node:fs/promises';
import {extname, join} from 'node:path';
import {gzipSync} from 'node:zlib';

import {chromium} from 'playwright-core';

const TARGET = 2.4; // nats per character
const TIMEOUT = 900; // seconds, for a training
const TRAINING = {epochs: 400, 'examples-per-epoch': 1024, 'batch-size': 64};
const TYPES = {'.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.wasm': 'application/wasm'};
const FIRST_VIEWS = {
  'index.html': () => document.querySelector('#line')?.textContent.length > 0,
  'lstm_text_generation/web/index.html': () => document.querySelectorAll('#text [data-place]').length > 60,
  'fashion_mnist_vae/web/index.html': () => document.querySelector('#tiles')?.width > 300,
};

/** Serve a directory with gzip, as hosts do, and append the bytes of each response to `sent`. */
function serve(directory, sent) {
  const server = createServer(async (request, response) => {
    const path = join(directory, decodeURIComponent(request.url.split('?')[0]));
    const content = await readFile(path).catch(() => null);
    if (!content) return response.writeHead(404).end();
    const body = gzipSync(content);
    sent.push(body.length);
    const type = TYPES[extname(path)] ?? 'application/octet-stream';
    return response.writeHead(200, {'Content-Type': type, 'Content-Encoding': 'gzip'}).end(body);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** Return the shortest time of three visits with an empty cache, and the bytes of a visit. */
async function firstView(browser, url, ready, sent) {
  const seconds = [];
  for (let visit = 0; visit < 3; visit++) {
    const page = await (await browser.newContext()).newPage();
    sent.length = 0;
    const start = performance.now();
    await page.goto(url);
    await page.waitForFunction(ready);
    seconds.push((performance.now() - start) / 1000);
    await page.context().close();
  }
  return {seconds: Math.min(...seconds), bytes: sent.reduce((sum, bytes) => sum + bytes, 0)};
}

/** Train a model with a layer of 64 units in the page; return the seconds until val_loss is TARGET. */
async function train(browser, url, objective) {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(1000 * TIMEOUT);
  await page.goto(url);
  await page.click('#tab-train');
  await page.selectOption('#source', 'python-docs');
  await page.click('#load-text');
  await page.waitForSelector('#status:has-text("Loaded python-docs")');
  await page.fill('#lstm-layer-sizes', '64');
  await page.click('#create');
  await page.waitForSelector('#status:has-text("Created")');
  for (const [id, value] of Object.entries(TRAINING)) await page.fill(`#${id}`, String(value));
  await page.selectOption('#objective', objective);
  const start = performance.now();
  await page.click('#train');
  await page.click('#tab-history');
  await page.waitForFunction((target) => {
    const losses = document.querySelector('#epoch-losses')?.textContent ?? '';
    return Number(losses.match(/val_loss ([\d.]+)/)?.[1] ?? Infinity) <= target;
  }, TARGET);
  const seconds = (performance.now() - start) / 1000;
  const losses = await page.textContent('#epoch-losses');
  await page.context().close();
  return {seconds, losses};
}

const [executablePath, site] = process.argv.slice(2);
const sent = [];
const server = await serve(site, sent);
const origin = `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({executablePath, args: ['--no-sandbox']});
console.log(`# The pages, measured

\`make bench-pages\` measured these figures in headless Chromium on 2 cores without a graphics card. The site has
the runs of \`make demo\`.

## First views

A first view ends when the first character or the first map is on the screen. The bytes are those that a host
sends with gzip. The seconds are the minimum of three visits with an empty cache.

| page | seconds | bytes |
| --- | --- | --- |`);
for (const [path, ready] of Object.entries(FIRST_VIEWS)) {
  const {seconds, bytes} = await firstView(browser, `${origin}/${path}`, ready, sent);
  console.log(`| ${path} | ${seconds.toFixed(2)} | ${bytes.toLocaleString('en')} |`);
}
console.log(`
## Training in the page

A model with one LSTM layer of 64 units learns \`python-docs\` in batches of 64 windows of 40 characters. It
learns from every character of a window (the default), or only from the last character, as in the original.
For both, val_loss is the loss of the next character after a window of held-out text.

| objective | seconds to val_loss ${TARGET} | last epoch |
| --- | --- | --- |`);
for (const objective of ['every_char', 'last_char']) {
  const {seconds, losses} = await train(browser, `${origin}/lstm_text_generation/web/index.html`, objective);
  console.log(`| ${objective} | ${seconds.toFixed(0)} | ${losses} |`);
}
await browser.close();
server.close();

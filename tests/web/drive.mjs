// usage: node drive.mjs CHROMIUM ORIGIN SCENARIO ARGUMENT ANSWER
// Runs one scenario of text_page.mjs, vae_page.mjs or index_page.mjs in a new headless Chromium. ARGUMENT is
// JSON. Writes to the file ANSWER: the scenario's result, the errors on the console, and the requests to
// other sites.
import {writeFileSync} from 'node:fs';

import {openBrowser} from '../../harness/chromium.mjs';

const [executablePath, origin, scenario, argument, answerFile] = process.argv.slice(2);
const browser = await openBrowser(executablePath);
const context = await browser.newContext({acceptDownloads: true});
const page = await context.newPage();
page.setDefaultTimeout(60_000);
const [errors, outside] = [[], []];
page.on('pageerror', (error) => errors.push(String(error)));
page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
page.on('dialog', (dialog) => dialog.accept());
page.on('request', (request) => {
  const url = request.url();
  if (!url.startsWith(origin) && !/^(data|blob):/.test(url)) outside.push(url);
});

const [app, name] = scenario.split('.');
const {[name]: run} = await import(`./${app}_page.mjs`);
const paths = {text: 'lstm_text_generation/web/', vae: 'fashion_mnist_vae/web/', index: ''};
const open = (query = '') => page.goto(`${origin}/${paths[app]}index.html${query}`);
try {
  const answer = await run({page, open, origin}, JSON.parse(argument));
  writeFileSync(answerFile, JSON.stringify({answer: answer ?? null, errors, outside}));
} catch (error) {
  const status = await page.textContent('#status').catch(() => 'none');
  console.error(`${error.stack}\nstatus: ${status}\n${errors.join('\n')}`);
  process.exitCode = 1;
} finally {
  await browser.close();
}

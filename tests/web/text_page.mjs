// Scenarios of the text model's page.
import {readFileSync} from 'node:fs';

import {accessibility, drop, status} from './steps.mjs';

const READY = /^Choose a text/;

/** Open the page and load a source: a run, a text by name, or a text of one's own. */
async function loaded({page, open}, {run, text, own}) {
  await open();
  await status(page, READY);
  if (own) await page.fill('#own-text', own);
  else await page.selectOption('#source', run ? `run:${run}` : `text:${text}`);
  await page.click('#load-source');
  await status(page, run ? /Now you can let it write/ : /Next, create or load/);
}

async function generated(page, {seed, length, temperature, way}) {
  if (seed !== undefined) await page.fill('#seed-text', seed);
  await page.fill('#length', String(length));
  await page.fill('#temperature', String(temperature));
  if (way) await page.selectOption('#way', way);
  await page.click('#generate');
  await status(page, /Done generating/);
  return page.inputValue('#written');
}

/** Return the probabilities that the bars show, by their characters' order. */
function bars(page) {
  return page.$$eval('#bars button', (buttons) => buttons.map((bar) => Number(bar.dataset.probability)));
}

async function fields(page, values) {
  for (const [id, value] of Object.entries(values)) await page.fill(`#${id}`, String(value));
}

async function created(page, sizes) {
  await page.fill('#lstm-layer-sizes', sizes);
  await page.click('#create');
  await status(page, /Done creating/);
}

const SHORT = {epochs: 2, 'examples-per-epoch': 200, 'batch-size': 50, 'validation-split': 0.2};

/** A run writes, one step a character and a window at a time; no text is loaded. */
export async function write(site, {run, seed, length, temperature}) {
  const {page} = site;
  await loaded(site, {run});
  const model = await page.textContent('#model');
  const offered = await page.inputValue('#seed-text');
  const options = {seed, length, temperature};
  const step = await generated(page, {...options, way: 'step'});
  const speed = await page.textContent('#writing-speed');
  return {model, offered, step, speed, window: await generated(page, {...options, way: 'window'})};
}

/** The bars follow the temperature, and write. */
export async function chart(site, {run, seed, temperatures, click}) {
  const {page} = site;
  await loaded(site, {run});
  await page.fill('#seed-text', seed);
  await page.click('#show-bars');
  await page.waitForFunction(() => document.querySelectorAll('#bars button').length > 1);
  const found = {};
  for (const temperature of temperatures) {
    await page.fill('#temperature', String(temperature));
    found[temperature] = await bars(page);
  }
  await page.focus('#drag-temperature');
  await page.keyboard.press('End');
  const dragged = {temperature: await page.inputValue('#temperature'), bars: await bars(page)};
  await page.fill('#temperature', '1');
  await page.click(`#bars button:nth-child(${click + 1})`);
  await page.waitForFunction(() => document.getElementById('written').value.length === 1);
  await page.waitForFunction(() => !document.getElementById('show-bars').disabled);
  const label = await page.getAttribute('#bars button:nth-child(1)', 'aria-label');
  return {found, dragged, written: await page.inputValue('#written'), after: await bars(page), label};
}

/** A text of one's own: create, train, stop, resume, write, keep, reload, load, delete. */
export async function everything(site, {text}) {
  const {page, open} = site;
  await loaded(site, {own: text});
  await created(page, '10,6');
  const model = await page.textContent('#model');
  await fields(page, SHORT);
  await page.click('#train');
  await status(page, /Done training/);
  const trained = {
    progress: await page.textContent('#speed'),
    charts: await page.$$eval('#batch-chart canvas, #batch-chart svg, #epoch-chart canvas, #epoch-chart svg', (all) => all.length),
    legend: await page.textContent('#epoch-chart'),
  };
  await page.click('#random-seed');
  const seed = await page.inputValue('#seed-text');
  const written = await generated(page, {length: 30, temperature: 0.001});
  const before = await page.textContent('#kept');
  await page.click('#save');
  await status(page, /^Kept/);
  const kept = await page.textContent('#kept');
  await open();
  await status(page, READY);
  await page.fill('#own-text', text);
  await page.click('#load-source');
  await status(page, /Next, create or load/);
  const again = await page.textContent('#kept');
  await page.click('#load');
  await status(page, /Done loading model/);
  const rewritten = await generated(page, {seed, length: 30, temperature: 0.001});
  const sizes = await page.inputValue('#lstm-layer-sizes');
  await page.click('#delete');
  await status(page, /^Deleted/);
  const deleted = [await page.textContent('#kept'), await page.isDisabled('#load')];
  return {model, trained, seed, written, before, kept, again, rewritten, sizes, deleted};
}

/** Stop in the middle of a batch that takes long; then resume to the end. */
export async function stopAndResume(site, {text}) {
  const {page} = site;
  await loaded(site, {own: text});
  await created(page, '128');
  await fields(page, {...SHORT, epochs: 1, 'examples-per-epoch': 380, 'batch-size': 128});
  await page.click('#train');
  await status(page, /complete/);
  await page.click('#stop');
  await status(page, /^Stopped,/);
  const stopped = await page.textContent('#speed');
  await page.waitForTimeout(3000); // longer than a batch
  const still = await page.textContent('#speed');
  await page.click('#resume');
  await status(page, /Done training/);
  return {stopped, still, end: await page.textContent('#speed')};
}

/**
 * Load a run and a text that it knows, train, keep; come back, load the text, then the kept model,
 * and train a little at no learning rate: the loss is that of the kept model, in its characters.
 */
export async function keepARun(site, {run, text}) {
  const {page} = site;
  await loaded(site, {run});
  await page.fill('#own-text', text);
  await page.click('#load-source');
  await status(page, /Next, create or load/);
  const quiet = {...SHORT, epochs: 1, 'learning-rate': 1e-9};
  await fields(page, quiet);
  const losses = [];
  const train = async () => {
    await page.click('#train');
    await status(page, /Done training/);
    losses.push(Number((await page.textContent('#speed')).match(/loss ([\d.]+)/)[1]));
  };
  await train();
  await page.click('#save');
  await status(page, /^Kept/);
  await loaded(site, {own: text});
  await page.click('#load');
  await status(page, /Done loading model/);
  await fields(page, quiet);
  await train();
  return losses;
}

/** A text that the model does not know, and trainings that cannot go well. */
export async function trouble(site, {run, own}) {
  const {page} = site;
  await loaded(site, {run});
  await page.fill('#own-text', own);
  await page.click('#load-source');
  const putAside = await status(page, /Next, create or load/);
  await created(page, '4');
  await fields(page, {...SHORT, 'learning-rate': 1e38});
  await page.click('#train');
  const diverged = await status(page, /not a number|not numbers/);
  const resumable = await page.isEnabled('#resume');
  const written = await generated(page, {length: 5, temperature: 1});
  await fields(page, {'own-text': own.slice(0, 60), 'learning-rate': 0.01});
  await page.click('#load-source');
  await status(page, /Next, create or load/);
  await created(page, '4');
  await page.click('#train');
  const short = await status(page, /too short/);
  return {putAside, diverged, resumable, written, short, again: await generated(page, {length: 5, temperature: 1})};
}

/** Stop a text in the middle; then write another. */
export async function stopWriting(site, {run, seed}) {
  const {page} = site;
  await loaded(site, {run});
  await fields(page, {'seed-text': seed, length: 1_000_000, temperature: 1});
  await page.click('#generate');
  await page.waitForFunction(() => document.getElementById('written').value.length > 20);
  await page.click('#stop');
  await status(page, /^Stopped, before/);
  const written = (await page.inputValue('#written')).length;
  await page.waitForTimeout(300);
  const still = (await page.inputValue('#written')).length;
  return {written, still, again: await generated(page, {seed, length: 5, temperature: 1})};
}

/** Train a run of Python further with its text, and download it. */
export async function trainFurther(site, {run, text, directory}) {
  const {page} = site;
  await loaded(site, {run});
  await page.fill('#own-text', text);
  await page.click('#load-source');
  await status(page, /Next, create or load/);
  const model = await page.textContent('#model');
  await fields(page, SHORT);
  await page.click('#train');
  await status(page, /Done training/);
  const noSteps = await page.$eval('#way', (way) => [way.options[0].disabled, way.value]);
  const written = await generated(page, {seed: text.slice(0, 30), length: 20, temperature: 0.001});
  const files = [];
  page.on('download', async (download) => {
    await download.saveAs(`${directory}/${download.suggestedFilename()}`);
    files.push(download.suggestedFilename());
  });
  await page.click('#download');
  while (files.length < 2) await page.waitForTimeout(100);
  return {model, noSteps, written, files: files.sort()};
}

/** Fill fields with wrong values, one at a time; return what the page says. */
export async function badFields(site, {run, own, cases}) {
  const {page} = site;
  await loaded(site, run ? {run} : {own});
  if (!run) await created(page, '4');
  const messages = [];
  for (const [id, value, button] of cases) {
    const old = await page.inputValue(`#${id}`);
    await page.fill(`#${id}`, value);
    await page.click(`#${button}`);
    messages.push(await status(page, /^ERROR/));
    await page.fill(`#${id}`, old);
    await page.evaluate(() => (document.getElementById('status').textContent = ''));
  }
  return messages;
}

/** Load a text from the web that the test answers; return the status and how often it was asked. */
export async function web({page, open}, {name, answers, file}) {
  let asked = 0;
  await page.context().route(/googleapis|jsdelivr/, async (route) => {
    const kind = answers[Math.min(asked++, answers.length - 1)];
    if (kind === 'cut') return route.abort('connectionreset');
    if (kind === 404) return route.fulfill({status: 404, body: 'nothing here'});
    return route.fulfill({
      body: readFileSync(file), contentType: 'text/plain', headers: {'Access-Control-Allow-Origin': '*'},
    });
  });
  const said = [];
  for (const _ of answers) {
    await open();
    await status(page, READY);
    await page.selectOption('#source', `text:${name}`);
    await page.click('#load-source');
    said.push(await status(page, /Done loading|Failed|There is no/));
  }
  return {said, asked};
}

/** Drop a file on the text field, and load it. */
export async function dropText({page, open}, {base64}) {
  await open();
  await status(page, READY);
  await drop(page, '#own-text', 'mine.txt', 'text/plain', base64);
  await page.waitForFunction(() => document.getElementById('own-text').value);
  await page.click('#load-source');
  await status(page, /Next, create or load/);
  await created(page, '4');
  return {model: await page.textContent('#model'), text: await page.inputValue('#own-text')};
}

export async function broken(site, {runs}) {
  const {page, open} = site;
  const messages = {};
  for (const run of runs) {
    await open();
    await status(page, READY);
    await page.selectOption('#source', `run:${run}`);
    await page.click('#load-source');
    messages[run] = await status(page, /python -m/);
  }
  return messages;
}

/** Texts and names that would do something if they were taken for HTML. */
export async function markup(site, {run, own}) {
  const {page} = site;
  await loaded(site, {own});
  await created(page, '4');
  await generated(page, {seed: own.slice(0, 40), length: 10, temperature: 1});
  await loaded(site, {run});
  return page.evaluate(() => [document.querySelectorAll('img, b').length, window.hacked ?? null]);
}

/** Change the backend; the model stays. */
export async function backends(site, {run, seed}) {
  const {page} = site;
  await loaded(site, {run});
  const temperature = 0.001;
  const written = {};
  for (const name of ['cpu', 'webgl', 'wasm']) {
    await page.selectOption('#backend', name);
    await status(page, /Computing with/);
    written[name] = await generated(page, {seed, length: 15, temperature, way: 'step'});
    await page.evaluate(() => (document.getElementById('status').textContent = ''));
  }
  await page.selectOption('#backend', 'webgpu');
  const webgpu = await status(page, /no webgpu|Computing/);
  const after = await generated(page, {seed, length: 15, temperature, way: 'step'});
  return {written, webgpu, after, backend: await page.inputValue('#backend')};
}

export async function looks(site, {run, seed}) {
  await loaded(site, {run});
  await generated(site.page, {seed, length: 3, temperature: 1});
  return accessibility(site.page);
}

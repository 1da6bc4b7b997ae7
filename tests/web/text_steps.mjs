// Steps shared by the scenarios of the text model's page.
import {status} from './steps.mjs';

/** Open the page, wait until the model writes, then pause. */
export async function opened({page, open}, query = '') {
  await open(query);
  await page.waitForFunction(() => document.querySelectorAll('#text [data-place]').length > 20);
  await page.click('#write'); // Pause
  await idle(page);
}

/** Wait until the page neither works nor writes. */
export async function idle(page) {
  await page.waitForSelector('#page[aria-busy="false"]');
  await page.waitForSelector('#write:has-text("Write")');
}

export const tab = (page, id) => page.click(`#tab-${id}`);

/** Return the text on the page. */
export const text = (page) => page.$$eval('#text [data-place]', (all) => all.map((e) => e.textContent).join(''));

export async function set(page, values) {
  await page.$eval('#controls details', (details) => (details.open = true));
  for (const [id, value] of Object.entries(values)) {
    if (['method', 'pace', 'run', 'backend'].includes(id)) await page.selectOption(`#${id}`, value);
    else await page.fill(`#${id}`, String(value));
  }
}

/** Write from a seed text. Return the written text, without the seed. */
export async function written(page, {seed, length, temperature = 0, method = 'step'}) {
  await set(page, {method, pace: 'fast', length, temperature, 'seed-text': seed});
  await page.click('#write-from-seed');
  const all = Array.from(seed).length + length;
  await idle(page);
  await page.waitForFunction((count) => document.querySelectorAll('#text [data-place]').length === count, all);
  return (await text(page)).slice(seed.length);
}

/** Return the bars as {characters, probabilities, labels}. */
export const bars = (page) => page.$$eval('#bars button', (all) => ({
  characters: all.map((bar) => bar.dataset.character),
  probabilities: all.map((bar) => Number(bar.dataset.probability)),
  labels: all.map((bar) => bar.textContent),
}));

export async function loadedText(page, own) {
  await tab(page, 'train');
  await page.fill('#own-text', own);
  await page.click('#load-text');
  await status(page, /^Loaded my text/);
}

export async function created(page, sizes) {
  await page.fill('#lstm-layer-sizes', sizes);
  await page.click('#create');
  await status(page, /^Created/);
}

export const SHORT = {epochs: 2, 'examples-per-epoch': 200, 'batch-size': 50, 'validation-split': 0.2};

export async function trained(page, values, objective = 'every_char') {
  for (const [id, value] of Object.entries(values)) await page.fill(`#${id}`, String(value));
  await page.selectOption('#objective', objective);
  await page.click('#train');
  await status(page, /training is done/);
}

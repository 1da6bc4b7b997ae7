// Scenarios of the text model's page: reading and writing.
import {status, violations} from './steps.mjs';
import {bars, created, idle, loadedText, opened, set, tab, text, written} from './text_steps.mjs';

export * from './text_training.mjs';

/** Open the page without a click, on a desktop and on a phone. */
export async function opensWriting({page, open}, {reduced}) {
  if (reduced) await page.emulateMedia({reducedMotion: 'reduce'});
  const answer = {};
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    await page.setViewportSize({width, height});
    await open();
    if (reduced) {
      await status(page, /Press Write to/);
      await page.waitForTimeout(300);
    } else {
      await page.waitForFunction(() => document.querySelectorAll('#text [data-place]').length > 60);
    }
    answer[width] = {
      box: await page.locator('#text').boundingBox(),
      seed: await page.$$eval('#text [data-place].seed', (all) => all.map((e) => e.textContent).join('')),
      length: (await text(page)).length,
      temperature: await page.inputValue('#temperature'),
      button: await page.textContent('#write'),
      scroll: await page.evaluate(() => document.documentElement.scrollWidth),
    };
  }
  if (reduced) {
    await page.click('#write');
    await page.waitForFunction(() => document.querySelectorAll('#text [data-place]').length > 30);
  }
  return answer;
}

/** Write with both methods. */
export async function write(site, {seed, length}) {
  const {page} = site;
  await opened(site);
  await set(page, {method: 'window', 'seed-text': seed.slice(0, 5)});
  await page.click('#write-from-seed');
  const short = await status(page, /at least/);
  const step = await written(page, {seed, length});
  const speed = await page.textContent('#speed');
  return {short, step, speed, window: await written(page, {seed, length, method: 'window'})};
}

/** Return each character's surprise, and the likeliest characters at a place, by mouse and by keyboard. */
export async function surprise(site, {seed, temperature, place, choice}) {
  const {page} = site;
  await opened(site);
  await written(page, {seed, length: 5});
  const bits = await page.$$eval('#text [data-place]', (all) => all.map((e) => Number(e.dataset.bits)));
  const shades = await page.$$eval('#text [data-place]', (all) => all.map((e) => e.style.background));
  const mean = Number(await page.textContent('#mean-bits'));
  await set(page, {temperature});
  await page.hover(`#text [data-place="${place}"]`);
  const hovered = await bars(page);
  await page.check('#show-all');
  const all = await bars(page);
  await page.uncheck('#show-all');
  await page.mouse.move(1, 1);
  await page.focus('#text');
  await page.keyboard.press('ArrowLeft');
  const last = await page.getAttribute('#text .selected', 'data-place');
  await page.keyboard.press('Escape');
  await page.click(`#text [data-place="${place}"]`);
  await set(page, {temperature: 0, length: 10});
  await page.focus('#text');
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowLeft');
  await page.focus('#bars button');
  for (let i = 0; i < choice; i++) await page.keyboard.press('ArrowDown');
  const character = await page.evaluate(() => document.activeElement.dataset.character);
  await page.keyboard.press('Enter');
  const count = place + 1 + 10;
  await page.waitForFunction((n) => document.querySelectorAll('#text [data-place]').length === n, count);
  await idle(page);
  const rewound = await text(page);
  await page.click('#text [data-place="3"]'); // the selection stays when the mouse moves to the bars
  const words = await page.textContent('#selected');
  const clicked = await page.getAttribute('#bars button:nth-child(2)', 'data-character');
  await page.click('#bars button:nth-child(2)');
  await idle(page);
  return {bits, shades, mean, hovered, all, last, character, rewound, words, clicked, again: await text(page)};
}

/** Read a text. Return its surprises, the units that the page finds, and the memory of one unit. */
export async function read(site, {given, unit}) {
  const {page} = site;
  await opened(site);
  await tab(page, 'text');
  await page.fill('#read-text', given);
  await page.click('#read');
  await status(page, /has read/);
  const bits = await page.$$eval('#text [data-place]', (all) => all.map((e) => Number(e.dataset.bits)));
  const units = await page.$$eval('#units [data-unit]', (all) =>
    all.map(({textContent, dataset}) => ({name: textContent, unit: Number(dataset.unit), r: Number(dataset.r)})));
  const plain = await page.$$eval('#text [data-place]', (all) => all.slice(0, 50).map((e) => e.style.background));
  if (units.length) await page.click('#units [data-unit]');
  await page.focus('#layer-1');
  await page.keyboard.press('ArrowRight');
  await page.evaluate((n) => document.querySelector(`#text [data-place="${n}"]`).click(), unit.place);
  await page.focus('#layer-1');
  const value = await page.getAttribute('#layer-1', 'aria-valuetext');
  const coloured = await page.$$eval('#text [data-place]', (all) => all.slice(0, 50).map((e) => e.style.background));
  return {bits, units, plain, coloured, value, read: await page.textContent('.stage'), all: await text(page)};
}

/** Write at four temperatures. */
export async function temperatures(site, {seed}) {
  const {page} = site;
  await opened(site);
  await page.fill('#seed-text', seed);
  await page.click('#compare');
  await page.waitForSelector('.samples pre');
  return page.$$eval('.samples figure', (all) => all.map((e) => [
    e.querySelector('figcaption').textContent, e.querySelector('pre').textContent,
  ]));
}

/** Move the temperature's slider while the model writes. */
export async function slider(site) {
  const {page} = site;
  await opened(site);
  await set(page, {pace: '40', length: 400, temperature: 0});
  await page.click('#write-from-seed');
  await page.waitForTimeout(600);
  await page.focus('#drag-temperature');
  const at = (await text(page)).length;
  await page.keyboard.press('End');
  await page.waitForTimeout(1500);
  const during = await page.textContent('#write');
  const length = (await text(page)).length;
  await page.click('#write');
  const bits = await page.$$eval('#text [data-place]', (all) => all.map((e) => Number(e.dataset.bits)));
  return {at, during, length, bits, temperature: await page.inputValue('#temperature')};
}

/** Return the losses and texts of the second epoch of a run. */
export async function history(site) {
  const {page} = site;
  await opened(site);
  await tab(page, 'history');
  await page.waitForSelector('#epoch');
  const chart = await page.getAttribute('#epoch-chart', 'aria-label');
  await page.focus('#epoch');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  return {
    chart, epoch: await page.inputValue('#epoch'), losses: await page.textContent('#epoch-losses'),
    samples: await page.$$eval('.samples pre', (all) => all.map((e) => e.textContent)),
  };
}

/** Choose damaged runs. Check that the good run still writes. */
export async function broken(site, {runs, good, seed}) {
  const {page} = site;
  await opened(site, `?run=${good}`);
  const messages = {};
  for (const run of runs) {
    await page.selectOption('#run', run);
    messages[run] = await status(page, /python -m|Train it again/);
    if (run !== 'nan') {
      const before = (await text(page)).length;
      await page.click('#write'); // the old model still writes
      await page.waitForFunction((n) => document.querySelectorAll('#text [data-place]').length > n, before);
      await page.click('#write');
      await idle(page);
    }
    await page.selectOption('#run', good);
    await page.waitForSelector('#page[aria-busy="false"]');
    await page.click('#write');
    await idle(page);
  }
  return {messages, wrote: await written(page, {seed, length: 5})};
}

export async function noRuns({page, open}) {
  await page.route('**/saved_models/index.json', (route) => route.fulfill({json: []}));
  await open();
  const said = await status(page, /python -m/);
  const tab = await page.getAttribute('#tab-train', 'aria-selected');
  const refusals = [];
  for (const name of ['Temperature 0.1', 'backwards']) {
    await page.click(`button:has-text("${name}")`);
    refusals.push(await status(page, /model first/));
    await page.reload();
    await status(page, /python -m/);
  }
  return {said, tab, refusals};
}

/** Use a text and a run's name that contain HTML. */
export async function markup(site, {own, run}) {
  const {page} = site;
  await opened(site, `?run=${encodeURIComponent(run)}`);
  await loadedText(page, own);
  await created(page, '4');
  await written(page, {seed: own.slice(0, 40), length: 10, temperature: 1});
  return page.evaluate(() => [document.querySelectorAll('img, main b b').length, window.hacked ?? null]);
}

/** Write on each backend. */
export async function backends(site, {seed}) {
  const {page} = site;
  await opened(site);
  const texts = {};
  for (const name of ['cpu', 'webgl', 'wasm']) {
    await set(page, {backend: name});
    await status(page, new RegExp(`Computing with ${name}`));
    texts[name] = await written(page, {seed, length: 15});
  }
  await set(page, {backend: 'webgpu'});
  const webgpu = await status(page, /cannot run webgpu|Computing with webgpu/);
  return {texts, webgpu, after: await written(page, {seed, length: 15}), backend: await page.inputValue('#backend')};
}

/** Change the view, copy its address, and open it. */
export async function address(site, {run, seed}) {
  const {page} = site;
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await opened(site);
  await set(page, {run});
  await page.waitForFunction((name) => location.search.includes(name), run);
  await page.click('#write');
  await set(page, {temperature: 0.3, 'seed-text': seed});
  await page.focus('#layer-1');
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => location.search.includes('unit='));
  await page.waitForTimeout(400);
  await page.click('#copy-link');
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  await opened(site, '?run=none&seed=€你&unit=9999&temperature=hot');
  const wrong = [await page.textContent('#status'), await page.textContent('.legend'), await page.inputValue('#run')];
  await opened(site, new URL(copied).search);
  return {
    copied, wrong, run: await page.inputValue('#run'), temperature: await page.inputValue('#temperature'),
    seed: await page.inputValue('#seed-text'), unit: await page.getAttribute('#layer-1', 'aria-valuenow'),
    text: await text(page),
  };
}

/** Start each experiment. */
export async function experiments(site) {
  const {page} = site;
  await opened(site);
  const looks = [];
  for (const name of ['Temperature 0.1', 'Temperature 1.5']) {
    await page.click(`button:has-text("${name}")`);
    await page.waitForFunction(() => document.querySelectorAll('#text [data-place]').length > 40);
    looks.push([await page.inputValue('#temperature'), await page.textContent('#experiments-title ~ p')]);
  }
  await page.click('#write');
  await idle(page);
  await page.waitForTimeout(300); // because the worker may still send a part of the text
  const before = await text(page);
  const forwards = Number(await page.textContent('#mean-bits'));
  await page.click('button:has-text("backwards")');
  await status(page, /has read/);
  return {looks, before, after: await text(page), forwards, backwards: Number(await page.textContent('#mean-bits'))};
}

/** Return what axe finds in each tab and colour scheme, and the width on a phone. */
export async function accessibility(site, {own}) {
  const {page} = site;
  const found = [];
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({colorScheme});
    await opened(site);
    await page.$eval('#controls details', (details) => (details.open = true));
    await page.click('#text [data-place="5"]');
    for (const id of ['temperatures', 'history', 'text', 'train', 'models']) {
      await tab(page, id);
      if (id === 'temperatures') await page.click('#compare');
      if (id === 'history') await page.waitForSelector('#epoch-chart canvas');
      if (id === 'train' && colorScheme === 'dark') {
        await loadedText(page, own);
        await created(page, '4');
        await page.fill('#epochs', 'x');
      }
      await page.waitForTimeout(200);
      found.push(...(await violations(page)).map((line) => `${colorScheme} ${id}: ${line}`));
    }
  }
  await page.setViewportSize({width: 390, height: 844});
  return {found, width: await page.evaluate(() => document.documentElement.scrollWidth)};
}

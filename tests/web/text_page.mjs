// Scenarios of the text model's page.
import {readFileSync} from 'node:fs';

import {axe, drop, status} from './steps.mjs';

/** Open the page, and wait until its first run has written something. */
async function opened({page, open}, query = '') {
  await open(query);
  await page.waitForFunction(() => document.querySelectorAll('#text [data-place]').length > 20);
  await page.click('#write'); // Pause
  await idle(page);
}

/** Wait until nothing is done and nothing is written. */
async function idle(page) {
  await page.waitForSelector('#page[aria-busy="false"]');
  await page.waitForSelector('#write:has-text("Write on")');
}

const tab = (page, id) => page.click(`#tab-${id}`);

/** Return the text on the page. */
const text = (page) => page.$$eval('#text [data-place]', (all) => all.map((e) => e.textContent).join(''));

async function set(page, values) {
  await page.$eval('#controls details', (details) => (details.open = true));
  for (const [id, value] of Object.entries(values)) {
    if (['way', 'pace', 'run', 'backend'].includes(id)) await page.selectOption(`#${id}`, value);
    else await page.fill(`#${id}`, String(value));
  }
}

/** Write from a seed text; return what the model wrote. */
async function written(page, {seed, length, temperature = 0, way = 'step'}) {
  await set(page, {way, pace: 'fast', length, temperature, 'seed-text': seed});
  await page.click('#write-from-seed');
  const all = Array.from(seed).length + length;
  await idle(page);
  await page.waitForFunction((count) => document.querySelectorAll('#text [data-place]').length === count, all);
  return (await text(page)).slice(seed.length);
}

/** Return the bars as {characters, probabilities, labels}. */
const bars = (page) => page.$$eval('#bars button', (all) => ({
  characters: all.map((bar) => bar.dataset.character),
  probabilities: all.map((bar) => Number(bar.dataset.probability)),
  labels: all.map((bar) => bar.textContent),
}));

/** Nothing is clicked: what is there after the page has opened? */
export async function opensWriting({page, open}, {reduced}) {
  if (reduced) await page.emulateMedia({reducedMotion: 'reduce'});
  const answer = {};
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    await page.setViewportSize({width, height});
    await open();
    if (reduced) {
      await status(page, /Press Write on/);
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

/** A run writes, one step a character and a window at a time. */
export async function write(site, {seed, length}) {
  const {page} = site;
  await opened(site);
  await set(page, {way: 'window', 'seed-text': seed.slice(0, 5)});
  await page.click('#write-from-seed');
  const short = await status(page, /at least/);
  const step = await written(page, {seed, length});
  const speed = await page.textContent('#speed');
  return {short, step, speed, window: await written(page, {seed, length, way: 'window'})};
}

/** The surprise of each character, and what was expected at a place, by mouse and by keyboard. */
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
  await page.click('#text [data-place="3"]'); // the selection stays when the mouse goes to the bars
  const clicked = await page.getAttribute('#bars button:nth-child(2)', 'data-character');
  await page.click('#bars button:nth-child(2)');
  await idle(page);
  return {bits, shades, mean, hovered, all, last, character, rewound, clicked, again: await text(page)};
}

/** Read a text; return its surprises, the units that the page offers, and the memory of one. */
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

/** Four temperatures side by side. */
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

/** The slider acts while the model writes. */
export async function slider(site) {
  const {page} = site;
  await opened(site);
  await set(page, {pace: '40', length: 400, temperature: 0});
  await page.click('#write-from-seed');
  await page.waitForTimeout(600);
  await page.focus('#drag-temperature');
  await page.keyboard.press('End');
  const at = (await text(page)).length;
  await page.waitForTimeout(1500);
  const during = await page.textContent('#write');
  const length = (await text(page)).length;
  await page.click('#write');
  const bits = await page.$$eval('#text [data-place]', (all) => all.map((e) => Number(e.dataset.bits)));
  return {at, during, length, bits, temperature: await page.inputValue('#temperature')};
}

/** What the model wrote after an epoch, for a run of Python. */
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

async function loadedText(page, own) {
  await tab(page, 'train');
  await page.fill('#own-text', own);
  await page.click('#load-text');
  await status(page, /^Loaded my text/);
}

async function created(page, sizes) {
  await page.fill('#lstm-layer-sizes', sizes);
  await page.click('#create');
  await status(page, /^Created/);
}

const SHORT = {epochs: 2, 'examples-per-epoch': 200, 'batch-size': 50, 'validation-split': 0.2};

async function trained(page, values, objective = 'every_char') {
  for (const [id, value] of Object.entries(values)) await page.fill(`#${id}`, String(value));
  await page.selectOption('#objective', objective);
  await page.click('#train');
  await status(page, /training is done/);
}

/** A text of one's own: create, train, write, keep, reload, load, delete. */
export async function everything(site, {own}) {
  const {page} = site;
  await opened(site);
  await loadedText(page, own);
  await created(page, '10,6');
  const model = await page.textContent('#model-name');
  const spoken = [];
  await page.exposeFunction('spoken', (said) => spoken.push(said));
  await page.$eval('#status', (element) => new MutationObserver(() => window.spoken(element.textContent))
    .observe(element, {childList: true, characterData: true, subtree: true}));
  await page.focus('#train');
  await trained(page, SHORT);
  const said = [...spoken];
  const focus = await page.evaluate(() => document.activeElement.id);
  const progress = await page.textContent('#training-speed');
  const chart = await page.getAttribute('#batch-chart', 'aria-label');
  await tab(page, 'history');
  const epochs = await page.textContent('#epoch-losses');
  const samples = await page.$$eval('.samples pre', (all) => all.map((e) => e.textContent));
  await page.click('#random-seed');
  const seed = await page.inputValue('#seed-text');
  const first = await written(page, {seed, length: 30});
  const window = await written(page, {seed, length: 30, way: 'window'});
  await tab(page, 'models');
  await page.click('#keep');
  await status(page, /^This browser keeps/);
  await opened(site);
  await tab(page, 'models');
  const kept = await page.textContent('#kept');
  await page.click('.load-kept');
  await status(page, /^Loaded my text/);
  const again = await written(page, {seed, length: 30});
  await tab(page, 'train');
  const sizes = await page.inputValue('#lstm-layer-sizes');
  await tab(page, 'models');
  await page.click('.delete-kept');
  await status(page, /^Deleted/);
  const left = await page.locator('#kept li').count();
  return {model, said, focus, progress, chart, epochs, samples, seed, first, window, kept, again, sizes, left};
}

/** Stop in the middle of a batch that takes long; then resume to the end. Stop a creation, too. */
export async function stopAndResume(site, {own}) {
  const {page} = site;
  await opened(site);
  await loadedText(page, own);
  await created(page, '128');
  for (const [id, value] of Object.entries({...SHORT, epochs: 1, 'examples-per-epoch': 380, 'batch-size': 128})) {
    await page.fill(`#${id}`, String(value));
  }
  await page.click('#train');
  await page.waitForFunction(() => /left$/.test(document.getElementById('training-speed')?.textContent));
  await page.click('#stop');
  await status(page, /^Stopped after/);
  const stopped = await page.textContent('#training-speed');
  await page.waitForTimeout(2000); // longer than a batch
  const still = await page.textContent('#training-speed');
  await page.click('#resume');
  await status(page, /training is done/);
  const end = await page.textContent('#training-speed');
  const before = await page.textContent('#model-name');
  await page.fill('#lstm-layer-sizes', '1300,400');
  await page.click('#create');
  await status(page, /^Creating/);
  await page.click('#stop');
  await status(page, /from before/);
  const seed = await page.inputValue('#seed-text');
  return {stopped, still, end, before, after: await page.textContent('#model-name'), wrote: await written(page, {seed, length: 5})};
}

/** Return the val_loss after the same batches, for both objectives, and whether the model learns. */
export async function objectives(site, {own}) {
  const {page} = site;
  await opened(site);
  await loadedText(page, own);
  const losses = {};
  for (const objective of ['every_char', 'last_char']) {
    await created(page, '24');
    await trained(page, {...SHORT, epochs: 3, 'examples-per-epoch': 500}, objective);
    await tab(page, 'history');
    losses[objective] = await page.textContent('#epoch-losses');
    await tab(page, 'train');
  }
  return losses;
}

/** Train a run further, then download it. */
export async function trainFurther(site, {own, directory, seed}) {
  const {page} = site;
  await opened(site);
  await loadedText(page, own);
  await trained(page, {...SHORT, 'learning-rate': 0.01});
  const model = await page.textContent('#model-name');
  const wrote = await written(page, {seed, length: 20}); // shorter than a window
  await tab(page, 'models');
  const files = [];
  page.on('download', async (download) => {
    await download.saveAs(`${directory}/${download.suggestedFilename()}`);
    files.push(download.suggestedFilename());
  });
  await page.click('#download');
  while (files.length < 2) await page.waitForTimeout(100);
  return {model, wrote, files: files.sort()};
}

/** Wrong numbers: what stands below the field, what the button says, and both after it is right. */
export async function badFields(site, {own, cases}) {
  const {page} = site;
  await opened(site);
  await loadedText(page, own);
  await page.$eval('#controls details', (details) => (details.open = true));
  const answers = [];
  for (const [id, value, button] of cases) {
    const old = await page.inputValue(`#${id}`);
    await page.fill(`#${id}`, value);
    const below = await page.locator(`#${id}-error`).textContent({timeout: 500}).catch(() => null);
    let said = null;
    if (button) {
      await page.click(`#${button}`);
      said = await status(page, /\. The field|but is|million|with a point|must/);
    }
    await page.fill(`#${id}`, old);
    const after = await page.locator(`#${id}-error`).count();
    answers.push({below, said, after});
  }
  return answers;
}

/** Things that cannot be done yet say why when they are clicked. */
export async function reasons(site) {
  const {page} = site;
  await opened(site);
  const said = {};
  const refused = (id) => page.click(`#${id}`, {force: true}); // it is aria-disabled
  await refused('random-seed');
  said['random-seed'] = await status(page, /./);
  await tab(page, 'train');
  for (const id of ['train', 'create', 'resume', 'stop']) {
    await page.$eval('#status', (element) => (element.firstChild.data = ''));
    await refused(id);
    said[id] = await status(page, /./);
  }
  said.sizes = await page.inputValue('#lstm-layer-sizes');
  return said;
}

/** Texts and trainings that go wrong. */
export async function trouble(site, {own, unknown, short}) {
  const {page} = site;
  await opened(site);
  await loadedText(page, unknown);
  await page.click('#train');
  const unknownText = await status(page, /does not know/);
  await loadedText(page, own);
  for (const [id, value] of Object.entries({...SHORT, 'learning-rate': 1e30})) await page.fill(`#${id}`, String(value));
  await page.click('#train');
  const diverged = await status(page, /learning rate/);
  const seed = await page.inputValue('#seed-text');
  const wrote = await written(page, {seed, length: 5});
  await tab(page, 'train');
  await page.fill('#learning-rate', '0.01');
  await loadedText(page, short);
  const red = await page.getAttribute('#status', 'class');
  await page.click('#train');
  return {unknownText, diverged, wrote, red, short: await status(page, /too short/)};
}

/** Load texts from the web that the test answers; return the statuses and how often it was asked. */
export async function web(site, {names, answers, file}) {
  const {page} = site;
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
    await opened(site);
    await tab(page, 'train');
    for (const name of names) {
      await page.selectOption('#source', name);
      await page.click('#load-text');
      said.push(await status(page, new RegExp(`^Loaded ${name}|${name} failed|has no text`)));
      await idle(page);
    }
  }
  return {said, asked};
}

/** Drop a file on the text field, and load it. */
export async function dropText(site, {base64}) {
  const {page} = site;
  await opened(site);
  await tab(page, 'train');
  await drop(page, '#own-text', 'mine.txt', 'text/plain', base64);
  await page.waitForFunction(() => document.getElementById('own-text').value);
  await page.click('#load-text');
  const said = await status(page, /^Loaded my text/);
  return {said, text: await page.inputValue('#own-text')};
}

/** Choose runs that cannot be used; the good one stays usable. */
export async function broken(site, {runs, good, seed}) {
  const {page} = site;
  await opened(site, `?run=${good}`);
  const messages = {};
  for (const run of runs) {
    await page.selectOption('#run', run);
    messages[run] = await status(page, /python -m|Train it again/);
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
  return {said, tab: await page.getAttribute('#tab-train', 'aria-selected')};
}

/** Texts and names that would do something if they were taken for HTML. */
export async function markup(site, {own, run}) {
  const {page} = site;
  await opened(site, `?run=${encodeURIComponent(run)}`);
  await loadedText(page, own);
  await created(page, '4');
  await written(page, {seed: own.slice(0, 40), length: 10, temperature: 1});
  return page.evaluate(() => [document.querySelectorAll('img, main b b').length, window.hacked ?? null]);
}

/** Change the backend; the model stays. */
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

/** A view's address: change it, copy it, open it. */
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
  await opened(site, new URL(copied).search);
  return {
    copied, run: await page.inputValue('#run'), temperature: await page.inputValue('#temperature'),
    seed: await page.inputValue('#seed-text'), unit: await page.getAttribute('#layer-1', 'aria-valuenow'),
    text: await text(page),
  };
}

/** One click each. */
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
  await page.waitForSelector('#write:has-text("Write on")');
  const before = await text(page);
  const forwards = Number(await page.textContent('#mean-bits'));
  await page.click('button:has-text("backwards")');
  await status(page, /has read/);
  return {looks, before, after: await text(page), forwards, backwards: Number(await page.textContent('#mean-bits'))};
}

/** What axe finds in each tab and scheme; the width at 390 px. */
export async function looks(site, {own}) {
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
      found.push(...(await axe(page)).map((problem) => `${colorScheme} ${id}: ${problem}`));
    }
  }
  await page.setViewportSize({width: 390, height: 844});
  return {found, width: await page.evaluate(() => document.documentElement.scrollWidth)};
}

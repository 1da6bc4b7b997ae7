// Scenarios of the autoencoder's page: first view, arithmetic, epochs, experiments, addresses, damaged runs.
import {numbers, pixels, status, violations} from './steps.mjs';
import {fill, onMap, opened, READY, settled, tab} from './vae_steps.mjs';

export * from './vae_images.mjs';
export * from './vae_map.mjs';

const TABS = ['inside', 'image', 'draw', 'arithmetic', 'formed', 'map'];

/** Delay the encoder until the map is drawn. */
export async function firstView({page, open}) {
  const asked = [];
  let release;
  const held = new Promise((resolve) => (release = resolve));
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.route('**/encoder/**', async (route) => {
    await held;
    await route.continue();
  });
  await open();
  await page.waitForSelector('#caption');
  await settled(page);
  const fields = {};
  await tab(page, 'map');
  for (const id of ['points', 'start-x', 'end-x', 'start-y', 'end-y']) fields[id] = await page.inputValue(`#${id}`);
  await tab(page, 'draw');
  const waiting = await page.textContent('#tab-panel');
  const before = {tiles: await pixels(page, '#tiles'), asked: [...asked], fields, waiting};
  release();
  await status(page, READY);
  return before;
}

/** Return the map's position and the page's width, on a desktop and on a phone. */
export async function layout(site) {
  const {page} = site;
  await opened(site);
  const found = {};
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    await page.setViewportSize({width, height});
    await page.waitForTimeout(100);
    const box = await page.locator('.map').boundingBox();
    const first = await page.evaluate(() => document.querySelector('main canvas').id);
    const scroll = await page.evaluate(() => document.documentElement.scrollWidth);
    found[width] = {bottom: box.y + box.height, size: box.width, first, scroll, height};
  }
  return found;
}

/** Return what axe finds in each tab, on a light desktop and on a dark phone. */
export async function axe(site) {
  const {page} = site;
  await opened(site);
  await tab(page, 'image');
  await page.click('#thumbnails button:nth-child(3)');
  await page.waitForSelector('#draws');
  const found = [];
  for (const [colorScheme, width] of [['light', 1280], ['dark', 390]]) {
    await page.emulateMedia({colorScheme});
    await page.setViewportSize({width, height: 800});
    for (const name of TABS) {
      await tab(page, name);
      if (name === 'formed') await page.waitForSelector('#losses canvas');
      const focused = await page.evaluate(() => document.activeElement.id);
      found.push({name, focused, violations: await violations(page)});
    }
  }
  return found;
}

/** Calculate with three points of the map, then replace B by the picked image. */
export async function arithmetic(site) {
  const {page} = site;
  await opened(site);
  await fill(page, {points: 9, x: [-4, 4], y: [-4, 4]});
  await tab(page, 'arithmetic');
  const refused = [];
  for (const id of ['set-image', 'show-sum']) {
    await page.press(`#${id}`, 'Enter');
    refused.push(await status(page, /first/));
  }
  const set = [];
  for (const [i, place] of [[0.75, 0.25], [0.4, 0.3], [0.5, 0.75]].entries()) {
    await page.mouse.click(...(await onMap(page, place)));
    await page.waitForSelector(`#slot-${'ABC'[i]} small`);
    await settled(page);
    set.push(await numbers(page, '#z'));
  }
  await page.waitForSelector('#sum-z');
  const sum = {z: await numbers(page, '#sum-z'), image: await pixels(page, '#sum')};
  await page.click('#show-sum');
  await settled(page);
  const shown = await numbers(page, '#z');
  await tab(page, 'image');
  await page.click('#thumbnails button:nth-child(3)');
  await page.waitForSelector('#draws');
  const mean = await numbers(page, '#z-mean');
  await tab(page, 'arithmetic');
  await page.click('#slot-B');
  const old = await page.textContent('#sum-z');
  await page.click('#set-image');
  await page.waitForFunction((text) => document.getElementById('sum-z').textContent !== text, old);
  return {refused, set, sum, shown, mean, changed: await numbers(page, '#sum-z')};
}

/** Return the map and the losses of each epoch. */
export async function formation(site) {
  const {page} = site;
  await opened(site);
  await tab(page, 'formed');
  await page.waitForSelector('#losses canvas');
  const maps = [];
  await page.focus('#epoch');
  await page.keyboard.press('Home');
  for (let i = 0; i < 3; i++) {
    await page.waitForFunction((epoch) => document.getElementById('epoch-value').textContent === epoch, String(i + 1));
    await page.waitForTimeout(50); // because the canvas is drawn after the text
    maps.push({losses: await numbers(page, '#epoch-losses'), map: await pixels(page, '#epoch-map')});
    await page.keyboard.press('ArrowRight');
  }
  return {maps, chart: await page.getAttribute('#losses', 'aria-label')};
}

/** Change the view, then open its address in a new page. Return both views. */
export async function address(site) {
  const {page} = site;
  await opened(site);
  await fill(page, {points: 7, x: [-1.5, 2.5], y: [-2, 1]});
  for (const place of [[0.25, 0.25], [0.75, 0.5]]) await page.mouse.click(...(await onMap(page, place)));
  await page.waitForFunction(() => document.getElementById('walk').value === '1');
  await tab(page, 'arithmetic');
  for (const [i, place] of [[0.7, 0.2], [0.4, 0.3], [0.5, 0.7]].entries()) {
    await page.mouse.click(...(await onMap(page, place)));
    await page.waitForSelector(`#slot-${'ABC'[i]} small`);
  }
  await tab(page, 'image');
  await page.click('#thumbnails button:nth-child(4)');
  await page.waitForSelector('#draws');
  await page.mouse.move(...(await onMap(page, [0.5, 0.5])));
  await settled(page);
  await page.waitForFunction(() => location.search.includes('image=3'));
  await page.waitForTimeout(600); // because the page writes its address after a delay
  const view = async (at) => {
    await at.waitForSelector('#draws');
    await settled(at);
    const shown = {
      z: await at.textContent('#z'), caption: (await at.textContent('#caption')).split(', decoded')[0],
      mean: await at.textContent('#z-mean'), tab: await at.textContent('[role=tab][aria-selected=true]'),
      pressed: await at.getAttribute('#thumbnails button:nth-child(4)', 'aria-pressed'),
      play: await at.getAttribute('#play', 'aria-disabled'), tiles: await pixels(at, '#tiles'),
    };
    await tab(at, 'arithmetic');
    await at.waitForSelector('#sum-z');
    return {...shown, sum: await at.textContent('#sum-z')};
  };
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.click('#copy-link');
  await status(page, /Copied the address/);
  const url = await page.evaluate(() => navigator.clipboard.readText());
  const first = await view(page);
  const other = await page.context().newPage();
  await other.goto(url);
  await status(other, READY);
  return {url, first, second: await view(other)};
}

/** Start each experiment. */
export async function experiments(site) {
  const {page} = site;
  await opened(site);
  const section = page.locator('section[aria-labelledby=experiments-title]');
  const titles = await section.locator('button').allTextContents();
  const looks = [];
  const look = async (title) => {
    await page.click(`text=${title}`);
    looks.push(await section.locator('[role=status]').textContent());
  };
  await look(titles[0]);
  await page.waitForFunction(() => document.getElementById('walk').value === '1');
  await settled(page);
  const end = await numbers(page, '#z');
  await look(titles[1]);
  await page.waitForSelector('#draws');
  await settled(page);
  const unsure = await numbers(page, '#z-sd');
  await look(titles[2]);
  await page.waitForFunction(() => document.getElementById('caption').textContent.includes('from -10 to 10'));
  return {titles, looks, end, unsure};
}

/** Return the message for each damaged run. Load a good run after each. */
export async function broken({page, origin}, {runs}) {
  await page.goto(`${origin}/fashion_mnist_vae/web/index.html?run=absent`);
  await page.waitForSelector('#status.error');
  const messages = {absent: await page.textContent('#status')};
  await page.focus('#run');
  await page.selectOption('#run', 'good');
  for (const run of runs) {
    await page.selectOption('#run', run);
    await page.waitForSelector('#status.error');
    messages[run] = await page.textContent('#status');
    await page.selectOption('#run', 'good');
    await status(page, READY);
  }
  return {messages, focused: await page.evaluate(() => document.activeElement.id)};
}

/** Open the tab How the map formed of runs without maps. Return the messages. */
export async function missingFormation({page, open}, {runs}) {
  const messages = {};
  for (const run of runs) {
    await open();
    await status(page, READY);
    const encoder = page.waitForResponse((response) => response.url().includes(`/${run}/encoder/weights`));
    await page.selectOption('#run', run);
    await encoder; // the page loads the encoder last
    await status(page, READY);
    await tab(page, 'formed');
    await page.waitForSelector('#status.error');
    messages[run] = await page.textContent('#status');
  }
  return messages;
}

/** Open a site without runs. */
export async function noRuns({page, open}) {
  await page.route('**/saved_models/index.json', (route) => route.fulfill({json: []}));
  await open();
  await page.waitForSelector('pre');
  const controls = await page.locator('main').locator('button, input, select, canvas').count();
  return {words: await page.textContent('main'), controls};
}

// Scenarios of the autoencoder's page.
import {accessibility, drop, numbers, pixels, status} from './steps.mjs';

const DREW = /Decoded and drew/;

async function opened({page, open}) {
  await open();
  await status(page, DREW);
}

/** Fill the fields, and press Update; return the tiles. */
export async function update(site, {points, x, y}) {
  const {page} = site;
  await opened(site);
  const first = await status(page, DREW);
  await page.fill('#points', String(points));
  for (const [name, [start, end]] of Object.entries({x, y})) {
    await page.fill(`#start-${name}`, String(start));
    await page.fill(`#end-${name}`, String(end));
  }
  await page.click('#update');
  await status(page, new RegExp(`drew ${points ** 2} images`));
  return {first, tiles: await pixels(page, '#tiles')};
}

/** Drag a limit with its slider; the map is drawn anew without Update. */
export async function drag(site) {
  const {page} = site;
  await opened(site);
  await page.fill('#points', '3');
  await page.click('#update');
  await status(page, /drew 9 images/);
  const before = await pixels(page, '#tiles');
  await page.focus('#drag-end-x');
  for (let i = 0; i < 30; i++) await page.keyboard.press('ArrowLeft');
  await page.waitForTimeout(500);
  return {before, after: await pixels(page, '#tiles'), end: await page.inputValue('#end-x')};
}

export async function badFields(site) {
  const {page} = site;
  await opened(site);
  const messages = [];
  for (const [id, value] of [['points', '0'], ['points', '2.5'], ['points', ''], ['start-x', '5'], ['end-y', '']]) {
    const old = await page.inputValue(`#${id}`);
    await page.fill(`#${id}`, value);
    await page.click('#update');
    messages.push(await status(page, /must|type a number/));
    await page.fill(`#${id}`, old);
    await page.click('#update');
    await status(page, DREW);
  }
  return messages;
}

/** Point at a place of the map, given from 0 to 1. */
export async function hover(site, {across, down}) {
  const {page} = site;
  await opened(site);
  await page.locator('#overlay').scrollIntoViewIfNeeded();
  const {width, height} = await page.locator('#overlay').boundingBox();
  await page.locator('#overlay').hover({position: {x: across * width, y: down * height}});
  await page.waitForTimeout(300);
  return {z: await numbers(page, '#z'), large: await pixels(page, '#large')};
}

/** Walk from one point to another with the keyboard alone, then with the slider. */
export async function walk(site) {
  const {page} = site;
  await opened(site);
  await page.focus('#overlay');
  for (const key of ['ArrowLeft', 'ArrowLeft', 'ArrowUp', 'Enter']) await page.keyboard.press(key);
  const from = await numbers(page, '#z');
  const early = await page.isDisabled('#play');
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'Enter']) {
    await page.keyboard.press(key);
    await page.waitForTimeout(100);
  }
  await page.waitForFunction(() => document.getElementById('walk').value === '1');
  await page.waitForTimeout(300);
  const to = await numbers(page, '#z');
  await page.focus('#walk');
  await page.keyboard.press('Home');
  for (let i = 0; i < 25; i++) await page.keyboard.press('ArrowRight');
  await page.waitForTimeout(300);
  const quarter = {z: await numbers(page, '#z'), large: await pixels(page, '#large')};
  await page.click('#play');
  await page.waitForFunction(() => document.getElementById('walk').value === '1');
  return {from, early, to, quarter};
}

/** Click two points of the map, as one would with a mouse. */
export async function clicks(site) {
  const {page} = site;
  await opened(site);
  const {width, height} = await page.locator('#overlay').boundingBox();
  for (const [across, down] of [[0.25, 0.25], [0.75, 0.5]]) {
    await page.locator('#overlay').click({position: {x: across * width, y: down * height}});
  }
  await page.waitForFunction(() => document.getElementById('walk').value === '1');
  return page.isEnabled('#play');
}

/** Show the clusters; return the colours on the map that are no gray. */
export async function clusters(site) {
  const {page} = site;
  await opened(site);
  const coloured = () => page.$eval('#overlay', (canvas) => {
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) count += Math.abs(data[i] - data[i + 1]) > 60;
    return count;
  });
  const before = await coloured();
  await page.check('#clusters');
  await page.waitForFunction(() => !document.getElementById('legend').hidden);
  await page.waitForTimeout(500);
  const shown = await coloured();
  const legend = await page.textContent('#legend');
  await page.uncheck('#clusters');
  await page.waitForTimeout(300);
  return {before, shown, legend, after: await coloured()};
}

/** Visit a run without test images; drop a picture on it. */
export async function untested(site, {png}) {
  const {page} = site;
  await opened(site);
  const controls = {};
  for (const id of ['clusters', 'others']) controls[id] = await page.isDisabled(`#${id}`);
  const thumbnails = await page.locator('#thumbnails button').count();
  const words = await page.textContent('#untested:visible');
  await drop(page, '#drop', 'a.png', 'image/png', png);
  await page.waitForSelector('#result:visible');
  return {controls, thumbnails, words, z: await numbers(page, '#z-mean')};
}

/** Pick a test image; upload and drop another as a PNG. */
export async function images(site, {png, other}) {
  const {page} = site;
  await opened(site);
  const read = async () => {
    await page.waitForTimeout(400);
    return {
      z: await numbers(page, '#z-mean'),
      original: await pixels(page, '#original'),
      reconstruction: await pixels(page, '#reconstruction'),
    };
  };
  await page.click('#thumbnails button:nth-child(3)');
  const picked = await read();
  const label = await page.getAttribute('#thumbnails button:nth-child(3)', 'aria-label');
  await page.setInputFiles('#file', {name: 'a.png', mimeType: 'image/png', buffer: Buffer.from(png, 'base64')});
  const uploaded = await read();
  await drop(page, '#drop', 'b.png', 'image/png', other);
  const dropped = await read();
  await page.click('#others');
  const next = await page.getAttribute('#thumbnails button:nth-child(1)', 'aria-label');
  await page.setInputFiles('#file', {name: 'bad.png', mimeType: 'image/png', buffer: Buffer.from('text')});
  return {picked, label, uploaded, dropped, next, message: await status(page, /not a picture/)};
}

/** Choose each backend; return what the page says, and the tiles. */
export async function backends(site) {
  const {page} = site;
  await opened(site);
  await page.fill('#points', '4');
  const found = {};
  for (const name of ['cpu', 'webgl', 'wasm']) {
    await page.selectOption('#backend', name);
    await status(page, /drew 16 images/);
    await page.waitForTimeout(300);
    found[name] = await pixels(page, '#tiles');
    await page.fill('#points', '3');
    await page.click('#update');
    await status(page, /drew 9 images/);
    await page.fill('#points', '4');
  }
  await page.selectOption('#backend', 'webgpu');
  const webgpu = await status(page, /no webgpu|drew 16/);
  await page.fill('#points', '2');
  await page.click('#update');
  return {found, webgpu, after: await status(page, /drew 4 images/)};
}

/** Return the message for each run, and for the page without runs. */
export async function broken({page, open}, {runs}) {
  await open();
  await status(page, DREW);
  const messages = {};
  for (const run of runs) {
    await page.waitForFunction(() => document.getElementById('run').options.length > 1);
    await page.selectOption('#run', run);
    messages[run] = await status(page, /python -m/);
    await page.selectOption('#run', 'good');
    await status(page, DREW);
  }
  return messages;
}

export async function noRuns({page, open}) {
  await page.route('**/saved_models/index.json', (route) => route.fulfill({json: []}));
  await open();
  return status(page, /python -m/);
}

export async function layers(site) {
  const {page} = site;
  await opened(site);
  await page.click('#layers summary');
  await page.waitForSelector('#summary table');
  await page.waitForSelector('#dense3 table');
  return page.textContent('#summary');
}

export async function looks(site) {
  await opened(site);
  return accessibility(site.page);
}

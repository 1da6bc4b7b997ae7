// Scenarios of the autoencoder's page: encoded images.
import {drop, pixels, status} from './steps.mjs';
import {fill, opened, readPicked, tab} from './vae_steps.mjs';

/** Return the z of all samples from the ellipse. */
const zsOf = (page) =>
  page.$$eval('#draws figure', (figures) => figures.map(({dataset}) => dataset.z.split(',').map(Number)));

/** Pick a test image. Return its numbers, its ellipse on the map, its samples, and the diagram. */
export async function picked(site) {
  const {page} = site;
  await opened(site);
  await fill(page, {points: 9, x: [-4, 4], y: [-4, 4]});
  await tab(page, 'inside');
  const dark = await page.locator('.stage.lit').count();
  await tab(page, 'image');
  await page.click('#thumbnails button:nth-child(3)');
  await page.waitForSelector('#draws');
  const label = await page.getAttribute('#thumbnails button:nth-child(3)', 'aria-label');
  const ellipse = await page.$eval('#overlay', (canvas) => {
    const {width, height} = canvas;
    const {data} = canvas.getContext('2d').getImageData(0, 0, width, height);
    const columns = [];
    const rows = [];
    for (let i = 0; i < width * height; i++) {
      const [red, green, blue] = data.subarray(4 * i, 4 * i + 3);
      if (red < 200 || green > 130 || blue < 80 || blue > 200) continue;
      columns.push((i % width) / width);
      rows.push(Math.floor(i / width) / height);
    }
    const ends = (values) => [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
    return {across: ends(columns), down: ends(rows)};
  });
  const draws = async () => ({
    zs: await zsOf(page),
    errors: (await page.locator('#draws figcaption').allTextContents()).map(Number),
    image: await pixels(page, '#draws figure:nth-child(2) canvas'),
  });
  const first = await draws();
  const many = [];
  for (let i = 0; i < 30; i++) {
    const before = await page.getAttribute('#draws figure', 'data-z');
    await page.click('#sample');
    await page.waitForFunction((z) => document.querySelector('#draws figure').dataset.z !== z, before);
    many.push(...(await zsOf(page)));
  }
  const result = {label, ellipse, many, draws: first, again: await draws(), ...(await readPicked(page))};
  await page.click('#others');
  result.next = await page.getAttribute('#thumbnails button:nth-child(1)', 'aria-label');
  await tab(page, 'inside');
  return {...result, dark, lit: await page.locator('.stage.lit').count(), diagram: await page.innerText('#diagram')};
}

/** Upload and drop pictures, each a PNG in base64. */
export async function files(site, {uploaded, dropped, wide}) {
  const {page} = site;
  await opened(site);
  await tab(page, 'image');
  const answers = {};
  let last = null;
  const read = async (name) => {
    await page.waitForFunction((old) => (document.getElementById('z-mean')?.textContent ?? null) !== old, last);
    answers[name] = await readPicked(page);
    last = await page.textContent('#z-mean');
  };
  await page.setInputFiles('#file', {name: 'a.png', mimeType: 'image/png', buffer: Buffer.from(uploaded, 'base64')});
  await read('uploaded');
  await drop(page, '#drop', 'b.png', 'image/png', dropped);
  await read('dropped');
  await drop(page, '#drop', 'c.png', 'image/png', wide);
  await read('wide');
  await page.setInputFiles('#file', {name: 'bad.png', mimeType: 'image/png', buffer: Buffer.from('text')});
  answers.message = await status(page, /cannot read/);
  await page.setInputFiles('#file', {name: 'd.png', mimeType: 'image/png', buffer: Buffer.from(dropped, 'base64')});
  await page.waitForFunction(() => !document.getElementById('status').classList.contains('error'));
  return answers;
}

/** Draw with the mouse, then with a finger. */
export async function draw(site) {
  const {page} = site;
  await opened(site);
  await tab(page, 'draw');
  await page.locator('#pad').scrollIntoViewIfNeeded();
  const {x, y, width, height} = await page.locator('#pad').boundingBox();
  await page.mouse.move(x + 0.35 * width, y + 0.3 * height);
  await page.mouse.down();
  await page.mouse.move(x + 0.35 * width, y + 0.71 * height, {steps: 4});
  await page.waitForSelector('#result');
  const during = await page.textContent('#z-mean');
  await page.mouse.move(x + 0.75 * width, y + 0.71 * height, {steps: 4});
  await page.mouse.up();
  await page.waitForFunction((old) => document.getElementById('z-mean').textContent !== old, during);
  await page.waitForTimeout(200);
  const byMouse = await readPicked(page);
  const touch = await page.context().newCDPSession(page);
  await touch.send('Emulation.setTouchEmulationEnabled', {enabled: true});
  for (const [type, part] of [['touchStart', 0.2], ['touchMove', 0.5], ['touchMove', 0.8], ['touchEnd', null]]) {
    const touchPoints = part === null ? [] : [{x: x + part * width, y: y + 0.21 * height}];
    await touch.send('Input.dispatchTouchEvent', {type, touchPoints});
  }
  await page.waitForTimeout(200);
  const byFinger = await readPicked(page);
  await page.click('#clear');
  await page.waitForSelector('#result', {state: 'detached'});
  const ink = await pixels(page, '#pad');
  return {byMouse, byFinger, cleared: Math.max(...ink.gray), focused: await page.evaluate(() => document.activeElement.id)};
}

/** Open a run without test images, drop a picture, and start an experiment. */
export async function withoutTestImages(site, {png}) {
  const {page} = site;
  await opened(site);
  await tab(page, 'image');
  const words = await page.textContent('#untested');
  const missing = {};
  for (const selector of ['#thumbnails', '#legend', '#clusters']) missing[selector] = await page.locator(selector).count();
  await drop(page, '#drop', 'a.png', 'image/png', png);
  await page.waitForSelector('#draws');
  const dropped = await readPicked(page);
  const experiments = await page.locator('section[aria-labelledby=experiments-title] button').allTextContents();
  const mean = await page.textContent('#z-mean');
  await page.click(`text=${experiments[1]}`);
  await page.waitForFunction((old) => {
    const now = document.getElementById('z-mean')?.textContent; // the element is missing while the image is loading
    return now && now !== old;
  }, mean);
  return {words, missing, dropped, experiments};
}

// Scenarios of the autoencoder's page: the map.
import {numbers, pixels, status} from './steps.mjs';
import {fill, mapOf, onMap, opened, painted, settled, tab} from './vae_steps.mjs';

/** Change the limits by fields and by a slider, type wrong numbers, and reset. */
export async function limits(site) {
  const {page} = site;
  await opened(site);
  await painted(page);
  const usual = await pixels(page, '#tiles');
  const square = await fill(page, {points: 5, x: [-2, 2], y: [-2, 2]});
  const other = await fill(page, {points: 2, x: [-3, 1], y: [0.5, 4]});
  await page.focus('#drag-end-x');
  for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
  const dragged = {end: await page.inputValue('#end-x'), tiles: await mapOf(page, 2, [-3, 1.5], [0.5, 4])};
  const messages = [];
  const wrong = [
    ['points', '0'], ['points', '2.5'], ['points', '12abc'], ['start-x', '0,5'], ['end-y', ''], ['start-x', '5'],
  ];
  for (const [id, text] of wrong) {
    const old = await page.inputValue(`#${id}`);
    await page.fill(`#${id}`, text);
    messages.push(await page.textContent('#tab-panel .field-error'));
    await page.fill(`#${id}`, old);
  }
  const left = await page.locator('.field-error').count();
  await page.click('#reset');
  const focused = await page.evaluate(() => document.activeElement.id);
  await page.waitForFunction(() => document.getElementById('caption').textContent.includes('400 images'));
  await painted(page);
  const same = JSON.stringify(usual) === JSON.stringify(await pixels(page, '#tiles'));
  return {square, other, dragged, messages, left, focused, same};
}

/** Point at the map by mouse and by finger. Walk by keyboard and slider, and play the walk. */
export async function walk(site) {
  const {page} = site;
  await opened(site);
  await fill(page, {points: 9, x: [-4, 4], y: [-4, 4]});
  const shown = async () => {
    await settled(page);
    return {z: await numbers(page, '#z'), large: await pixels(page, '#large')};
  };
  await page.mouse.move(...(await onMap(page, [0.75, 0.25])));
  const hovered = await shown();
  const early = await page.getAttribute('#play', 'aria-disabled');
  await page.press('#play', 'Enter');
  const reason = await status(page, /Click two points/);
  const touch = await page.context().newCDPSession(page);
  await touch.send('Emulation.setTouchEmulationEnabled', {enabled: true});
  const finger = async (type, place) => {
    const [x, y] = place ? await onMap(page, place) : [];
    await touch.send('Input.dispatchTouchEvent', {type, touchPoints: place ? [{x, y}] : []});
  };
  await finger('touchStart', [0.3, 0.5]);
  await finger('touchMove', [0.3, 0.7]);
  await finger('touchMove', [0.25, 0.75]);
  await finger('touchEnd');
  const touched = await shown();
  await page.mouse.move(...(await onMap(page, [0.5, 0.5])));
  await page.focus('#overlay');
  for (const key of ['ArrowLeft', 'ArrowLeft', 'ArrowUp', 'Enter']) await page.keyboard.press(key);
  const from = await shown();
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
  const arrived = () => page.waitForFunction(() => document.getElementById('walk').value === '1');
  await arrived();
  const to = await shown();
  await page.focus('#walk');
  await page.keyboard.press('Home');
  for (let i = 0; i < 25; i++) await page.keyboard.press('ArrowRight');
  const quarter = await shown();
  await page.click('#play');
  await arrived();
  return {hovered, early, reason, touched, from, to, quarter, played: await shown()};
}

/** Count the pixels of a canvas that are not gray. */
async function coloured(page, selector) {
  await painted(page);
  return page.$eval(selector, (canvas) => {
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      count += Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 30;
    }
    return count;
  });
}

/** Switch off and on: classes, N(0, 1), and all test images. */
export async function classes(site) {
  const {page} = site;
  await opened(site);
  const names = await page.locator('#legend button').allTextContents();
  const counts = [await coloured(page, '#still')];
  for (const index of [1, 2, 3]) {
    await page.click(`#legend button:nth-child(${index})`);
    counts.push(await coloured(page, '#still'));
  }
  const pressed = await page.getAttribute('#legend button:nth-child(1)', 'aria-pressed');
  const circles = await page.$eval('#still', (canvas) => {
    // Without dots, the middle row contains only the crossings of the circles.
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const columns = [];
    for (let i = 3; i < data.length; i += 4) if (data[i] > 200) columns.push(((i - 3) / 4) % canvas.width);
    return {first: Math.min(...columns) / canvas.width, last: Math.max(...columns) / canvas.width};
  });
  await page.uncheck('#prior');
  await painted(page);
  const blank = await page.$eval('#still', (canvas) =>
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.every((value) => value === 0));
  await page.click('#legend button:nth-child(1)');
  const again = await coloured(page, '#still');
  await page.uncheck('#clusters');
  return {names, counts, pressed, circles, blank, again, off: await coloured(page, '#still')};
}

/** Return the colour of each class's mark in the legend, and its number of pixels. */
export async function marks(site) {
  const {page} = site;
  await opened(site);
  await painted(page);
  return page.$$eval('#legend canvas', (canvases) => canvases.map((canvas) => {
    const {width, height} = canvas;
    const {data} = canvas.getContext('2d').getImageData(0, 0, width, height);
    const hex = (i) => [0, 1, 2].map((c) => data[4 * i + c].toString(16).padStart(2, '0')).join('');
    const colour = hex((height / 2) * width + width / 2);
    return {colour, size: Array.from({length: width * height}, (_, i) => hex(i) === colour).filter(Boolean).length};
  }));
}

/** Open a run with three latent dimensions: choose two, move the third, and pick an image. */
export async function threeDimensions(site) {
  const {page} = site;
  await opened(site);
  await tab(page, 'map');
  await page.selectOption('#dimension-x', '2');
  await page.selectOption('#dimension-y', '0');
  await page.fill('#points', '3');
  for (const [id, text] of [['start-x', '-1'], ['end-x', '1'], ['start-y', '-2'], ['end-y', '2']]) {
    await page.fill(`#${id}`, text);
  }
  const caption = 'Across: z[2] from -1 to 1. Upwards: z[0] from -2 to 2. 9 images';
  await page.waitForFunction((text) => document.getElementById('caption').textContent.includes(text), caption);
  const before = await pixels(page, '#tiles');
  const sliders = await page.locator('.others input').count();
  await page.focus('#rest-1');
  await page.keyboard.press('End');
  const rest = Number(await page.inputValue('#rest-1'));
  await page.waitForFunction((old) => {
    const canvas = document.getElementById('tiles');
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return old.some((value, i) => value !== data[4 * i]);
  }, before.gray);
  const after = await pixels(page, '#tiles');
  await page.selectOption('#dimension-x', '0'); // the dimension of the other axis
  const swapped = await page.inputValue('#dimension-y');
  await tab(page, 'image');
  await page.click('#thumbnails button:nth-child(3)');
  await page.waitForSelector('#through');
  await settled(page);
  const z = await numbers(page, '#z');
  await page.click('#through');
  await tab(page, 'map');
  return {before, sliders, rest, after, swapped, z, through: Number(await page.inputValue('#rest-1'))};
}

/** Choose each backend. Return the page's messages and tiles. */
export async function backends(site) {
  const {page} = site;
  await opened(site);
  const found = {};
  for (const name of ['cpu', 'webgl', 'wasm']) {
    await page.selectOption('#backend', name);
    await status(page, new RegExp(`Computing with ${name}`));
    found[name] = await fill(page, {points: 4, x: [-4, 4], y: [-4, 4]});
  }
  await page.selectOption('#backend', 'webgpu');
  const webgpu = await status(page, /cannot run webgpu|Computing with webgpu/);
  const after = await fill(page, {points: 3, x: [-4, 4], y: [-4, 4]});
  return {found, webgpu, chosen: await page.inputValue('#backend'), after};
}

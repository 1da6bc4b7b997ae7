// Steps shared by the scenarios of the autoencoder's page.
import {numbers, pixels, status} from './steps.mjs';

export const READY = /encoder and the test images are loaded/;

/** Open the page and wait until everything is loaded. */
export async function opened({page, open}) {
  await open();
  await status(page, READY);
}

/** Open a tab. */
export const tab = (page, name) => page.click(`#tab-${name}`);

/** Wait until the canvases are drawn, which happens after the texts change. */
export const painted = (page) =>
  page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50))));

/** Wait until the large image shows the point. */
export async function settled(page) {
  await page.waitForFunction(() => document.getElementById('large').dataset.z === document.getElementById('z').textContent);
  await painted(page);
}

/** Wait until the map has the limits [start, end] across and upwards. Return its pixels. */
export async function mapOf(page, points, x, y) {
  const words = `z[0] from ${x[0]} to ${x[1]}. Upwards: z[1] from ${y[0]} to ${y[1]}. ${points ** 2} images`;
  await page.waitForFunction((text) => document.getElementById('caption').textContent.includes(text), words);
  await painted(page);
  return pixels(page, '#tiles');
}

/** Fill the map's fields. Return the map's pixels. */
export async function fill(page, {points, x, y}) {
  await tab(page, 'map');
  await page.fill('#points', String(points));
  for (const [name, [start, end]] of Object.entries({x, y})) {
    await page.fill(`#start-${name}`, String(start));
    await page.fill(`#end-${name}`, String(end));
  }
  return mapOf(page, points, x, y);
}

/** Return the screen position of a point, given as fractions of the map's width and height. */
export async function onMap(page, [across, down]) {
  const {x, y, width, height} = await page.locator('#overlay').boundingBox();
  return [x + across * width, y + down * height];
}

/** Return the page's numbers and pictures of the picked image. */
export async function readPicked(page) {
  await settled(page);
  const number = async (id) => Number(await page.textContent(`#${id}`));
  return {
    mean: await numbers(page, '#z-mean'), sd: await numbers(page, '#z-sd'),
    error: await number('error'), kl: await number('kl'),
    original: await pixels(page, '#original'), reconstruction: await pixels(page, '#reconstruction'),
  };
}

// Scenarios: the index page, and the first view of each page.
import {pixels, violations} from './steps.mjs';

/** Return the written text, the map, what axe finds in both colour schemes, and the width on a phone. */
export async function live({page, open}) {
  await open();
  await page.waitForFunction(() => document.querySelector('#line')?.textContent.length > 40);
  const line = await page.textContent('#line');
  const map = await pixels(page, '#map');
  const links = await page.$$eval('a', (all) => all.map((link) => link.getAttribute('href')));
  const found = [];
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({colorScheme});
    found.push(...await violations(page));
  }
  await page.setViewportSize({width: 390, height: 844});
  return {line, map, links, found, width: await page.evaluate(() => document.documentElement.scrollWidth)};
}

export async function noRuns({page, open}) {
  await page.route('**/saved_models/index.json', (route) => route.fulfill({json: []}));
  await open();
  await page.waitForSelector('main section:nth-child(2) p:has-text("make demo")');
  return page.$$eval('main section p', (all) => all.map((paragraph) => paragraph.textContent));
}

const READY = {
  'index.html': () => document.querySelector('#line')?.textContent.length > 0,
  'lstm_text_generation/web/index.html': () => document.querySelectorAll('#text [data-place]').length > 60,
  'fashion_mnist_vae/web/index.html': () => document.querySelector('#tiles')?.width > 300,
};

// Files that the autoencoder's page loads after its first view, as `firstView` in vae_page.mjs checks.
const LATER = /\/encoder\/|\/test_images\.|\/encoder-[\w-]+\.js$/;

/** Return the files that each page requests before it shows its model's output, and the seconds. */
export async function firstViews({page, origin}) {
  const views = {};
  await page.route(LATER, () => {}); // no answer
  for (const [path, ready] of Object.entries(READY)) {
    const asked = [];
    const record = (request) => asked.push(decodeURIComponent(new URL(request.url()).pathname));
    page.on('request', record);
    const start = performance.now();
    await page.goto(`${origin}/${path}`);
    await page.waitForFunction(ready);
    const files = new Set(asked.filter((name) => name.startsWith('/') && !LATER.test(name)));
    views[path] = {asked: [...files], seconds: (performance.now() - start) / 1000};
    page.off('request', record);
  }
  return views;
}

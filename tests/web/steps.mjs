// Steps shared by the scenarios of all pages.
import {readFileSync} from 'node:fs';

/** Wait until the status line matches a pattern. Return the line. */
export async function status(page, pattern) {
  const matches = (source) => new RegExp(source).test(document.getElementById('status').textContent);
  await page.waitForFunction(matches, pattern.source);
  return page.textContent('#status');
}

/** Return a canvas as {width, height, gray}, gray from 0 to 255. */
export async function pixels(page, selector) {
  // As a JSON text, because Playwright takes seconds for a million numbers.
  return JSON.parse(await page.$eval(selector, (canvas) => {
    const {width, height} = canvas;
    const {data} = canvas.getContext('2d').getImageData(0, 0, width, height);
    return JSON.stringify({width, height, gray: Array.from({length: width * height}, (_, i) => data[4 * i])});
  }));
}

/** Return the numbers in an element's text, such as (1.5, -2). */
export async function numbers(page, selector) {
  const text = await page.textContent(selector);
  return text.match(/-?\d+(\.\d+)?/g).map(Number);
}

/** Drop a file on an element. */
export async function drop(page, selector, name, type, base64) {
  const transfer = await page.evaluateHandle(
    ([name, type, base64]) => {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], name, {type}));
      return transfer;
    },
    [name, type, base64],
  );
  await page.dispatchEvent(selector, 'dragover', {dataTransfer: transfer});
  await page.dispatchEvent(selector, 'drop', {dataTransfer: transfer});
}

const AXE = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

/** Return the violations that axe finds: one line per rule and element. */
export async function violations(page) {
  await page.evaluate(AXE);
  const result = await page.evaluate(() => window.axe.run());
  return result.violations.flatMap(({id, nodes}) => nodes.map(({html, failureSummary}) => `${id}: ${html} ${failureSummary}`));
}

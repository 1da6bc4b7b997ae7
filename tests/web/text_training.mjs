// Scenarios of the text model's page: texts, training, and kept models.
import {readFileSync} from 'node:fs';

import {drop, status} from './steps.mjs';
import {created, idle, loadedText, opened, SHORT, tab, trained, written} from './text_steps.mjs';

/** Use the user's own text: create, train, write, keep, reload, load and delete a model. */
export async function createTrainKeepDelete(site, {own}) {
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
  await status(page, /^Kept/);
  await opened(site);
  await tab(page, 'models');
  const kept = await page.textContent('#kept');
  await page.click('.load-kept');
  await status(page, /^Loaded my text/);
  await page.waitForSelector('#write:has-text("Pause")'); // the model writes from its seed text
  await page.click('#write');
  await idle(page);
  const again = await written(page, {seed, length: 30});
  await tab(page, 'train');
  const sizes = await page.inputValue('#lstm-layer-sizes');
  await tab(page, 'models');
  await page.click('.delete-kept');
  await status(page, /^Deleted/);
  const left = await page.locator('#kept li').count();
  return {model, said, focus, progress, chart, epochs, samples, seed, first, window, kept, again, sizes, left};
}

/** Stop a training in the middle of a batch, then resume it. Also stop the creation of a model. */
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
  await status(page, /old model/);
  const seed = await page.inputValue('#seed-text');
  return {stopped, still, end, before, after: await page.textContent('#model-name'), wrote: await written(page, {seed, length: 5})};
}

/** Return the losses after the same batches, for both objectives. */
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
  const wrote = await written(page, {seed, length: 20}); // a seed shorter than a window
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

/** Type wrong numbers. Return the messages below the field and of the button, and then correct the field. */
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

/** Click buttons that do not act yet. Return their reasons. */
export async function reasons(site) {
  const {page} = site;
  await opened(site);
  const said = {};
  const refused = (id) => page.click(`#${id}`, {force: true}); // because it is aria-disabled
  await refused('random-seed');
  said['random-seed'] = await status(page, /./);
  const {y, height} = await page.locator('#status').boundingBox();
  said.visible = y > 0 && y + height <= page.viewportSize().height;
  await tab(page, 'train');
  for (const id of ['train', 'create', 'resume', 'stop']) {
    await page.$eval('#status', (element) => (element.firstChild.data = ''));
    await refused(id);
    said[id] = await status(page, /./);
  }
  said.sizes = await page.inputValue('#lstm-layer-sizes');
  return said;
}

/** Train with unknown characters, a high learning rate, and a short text. */
export async function trainingErrors(site, {own, unknown, short}) {
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

/** Load texts whose downloads the test answers. Return the messages and the number of requests. */
export async function downloads(site, {names, answers, file}) {
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
      said.push(await status(page, new RegExp(`^Loaded ${name}|${name} failed|does not have the text`)));
      await idle(page);
    }
  }
  return {said, asked};
}

/** Drop a file on the text field and load it. */
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

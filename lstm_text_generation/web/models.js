// The page's models: trained in Python, created here, or kept in this browser.
import {parseNumber} from '../../web/numbers.js';
import {fetchJson} from '../../web/files.js';
import {listRuns, runUrl} from '../../web/site.js';
import {Stopped} from '../../web/worker_client.js';
import {downloadFiles} from './downloads.js';
import {APP, client, HINT, say, setField, state, update} from './state.js';

const SAMPLE_LEN = 40; // of models created here, as in the original
const MAX_WEIGHTS = 20_000_000; // of a model created here, because a batch of a larger model takes minutes
const UNITS = {name: 'Each LSTM layer size', min: 1, max: 4096, integer: true};
const KEPT = `indexeddb://${APP}/`;

/** Show another model, which the thread has loaded. */
function setModel(model, restoreCall) {
  update({
    model, restoreCall, characters: [], synced: null, next: null, selected: null, pinned: false, unit: null, compared: null,
    training: null, batchLosses: [], epochs: [], epochsOf: null, epoch: null,
    seedText: model.seedText ?? '',
  });
  setField('sizes', model.sizes.join(','));
}

/** Load a model that Python trained, with its character set and seed text. */
export async function loadRun(path) {
  update({writing: null});
  const {graph = 'graph_model'} = state.value.runs.find((entry) => entry.path === path) ?? {};
  const directory = runUrl(path);
  const files = {
    graphUrl: `${directory}/${graph}/model.json`, modelUrl: `${directory}/model.json`, hint: HINT,
  };
  const info = await fetchJson(`${directory}/text_data.json`, HINT);
  if (!Array.isArray(info.char_set)) throw new Error(`saved_models/${path}/text_data.json is damaged. ${HINT}`);
  const {sizes} = await client.call('load', files); // last, because it replaces the old model
  const model = {
    name: path, kind: 'run', charSet: info.char_set, sampleLen: info.sample_len, sizes,
    seedText: info.seed_text ?? '',
  };
  setModel(model, ['load', files]);
}

export async function listModels() {
  const runs = await listRuns(APP);
  update({runs});
  return runs;
}

/** Return the sizes of the new LSTM layers; throws an Error if they are wrong or too large. */
function parseSizes(charSetSize) {
  const sizes = state.value.fields.sizes.split(',').map((size) => parseNumber(size, UNITS));
  const inputs = [charSetSize, ...sizes];
  const weights = sizes.reduce((sum, units, i) => sum + 4 * units * (inputs[i] + units + 1), 0);
  if (weights > MAX_WEIGHTS) {
    throw new Error(
      `These layers have ${(weights / 1e6).toFixed(0)} million weights, and this page allows at most ` +
      `${MAX_WEIGHTS / 1e6} million. Choose smaller layers.`,
    );
  }
  return sizes;
}

export async function createModel() {
  const {corpus} = state.value;
  const {charSet} = corpus;
  const sizes = parseSizes(charSet.length);
  update({writing: null});
  say('Creating the model.');
  const seedText = corpus.getRandomSlice(SAMPLE_LEN);
  const metadata = {char_set: charSet, sample_len: SAMPLE_LEN, seed_text: seedText};
  const options = {sampleLen: SAMPLE_LEN, charSetSize: charSet.length, sizes, metadata};
  const created = await stoppable(() => client.call('create', options));
  if (!created) return say('Stopped. The old model is still loaded.');
  const restoreCall = ['restore', {artifacts: await client.call('artifacts'), isTrainer: false}];
  setModel({...created, name: corpus.name, kind: 'created', charSet, seedText}, restoreCall);
  say('Created the model. Its weights are random, so train it before it writes.');
}

/** Wait for a call that Stop can end. Return its result, or null if the user stopped it. */
export async function stoppable(call) {
  update({running: true});
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    await state.value.restarted;
    return null;
  } finally {
    update({running: false});
  }
}

/** End the thread at once. A new thread gets the model as it was after the last finished batch. */
export function stop() {
  say('Stopping.');
  update({running: false, restarted: restart(state.value.backend)});
}

/** Start a new thread on a backend, with the same model. */
export async function restart(backend) {
  client.restart();
  update({writing: null, synced: null});
  await client.call('backend', backend);
  const {restoreCall} = state.value;
  if (restoreCall) await client.call(...restoreCall);
}

export async function changeBackend(backend) {
  const before = state.value.backend;
  say(`Starting the backend ${backend}.`);
  update({backend});
  try {
    await restart(backend);
  } catch (error) {
    update({backend: before});
    await restart(before);
    throw error;
  }
  say(`Computing with ${backend}.`);
}

export async function listKept() {
  const infos = await client.call('kept');
  const kept = Object.entries(infos)
    .filter(([url]) => url.startsWith(KEPT))
    .map(([url, {dateSaved}]) => ({name: url.slice(KEPT.length), date: dateSaved.toLocaleString()}));
  update({kept});
}

/** Keep the model in this browser, in IndexedDB. */
export async function keep() {
  const {name} = state.value.model;
  await client.call('keep', KEPT + name);
  await listKept();
  say(`Kept ${name} in this browser.`);
}

export async function loadKept(name) {
  update({writing: null});
  const {corpus} = state.value;
  const loaded = await client.call('loadKept', KEPT + name);
  const charSet = loaded.metadata?.char_set ?? corpus?.charSet;
  const restoreCall = ['restore', {artifacts: await client.call('artifacts'), isTrainer: false}];
  if (charSet?.length !== loaded.charSetSize) {
    await client.call(...(state.value.restoreCall ?? restoreCall));
    update({synced: null});
    throw new Error(`${name} does not store its ${loaded.charSetSize} characters. Load the text that it was trained on first.`);
  }
  const seedText = loaded.metadata?.seed_text || charSet[0];
  setModel({...loaded, name, kind: 'kept', charSet, seedText}, restoreCall);
  say(`Loaded ${name} from this browser.`);
}

export async function deleteKept(name) {
  if (!window.confirm(`Delete ${name} from this browser?`)) return;
  await client.call('remove', KEPT + name);
  await listKept();
  say(`Deleted ${name}.`);
}

export async function download() {
  const {model} = state.value;
  const name = model.name.replace(/[^\w.-]+/g, '_');
  downloadFiles(name, await client.call('artifacts'));
  say(`Downloaded ${name}.json and ${name}.weights.bin. To use them in Python, run python -m ${APP}.generate ${name}.json`);
}

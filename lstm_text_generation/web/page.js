// The page of the text model (the original's ui.js): controls, and what they do.
import {BACKENDS, fetchJson, fill, guarded, listRuns, runUrl, say} from '../../web/site.js';
import {Bars} from './bars.js';
import {loadCorpus, TextData} from './corpora.js';
import {Engine, filesOf, Stopped} from './engine.js';
import {readLength, readSeed, readSizes, readTemperature, readTraining} from './fields.js';
import {hash, listenForText, listSources} from './sources.js';

const $ = (id) => document.getElementById(id);
const SAMPLE_LEN = 40; // of models created here, as in the original
const APP = 'lstm_text_generation';
const HINT = `Train a model with python -m ${APP}.train, then reload this page.`;
const engine = new Engine(onEvent);
const bars = new Bars($('bars'), (index) => exclusively(() => write(index)));
let textData = null;
let model = null; // what worker.js says of it, and the characters it knows
let training = null; // {options, epoch, batch}: where it stands
let batchLosses = [];
let epochLosses = [];
let drawn = 0; // when the batches were shown last
let busy = false;
let running = false; // something that Stop can end
let restarted = null; // what Stop has begun
let backend = BACKENDS[0];

/** Enable what can be done now. */
function refresh() {
  const able = (id, condition) => ($(id).disabled = !condition);
  able('load-source', !busy);
  able('backend', !busy);
  able('create', !busy && textData);
  for (const id of ['save', 'download']) able(id, !busy && model);
  able('train', !busy && model && textData);
  able('stop', running);
  able('resume', !busy && training && !training.done);
  able('generate', !busy && model);
  able('random-seed', !busy && textData && model);
  $('way').options[0].disabled = !model?.hasGraph;
  if (!model?.hasGraph) $('way').value = 'window';
  able('show-bars', !busy && model);
}

/** Do something that must not overlap with other work; errors become messages. */
async function exclusively(work) {
  if (busy) return;
  busy = true;
  refresh();
  await guarded(work);
  busy = false;
  refresh();
}

/** Take what worker.js says of a model, by default of the one that is there already. */
function setModel(description, name = model.name, fromRun = model?.fromRun) {
  const charSet = description.metadata?.char_set ?? textData?.charSet;
  if (charSet?.length !== description.charSetSize) {
    throw new Error(`The model knows ${description.charSetSize} characters, and which is not known: load its text first.`);
  }
  // The text in the numbers of this model's characters; what it does not know is an error.
  if (textData && textData.charSet.join('') !== charSet.join('')) {
    textData = new TextData(textData.name, textData.text, charSet);
  }
  model = {...description, charSet, name, fromRun};
  $('model').textContent =
    `${name}: LSTM ${model.sizes.join(', ')}; ${charSet.length} characters, windows of ${model.sampleLen}`;
  if (model.hasGraph) $('way').value = 'step';
  bars.clear();
}

async function loadSource() {
  const [kind, name] = $('source').value.split(/:(.*)/s);
  if (kind === 'run') return loadRun(name);
  say(kind === 'own' ? 'Reading your text.' : `Loading ${name}.`);
  const text = kind === 'own' ? $('own-text').value : await loadCorpus(name);
  if (!text) throw new Error('ERROR: Empty text data.');
  const called = kind === 'own' ? `my text ${hash(text)}` : name;
  let putAside = '';
  training = null;
  try {
    textData = new TextData(called, text, model?.fromRun ? model.charSet : undefined);
    if (!model?.fromRun) forgetModel();
  } catch (error) {
    textData = new TextData(called, text);
    putAside = ` ${error.message}; so the model is put aside.`;
    forgetModel();
  }
  await refreshKept();
  const size = `${(text.length / 1024).toFixed(1)}k characters`;
  say(`Done loading text data: ${called} (${size}).${putAside} Next, create or load a model.`);
}

/** Load a model that Python trained; it brings its characters. */
async function loadRun(path) {
  const directory = runUrl(path);
  say(`Loading ${path}.`);
  const info = await fetchJson(`${directory}/text_data.json`, HINT);
  await fetchJson(`${directory}/model.json`, HINT);
  await fetchJson(`${directory}/graph_model/model.json`, HINT);
  const urls = {modelUrl: `${directory}/model.json`, graphUrl: `${directory}/graph_model/model.json`};
  const described = await engine.call('load', urls).catch((error) => {
    throw new Error(`The run ${path} cannot be used: ${error.message}. ${HINT}`);
  });
  [textData, training] = [null, null];
  setModel(described, path, true);
  engine.revival = ['load', urls];
  $('seed-text').value = info.seed_text ?? '';
  await refreshKept();
  say(`Done loading ${path}. Now you can let it write, or load a text and train it further.`);
}

function forgetModel() {
  [model, training, engine.revival] = [null, null, null];
  $('model').textContent = 'none yet';
  $('seed-text').value = ''; // it was the model's
  bars.clear();
}

/** Where IndexedDB keeps the model of this text or run. */
const keptUrl = () => `indexeddb://${APP}/${textData?.name ?? model?.name}`;

async function refreshKept() {
  const info = textData || model ? (await engine.call('saved'))[keptUrl()] : null;
  $('kept').textContent = info ? `saved ${info.dateSaved.toLocaleString()}` : 'nothing for this text';
  $('load').disabled = $('delete').disabled = !info;
}

async function createModel() {
  const sizes = readSizes();
  say('Creating model... Please wait.');
  const metadata = {char_set: textData.charSet, sample_len: SAMPLE_LEN};
  const shape = {sampleLen: SAMPLE_LEN, charSetSize: textData.charSet.length, sizes};
  setModel(await engine.call('create', {...shape, metadata}), textData.name, false);
  engine.revival = ['restore', await engine.call('snapshot')];
  training = null;
  say('Done creating model. Now you can train the model or use it to generate text.');
}

async function train() {
  const options = {...readTraining(), seed: Math.floor(Math.random() * 2 ** 31)};
  training = {options, epoch: 0, batch: 0, losses: [], done: false};
  [batchLosses, epochLosses] = [[], []];
  say('Starting model training...');
  await run();
}

/** Train from where the training stands to its end. */
async function run() {
  const resumed = training.epoch + training.batch > 0;
  const {options, epoch, batch, losses} = training;
  const place = {epoch, batch, losses, resumed, indices: textData.indices};
  const call = engine.call('train', {...options, ...place}).catch(async (error) => {
    if (error instanceof Stopped) throw error;
    training = null; // the model goes back to the last batch that went well
    setModel(await engine.restart(backend));
    throw error;
  });
  const description = await stoppable(call);
  if (!description) {
    say('Stopped, after the last finished batch. Resume, generate, or train anew.');
    return;
  }
  setModel(description);
  training.done = true;
  say('Done training.');
}

/** Wait for a call that Stop can end; return its answer, or null if it was ended. */
async function stoppable(call) {
  running = true;
  refresh();
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    setModel(await restarted);
    return null;
  } finally {
    running = false;
  }
}

/** Stop at once, in the middle of a batch: the model is as after the last finished one. */
function stop() {
  $('stop').disabled = true;
  say('Stopping.');
  restarted = engine.restart(backend);
}

function onEvent({event, ...told}) {
  if (event === 'batch') {
    [training.epoch, training.batch] = [told.epoch, told.batch + 1];
    const percent = (100 * told.progress).toFixed(1);
    say(`Model training: ${percent}% complete... (${told.examplesPerSec.toFixed(0)} examples/s)`);
    $('progress').value = told.progress;
    $('speed').textContent = `${percent}%, ${told.examplesPerSec.toFixed(0)} examples/s, loss ${told.loss.toFixed(3)}`;
    training.losses.push(told.loss);
    batchLosses.push({loss: told.loss});
    if (performance.now() - drawn > 250) showBatches();
  }
  if (event === 'epoch') {
    [training.epoch, training.batch, training.losses] = [training.epoch + 1, 0, []];
    epochLosses.push(told);
    showBatches();
    showChart('epoch-chart', epochLosses, Object.keys(told), 'Epoch');
  }
  if (event === 'characters') {
    $('written').value += told.indices.map((index) => model.charSet[index]).join('');
    $('written').scrollTop = $('written').scrollHeight;
    $('writing-speed').textContent = `${told.written} written, ${told.charactersPerSec.toFixed(0)} characters/s`;
  }
}

function showBatches() {
  drawn = performance.now();
  showChart('batch-chart', batchLosses, ['loss'], 'Batch');
}

async function showChart(id, values, names, xLabel) {
  $('charts').hidden = false;
  const {show} = await import('@tensorflow/tfjs-vis');
  await show.history($(id), values, names, {height: 220, zoomToFit: true, xLabel});
}

async function generate() {
  const length = readLength();
  const temperature = readTemperature();
  const seed = readSeed(model, textData);
  $('written').value = '';
  say('Generating text...');
  const asked = {seed, length, temperature, way: $('way').value};
  const probabilities = await stoppable(engine.call('generate', asked));
  if (probabilities) bars.show(probabilities, model.charSet, readTemperature());
  say(probabilities ? 'Done generating text.' : 'Stopped, before the text was finished.');
}

/** Show what may follow the seed text. */
async function showBars() {
  const temperature = readTemperature();
  const asked = {seed: readSeed(model, textData), way: $('way').value};
  $('written').value = '';
  bars.show(await engine.call('start', asked), model.charSet, temperature);
}

/** Write a character that was clicked, and show what may follow it. */
async function write(index) {
  const temperature = readTemperature();
  const probabilities = await engine.call('advance', index);
  $('written').value += model.charSet[index];
  bars.show(probabilities, model.charSet, temperature);
}

async function download() {
  const name = `${(textData?.name ?? model.name).replace(/[^\w.-]+/g, '_')}`;
  for (const [file, blob] of filesOf(name, await engine.call('snapshot'))) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }
  say(`Downloaded ${name}.json and ${name}.weights.bin. In Python: python -m ${APP}.generate ${name}.json`);
}

async function changeBackend() {
  const wanted = $('backend').value;
  say(`Starting ${wanted}.`);
  const use = async (name) => {
    const description = await engine.restart(name);
    if (description) setModel(description);
    $('backend').value = backend = name;
  };
  try {
    await use(wanted);
  } catch (error) {
    await use(backend);
    throw error;
  }
  say(`Computing with ${wanted}.`);
}

function listen() {
  const actions = {
    'load-source': loadSource,
    create: createModel,
    save: async () => {
      await engine.call('save', keptUrl());
      await refreshKept();
      say('Kept in this browser.');
    },
    load: async () => {
      say('Loading model from IndexedDB... Please wait.');
      const name = textData?.name ?? model.name;
      setModel(await engine.call('load', {modelUrl: keptUrl()}), name);
      engine.revival = ['restore', await engine.call('snapshot')];
      training = null;
      $('lstm-layer-sizes').value = model.sizes.join(',');
      say('Done loading model from IndexedDB. Now you can train it further or generate text.');
    },
    delete: async () => {
      if (!window.confirm('Are you sure you want to delete the kept model?')) return;
      await engine.call('remove', keptUrl());
      await refreshKept();
      say('Deleted.');
    },
    download,
    train,
    resume: run,
    generate,
    'show-bars': showBars,
    'random-seed': async () => ($('seed-text').value = textData.getRandomSlice(model.sampleLen)),
  };
  for (const [id, action] of Object.entries(actions)) {
    $(id).addEventListener('click', () => exclusively(action));
  }
  $('stop').addEventListener('click', stop);
  $('backend').addEventListener('change', () => exclusively(changeBackend));
  for (const [from, to] of [['temperature', 'drag-temperature'], ['drag-temperature', 'temperature']]) {
    $(from).addEventListener('input', () => {
      $(to).value = $(from).value;
      guarded(() => bars.follow(readTemperature()));
    });
  }
  listenForText($('own-text'), $('source'));
}

listen();
fill($('backend'), BACKENDS);
listSources($('source'), []);
await exclusively(async () => {
  await engine.call('backend', backend);
  listSources($('source'), (await listRuns(APP)).map(({path}) => path));
  say('Choose a text or a trained model, and load it.');
});

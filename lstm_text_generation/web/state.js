// The state of the text model's page, and the thread that runs the model.
import {readAddress} from '../../web/address.js';
import {BACKENDS} from '../../web/site.js';
import {createStore} from '../../web/store.js';
import {WorkerClient} from '../../web/worker_client.js';

export const APP = 'lstm_text_generation';
export const HINT = `Train a model with python -m ${APP}.train, then reload this page.`;
export const TEMPERATURES = [0, 0.25, 0.5, 0.75]; // of the book's Table 10.1

/** What each number field accepts; see `readNumber`. */
export const FIELDS = {
  temperature: {name: 'Temperature', min: 0, max: 10},
  length: {name: 'Length', min: 1, max: 20_000, integer: true},
  epochs: {name: 'Epochs', min: 1, max: 100_000, integer: true},
  examplesPerEpoch: {name: 'Examples per epoch', min: 1, max: 10_000_000, integer: true},
  batchSize: {name: 'Batch size', min: 1, max: 100_000, integer: true},
  validationSplit: {name: 'Validation split', min: 0, max: 0.9},
  learningRate: {name: 'Learning rate', min: 0, exclusive: true},
};

export const {state, update, say, attempt, run} = createStore({
  backend: BACKENDS[0],
  runs: [], // of saved_models/: {path, graph}
  kept: [], // models that this browser keeps: {name, date}
  model: null, // {name, kind: 'run' | 'trained' | 'created' | 'kept', charSet, sampleLen, sizes, seedText}
  revival: null, // [command, argument] that gives a new thread the model
  // The text: {index, before, cells, bits} for each character. `before` are the probabilities that
  // the model gave at its place, `cells` its memory after it, `bits` the surprise.
  characters: [],
  synced: null, // the `characters` that the thread has read
  next: null, // probabilities of the character after the text
  seedLength: 0, // characters of the text that the model did not write
  selected: null, // a place in the text
  pinned: false, // whether the selection stays when the pointer leaves
  unit: null, // the LSTM unit that colours the text; null for the surprise
  writing: null, // an object for each time that the model writes
  charactersPerSec: 0,
  seedText: readAddress().seed ?? '',
  temperature: 0.5, // the last valid number of its field
  pace: '40',
  way: 'step',
  showAll: false, // all characters as bars
  tab: 'temperatures',
  compared: null, // {seed, texts}: written at TEMPERATURES
  epochs: [], // what the model wrote after each epoch of its training, and its losses
  epochsOf: null, // the name of the model that they are of
  epochsSeed: '', // the seed text of what was written after them
  epoch: null, // the number of the one that is shown
  corpus: null, // TextData to train on
  source: 'python-docs',
  ownText: '',
  readText: '',
  training: null, // {options, epoch, batch, losses, progress, secondsLeft, done}
  batchLosses: [],
  running: false, // something that Stop can end
  restarted: null, // the promise of the new thread that Stop has started
  fields: {
    temperature: '0.5',
    length: '800',
    sizes: '128',
    epochs: '5',
    examplesPerEpoch: '2048',
    batchSize: '128',
    validationSplit: '0.0625',
    learningRate: '1e-2',
    objective: 'every_char',
  },
});

export const client = new WorkerClient(
  () => new Worker(new URL('./worker.js', import.meta.url), {type: 'module'}),
);

/** Change the text of a field. */
export function setField(name, text) {
  update({fields: {...state.value.fields, [name]: text}});
}

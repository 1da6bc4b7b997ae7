// The state of the text model's page, and the thread that runs the model.
import {readAddress} from '../../web/address.js';
import {BACKENDS} from '../../web/site.js';
import {createStore} from '../../web/store.js';
import {WorkerClient} from '../../web/worker_client.js';

export const APP = 'lstm_text_generation';
export const HINT = `Train a model with python -m ${APP}.train, then reload this page.`;
export const NO_MODEL = 'Load or create a model first.';
export const TEMPERATURES = [0, 0.25, 0.5, 0.75]; // of the book's Table 10.1

/** The limits of each number field; see `parseNumber`. */
export const FIELDS = {
  temperature: {name: 'Temperature', min: 0, max: 10},
  length: {name: 'Length', min: 1, max: 20_000, integer: true},
  epochs: {name: 'Epochs', min: 1, max: 100_000, integer: true},
  examplesPerEpoch: {name: 'Examples per epoch', min: 1, max: 10_000_000, integer: true},
  batchSize: {name: 'Batch size', min: 1, max: 100_000, integer: true},
  validationSplit: {name: 'Validation split', min: 0, max: 0.9},
  learningRate: {name: 'Learning rate', min: 0, exclusive: true},
};

export const {state, update, say, attempt, runExclusive} = createStore({
  backend: BACKENDS[0],
  runs: [], // of saved_models/: {path, graph}
  kept: [], // models kept in this browser: {name, date}
  model: null, // {name, kind: 'run' | 'trained' | 'created' | 'kept', charSet, sampleLen, sizes, seedText}
  restoreCall: null, // [command, argument] that loads the model into a new thread
  // The text: {index, before, cells, bits} for each character. `before` are the model's probabilities
  // before it read the character, `cells` is its memory afterwards, and `bits` is its surprise.
  characters: [],
  synced: null, // the last `characters` that the thread has read
  next: null, // probabilities of the next character
  seedLength: 0, // number of characters in the seed text
  selected: null, // an index in the text
  pinned: false, // whether the selection stays when the pointer leaves
  unit: null, // the LSTM unit that colours the text; null: the surprise does
  writing: null, // a new object each time that the model starts to write
  charactersPerSec: 0,
  seedText: readAddress().seed ?? '',
  temperature: 0.5, // the last valid number of its field
  pace: '40',
  method: 'step',
  showAll: false, // whether all characters have a bar
  tab: 'temperatures',
  compared: null, // {seed, texts}: the texts written at TEMPERATURES
  epochs: [], // the losses and the model's texts after each epoch
  epochsOf: null, // the name of the model that has these epochs
  epochsSeed: '', // the seed text of the epochs' texts
  epoch: null, // the number of the shown epoch
  corpus: null, // TextData to train on
  source: 'python-docs',
  ownText: '',
  readText: '',
  training: null, // {options, epoch, batch, losses, progress, secondsLeft, done}
  batchLosses: [],
  running: false, // whether Stop can end something
  restarted: null, // the promise of the new thread after Stop
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

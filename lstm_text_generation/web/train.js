// Training in the page: loads a text, trains, and reports progress.
import {parseNumber} from '../../web/numbers.js';
import {fetchJson} from '../../web/files.js';
import {runUrl} from '../../web/site.js';
import {hash, indicesOf, loadCorpus, OWN, TextData} from './corpora.js';
import {restart, stoppable} from './models.js';
import {client, FIELDS, HINT, say, state, TEMPERATURES, update} from './state.js';
import {decode, encode} from './text.js';

const SAMPLE_LENGTH = 80; // characters that the model writes after each epoch

/** Load the chosen text. */
export async function loadText() {
  const {source, ownText} = state.value;
  const own = source === OWN;
  say(own ? 'Reading your text.' : `Loading ${source}.`);
  const text = own ? ownText : await loadCorpus(source);
  if (!text) throw new Error('The text is empty. Type or paste a text, or drop a file.');
  const corpus = new TextData(own ? `my text ${hash(text)}` : source, text);
  update({corpus});
  const size = `${corpus.indices.length.toLocaleString('en')} characters, ${corpus.charSet.length} different ones`;
  say(`Loaded ${corpus.name} (${size}).`);
}

/** Return the text's indices in the model's character set. */
function corpusIndices() {
  const {corpus, model} = state.value;
  if (String(corpus.charSet) === String(model.charSet)) return corpus.indices;
  return Int32Array.from(indicesOf(Array.from(corpus.text), model.charSet, 'Create a new model for this text.'));
}

/** Train the model on the text, from its current weights. */
export async function train() {
  const {fields, corpus, model} = state.value;
  const names = ['epochs', 'examplesPerEpoch', 'batchSize', 'validationSplit', 'learningRate'];
  const options = Object.fromEntries(names.map((name) => [name, parseNumber(fields[name], FIELDS[name])]));
  options.everyChar = fields.objective === 'every_char';
  options.seed = Math.floor(Math.random() * 2 ** 31);
  const indices = corpusIndices();
  const epochsSeed = corpus.getRandomSlice(model.sampleLen);
  const seed = encode(epochsSeed, model);
  options.sampled = {seed, temperatures: TEMPERATURES, length: SAMPLE_LENGTH};
  const training = {options, indices, epoch: 0, batch: 0, losses: [], progress: 0, done: false};
  // The run's files do not change, so the trained model is no longer the run.
  const trainedModel = model.kind === 'run' ? {...model, kind: 'trained'} : model;
  update({training, model: trainedModel, batchLosses: [], epochs: [], epochsOf: model.name, epochsSeed, epoch: null});
  await resume();
}

/** Continue the training to its end. */
export async function resume() {
  const {options, indices, epoch, batch, losses} = state.value.training;
  const resumed = epoch + batch > 0;
  const started = {time: performance.now(), progress: state.value.training.progress};
  update({writing: null, training: {...state.value.training, started}});
  say('Training.');
  let description;
  try {
    description = await stoppable(() => client.call('train', {...options, indices, epoch, batch, losses, resumed}));
  } catch (error) {
    update({training: null});
    await restart(state.value.backend); // with the model after the last good batch
    throw error;
  }
  update({synced: null}); // because the weights have changed
  if (!description) return say('Stopped after the last finished batch. Resume, write, or train again.');
  update({training: {...state.value.training, done: true}});
  say('The training is done. Let the model write.');
}

function onBatch({epoch, batch, loss, progress, examplesPerSec, artifacts}) {
  const {training, batchLosses} = state.value;
  const {time, progress: before} = training.started;
  const secondsLeft = ((performance.now() - time) / 1000) * ((1 - progress) / (progress - before));
  const losses = [...training.losses, loss];
  update({
    restoreCall: ['restore', {artifacts, isTrainer: true}],
    training: {...training, epoch, batch: batch + 1, losses, progress, examplesPerSec, secondsLeft},
    batchLosses: [...batchLosses, loss],
  });
}

function onEpoch({event, samples, ...logs}) {
  const {training, epochs, model} = state.value;
  const texts = samples.map((indices) => decode(indices, model));
  const row = {...logs, samples: Object.fromEntries(TEMPERATURES.map((t, i) => [t, texts[i]]))};
  update({
    training: {...training, epoch: logs.epoch, batch: 0, losses: []},
    epochs: [...epochs, row],
    epoch: logs.epoch,
  });
}

client.onEvent = (data) => (data.event === 'batch' ? onBatch(data) : onEpoch(data));

/** Load the epochs of a run, with the texts that the model wrote. */
export async function loadEpochs() {
  const {name, seedText} = state.value.model;
  update({epochs: [], epochsOf: name, epochsSeed: seedText}); // set this first, so that a missing file is requested once
  const {epochs} = await fetchJson(`${runUrl(name)}/epochs.json`, HINT);
  if (!epochs?.length) throw new Error(`saved_models/${name}/epochs.json is damaged. ${HINT}`);
  if (state.value.model.name !== name) return; // another model was loaded
  update({epochs, epoch: epochs.at(-1).epoch});
}

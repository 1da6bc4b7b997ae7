// Runs the text model in its own thread, so that the page stays responsive. After each training batch, the
// worker sends the model and its optimizer to the page. So the page can end the thread at any time and lose
// only the current batch.
import {loadGraphModel} from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';

import {loadArtifacts} from '../../web/model_files.js';
import {useBackend} from '../../web/tfjs_backends.js';
import {send, serve} from '../../web/worker_server.js';
import {atTemperature, sample} from './sampling.js';
import {GraphStep, LayersStep, WindowStep} from './steps.js';
import {fitModel} from './training.js';

const importLayersModel = () => import('./layers_model.js');

let graph = null; // GraphStep of a run, until the page trains the model
let run = null; // {modelUrl, hint} of a run's layers model
let model = null; // the layers model
let trainer = null; // the compiled copy of the model, for training
let writer = null; // the step object that reads and writes the page's text

/** Replace the model, and dispose the old one. */
function replaceModel(next) {
  for (const old of [writer, graph]) old?.end();
  graph?.graph.dispose();
  trainer?.optimizer?.dispose();
  for (const old of [trainer, model]) old?.dispose();
  [graph, run, model, trainer] = [next.graph ?? null, next.run ?? null, next.model ?? null, next.trainer ?? null];
  writer = null;
}

/** Return the layers model. Load it first if only the graph is loaded. */
async function layersModel() {
  if (!model) {
    const {loadLayersModel} = await importLayersModel();
    model = await loadLayersModel(tf.io.fromMemory(await loadArtifacts(run.modelUrl, run.hint)));
  }
  return model;
}

/** Load the one-step graph of a model that Python trained. */
async function load({graphUrl, modelUrl, hint}) {
  const loaded = new GraphStep(await loadGraphModel(tf.io.fromMemory(await loadArtifacts(graphUrl, hint))));
  replaceModel({graph: loaded, run: {modelUrl, hint}});
  return {sizes: loaded.sizes};
}

async function create({sampleLen, charSetSize, sizes, metadata}) {
  const {createModel, describe} = await importLayersModel();
  const created = createModel(sampleLen, charSetSize, sizes);
  created.setUserDefinedMetadata(metadata);
  replaceModel({model: created});
  return describe(created);
}

/** Load a model from this browser's storage. */
async function loadKept(url) {
  const {describe, loadLayersModel} = await importLayersModel();
  const loaded = await loadLayersModel(url);
  const description = describe(loaded);
  replaceModel({model: loaded});
  return description;
}

/** Load a model that the page got from `artifacts` or from the event `batch`. */
async function restore({artifacts, isTrainer}) {
  const {copyModel, describe, loadLayersModel} = await importLayersModel();
  const loaded = await loadLayersModel(tf.io.fromMemory(artifacts));
  replaceModel(isTrainer ? {model: copyModel(loaded, false), trainer: loaded} : {model: loaded});
  return describe(model);
}

async function stepOf(method) {
  if (method === 'window') return new WindowStep(await layersModel());
  return graph ?? new LayersStep(await layersModel());
}

/**
 * Read a text with a step object.
 *
 * @returns {probabilities, cells} after each character.
 */
async function read(step, indices) {
  const records = [];
  for (const index of indices) records.push(await step.step([index]));
  const {probabilities} = records.at(-1);
  if (!probabilities) {
    throw new Error(`The whole-window method needs at least ${step.sampleLen} characters. Type a longer text.`);
  }
  if (probabilities.some(Number.isNaN)) {
    throw new Error("The model's probabilities are NaN: its weights have diverged. Train it again.");
  }
  return records;
}

/** Read a text as the start of the page's text. */
async function begin({indices, method}) {
  writer?.end();
  writer = await stepOf(method);
  writer.begin(1);
  const records = await read(writer, indices);
  writer.next = records.at(-1).probabilities;
  return records;
}

/** Write up to `count` characters, for about 50 ms. Return their indices, and records as `read` does. */
async function write({count, temperature}) {
  if (!writer) throw new Error('The model has not read a text yet. Press Write from this seed text.');
  const until = performance.now() + 50;
  const [indices, records] = [[], []];
  while (indices.length < count && performance.now() < until) {
    const index = sample(atTemperature(writer.next, temperature));
    records.push(await writer.step([index]));
    indices.push(index);
    writer.next = records.at(-1).probabilities;
  }
  return {indices, records};
}

/** Write from one seed text at several temperatures in one batch. Return a list of indices for each. */
async function compare({seed, temperatures, length}) {
  const step = graph ? new GraphStep(graph.graph) : new LayersStep(await layersModel());
  step.begin(temperatures.length);
  try {
    return await writeAtOnce(step, seed, temperatures, length);
  } finally {
    step.end();
  }
}

async function writeAtOnce(step, seed, temperatures, length) {
  const written = temperatures.map(() => []);
  let probabilities;
  for (const index of seed) ({probabilities} = await step.step(temperatures.map(() => index)));
  const size = probabilities.length / temperatures.length;
  while (written[0].length < length) {
    const drawn = temperatures.map((temperature, i) =>
      sample(atTemperature(probabilities.subarray(i * size, (i + 1) * size), temperature)),
    );
    drawn.forEach((index, i) => written[i].push(index));
    ({probabilities} = await step.step(drawn));
  }
  return written;
}

/** Create and compile `trainer`, unless a stopped training resumes. */
async function compile({resumed, everyChar, learningRate}) {
  const {copyModel} = await importLayersModel();
  const next = await layersModel();
  if (resumed && trainer) return;
  trainer?.optimizer?.dispose();
  trainer?.dispose();
  trainer = copyModel(next, everyChar);
  trainer.compile({optimizer: tf.train.rmsprop(learningRate), loss: 'categoricalCrossentropy'});
}

/**
 * Train the model; see `fitModel`. Send the events `batch` and `epoch`.
 *
 * @param options those of `fitModel`, and {learningRate, resumed, sampled}: `sampled` is the argument of
 *   `compare` after each epoch.
 */
async function train({sampled, ...options}) {
  const {artifactsOf, checkWeights, describe} = await importLayersModel();
  await compile(options);
  writer?.end();
  writer = null;
  graph?.end();
  graph?.graph.dispose(); // because it has the old weights
  graph = null;
  const updateModel = () => {
    model.setWeights(trainer.getWeights());
    return model;
  };
  await fitModel(trainer, options, {
    batch: async (logs) => {
      const artifacts = await artifactsOf(trainer);
      checkWeights(artifacts, trainer.countParams());
      send({event: 'batch', ...logs, artifacts});
    },
    validate: updateModel,
    epoch: async (logs) => {
      updateModel();
      send({event: 'epoch', ...logs, samples: await compare(sampled)});
    },
  });
  updateModel();
  return describe(model);
}

serve({
  backend: useBackend,
  load,
  create,
  loadKept,
  restore,
  artifacts: async () => (await importLayersModel()).artifactsOf(await layersModel()),
  begin,
  write,
  compare,
  train,
  keep: async (url) => {
    await (await layersModel()).save(url);
  },
  kept: () => tf.io.listModels(),
  remove: async (url) => {
    await tf.io.removeModel(url);
  },
});

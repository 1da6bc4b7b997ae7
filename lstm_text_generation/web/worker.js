// The text model in a thread of its own, so that the page stays responsive. After each batch of a
// training the page gets the whole model with its optimizer, so that it can end this thread at any
// moment and lose nothing.
import {loadGraphModel} from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';

import {loadArtifacts} from '../../web/model_files.js';
import {useBackend} from '../../web/tfjs_backends.js';
import {send, serve} from '../../web/worker_server.js';
import {atTemperature, sample} from './sampling.js';
import {GraphStep, LayersStep, WindowStep} from './steps.js';
import {fitModel} from './training.js';

const layersCode = () => import('./layers_model.js');

let graph = null; // GraphStep of a run, as long as its model is as Python left it
let run = null; // {modelUrl, hint}: where the layers of the run are, until they are loaded
let model = null; // the layers model
let trainer = null; // the compiled copy of the model that learns
let writer = null; // reads and writes the page's text

/** Take another model; what was before is disposed. */
function replace(next) {
  for (const old of [writer, graph]) old?.end();
  graph?.graph.dispose();
  trainer?.optimizer?.dispose();
  for (const old of [trainer, model]) old?.dispose();
  [graph, run, model, trainer] = [next.graph ?? null, next.run ?? null, next.model ?? null, next.trainer ?? null];
  writer = null;
}

/** Return the layers model, which is loaded now if only its graph was. */
async function layersModel() {
  if (!model) {
    const {loadLayersModel} = await layersCode();
    model = await loadLayersModel(tf.io.fromMemory(await loadArtifacts(run.modelUrl, run.hint)));
  }
  return model;
}

/** Load a model that Python trained: the graph of one step first. */
async function load({graphUrl, modelUrl, hint}) {
  const loaded = new GraphStep(await loadGraphModel(tf.io.fromMemory(await loadArtifacts(graphUrl, hint))));
  replace({graph: loaded, run: {modelUrl, hint}});
  return {sizes: loaded.sizes};
}

async function create({sampleLen, charSetSize, sizes, metadata}) {
  const {createModel, describe} = await layersCode();
  const created = createModel(sampleLen, charSetSize, sizes);
  created.setUserDefinedMetadata(metadata);
  replace({model: created});
  return describe(created);
}

/** Load a model that this browser keeps. */
async function loadKept(url) {
  const {describe, loadLayersModel} = await layersCode();
  const loaded = await loadLayersModel(url);
  const description = describe(loaded);
  replace({model: loaded});
  return description;
}

/** Bring back a model that `artifacts` or the event `batch` has given to the page. */
async function restore({artifacts, isTrainer}) {
  const {copyModel, describe, loadLayersModel} = await layersCode();
  const loaded = await loadLayersModel(tf.io.fromMemory(artifacts));
  replace(isTrainer ? {model: copyModel(loaded, false), trainer: loaded} : {model: loaded});
  return describe(model);
}

async function stepOf(way) {
  if (way === 'window') return new WindowStep(await layersModel());
  return graph ?? new LayersStep(await layersModel());
}

/**
 * Let a step read a text.
 *
 * @returns what it predicts: for each character the `probabilities` of the next, and its `cells`.
 */
async function read(step, indices) {
  const records = [];
  for (const index of indices) records.push(await step.step([index]));
  const {probabilities} = records.at(-1);
  if (!probabilities) {
    throw new Error(`Writing by the whole window needs a text of at least ${step.sampleLen} characters.`);
  }
  if (probabilities.some(Number.isNaN)) {
    throw new Error("The model's probabilities are NaN: its weights have diverged. Train it again.");
  }
  return records;
}

/** Begin the page's text with a text to read. */
async function begin({indices, way}) {
  writer?.end();
  writer = await stepOf(way);
  writer.begin(1);
  const records = await read(writer, indices);
  writer.next = records.at(-1).probabilities;
  return records;
}

/** Write on: up to `count` characters, for about 50 ms. Return the indices and what `read` returns. */
async function write({count, temperature}) {
  if (!writer) throw new Error('The model has not read the text yet. Write from a seed text.');
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

/** Write from one seed text at several temperatures, side by side. Return indices for each. */
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

/** Compile the copy of the model that learns, unless a training goes on. */
async function compile({resumed, everyChar, learningRate}) {
  const {copyModel} = await layersCode();
  const next = await layersModel();
  if (resumed && trainer) return;
  trainer?.optimizer?.dispose();
  trainer?.dispose();
  trainer = copyModel(next, everyChar);
  trainer.compile({optimizer: tf.train.rmsprop(learningRate), loss: 'categoricalCrossentropy'});
}

/**
 * Train the model; see `fitModel`. The events `batch` and `epoch` tell of it.
 *
 * @param options those of `fitModel`, and {learningRate, resumed, sampled}: `sampled` is what
 *   `compare` writes after each epoch.
 */
async function train({sampled, ...options}) {
  const {artifactsOf, checkWeights, describe} = await layersCode();
  await compile(options);
  writer?.end();
  writer = null;
  graph?.end();
  graph?.graph.dispose(); // it would write as the model did before
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
  artifacts: async () => (await layersCode()).artifactsOf(await layersModel()),
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

// TensorFlow.js in a thread of its own, so that the page stays responsive. The page sends
// {id, command, argument}; the answer is {id, result} or {id, error}. Meanwhile {event, ...} tell
// of batches, epochs and characters. After each batch the page gets the whole model with its
// optimizer, so that it can end this thread at any moment and lose nothing.
import * as tf from '@tensorflow/tfjs';

import {useBackend} from '../../web/backends.js';
import {createModel, fitModel, StepWriter, WindowWriter} from './model.js';
import {atTemperature, sample} from './sampling.js';

let model = null;
let graph = null; // of one step, as long as the model is as Python left it
let writer = null;

/** Return the model as TensorFlow.js saves it, optimizer included. */
async function snapshot() {
  let saved;
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    saved = artifacts;
    return {modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts)};
  });
  await model.save(handler, {includeOptimizer: Boolean(model.optimizer)});
  return saved;
}

/** Throw an Error for people if a training has ruined the weights. */
function checkWeights({weightData}) {
  const weights = new Float32Array(weightData, 0, model.countParams()); // the optimizer's follow
  // Before they are no numbers, they are so large that what follows from them is none.
  if (!weights.every((weight) => Math.abs(weight) < 1e6)) {
    throw new Error('The weights are not numbers any more: lower the learning rate.');
  }
}

function describe(model, graph) {
  const lstms = model.layers.filter((layer) => layer.getClassName() === 'LSTM');
  const [, sampleLen, charSetSize] = model.inputs[0].shape;
  if (!lstms.length || charSetSize !== model.outputs[0].shape[1]) {
    throw new Error('This is not a model that writes text.');
  }
  const sizes = lstms.map((layer) => layer.getConfig().units);
  return {sampleLen, charSetSize, sizes, hasGraph: Boolean(graph), metadata: model.userDefinedMetadata};
}

/** Take another model, if it is one that writes text. */
async function replace(loadedModel, loadedGraph = null) {
  const description = describe(loadedModel, loadedGraph);
  writer?.dispose?.();
  model?.optimizer?.dispose();
  model?.dispose();
  graph?.dispose();
  [model, graph, writer] = [loadedModel, loadedGraph, null];
  return description;
}

function newWriter(way) {
  writer?.dispose?.();
  writer = way === 'step' && graph ? new StepWriter(graph) : new WindowWriter(model);
  return writer;
}

/**
 * Draw characters until there are enough, and send them. Those of 50 ms go together: a page that
 * showed each by itself would come too late for all else, a click on Stop included.
 */
async function generate({seed, length, temperature, way}) {
  let probabilities = await newWriter(way).start(seed);
  const started = performance.now();
  let [indices, sent] = [[], started];
  for (let written = 1; written <= length; written++) {
    indices.push(sample(atTemperature(probabilities, temperature)));
    probabilities = await writer.advance(indices.at(-1));
    const now = performance.now();
    if (now - sent < 50 && written < length) continue;
    const charactersPerSec = (written * 1000) / (now - started);
    self.postMessage({event: 'characters', indices, written, charactersPerSec});
    [indices, sent] = [[], now];
  }
  return probabilities;
}

const COMMANDS = {
  backend: useBackend,
  create: ({sampleLen, charSetSize, sizes, metadata}) => {
    const created = createModel(sampleLen, charSetSize, sizes);
    created.setUserDefinedMetadata(metadata);
    return replace(created);
  },
  load: async ({modelUrl, graphUrl}) => {
    const loaded = await tf.loadLayersModel(modelUrl);
    return replace(loaded, graphUrl ? await tf.loadGraphModel(graphUrl) : null);
  },
  restore: async (artifacts) => replace(await tf.loadLayersModel(tf.io.fromMemory(artifacts))),
  snapshot,
  save: (url) => model.save(url).then(() => null),
  saved: () => tf.io.listModels(),
  remove: (url) => tf.io.removeModel(url).then(() => null),
  train: async ({learningRate, ...options}) => {
    if (!options.resumed || !model.optimizer) {
      model.optimizer?.dispose();
      model.compile({optimizer: tf.train.rmsprop(learningRate), loss: 'categoricalCrossentropy'});
    }
    writer?.dispose?.();
    graph?.dispose(); // it would write as the model did before
    [graph, writer] = [null, null];
    await fitModel(model, options, {
      batch: async (logs) => {
        const artifacts = await snapshot();
        checkWeights(artifacts);
        self.postMessage({event: 'batch', ...logs, artifacts});
      },
      epoch: async (logs) => self.postMessage({event: 'epoch', ...logs}),
    });
    return describe(model, graph);
  },
  generate,
  start: ({seed, way}) => newWriter(way).start(seed),
  advance: (index) => writer.advance(index),
};

self.onmessage = async ({data: {id, command, argument}}) => {
  try {
    self.postMessage({id, result: await COMMANDS[command](argument)});
  } catch (error) {
    self.postMessage({id, error: error.message});
  }
};

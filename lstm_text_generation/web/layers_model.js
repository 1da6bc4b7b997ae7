// Creates, copies and saves the next-character model as a layers model (the original's model.js). worker.js
// loads this file only when needed, because a model trained in Python writes without it.
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';

import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';

export {loadLayersModel} from '@tensorflow/tfjs-layers';

export function createModel(sampleLen, charSetSize, lstmLayerSizes) {
  const model = layers.sequential();
  lstmLayerSizes.forEach((units, i) => {
    const returnSequences = i < lstmLayerSizes.length - 1;
    model.add(layers.layers.lstm({units, returnSequences, inputShape: [sampleLen, charSetSize]}));
  });
  model.add(layers.layers.dense({units: charSetSize, activation: 'softmax'}));
  return model;
}

const MAKE = {LSTM: layers.layers.lstm, Dropout: layers.layers.dropout, Dense: layers.layers.dense};

/**
 * Return a copy of a model that predicts after every character of a window, or after the last only.
 *
 * @param model a next-character model, or a copy of one.
 * @param everyChar whether the copy returns [batch, sample_len, charset_size] instead of
 *   [batch, charset_size].
 */
export function copyModel(model, everyChar) {
  const copy = layers.sequential();
  const inputShape = model.inputs[0].shape.slice(1);
  const lastLstm = model.layers.findLastIndex((layer) => layer.getClassName() === 'LSTM');
  model.layers.forEach((layer, i) => {
    const make = MAKE[layer.getClassName()];
    if (!make) return; // the input layer
    const config = {...layer.getConfig(), inputShape};
    if (layer.getClassName() === 'LSTM') {
      // Skip the orthogonal initializer, because it takes seconds and the weights are copied below.
      Object.assign(config, {kernelInitializer: 'zeros', recurrentInitializer: 'zeros'});
      config.returnSequences = everyChar || i < lastLstm;
    }
    copy.add(make(config));
  });
  copy.setWeights(model.getWeights());
  copy.setUserDefinedMetadata(model.userDefinedMetadata ?? {});
  return copy;
}

/** Return a model's artifacts for `tf.io`, with its optimizer if it has one. */
export async function artifactsOf(model) {
  let saved;
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    saved = artifacts;
    return {modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts)};
  });
  await model.save(handler, {includeOptimizer: Boolean(model.optimizer)});
  return saved;
}

/** Throw an Error if the training has diverged. */
export function checkWeights({weightData}, count) {
  const weights = new Float32Array(weightData, 0, count); // the optimizer's state follows
  // Check for large weights too, because a model with large weights is already useless.
  if (!weights.every((weight) => Math.abs(weight) < 1e6)) {
    throw new Error('The training diverged: the weights are NaN or very large. Choose a lower learning rate.');
  }
}

/** Return a model's description for the page; throws an Error if it is not a next-character model. */
export function describe(model) {
  const lstms = model.layers.filter((layer) => layer.getClassName() === 'LSTM');
  const [, sampleLen, charSetSize] = model.inputs[0].shape;
  if (!lstms.length || charSetSize !== model.outputs[0].shape.at(-1)) {
    throw new Error('This is not a next-character model. Load another model.');
  }
  return {
    sampleLen,
    charSetSize,
    sizes: lstms.map((layer) => layer.getConfig().units),
    metadata: model.userDefinedMetadata,
  };
}

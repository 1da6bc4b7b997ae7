// The next-character model as layers, to make, train and save it (the original's model.js). worker.js
// downloads this file when it is needed, because writing with a run of Python needs none of it.
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
 * Return a copy of a model that predicts at every character of a window, or at the last only.
 *
 * @param model a next-character model, or a copy of one.
 * @param everyChar whether the copy returns [batch, sample_len, charset_size] rather than
 *   [batch, charset_size].
 */
export function copyModel(model, everyChar) {
  const copy = layers.sequential();
  const inputShape = model.inputs[0].shape.slice(1);
  const lastLstm = model.layers.findLastIndex((layer) => layer.getClassName() === 'LSTM');
  model.layers.forEach((layer, i) => {
    const make = MAKE[layer.getClassName()];
    if (!make) return; // the input
    const config = {...layer.getConfig(), inputShape};
    if (layer.getClassName() === 'LSTM') {
      // The weights are copied below, and orthogonal ones take seconds to draw.
      Object.assign(config, {kernelInitializer: 'zeros', recurrentInitializer: 'zeros'});
      config.returnSequences = everyChar || i < lastLstm;
    }
    copy.add(make(config));
  });
  copy.setWeights(model.getWeights());
  copy.setUserDefinedMetadata(model.userDefinedMetadata ?? {});
  return copy;
}

/** Return a model as TensorFlow.js saves it, with its optimizer if it has one. */
export async function artifactsOf(model) {
  let saved;
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    saved = artifacts;
    return {modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts)};
  });
  await model.save(handler, {includeOptimizer: Boolean(model.optimizer)});
  return saved;
}

/** Throw an Error if a training has ruined the weights. */
export function checkWeights({weightData}, count) {
  const weights = new Float32Array(weightData, 0, count); // the optimizer's state follows
  // Weights grow large before they become NaN, and the model is lost by then.
  if (!weights.every((weight) => Math.abs(weight) < 1e6)) {
    throw new Error('The training diverged: the weights are NaN or very large. Choose a lower learning rate.');
  }
}

/** Return what the page needs to know of a model; throws an Error if it is not a text model. */
export function describe(model) {
  const lstms = model.layers.filter((layer) => layer.getClassName() === 'LSTM');
  const [, sampleLen, charSetSize] = model.inputs[0].shape;
  if (!lstms.length || charSetSize !== model.outputs[0].shape.at(-1)) {
    throw new Error('This is not a model that writes text.');
  }
  return {
    sampleLen,
    charSetSize,
    sizes: lstms.map((layer) => layer.getConfig().units),
    metadata: model.userDefinedMetadata,
  };
}

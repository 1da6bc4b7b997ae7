// The encoder, a layers model. The worker loads this file after the map, because tfjs-layers is large.
import * as tf from '@tensorflow/tfjs-core';
import {layers, loadLayersModel, model} from '@tensorflow/tfjs-layers';

/** Samples z from N(z_mean, exp(z_log_var)). The encoder's file names this class. */
class ZLayer extends layers.Layer {
  static className = 'ZLayer';

  computeOutputShape([meanShape]) {
    return meanShape;
  }

  call([mean, logVar]) {
    return tf.tidy(() => tf.add(mean, tf.mul(tf.exp(tf.div(logVar, 2)), tf.randomNormal(mean.shape))));
  }
}
tf.serialization.registerClass(ZLayer);

export class Encoder {
  static async load(artifacts) {
    return new Encoder(await loadLayersModel(tf.io.fromMemory(artifacts)));
  }

  constructor(encoder) {
    this.encoder = encoder;
    const [mean, logVar] = ['z_mean', 'z_log_var'].map((name) => encoder.getLayer(name));
    this.probe = model({inputs: encoder.inputs, outputs: [mean.output, logVar.output, mean.input]});
  }

  weights() {
    return this.encoder.getWeights();
  }

  /** Return {size, latentDim}: the number of inputs and outputs. */
  sizes() {
    return {size: this.encoder.inputs[0].shape[1], latentDim: this.probe.outputs[0].shape[1]};
  }

  async encode(images, size) {
    const outputs = tf.tidy(() => this.probe.predict(tf.tensor2d(images, [images.length / size, size])));
    const [means, logVars, hidden] = await Promise.all(outputs.map((tensor) => tensor.data()));
    const units = outputs[2].shape[1];
    tf.dispose(outputs);
    return {means, logVars, hidden: hidden.slice(0, units)};
  }

  dispose() {
    this.encoder.dispose();
  }
}

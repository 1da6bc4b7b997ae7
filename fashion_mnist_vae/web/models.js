// The encoder and decoder of a run, and the test images that Python left beside them.
import * as tf from '@tensorflow/tfjs';

import {fetchJson, runUrl} from '../../web/site.js';

const HINT = 'Train a model with python -m fashion_mnist_vae.train, then reload this page.';

async function fetchBytes(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error('test_images.bin is missing');
  return new Uint8Array(await response.arrayBuffer());
}

/** Draws z from N(z_mean, exp(z_log_var)); the encoder's file names this class. */
class ZLayer extends tf.layers.Layer {
  static className = 'ZLayer';

  computeOutputShape([meanShape]) {
    return meanShape;
  }

  call([mean, logVar]) {
    return tf.tidy(() => mean.add(logVar.div(2).exp().mul(tf.randomNormal(mean.shape))));
  }
}
tf.serialization.registerClass(ZLayer);

/** A trained autoencoder. Images are rows of height * width numbers from 0 to 1. */
export class Vae {
  /** Load a run by its path below saved_models/; throws an Error for people. */
  static async load(path) {
    const directory = runUrl(path);
    const info = await fetchJson(`${directory}/image_data.json`, HINT);
    const tested = info.num_test_images !== 0; // a run on the training images alone has none
    const {labels} = tested ? await fetchJson(`${directory}/test_images.json`, HINT) : {labels: []};
    try {
      const [decoder, encoder] = await Promise.all(
        ['decoder', 'encoder'].map((name) => tf.loadLayersModel(`${directory}/${name}/model.json`)),
      );
      const pixels = tested ? await fetchBytes(`${directory}/test_images.bin`) : new Uint8Array();
      return new Vae(decoder, encoder, info, labels, pixels);
    } catch (error) {
      throw new Error(`The run ${path} cannot be used: ${error.message}. ${HINT}`);
    }
  }

  constructor(decoder, encoder, info, labels, pixels) {
    [this.height, this.width] = info.image_shape;
    const size = this.height * this.width;
    if (decoder.outputs[0].shape[1] !== size || encoder.inputs[0].shape[1] !== size) {
      throw new Error(`its models are not made for images of ${this.width} x ${this.height}`);
    }
    if (pixels.length !== size * labels.length) throw new Error('test_images.bin is cut off');
    this.decoder = decoder;
    this.encoder = encoder;
    this.latentDim = decoder.inputs[0].shape[1];
    this.dimensions = info.grid_dimensions;
    this.classNames = info.class_names;
    this.labels = labels;
    this.pixels = pixels;
  }

  /** Return the image of z, and of every z in a list, one after the other. */
  async decode(zs) {
    const images = tf.tidy(() => this.decoder.predict(tf.tensor2d(zs)));
    const values = await images.data();
    images.dispose();
    return values;
  }

  /** Return z_mean of images that stand one after the other. */
  async encode(images) {
    const count = images.length / (this.height * this.width);
    const means = tf.tidy(() => this.encoder.predict(tf.tensor2d(images, [count, images.length / count]))[0]);
    const values = await means.array();
    means.dispose();
    return values;
  }

  /** Return a test image, or all of them. */
  testImages(index) {
    const size = this.height * this.width;
    const part = index === undefined ? this.pixels : this.pixels.subarray(index * size, (index + 1) * size);
    return Float32Array.from(part, (value) => value / 255);
  }

  /** Return the z at a place of the map; the dimensions it does not show are 0. */
  z(x, y) {
    const z = new Array(this.latentDim).fill(0);
    z[this.dimensions[1]] = y; // first, for where there is but one dimension it is that of x
    z[this.dimensions[0]] = x;
    return z;
  }

  dispose() {
    this.decoder.dispose();
    this.encoder.dispose();
  }
}

// The trained autoencoder, in the worker. Pixels are from 0 to 1. A list of images or of z's is one flat
// array.
import {loadGraphModel} from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';

const BATCH = 500; // images decoded at once
let decoder = null;
let encoder = null;

/** Throw an Error if a model has a weight that is NaN or infinite. */
async function checkWeights(tensors, name) {
  for (const tensor of tensors) {
    if (!(await tensor.data()).every(Number.isFinite)) {
      throw new Error(`${name} has weights that are NaN or infinite, because the training diverged. Train it again.`);
    }
  }
}

/**
 * Load the decoder.
 *
 * @param artifacts the artifacts of its graph model.
 * @param name its directory, for messages.
 * @return {latentDim, size, hidden}: the number of inputs, outputs and hidden units.
 */
export async function loadDecoder({artifacts, name}) {
  const loaded = await loadGraphModel(tf.io.fromMemory(artifacts));
  await checkWeights(Object.values(loaded.weights).flat(), name);
  encoder?.dispose();
  decoder?.model.dispose();
  encoder = null;
  const hidden = artifacts.modelTopology.node.find(({op}) => op === 'Relu').name;
  decoder = {model: loaded, outputs: [loaded.outputs[0].name, hidden]};
  const latentDim = Number(loaded.inputs[0].shape[1]);
  const [image, units] = decodeTensors(new Float32Array(latentDim), latentDim);
  return {latentDim, size: image.length, hidden: units.length};
}

/** Load the encoder, and encoder.js with tfjs-layers. */
export async function loadEncoder({artifacts, name}) {
  const {Encoder} = await import('./encoder.js');
  const loaded = await Encoder.load(artifacts);
  await checkWeights(loaded.weights(), name);
  encoder = loaded;
  return encoder.sizes();
}

function decodeTensors(zs, latentDim) {
  return tf.tidy(() => {
    const outputs = decoder.model.execute(tf.tensor2d(zs, [zs.length / latentDim, latentDim]), decoder.outputs);
    return outputs.map((tensor) => tensor.dataSync());
  });
}

/** Decode z's. Return their images and the activations of the hidden units. */
export async function decode({zs, latentDim}) {
  const [images, hidden] = decodeTensors(zs, latentDim);
  return {images, hidden};
}

/**
 * Decode a map.
 *
 * @param zs the z of each tile, row by row from the top.
 * @param columns the number of tiles per row.
 * @return {pixels, sharpest, milliseconds}: the map's gray levels, and the index of the tile with the
 *   largest contrast, not counting tiles near the edge.
 */
export async function drawMap({zs, latentDim, columns, height, width}) {
  const start = performance.now();
  const count = zs.length / latentDim;
  const pixels = new Uint8ClampedArray(count * height * width);
  const contrasts = [];
  for (let first = 0; first < count; first += BATCH) {
    const part = zs.subarray(first * latentDim, (first + BATCH) * latentDim);
    const images = await decodePart(part, latentDim);
    for (let i = 0; i < part.length / latentDim; i++) {
      const image = images.subarray(i * height * width, (i + 1) * height * width);
      placeTile(pixels, image, first + i, {columns, height, width});
      contrasts.push(isInside(first + i, columns, count / columns) ? contrast(image) : -1);
    }
  }
  const sharpest = contrasts.indexOf(Math.max(...contrasts));
  return {pixels, sharpest, milliseconds: performance.now() - start};
}

async function decodePart(zs, latentDim) {
  const shape = [zs.length / latentDim, latentDim];
  const images = tf.tidy(() => decoder.model.execute(tf.tensor2d(zs, shape), decoder.outputs[0]));
  const values = await images.data(); // not dataSync, which blocks until a graphics card has finished
  images.dispose();
  return values;
}

function placeTile(pixels, image, tile, {columns, height, width}) {
  const top = Math.floor(tile / columns) * height;
  const left = (tile % columns) * width;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      pixels[(top + row) * columns * width + left + column] = 255 * image[row * width + column];
    }
  }
}

/** Return whether a tile is at least a fifth of the map away from the edge, where images look strange. */
function isInside(tile, columns, rows) {
  const places = [(tile % columns) / columns, Math.floor(tile / columns) / rows];
  return Math.min(columns, rows) < 3 || places.every((place) => place >= 0.2 && place < 0.8);
}

/** Return the variance of an image's pixels. */
function contrast(image) {
  const mean = image.reduce((sum, value) => sum + value, 0) / image.length;
  return image.reduce((sum, value) => sum + (value - mean) ** 2, 0) / image.length;
}

/** Return {means, logVars, hidden} of images, with the hidden units of the first image only. */
export const encode = ({images, size}) => encoder.encode(images, size);

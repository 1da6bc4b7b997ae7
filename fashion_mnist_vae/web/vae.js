// The trained autoencoder, in the worker. Images are rows of pixels from 0 to 1, and lists of them
// or of z's are one flat array.
import {loadGraphModel} from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';

const BATCH = 500; // images that are decoded at once
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
 * @param artifacts of its graph model.
 * @param name of its directory, for messages.
 * @return {latentDim, size, hidden}: the numbers that it takes, those that it returns, and its
 *   hidden units.
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

/** Load the encoder, which needs tfjs-layers: see encoder.js. */
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

/** Return the images and the hidden units' activations of z's. */
export async function decode({zs, latentDim}) {
  const [images, hidden] = decodeTensors(zs, latentDim);
  return {images, hidden};
}

/**
 * Decode a map.
 *
 * @param zs row by row from the top.
 * @param columns the number of tiles in a row.
 * @return {pixels, sharpest, milliseconds}: gray levels of the whole map, and the number of the tile
 *   with the largest contrast, among those that are not at the edge.
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
  const values = await images.data(); // which does not wait for a graphics card, as dataSync does
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

/** Tell whether a tile is farther from the edge than a fifth of the map; at the edge images are odd. */
function isInside(tile, columns, rows) {
  const places = [(tile % columns) / columns, Math.floor(tile / columns) / rows];
  return Math.min(columns, rows) < 3 || places.every((place) => place >= 0.2 && place < 0.8);
}

/** Return the variance of an image's pixels. */
function contrast(image) {
  const mean = image.reduce((sum, value) => sum + value, 0) / image.length;
  return image.reduce((sum, value) => sum + (value - mean) ** 2, 0) / image.length;
}

/** Return {means, logVars, hidden} of images; the hidden units are those of the first image. */
export const encode = ({images, size}) => encoder.encode(images, size);

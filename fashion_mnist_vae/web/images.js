// Encodes and decodes test images, files and drawings.
import {decode, showPoint} from './map_actions.js';
import {worker} from './model_worker.js';
import {attempt, latest, state, update} from './state.js';

const DRAWS = 6;

/**
 * Encode an image, show its place on the map, and decode it from there.
 *
 * @param image pixels from 0 to 1.
 * @param source {index} of a test image, {name} of a file, or {drawn: true}.
 * @param draws number of samples z from N(z_mean, exp(z_log_var)).
 */
export const pick = latest(async (image, source, draws = DRAWS) => {
  const {model, encoder} = state.value;
  if (encoder) throw new Error(encoder);
  const {means, logVars, hidden} = await worker.call('encode', {images: image, size: image.length});
  const mean = Array.from(means);
  const logVar = Array.from(logVars);
  const {images: decoded} = await decode([mean]);
  const samples = await drawSamples(image, mean, logVar, draws);
  if (state.value.model !== model) return;
  const numbers = {error: squaredError(image, decoded), kl: klDivergence(mean, logVar)};
  update({picked: {image, source, mean, logVar, hidden, decoded, draws: samples, ...numbers}});
  await showPoint(mean);
});

/** Sample from the picked image's ellipse again. */
export const sampleAgain = () => attempt(async () => {
  const {picked} = state.value;
  const draws = await drawSamples(picked.image, picked.mean, picked.logVar, DRAWS);
  if (state.value.picked === picked) update({picked: {...picked, draws}});
});

/** Return samples z = z_mean + exp(z_log_var / 2) * epsilon as {z, image, error}. */
async function drawSamples(image, mean, logVar, count) {
  if (!count) return [];
  const sd = standardDeviations(logVar);
  const zs = Array.from({length: count}, () => mean.map((value, i) => value + sd[i] * normal()));
  const {images} = await decode(zs);
  return zs.map((z, i) => {
    const decoded = images.slice(i * image.length, (i + 1) * image.length);
    return {z, image: decoded, error: squaredError(image, decoded)};
  });
}

/** Return a sample from N(0, 1), by the Box-Muller transform. */
const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

export const standardDeviations = (logVar) => Array.from(logVar, (value) => Math.exp(value / 2));

/** Return the reconstruction term of vaeLoss: the squared error, summed over the pixels. */
const squaredError = (image, decoded) => image.reduce((sum, value, i) => sum + (value - decoded[i]) ** 2, 0);

/** Return the KL divergence of N(mean, exp(logVar)) from N(0, 1), in nats. */
const klDivergence = (mean, logVar) =>
  mean.reduce((sum, value, i) => sum - 0.5 * (1 + logVar[i] - value ** 2 - Math.exp(logVar[i])), 0);

/** Return a test image: pixels from 0 to 1. */
export function testImage(index) {
  const {testImages, model} = state.value;
  const size = model.height * model.width;
  return Float32Array.from(testImages.pixels.subarray(index * size, (index + 1) * size), (value) => value / 255);
}

export const pickTestImage = (index) => pick(testImage(index), {index});

/** Pick a picture file. */
export function pickFile(file) {
  return attempt(async () => {
    if (file) await pick(await readPicture(file, state.value.model), {name: file.name});
  });
}

/** Convert a picture to an image of the model's size, gray, bright on black. */
async function readPicture(file, {width, height}) {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`This browser cannot read ${file.name} as a picture. Choose another file.`);
  });
  // Keep the aspect ratio, and pad with black.
  const scale = Math.min(width / bitmap.width, height / bitmap.height);
  const inner = {
    width: Math.max(1, Math.round(scale * bitmap.width)), height: Math.max(1, Math.round(scale * bitmap.height)),
  };
  const pixels = grayPixels(bitmap, inner);
  bitmap.close();
  const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
  const image = new Float32Array(width * height);
  const [left, top] = [Math.floor((width - inner.width) / 2), Math.floor((height - inner.height) / 2)];
  pixels.forEach((value, i) => {
    const [row, column] = [Math.floor(i / inner.width), i % inner.width];
    image[(top + row) * width + left + column] = mean > 0.5 ? 1 - value : value;
  });
  return image;
}

/** Return the gray values, from 0 to 1, of a picture in another size. */
export function grayPixels(picture, {width, height}) {
  const context = new OffscreenCanvas(width, height).getContext('2d', {willReadFrequently: true});
  context.fillStyle = '#fff'; // behind transparent pixels
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, width, height);
  const {data} = context.getImageData(0, 0, width, height);
  return Float32Array.from({length: width * height}, (_, i) => (data[4 * i] + data[4 * i + 1] + data[4 * i + 2]) / 765);
}

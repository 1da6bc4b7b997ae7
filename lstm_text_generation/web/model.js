// The next-character model in TensorFlow.js (the original's model.js); it runs in worker.js.
import * as tf from '@tensorflow/tfjs';

export function createModel(sampleLen, charSetSize, lstmLayerSizes) {
  const model = tf.sequential();
  lstmLayerSizes.forEach((units, i) => {
    const returnSequences = i < lstmLayerSizes.length - 1;
    model.add(tf.layers.lstm({units, returnSequences, inputShape: [sampleLen, charSetSize]}));
  });
  model.add(tf.layers.dense({units: charSetSize, activation: 'softmax'}));
  return model;
}

/** A generator of numbers from 0 to 1 that follow from a seed (mulberry32). */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Return one-hot windows that begin at the given places, and the characters after them. */
function examples(indices, starts, sampleLen, charSetSize) {
  const windows = new Int32Array(starts.length * sampleLen);
  starts.forEach((start, i) => windows.set(indices.subarray(start, start + sampleLen), i * sampleLen));
  const targets = Int32Array.from(starts, (start) => indices[start + sampleLen]);
  return tf.tidy(() => ({
    xs: tf.oneHot(tf.tensor2d(windows, [starts.length, sampleLen], 'int32'), charSetSize).toFloat(),
    ys: tf.oneHot(tf.tensor1d(targets, 'int32'), charSetSize).toFloat(),
  }));
}

/** Return how a text is split and an epoch is cut into batches; throws an Error for people. */
function planTraining(model, {indices, examplesPerEpoch, batchSize, validationSplit}) {
  const [, sampleLen, charSetSize] = model.inputs[0].shape;
  const heldOut = Math.floor(indices.length * validationSplit);
  const places = indices.length - heldOut - sampleLen;
  const validating = Math.floor(examplesPerEpoch * validationSplit);
  if (places < 1 || (validating && heldOut <= sampleLen)) {
    throw new Error(`The text is too short for windows of ${sampleLen} and this validation split.`);
  }
  const training = examplesPerEpoch - validating;
  const batches = Math.ceil(training / batchSize);
  return {sampleLen, charSetSize, heldOut, places, validating, training, batches};
}

/**
 * Train a compiled model. Each epoch draws its examples anew; validation is on the end of the text,
 * which no example touches.
 *
 * @param options {indices, epochs, examplesPerEpoch, batchSize, validationSplit, seed}, and where
 *   to go on: {epoch, batch}, counted from 0, and the losses of the epoch so far.
 * @param on {batch, epoch}: called and awaited after each batch with {epoch, batch, loss, progress,
 *   examplesPerSec}, and after each epoch with {loss, val_loss}.
 */
export async function fitModel(model, options, on) {
  const {indices, epochs, batchSize, seed} = options;
  const plan = planTraining(model, options);
  const {sampleLen, charSetSize, heldOut, places, validating, training, batches} = plan;
  for (let epoch = options.epoch; epoch < epochs; epoch++) {
    const random = randomNumbers(seed + epoch);
    const starts = Array.from({length: training}, () => Math.floor(random() * places));
    const losses = epoch === options.epoch ? [...options.losses] : [];
    for (let batch = epoch === options.epoch ? options.batch : 0; batch < batches; batch++) {
      const started = performance.now();
      const some = starts.slice(batch * batchSize, (batch + 1) * batchSize);
      const {xs, ys} = examples(indices, some, sampleLen, charSetSize);
      const loss = await model.trainOnBatch(xs, ys);
      tf.dispose([xs, ys]);
      if (!Number.isFinite(loss)) throw new Error('The loss is not a number any more: lower the learning rate.');
      losses.push(loss);
      const progress = (epoch * batches + batch + 1) / (epochs * batches);
      const examplesPerSec = (some.length * 1000) / (performance.now() - started);
      await on.batch({epoch, batch, loss, progress, examplesPerSec});
    }
    const logs = {loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length};
    if (validating) logs.val_loss = await validate(model, indices, heldOut, validating, batchSize);
    await on.epoch(logs);
  }
}

/** Return the mean loss on windows that lie evenly in the held-out end of the text. */
async function validate(model, indices, heldOut, count, batchSize) {
  const [, sampleLen, charSetSize] = model.inputs[0].shape;
  const [first, last] = [indices.length - heldOut, indices.length - sampleLen - 1];
  const starts = Array.from({length: count}, (_, i) =>
    first + Math.floor(((last - first) * i) / Math.max(count - 1, 1)),
  );
  let sum = 0;
  for (let i = 0; i < count; i += batchSize) {
    const some = starts.slice(i, i + batchSize);
    const {xs, ys} = examples(indices, some, sampleLen, charSetSize);
    const loss = model.evaluate(xs, ys, {batchSize: some.length});
    sum += (await loss.data())[0] * some.length;
    tf.dispose([xs, ys, loss]);
  }
  return sum / count;
}

/** Writes with a layers model as the original does: it reads the last window for each character. */
export class WindowWriter {
  constructor(model) {
    this.model = model;
    [, this.sampleLen, this.charSetSize] = model.inputs[0].shape;
  }

  /** Read a seed text of at least a window; return the probabilities of the next character. */
  start(indices) {
    this.window = indices.slice(-this.sampleLen);
    return this.read();
  }

  advance(index) {
    this.window = [...this.window.slice(1), index];
    return this.read();
  }

  async read() {
    const output = tf.tidy(() => {
      const window = tf.tensor2d(this.window, [1, this.sampleLen], 'int32');
      return this.model.predict(tf.oneHot(window, this.charSetSize).toFloat());
    });
    const probabilities = await output.data();
    output.dispose();
    return Array.from(probabilities);
  }
}

/** Writes with a graph of one step, which takes a character and the LSTM's states. */
export class StepWriter {
  constructor(graph) {
    this.graph = graph;
    const {character, ...states} = graph.modelSignature.inputs;
    this.sizes = Object.entries(states).map(([name, {tensorShape}]) => [
      name,
      Number(tensorShape.dim[1].size),
    ]);
  }

  /** Read a seed text; return the probabilities of the next character. */
  async start(indices) {
    this.dispose();
    this.states = Object.fromEntries(this.sizes.map(([name, size]) => [name, tf.zeros([1, size])]));
    let probabilities;
    for (const index of indices) probabilities = await this.advance(index);
    return probabilities;
  }

  dispose() {
    tf.dispose(this.states ?? {});
    this.states = null;
  }

  async advance(index) {
    const character = tf.tensor1d([index], 'int32');
    const {probabilities, ...next} = this.graph.predict({character, ...this.states});
    tf.dispose([character, this.states]);
    this.states = next;
    const values = await probabilities.data();
    probabilities.dispose();
    return Array.from(values);
  }
}

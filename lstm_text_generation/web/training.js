// Trains the next-character model (the original's fitModel), in worker.js.
import * as tf from '@tensorflow/tfjs-core';

/** Return a seeded generator of random numbers from 0 to 1 (mulberry32). */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Return one-hot windows that begin at `starts`, and their targets: the next character after each character
 * [batch, sample_len, charset_size], or after the window [batch, charset_size].
 */
function examples(indices, starts, sampleLen, charSetSize, everyChar) {
  const rows = (offset, length) => {
    const values = new Int32Array(starts.length * length);
    starts.forEach((start, i) => values.set(indices.subarray(start + offset, start + offset + length), i * length));
    return values;
  };
  return tf.tidy(() => {
    const oneHot = (values, shape) => tf.cast(tf.oneHot(tf.tensor(values, shape, 'int32'), charSetSize), 'float32');
    const xs = oneHot(rows(0, sampleLen), [starts.length, sampleLen]);
    const ys = everyChar
      ? oneHot(rows(1, sampleLen), [starts.length, sampleLen])
      : oneHot(rows(sampleLen, 1), [starts.length]);
    return {xs, ys};
  });
}

/** Return the split of a text and the number of batches; throws an Error for a short text. */
function planTraining(model, {indices, examplesPerEpoch, batchSize, validationSplit}) {
  const [, sampleLen, charSetSize] = model.inputs[0].shape;
  const heldOut = Math.floor(indices.length * validationSplit);
  const numStarts = indices.length - heldOut - sampleLen;
  const numValidation = Math.floor(examplesPerEpoch * validationSplit);
  if (numStarts < 1 || (numValidation && heldOut <= sampleLen)) {
    throw new Error(
      `The text is too short for windows of ${sampleLen} characters and this validation split. Choose a longer text.`,
    );
  }
  const numTraining = examplesPerEpoch - numValidation;
  const batches = Math.ceil(numTraining / batchSize);
  return {sampleLen, charSetSize, heldOut, numStarts, numValidation, numTraining, batches};
}

/**
 * Train a model. Each epoch samples new examples. Validation uses the end of the text, which contains no
 * training example.
 *
 * @param trainer the compiled model: `copyModel(model, everyChar)`.
 * @param options {indices, epochs, examplesPerEpoch, batchSize, validationSplit, seed, everyChar},
 *   and where to continue: {epoch, batch}, counted from 0, and the `losses` of the epoch so far.
 * @param on three functions. `batch` is awaited after each batch with {epoch, batch, loss, progress,
 *   examplesPerSec}, `epoch` after each epoch with {epoch, loss, val_loss}, in nats. `validate` returns the
 *   model to validate, which predicts the character after a window.
 */
export async function fitModel(trainer, options, on) {
  const {indices, epochs, batchSize, seed, everyChar} = options;
  const plan = planTraining(trainer, options);
  const {sampleLen, charSetSize, numStarts, numTraining, batches} = plan;
  for (let epoch = options.epoch; epoch < epochs; epoch++) {
    const random = randomNumbers(seed + epoch);
    const starts = Array.from({length: numTraining}, () => Math.floor(random() * numStarts));
    const resumed = epoch === options.epoch;
    const losses = resumed ? [...options.losses] : [];
    for (let batch = resumed ? options.batch : 0; batch < batches; batch++) {
      const started = performance.now();
      const batchStarts = starts.slice(batch * batchSize, (batch + 1) * batchSize);
      const {xs, ys} = examples(indices, batchStarts, sampleLen, charSetSize, everyChar);
      const loss = await trainer.trainOnBatch(xs, ys);
      tf.dispose([xs, ys]);
      if (!Number.isFinite(loss)) {
        throw new Error('The training diverged: the loss is NaN. Choose a lower learning rate.');
      }
      losses.push(loss);
      const progress = (epoch * batches + batch + 1) / (epochs * batches);
      const examplesPerSec = (batchStarts.length * 1000) / (performance.now() - started);
      await on.batch({epoch, batch, loss, progress, examplesPerSec});
    }
    const logs = {epoch: epoch + 1, loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length};
    if (plan.numValidation) logs.val_loss = await validate(on.validate(), indices, plan, batchSize);
    await on.epoch(logs);
  }
}

/** Return the mean loss of the character after evenly spaced windows of the held-out end. */
async function validate(model, indices, {heldOut, numValidation, sampleLen, charSetSize}, batchSize) {
  const [first, last] = [indices.length - heldOut, indices.length - sampleLen - 1];
  const starts = Array.from({length: numValidation}, (_, i) =>
    first + Math.floor(((last - first) * i) / Math.max(numValidation - 1, 1)),
  );
  let sum = 0;
  for (let i = 0; i < numValidation; i += batchSize) {
    const {xs, ys} = examples(indices, starts.slice(i, i + batchSize), sampleLen, charSetSize, false);
    const losses = tf.tidy(() => {
      const likelihood = tf.sum(tf.mul(model.predictOnBatch(xs), ys), 1);
      return tf.sum(tf.neg(tf.log(tf.maximum(likelihood, 1e-7))));
    });
    sum += (await losses.data())[0];
    tf.dispose([xs, ys, losses]);
  }
  return sum / numValidation;
}

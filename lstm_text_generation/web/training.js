// The training of the next-character model (the original's fitModel). It runs in worker.js.
import * as tf from '@tensorflow/tfjs-core';

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

/**
 * Return one-hot windows that begin at the given places, and what follows them: the next character
 * at every place of the window [batch, sample_len, charset_size], or after it [batch, charset_size].
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

/** Return how a text is split and an epoch is cut into batches; throws an Error for a short text. */
function planTraining(model, {indices, examplesPerEpoch, batchSize, validationSplit}) {
  const [, sampleLen, charSetSize] = model.inputs[0].shape;
  const heldOut = Math.floor(indices.length * validationSplit);
  const places = indices.length - heldOut - sampleLen;
  const validating = Math.floor(examplesPerEpoch * validationSplit);
  if (places < 1 || (validating && heldOut <= sampleLen)) {
    throw new Error(
      `The text is too short for windows of ${sampleLen} and this validation split. Choose a longer text.`,
    );
  }
  const training = examplesPerEpoch - validating;
  return {sampleLen, charSetSize, heldOut, places, validating, training, batches: Math.ceil(training / batchSize)};
}

/**
 * Train a model. Each epoch draws new examples. Validation uses the end of the text, which no
 * training example touches.
 *
 * @param trainer the compiled model that learns: `copyModel(model, everyChar)`.
 * @param options {indices, epochs, examplesPerEpoch, batchSize, validationSplit, seed, everyChar},
 *   and where to go on: {epoch, batch}, counted from 0, and the `losses` of the epoch so far.
 * @param on {batch, validate, epoch}: called and awaited after each batch with {epoch, batch, loss,
 *   progress, examplesPerSec}; before the validation, to return the model that predicts the last
 *   character; and after each epoch with {loss, val_loss}, in nats.
 */
export async function fitModel(trainer, options, on) {
  const {indices, epochs, batchSize, seed, everyChar} = options;
  const plan = planTraining(trainer, options);
  const {sampleLen, charSetSize, places, training, batches} = plan;
  for (let epoch = options.epoch; epoch < epochs; epoch++) {
    const random = randomNumbers(seed + epoch);
    const starts = Array.from({length: training}, () => Math.floor(random() * places));
    const resumed = epoch === options.epoch;
    const losses = resumed ? [...options.losses] : [];
    for (let batch = resumed ? options.batch : 0; batch < batches; batch++) {
      const started = performance.now();
      const some = starts.slice(batch * batchSize, (batch + 1) * batchSize);
      const {xs, ys} = examples(indices, some, sampleLen, charSetSize, everyChar);
      const loss = await trainer.trainOnBatch(xs, ys);
      tf.dispose([xs, ys]);
      if (!Number.isFinite(loss)) {
        throw new Error('The training diverged: the loss is NaN. Choose a lower learning rate.');
      }
      losses.push(loss);
      const progress = (epoch * batches + batch + 1) / (epochs * batches);
      const examplesPerSec = (some.length * 1000) / (performance.now() - started);
      await on.batch({epoch, batch, loss, progress, examplesPerSec});
    }
    const logs = {epoch: epoch + 1, loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length};
    if (plan.validating) logs.val_loss = await validate(on.validate(), indices, plan, batchSize);
    await on.epoch(logs);
  }
}

/** Return the mean loss of the character after windows that lie evenly in the held-out end. */
async function validate(model, indices, {heldOut, validating, sampleLen, charSetSize}, batchSize) {
  const [first, last] = [indices.length - heldOut, indices.length - sampleLen - 1];
  const starts = Array.from({length: validating}, (_, i) =>
    first + Math.floor(((last - first) * i) / Math.max(validating - 1, 1)),
  );
  let sum = 0;
  for (let i = 0; i < validating; i += batchSize) {
    const {xs, ys} = examples(indices, starts.slice(i, i + batchSize), sampleLen, charSetSize, false);
    const losses = tf.tidy(() => {
      const likelihood = tf.sum(tf.mul(model.predictOnBatch(xs), ys), 1);
      return tf.sum(tf.neg(tf.log(tf.maximum(likelihood, 1e-7))));
    });
    sum += (await losses.data())[0];
    tf.dispose([xs, ys, losses]);
  }
  return sum / validating;
}

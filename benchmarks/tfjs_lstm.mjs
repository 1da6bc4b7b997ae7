// Trains the text model in TensorFlow.js as the original does: all one-hot examples of an epoch in two
// tensors, and `model.fit`.
// usage: node tfjs_lstm.mjs EXAMPLES LENGTH CHARACTERS UNITS LAYERS BATCH
// Trains an epoch for each line on stdin, then prints `done`.
import {createRequire} from 'node:module';
import {createInterface} from 'node:readline';

const require = createRequire(import.meta.url);
const tf = require('@tensorflow/tfjs-node');

const [examples, length, characters, units, layers, batchSize] = process.argv.slice(2).map(Number);
const model = tf.sequential();
for (let layer = 0; layer < layers; ++layer) {
  model.add(tf.layers.lstm({
    units,
    returnSequences: layer < layers - 1,
    inputShape: layer === 0 ? [length, characters] : undefined,
  }));
}
model.add(tf.layers.dense({units: characters, activation: 'softmax'}));
model.compile({optimizer: tf.train.rmsprop(0.01), loss: 'categoricalCrossentropy'});

const oneHot = shape => tf.tidy(
  () => tf.oneHot(tf.randomUniform(shape, 0, characters, 'int32'), characters).toFloat());
const [inputs, targets] = [oneHot([examples, length]), oneHot([examples])];
for await (const _ of createInterface({input: process.stdin})) {
  await model.fit(inputs, targets, {batchSize, epochs: 1, verbose: 0});
  console.log('done');
}

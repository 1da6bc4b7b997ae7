// Runs the next-character model one character per call, in worker.js. A step takes the index of one character
// for each text of a batch, and keeps the LSTM states.
import * as tf from '@tensorflow/tfjs-core';

/**
 * Return a step's result: `probabilities` of the next character [batch * charset_size], and `cells`, tanh
 * of each LSTM unit's cell state [batch * units], layer after layer.
 */
async function outputs(probabilities, cells) {
  const memory = tf.tidy(() => tf.tanh(tf.concat(cells, 1)));
  const values = {probabilities: await probabilities.data(), cells: await memory.data()};
  tf.dispose([probabilities, memory]);
  return values;
}

/** A one-step graph model that Python exported. */
export class GraphStep {
  constructor(graph) {
    this.graph = graph;
    const {character, ...states} = graph.modelSignature.inputs;
    const sizes = Object.entries(states).map(([name, {tensorShape}]) => [name, Number(tensorShape.dim[1].size)]);
    this.stateSizes = Object.fromEntries(sizes);
    this.cellNames = sizes.map(([name]) => name).filter((name) => name.endsWith('_c'));
    this.sizes = this.cellNames.map((name) => this.stateSizes[name]);
    this.states = {};
  }

  /** Reset the LSTM states for a batch of texts. */
  begin(batch) {
    this.end();
    this.states = Object.fromEntries(
      Object.entries(this.stateSizes).map(([name, size]) => [name, tf.zeros([batch, size])]),
    );
  }

  async step(indices) {
    const character = tf.tensor1d(indices, 'int32');
    const {probabilities, ...next} = this.graph.predict({character, ...this.states});
    tf.dispose([character, this.states]);
    this.states = next;
    return outputs(probabilities, this.cellNames.map((name) => next[name]));
  }

  end() {
    tf.dispose(this.states);
    this.states = {};
  }
}

const ACTIVATIONS = {
  tanh: tf.tanh,
  sigmoid: tf.sigmoid,
  hardSigmoid: (x) => tf.clipByValue(tf.add(tf.mul(x, 0.2), 0.5), 0, 1),
};

/** The same steps with a layers model, for a model that the page created or trained. */
export class LayersStep {
  constructor(model) {
    const layers = model.layers.filter((layer) => layer.getClassName() === 'LSTM');
    this.lstms = layers.map((layer) => {
      const {units, activation, recurrentActivation} = layer.getConfig();
      return {
        layer, units,
        activation: ACTIVATIONS[camelCase(activation)],
        gate: ACTIVATIONS[camelCase(recurrentActivation)],
      };
    });
    if (!this.lstms.every(({activation, gate}) => activation && gate)) {
      const names = Object.keys(ACTIVATIONS).join(', ');
      throw new Error(`This page supports only the LSTM activations ${names}. Train a model with these.`);
    }
    this.dense = model.layers.at(-1);
    this.sizes = this.lstms.map(({units}) => units);
    this.states = [];
  }

  begin(batch) {
    this.end();
    this.states = this.sizes.map((units) => [tf.zeros([batch, units]), tf.zeros([batch, units])]);
  }

  async step(indices) {
    const [probabilities, states] = tf.tidy(() => {
      const next = [];
      let x = tf.tensor1d(indices, 'int32');
      this.lstms.forEach((lstm, i) => {
        next.push(lstmStep(lstm, x, this.states[i], i === 0));
        [x] = next.at(-1);
      });
      const [kernel, bias] = this.dense.getWeights();
      return [tf.softmax(tf.add(tf.matMul(x, kernel), bias)), next];
    });
    tf.dispose(this.states);
    this.states = states;
    return outputs(probabilities, states.map(([, c]) => c));
  }

  end() {
    tf.dispose(this.states);
    this.states = [];
  }
}

/**
 * Compute one step of an LSTM layer. Keras orders the gates: input, forget, cell, output.
 *
 * @param x character indices [batch] for the first layer, else [batch, features].
 */
function lstmStep({layer, units, activation, gate}, x, [h, c], isFirst) {
  const [kernel, recurrentKernel, bias] = layer.getWeights();
  const input = isFirst ? tf.gather(kernel, x) : tf.matMul(x, kernel);
  const sum = tf.add(tf.add(input, tf.matMul(h, recurrentKernel)), bias ?? 0);
  const [i, f, candidate, o] = tf.split(sum, 4, 1);
  const cell = tf.add(tf.mul(gate(f), c), tf.mul(gate(i), activation(candidate)));
  return [tf.mul(gate(o), activation(cell)), cell];
}

const camelCase = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

/** The original's method: the model reads the last window again for each character. */
export class WindowStep {
  constructor(model) {
    this.model = model;
    [, this.sampleLen, this.charSetSize] = model.inputs[0].shape;
    this.sizes = [];
  }

  begin() {
    this.window = [];
  }

  async step([index]) {
    this.window = [...this.window, index].slice(-this.sampleLen);
    // The model cannot predict before the window is full.
    if (this.window.length < this.sampleLen) return {probabilities: null, cells: null};
    const output = tf.tidy(() => {
      const window = tf.tensor2d(this.window, [1, this.sampleLen], 'int32');
      return this.model.predict(tf.cast(tf.oneHot(window, this.charSetSize), 'float32'));
    });
    const probabilities = await output.data();
    output.dispose();
    return {probabilities, cells: null};
  }

  end() {}
}

// Runs jobs from the Python tests, in Node and in a page. A job loads or creates a model, runs it, and
// may train and save it. The answer has all outputs.

/** z = z_mean + exp(z_log_var / 2) * epsilon: the encoders' custom class ZLayer. */
function registerZLayer(tf) {
  class ZLayer extends tf.layers.Layer {
    static get className() {
      return 'ZLayer';
    }

    computeOutputShape(inputShapes) {
      return inputShapes[0];
    }

    call([mean, logVar]) {
      return tf.tidy(() => mean.add(logVar.mul(0.5).exp().mul(tf.randomNormal(mean.shape))));
    }
  }
  tf.serialization.registerClass(ZLayer);
}

/** JSON has no NaN and no infinities, so they are written as these names. */
const NOT_FINITE = {nan: NaN, inf: Infinity, '-inf': -Infinity};

function toTensor(tf, {values, shape, dtype}) {
  return tf.tensor(values.map((value) => NOT_FINITE[value] ?? value), shape, dtype);
}

async function describe(tensors) {
  const list = Array.isArray(tensors) ? tensors : [tensors];
  const toJson = (value) => (Number.isFinite(value) ? value : String(value));
  return Promise.all(
    list.map(async (t) => ({shape: t.shape, values: Array.from(await t.data(), toJson)})),
  );
}

/** Create a Sequential from names of functions in tf.layers and their arguments. */
function makeModel(tf, layers) {
  return tf.sequential({layers: layers.map(([name, args]) => makeLayer(tf, name, args))});
}

function makeLayer(tf, name, args) {
  const {layer, ...others} = args;
  if (layer) others.layer = makeLayer(tf, ...layer);
  return tf.layers[name](others);
}

async function runLayersModel(tf, job) {
  const model = job.make ? makeModel(tf, job.make) : await tf.loadLayersModel(job.url);
  const answer = {metadata: model.userDefinedMetadata ?? null};
  if (job.train) {
    model.compile({optimizer: tf.train.adam(job.train.learningRate), loss: job.train.loss});
    const inputs = job.inputs.map((input) => toTensor(tf, input));
    const targets = toTensor(tf, job.train.targets);
    const history = await model.fit(inputs.length > 1 ? inputs : inputs[0], targets, {
      epochs: job.train.epochs,
      verbose: 0,
    });
    answer.losses = history.history.loss;
  }
  if (job.inputs) {
    const inputs = job.inputs.map((input) => toTensor(tf, input));
    answer.outputs = await describe(model.predict(inputs.length > 1 ? inputs : inputs[0]));
  }
  if (job.save) await model.save(job.save, {includeOptimizer: job.includeOptimizer});
  return answer;
}

/** Run a graph model with inputs and outputs by name. */
async function runGraphModel(tf, job) {
  const model = await tf.loadGraphModel(job.url);
  const inputs = Object.fromEntries(
    Object.entries(job.inputs).map(([name, input]) => [name, toTensor(tf, input)]),
  );
  const outputs = await model.executeAsync(inputs, job.outputs);
  return {outputs: await describe(outputs)};
}

/** Run the probes of a graph one by one, each a list of output nodes without inputs. */
async function runProbes(tf, job) {
  const model = await tf.loadGraphModel(job.url);
  const answers = [];
  for (const names of job.probes) {
    console.log(names[0]); // names the probe that hangs
    try {
      const outputs = await model.executeAsync({}, names);
      answers.push({outputs: await describe(outputs)});
      tf.dispose(outputs);
    } catch (error) {
      answers.push({error: String(error.message ?? error)});
      // A trap may leave the backend unusable for the probes that follow.
      if (error instanceof WebAssembly.RuntimeError) {
        return {answers: [...answers, ...(await runProbesAgain(tf, job, answers.length))]};
      }
    }
  }
  return {answers};
}

/** Run the remaining probes on a new instance of the backend. */
async function runProbesAgain(tf, job, done) {
  const backend = tf.getBackend();
  const factory = tf.findBackendFactory(backend);
  tf.backend().dispose = () => {}; // it would trap again
  tf.removeBackend(backend);
  tf.registerBackend(backend, factory, 10);
  await tf.setBackend(backend);
  return (await runProbes(tf, {...job, probes: job.probes.slice(done)})).answers;
}

/** Run the signature serving_default of a SavedModel; only tfjs-node can. */
async function runSavedModel(tf, job) {
  const model = await tf.node.loadSavedModel(job.path, ['serve'], 'serving_default');
  const inputs = Object.fromEntries(
    Object.entries(job.inputs).map(([name, input]) => [name, toTensor(tf, input)]),
  );
  const outputs = model.predict(inputs);
  return {outputs: await describe(job.outputs.map((name) => outputs[name]))};
}

/** Draw an index from probabilities, each taken to the power of 1 / temperature. */
function draw(probabilities, temperature) {
  const weights = probabilities.map((p) => p ** (1 / temperature));
  let left = Math.random() * weights.reduce((sum, weight) => sum + weight, 0);
  const index = weights.findIndex((weight) => (left -= weight) < 0);
  return index < 0 ? weights.length - 1 : index;
}

/** Return a function that writes a character with a one-step graph, and feeds the states back. */
function stepWriter(tf, graph) {
  const {character, ...states} = graph.modelSignature.inputs;
  const sizes = Object.entries(states).map(([name, {tensorShape}]) => [name, tensorShape.dim[1].size]);
  let memory = Object.fromEntries(sizes.map(([name, size]) => [name, tf.zeros([1, Number(size)])]));
  let last = 0;
  return async () => {
    const input = tf.tensor1d([last], 'int32');
    const {probabilities, ...next} = graph.predict({character: input, ...memory});
    last = draw(await probabilities.data(), 0.5);
    tf.dispose([input, memory, probabilities]);
    memory = next;
  };
}

/** Return a function that writes a character as the original does: from a whole window. */
function windowWriter(tf, model) {
  const [, sampleLen, charSetSize] = model.inputs[0].shape;
  const window = new Array(sampleLen).fill(0);
  return async () => {
    const input = tf.buffer([1, sampleLen, charSetSize]);
    window.forEach((character, position) => input.set(1, 0, position, character));
    const drawn = tf.tidy(() => {
      const logits = model.predict(input.toTensor()).squeeze().log().div(0.5);
      return tf.multinomial(logits, 1, null, false);
    });
    window.push((await drawn.data())[0]);
    window.shift();
    drawn.dispose();
  };
}

/** Measure characters/s of both writers, alternately, five times each, after a warm-up. */
async function timeWriting(tf, job) {
  const writers = {
    step: [stepWriter(tf, await tf.loadGraphModel(job.graphUrl)), job.steps],
    window: [windowWriter(tf, await tf.loadLayersModel(job.layersUrl)), job.windows],
  };
  const rates = {step: [], window: []};
  for (let round = 0; round <= 5; round++) {
    for (const [name, [write, count]] of Object.entries(writers)) {
      const start = performance.now();
      for (let i = 0; i < count; i++) await write();
      if (round) rates[name].push((count * 1000) / (performance.now() - start));
    }
  }
  return rates;
}

const RUNNERS = {
  layers: runLayersModel,
  graph: runGraphModel,
  probes: runProbes,
  savedModel: runSavedModel,
  timing: timeWriting,
};

/** Run every job on a backend; a job that fails answers with its error. */
export async function runJobs(tf, backend, jobs) {
  registerZLayer(tf);
  if (!(await tf.setBackend(backend))) throw new Error(`no backend ${backend}`);
  const answers = [];
  for (const job of jobs) {
    try {
      answers.push(await RUNNERS[job.kind](tf, job));
    } catch (error) {
      answers.push({error: String(error.stack ?? error)});
    }
  }
  return answers;
}

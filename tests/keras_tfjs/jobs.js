// Runs jobs that the Python tests describe, in Node and in a page alike. A job loads or makes a
// model, runs it, and may train and save it; the answer has all numbers that came out.

/** z = z_mean + exp(z_log_var / 2) * epsilon, for encoders; their own class in Python is ZLayer. */
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

function toTensor(tf, {values, shape, dtype}) {
  return tf.tensor(values, shape, dtype);
}

async function describe(tensors) {
  const list = Array.isArray(tensors) ? tensors : [tensors];
  return Promise.all(list.map(async (t) => ({shape: t.shape, values: Array.from(await t.data())})));
}

/** Make a Sequential of layers given by the names and arguments of their functions in tf.layers. */
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

/** Run a graph model; inputs and outputs go by the names of its signature. */
async function runGraphModel(tf, job) {
  const model = await tf.loadGraphModel(job.url);
  const inputs = Object.fromEntries(
    Object.entries(job.inputs).map(([name, input]) => [name, toTensor(tf, input)]),
  );
  const outputs = await model.executeAsync(inputs, job.outputs);
  return {outputs: await describe(outputs)};
}

/** Run the signature serving_default of a SavedModel, which only tfjs-node can. */
async function runSavedModel(tf, job) {
  const model = await tf.node.loadSavedModel(job.path, ['serve'], 'serving_default');
  const inputs = Object.fromEntries(
    Object.entries(job.inputs).map(([name, input]) => [name, toTensor(tf, input)]),
  );
  const outputs = model.predict(inputs);
  return {outputs: await describe(job.outputs.map((name) => outputs[name]))};
}

/** Time a one-step graph, and a whole-window layers model as the original writes with it. */
async function timeWriting(tf, job) {
  const steps = async (count, step) => {
    const start = performance.now();
    for (let i = 0; i < count; i++) await step();
    return (count * 1000) / (performance.now() - start);
  };
  const graph = await tf.loadGraphModel(job.graphUrl);
  const layers = await tf.loadLayersModel(job.layersUrl);
  const [, sampleLen, charSetSize] = layers.inputs[0].shape;
  let state = Object.fromEntries(
    graph.inputs
      .filter(({name}) => name.includes('lstm'))
      .map(({name, shape}) => [name, tf.zeros([1, shape[1]])]),
  );
  const names = Object.keys(graph.modelSignature.outputs);
  const stateful = async () => {
    const outputs = graph.execute({...state, character: tf.tensor1d([1], 'int32')}, names);
    const [probabilities] = outputs.splice(names.indexOf('probabilities'), 1);
    await probabilities.data();
    tf.dispose([state, probabilities]);
    const left = names.filter((name) => name !== 'probabilities');
    state = Object.fromEntries(left.map((name, i) => [job.stateInputs[name], outputs[i]]));
  };
  const windowed = async () => {
    const window = tf.tidy(() => tf.oneHot(tf.zeros([1, sampleLen], 'int32'), charSetSize));
    const probabilities = layers.predict(window.toFloat());
    await probabilities.data();
    tf.dispose([window, probabilities]);
  };
  await steps(300, stateful); // the first ones compile
  await steps(2, windowed);
  return {stateful: await steps(job.count, stateful), windowed: await steps(20, windowed)};
}

const RUNNERS = {
  layers: runLayersModel,
  graph: runGraphModel,
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

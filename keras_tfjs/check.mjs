// Runs a model with the @tensorflow/tfjs of the current directory, for `convert --check`.
// usage: node check.mjs JOB ANSWER. JOB is a JSON file with the model's directory and inputs. The
// script writes ANSWER: the version and, for each backend, the outputs or an error. Arrays are base64.
import {readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';

const require = createRequire(join(process.cwd(), 'package.json'));
const tf = require('@tensorflow/tfjs');

const ARRAYS = {float32: Float32Array, int32: Int32Array, bool: Uint8Array};

function decode({shape, dtype, data}) {
  const bytes = Uint8Array.from(Buffer.from(data, 'base64'));
  return tf.tensor(new ARRAYS[dtype](bytes.buffer), shape, dtype);
}

async function encode(tensor) {
  const {buffer, byteOffset, byteLength} = await tensor.data();
  const data = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  return {shape: tensor.shape, dtype: tensor.dtype, data};
}

/** Return the ModelArtifacts of a directory, as an IOHandler does. */
function read(directory) {
  const content = JSON.parse(readFileSync(join(directory, 'model.json'), 'utf8'));
  const files = content.weightsManifest.flatMap(({paths}) => paths);
  const data = Buffer.concat(files.map((file) => readFileSync(join(directory, file))));
  return {
    ...content,
    weightSpecs: content.weightsManifest.flatMap(({weights}) => weights),
    weightData: data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength),
  };
}

async function run(artifacts, inputs) {
  const handler = {load: async () => artifacts};
  const tensors = inputs.map(decode);
  if (artifacts.format === 'graph-model') {
    const model = await tf.loadGraphModel(handler);
    const given = Object.fromEntries(inputs.map(({name}, i) => [name, tensors[i]]));
    const names = Object.keys(artifacts.signature.outputs);
    const outputs = await model.executeAsync(given, names);
    const list = Array.isArray(outputs) ? outputs : [outputs];
    return Object.fromEntries(
      await Promise.all(names.map(async (name, i) => [name, await encode(list[i])])),
    );
  }
  const model = await tf.loadLayersModel(handler);
  const outputs = model.predict(tensors.length > 1 ? tensors : tensors[0]);
  const list = Array.isArray(outputs) ? outputs : [outputs];
  return Object.fromEntries(await Promise.all(list.map(async (t, i) => [i, await encode(t)])));
}

function registerWasm() {
  try {
    const wasm = require('@tensorflow/tfjs-backend-wasm');
    wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
    return true;
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return false;
    throw error;
  }
}

const job = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const backends = {};
for (const backend of registerWasm() ? ['cpu', 'wasm'] : ['cpu']) {
  try {
    await tf.setBackend(backend);
    backends[backend] = {outputs: await run(read(job.directory), job.inputs)};
  } catch (error) {
    backends[backend] = {error: String(error.message ?? error)};
  }
}
writeFileSync(process.argv[3], JSON.stringify({version: tf.version_core, backends}));
process.exit(0);

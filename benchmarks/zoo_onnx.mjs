// usage: node zoo_onnx.mjs NODE_MODULES JOBS ANSWERS
// Runs ONNX models in onnxruntime-web (wasm). harness/jobs.js does the same in TensorFlow.js.
import {readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {resolve} from 'node:path';

const [nodeModules, jobsFile, answersFile] = process.argv.slice(2);
const ort = createRequire(`${resolve(nodeModules)}/`)('onnxruntime-web');
ort.env.logLevel = 'error';
ort.env.wasm.numThreads = 1;

function toTensor(type, {values, shape}) {
  const convert = {int64: BigInt, bool: Boolean, string: String}[type] ?? Number;
  return new ort.Tensor(type, values.map(convert), shape);
}

function describe({dims, data}) {
  const values = Array.from(data, Number);
  return {shape: dims, values: values.map((value) => (isFinite(value) ? value : String(value)))};
}

async function run({path, inputs}) {
  const session = await ort.InferenceSession.create(readFileSync(path));
  const named = session.inputMetadata.map(({name, type}, index) => {
    const input = inputs[name] ?? Object.values(inputs)[index];
    if (!input) throw new Error(`the exported model has an input that the Keras model lacks: ${name}`);
    return [name, toTensor(type, input)];
  });
  const outputs = await session.run(Object.fromEntries(named));
  await session.release();
  return {outputs: session.outputNames.map((name) => describe(outputs[name]))};
}

const answers = [];
for (const job of JSON.parse(readFileSync(jobsFile, 'utf8'))) {
  answers.push(await run(job).catch((error) => ({error: String(error.message ?? error)})));
}
writeFileSync(answersFile, JSON.stringify(answers));

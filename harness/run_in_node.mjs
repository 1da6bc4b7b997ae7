// usage: node run_in_node.mjs JOBS ANSWERS. Both are JSON files.
import {readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname} from 'node:path';

import {runJobs} from './jobs.js';

const require = createRequire(import.meta.url);
// tfjs-node adds file:// and the backend tensorflow.
const tf = require('@tensorflow/tfjs-node');
const wasm = require('@tensorflow/tfjs-backend-wasm');
const wasmFile = require.resolve('@tensorflow/tfjs-backend-wasm');
wasm.setWasmPaths(`${dirname(wasmFile)}/`);

const {backend, jobs} = JSON.parse(readFileSync(process.argv[2], 'utf8'));
writeFileSync(process.argv[3], JSON.stringify(await runJobs(tf, backend, jobs)));

// usage: node zoo_downloads.mjs NODE_MODULES
// Prints the bytes after gzip that a page downloads to run a model: the bundled JavaScript, and the
// WebAssembly for a browser with SIMD and without threads. NODE_MODULES has onnxruntime-web and LiteRT,
// which the project does not need.
import {readFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {gzipSync} from 'node:zlib';

import {build} from 'vite';

const ours = join(dirname(fileURLToPath(import.meta.url)), '../node_modules');
const others = resolve(process.argv[2]);
const WASM = '@tensorflow/tfjs-backend-wasm';
const RUNTIMES = {
  layers: {
    root: ours,
    code: `import '@tensorflow/tfjs-backend-webgl';
      export {loadLayersModel} from '@tensorflow/tfjs-layers';`,
  },
  graph: {
    root: ours,
    code: `export {setWasmPaths} from '${WASM}';
      export {loadGraphModel} from '@tensorflow/tfjs-converter';`,
    files: [`${WASM}/dist/tfjs-backend-wasm-simd.wasm`],
  },
  onnx: {
    root: others,
    code: `export {InferenceSession, Tensor} from 'onnxruntime-web/wasm';`,
  },
  litert: {
    root: others,
    code: `export {loadLiteRt, loadAndCompile, Tensor} from '@litertjs/core';`,
    files: ['js', 'wasm'].map((type) => `@litertjs/core/wasm/litert_wasm_internal.${type}`),
  },
};

async function bundle({root, code}) {
  const entry = join(root, '..', 'zoo_entry.js');
  const virtual = {
    name: 'entry',
    resolveId: (id) => (id === entry ? id : null),
    load: (id) => (id === entry ? code : null),
  };
  const {output} = await build({
    configFile: false,
    logLevel: 'silent',
    root: join(root, '..'),
    plugins: [virtual],
    build: {
      write: false,
      assetsInlineLimit: 0,
      rollupOptions: {input: entry, preserveEntrySignatures: 'strict'},
    },
  });
  return output.map(({code, source}) => code ?? source);
}

const sizes = {};
for (const [name, runtime] of Object.entries(RUNTIMES)) {
  const files = (runtime.files ?? []).map((file) => readFileSync(join(runtime.root, file)));
  const contents = [...(await bundle(runtime)), ...files];
  sizes[name] = contents.reduce((sum, content) => sum + gzipSync(content).length, 0);
}
console.log(JSON.stringify(sizes));

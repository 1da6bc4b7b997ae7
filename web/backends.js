// The backends of TensorFlow.js, with wasm files that come from this site.
import '@tensorflow/tfjs-backend-webgpu';

import * as tf from '@tensorflow/tfjs';
import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';

setWasmPaths({
  'tfjs-backend-wasm.wasm': plain,
  'tfjs-backend-wasm-simd.wasm': simd,
  'tfjs-backend-wasm-threaded-simd.wasm': threaded,
});

/** Change the backend; if this browser has it not, keep the old one and throw an Error for people. */
export async function useBackend(name) {
  const before = tf.engine().backendName;
  const works = await tf.setBackend(name).catch(() => false);
  if (!works) {
    if (before) await tf.setBackend(before);
    throw new Error(`This browser has no ${name}. Choose another backend.`);
  }
  await tf.ready();
}

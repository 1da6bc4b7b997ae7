// The backends of TensorFlow.js. The page downloads a backend from this site when it is chosen.
import * as tf from '@tensorflow/tfjs-core';
import wasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';

const LOAD = {
  wasm: async () => {
    const {setWasmPaths} = await import('@tensorflow/tfjs-backend-wasm');
    setWasmPaths({
      'tfjs-backend-wasm.wasm': wasmUrl,
      'tfjs-backend-wasm-simd.wasm': simdUrl,
      'tfjs-backend-wasm-threaded-simd.wasm': threadedUrl,
    });
  },
  webgl: () => import('@tensorflow/tfjs-backend-webgl'),
  webgpu: () => import('@tensorflow/tfjs-backend-webgpu'),
  cpu: () => import('@tensorflow/tfjs-backend-cpu'),
};

/**
 * Change the backend. If the browser cannot run the new backend, keep the old one.
 *
 * @param name one of `BACKENDS` in site.js.
 */
export async function useBackend(name) {
  const before = tf.engine().backendName;
  await LOAD[name]();
  const works = await tf.setBackend(name).catch(() => false);
  if (!works) {
    if (before) await tf.setBackend(before);
    throw new Error(`This browser cannot run ${name}. Choose another backend.`);
  }
}

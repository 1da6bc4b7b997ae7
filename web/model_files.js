// Reads the files of TensorFlow.js models. Each error message names the file.
import {fetchBytes, fetchJson, nameOf} from './files.js';

const BYTES = {float32: 4, int32: 4, bool: 1, float16: 2, uint16: 2, uint8: 1};

/** Return the size of a weight in its file, in bytes. */
function byteLength({shape, dtype, quantization}) {
  return shape.reduce((product, side) => product * side, 1) * BYTES[quantization?.dtype ?? dtype];
}

/**
 * Return a model's artifacts, for `tf.io.fromMemory`.
 *
 * @param url the address of its model.json.
 * @param hint what to do if a file is missing or damaged.
 */
export async function loadArtifacts(url, hint) {
  const {modelTopology, weightsManifest, signature, userDefinedMetadata, format} = await fetchJson(url, hint);
  if (!modelTopology || !Array.isArray(weightsManifest)) throw new Error(`${nameOf(url)} is damaged. ${hint}`);
  const directory = url.slice(0, url.lastIndexOf('/') + 1);
  const weightSpecs = weightsManifest.flatMap(({weights}) => weights);
  const files = weightsManifest.flatMap(({paths}) => paths).map((path) => `${directory}${path}`);
  const contents = await Promise.all(files.map((file) => fetchBytes(file, hint)));
  const found = contents.reduce((sum, {byteLength}) => sum + byteLength, 0);
  const expected = weightSpecs.reduce((sum, spec) => sum + byteLength(spec), 0);
  if (found !== expected) {
    throw new Error(`${files.map(nameOf).join(', ')} is damaged: it has ${found} bytes instead of ${expected}. ${hint}`);
  }
  const weightData = await new Blob(contents).arrayBuffer();
  return {modelTopology, weightSpecs, weightData, signature, userDefinedMetadata, format};
}

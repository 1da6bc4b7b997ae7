// Loads a run: first the decoder and the map, then the encoder and the test images.
import {loadArtifacts} from '../../web/model_files.js';
import {fetchBytes, fetchJson} from '../../web/files.js';
import {listRuns, runUrl} from '../../web/site.js';
import {applyAddress, applyImage, applySlots} from './address.js';
import {drawMap, showPoint} from './map_actions.js';
import {worker} from './model_worker.js';
import {APP, attempt, HINT, sayProgress, state, update, defaultFields} from './state.js';

let loads = 0;
let encoderLoaded = Promise.resolve();

/** Return a promise that resolves when the run's encoder is loaded or has failed to load. */
export const encoderReady = () => encoderLoaded;

/** Load the list of runs, and then the run in the address, or the first run. */
export function start(address) {
  return attempt(async () => {
    const runs = await listRuns(APP);
    update({runs});
    if (!runs.length) return;
    const known = runs.some(({path}) => path === address.run);
    await loadRun(known ? address.run : runs[0].path, known || !address.run ? address : {});
    if (address.run && !known) throw new Error(`There is no run ${address.run}. The page shows ${runs[0].path} instead.`);
  });
}

/** Change the backend and load the run again, because its weights are on the old backend. */
export function changeBackend(backend) {
  return attempt(async () => {
    await worker.call('useBackend', backend);
    update({backend});
    await loadRun(state.value.run);
  });
}

/** Load a run, unless the user chooses another run in the meantime. */
export function loadRun(path, address = {}) {
  const load = ++loads;
  return attempt(async () => {
    sayProgress(`Loading the decoder of ${path}.`);
    update({...UNLOADED, run: path, tab: address.tab ?? state.value.tab});
    const model = await loadDecoder(path).catch((error) => {
      if (load === loads) throw error;
    });
    if (load !== loads) return;
    const dimensions = model.defaultDimensions;
    const rest = new Array(model.latentDim).fill(0);
    update({model, dimensions, rest, fields: defaultFields(model, dimensions)});
    applyAddress(address);
    await drawMap();
    if (load !== loads) return;
    sayProgress('The map is drawn. Loading the encoder and the test images.');
    await showPoint(state.value.z ?? state.value.map.sharpest);
    encoderLoaded = loadEncoder(model, () => load === loads);
    await applySlots(address);
    if (await encoderLoaded) await applyImage(address);
  });
}

const UNLOADED = {
  model: null, testImages: null, encoder: 'The encoder is still loading.', map: null, z: null, shown: null, picked: null,
  path: [], walked: 0, slots: [null, null, null], slot: 0, sum: null, hiddenClasses: [], firstImage: 0,
  formation: null, epochIndex: 0,
};

/** Load the decoder into the worker. Return the run's description. */
async function loadDecoder(path) {
  const url = runUrl(path);
  const {graph = 'graph_model'} = state.value.runs.find((run) => run.path === path);
  const [info, artifacts] = await Promise.all([
    fetchJson(`${url}/image_data.json`, HINT),
    loadArtifacts(`${url}/${graph}/decoder/model.json`, HINT),
    worker.call('useBackend', state.value.backend),
  ]);
  if (!info.image_shape?.every?.(Number.isInteger)) {
    throw new Error(`saved_models/${path}/image_data.json is damaged. ${HINT}`);
  }
  const name = `saved_models/${path}/${graph}/decoder`;
  const {latentDim, size, hidden} = await worker.call('loadDecoder', {artifacts, name});
  const [height, width] = info.image_shape;
  checkSize(name, size, height, width);
  return {
    path, url, height, width, latentDim, hidden,
    classNames: info.class_names,
    limits: info.limits, // absent in older runs
    defaultDimensions: info.grid_dimensions,
    hasTestImages: info.num_test_images !== 0, // false if the run used training images only
  };
}

function checkSize(name, size, height, width) {
  if (size !== height * width) {
    throw new Error(`${name} does not fit the images of ${width} x ${height} pixels in image_data.json. ${HINT}`);
  }
}

/** Load the encoder and the test images. Return whether they are loaded. */
function loadEncoder(model, isCurrent) {
  return attempt(async () => {
    try {
      const {latentDim, url} = model;
      const [testImages, artifacts] = await Promise.all([
        loadTestImages(model), loadArtifacts(`${url}/encoder/model.json`, HINT),
      ]);
      const name = `saved_models/${model.path}/encoder`;
      if (!isCurrent()) return false;
      const sizes = await worker.call('loadEncoder', {artifacts, name});
      checkSize(name, sizes.size, model.height, model.width);
      if (sizes.latentDim !== latentDim) throw new Error(`${name} and the decoder have different latent dimensions. ${HINT}`);
      if (testImages.labels.length) Object.assign(testImages, await encodeTestImages(testImages, model));
      if (!isCurrent()) return false;
      update({testImages, encoder: ''});
      sayProgress(`The encoder and the test images are loaded. Computing with ${state.value.backend}.`);
      return true;
    } catch (error) {
      if (isCurrent()) {
        update({encoder: error.message});
        throw error;
      }
    }
  });
}

async function encodeTestImages({pixels}, {height, width}) {
  const images = Float32Array.from(pixels, (value) => value / 255);
  const {means, logVars} = await worker.call('encode', {images, size: height * width});
  return {means, logVars};
}

async function loadTestImages({url, path, hasTestImages, height, width}) {
  if (!hasTestImages) return {labels: [], pixels: new Uint8Array()};
  const [{labels}, bytes] = await Promise.all([
    fetchJson(`${url}/test_images.json`, HINT), fetchBytes(`${url}/test_images.bin`, HINT),
  ]);
  if (!Array.isArray(labels)) throw new Error(`saved_models/${path}/test_images.json is damaged. ${HINT}`);
  const expected = labels.length * height * width;
  if (bytes.byteLength !== expected) {
    const found = `it has ${bytes.byteLength} bytes instead of ${expected}`;
    throw new Error(`saved_models/${path}/test_images.bin is damaged: ${found}. ${HINT}`);
  }
  return {labels, pixels: new Uint8Array(bytes)};
}

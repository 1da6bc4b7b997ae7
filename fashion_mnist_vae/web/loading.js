// Loads a run: first the decoder and the map, then the encoder and the test images.
import {loadArtifacts} from '../../web/model_files.js';
import {fetchBytes, fetchJson} from '../../web/files.js';
import {listRuns, runUrl} from '../../web/site.js';
import {applyAddress, applyImage, applySlots} from './address.js';
import {drawMap, showPoint} from './map_actions.js';
import {worker} from './model_worker.js';
import {APP, attempt, HINT, sayProgress, state, update, usualFields} from './state.js';

let loads = 0;
let encoderLoaded = Promise.resolve();

/** Resolve when the encoder of the chosen run can be used, or cannot be loaded. */
export const encoderReady = () => encoderLoaded;

/** Load the list of the runs, and the one in the address, else the first. */
export function start(address) {
  return attempt(async () => {
    const runs = await listRuns(APP);
    update({runs});
    if (!runs.length) return;
    const known = runs.some(({path}) => path === address.run);
    await loadRun(known ? address.run : runs[0].path, known || !address.run ? address : {});
    if (address.run && !known) throw new Error(`There is no run ${address.run}, so this is another one.`);
  });
}

/** Change the backend; the run is loaded again, because its weights are on the old one. */
export function changeBackend(backend) {
  return attempt(async () => {
    await worker.call('useBackend', backend);
    update({backend});
    await loadRun(state.value.run);
  });
}

/** Load a run; if another one is chosen meanwhile, this one is forgotten. */
export function loadRun(path, address = {}) {
  const load = ++loads;
  return attempt(async () => {
    sayProgress(`Loading the decoder of ${path}.`);
    update({...FORGOTTEN, run: path, tab: address.tab ?? state.value.tab});
    const model = await loadDecoder(path).catch((error) => {
      if (load === loads) throw error;
    });
    if (load !== loads) return;
    const dimensions = model.usualDimensions;
    const rest = new Array(model.latentDim).fill(0);
    update({model, dimensions, rest, fields: usualFields(model, dimensions)});
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

const FORGOTTEN = {
  model: null, tests: null, encoder: 'The encoder is still loading.', map: null, z: null, shown: null, picked: null,
  path: [], walked: 0, slots: [null, null, null], slot: 0, sum: null, hiddenClasses: [], firstImage: 0,
  formation: null, epochIndex: 0,
};

/** Load the decoder into the worker; return what the page needs to know of the run. */
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
    usualDimensions: info.grid_dimensions,
    tested: info.num_test_images !== 0, // a run on the training images alone has none
  };
}

function checkSize(name, size, height, width) {
  if (size !== height * width) {
    throw new Error(`${name} is not made for images of ${width} x ${height}, as image_data.json says. ${HINT}`);
  }
}

/** Load the encoder and the test images; return whether they are there. */
function loadEncoder(model, isCurrent) {
  return attempt(async () => {
    try {
      const {latentDim, url} = model;
      const [tests, artifacts] = await Promise.all([
        loadTests(model), loadArtifacts(`${url}/encoder/model.json`, HINT),
      ]);
      const name = `saved_models/${model.path}/encoder`;
      if (!isCurrent()) return false;
      const sizes = await worker.call('loadEncoder', {artifacts, name});
      checkSize(name, sizes.size, model.height, model.width);
      if (sizes.latentDim !== latentDim) throw new Error(`${name} is not made for this decoder. ${HINT}`);
      if (tests.labels.length) Object.assign(tests, await encodeTests(tests, model));
      if (!isCurrent()) return false;
      update({tests, encoder: ''});
      sayProgress(`The encoder and the test images are here. Computing with ${state.value.backend}.`);
      return true;
    } catch (error) {
      if (isCurrent()) {
        update({encoder: error.message});
        throw error;
      }
    }
  });
}

async function encodeTests({pixels}, {height, width}) {
  const images = Float32Array.from(pixels, (value) => value / 255);
  const {means, logVars} = await worker.call('encode', {images, size: height * width});
  return {means, logVars};
}

async function loadTests({url, path, tested, height, width}) {
  if (!tested) return {labels: [], pixels: new Uint8Array()};
  const [{labels}, bytes] = await Promise.all([
    fetchJson(`${url}/test_images.json`, HINT), fetchBytes(`${url}/test_images.bin`, HINT),
  ]);
  if (!Array.isArray(labels)) throw new Error(`saved_models/${path}/test_images.json is damaged. ${HINT}`);
  const expected = labels.length * height * width;
  if (bytes.byteLength !== expected) {
    const found = `it has ${bytes.byteLength} bytes and not ${expected}`;
    throw new Error(`saved_models/${path}/test_images.bin is damaged: ${found}. ${HINT}`);
  }
  return {labels, pixels: new Uint8Array(bytes)};
}

// The page's state, and functions of it.
import {numberError} from '../../web/numbers.js';
import {BACKENDS} from '../../web/site.js';
import {createStore} from '../../web/store.js';

export const APP = 'fashion_mnist_vae';
export const HINT = 'Train a model with python -m fashion_mnist_vae.train, then reload this page.';
export const POINTS = 20; // per dimension of the map
const MAX_LIMIT = 1000; // of the map
const MIN_WIDTH = 0.05; // of the map, because all images are near 0 in a dimension that the encoder does not use

const store = createStore({
  runs: null, // a list of {path, app, graph}
  run: null, // the path of the chosen run
  backend: BACKENDS[0],
  model: null, // the description of the loaded run, see loading.js
  testImages: null, // the test images: {labels, pixels, means, logVars}; the last three are flat
  encoder: 'Load a model first.', // why the page cannot use the encoder; '' if it can
  fields: null, // contents of the number fields: {points, x: {start, end}, y: {start, end}}
  dimensions: [0, 1], // latent dimensions on the map's axes, across and upwards
  rest: [], // z of the map, used for the dimensions that are not on an axis
  map: null, // the drawn map: {pixels, width, height, grid, milliseconds, sharpest}
  z: null, // the selected point
  shown: null, // the decoded point: {z, image, hidden}
  picked: null, // the encoded image, see images.js
  path: [], // up to two points to walk between
  walked: 0, // the fraction of the walk, from 0 to 1
  slots: [null, null, null], // A, B and C: {z, image}
  slot: 0, // index of the next slot to set
  sum: null, // A - B + C: {z, image}
  hiddenClasses: [], // classes whose test images are not on the map
  dots: true, // whether the map shows test images
  prior: true, // whether the map shows N(0, 1)
  firstImage: 0, // index of the first test image in the tab Pick an image
  formation: null, // see formation_panel.jsx
  epochIndex: 0,
  tab: 'inside',
});
export const {state, update, say} = store;

/** Show progress. Unlike other messages, this one scrolls with the page. */
export const sayProgress = (text) => update({status: {text, isError: false, isProgress: true}});

/** Run an action of the user, which may overlap with other actions. */
export function attempt(work) {
  if (state.value.status.isError) say(''); // clear the old error
  return store.attempt(work);
}

/** Return a function that works on one call at a time. The latest waiting call replaces earlier ones. */
export function latest(work) {
  let running = false;
  let waiting = null;
  return async (...call) => {
    waiting = call;
    if (running) return;
    running = true;
    try {
      while (waiting) {
        const now = waiting;
        waiting = null;
        await attempt(() => work(...now));
      }
    } finally {
      running = false;
    }
  };
}

export const POINTS_SPEC = {name: 'Points per dimension', min: 1, max: 100, integer: true};
export const limitSpec = (name) => ({name, min: -MAX_LIMIT, max: MAX_LIMIT});

const isLimit = (text) => !numberError(text, limitSpec(''));

/** Return the error message for start and end together, or null. */
export function gridError({fields}) {
  const sides = [fields.x, fields.y].filter(({start, end}) => isLimit(start) && isLimit(end));
  return sides.every(({start, end}) => Number(start) < Number(end)) ? null : 'Start must be below end.';
}

/** Return the fields as numbers, {points, x: {start, end}, y: {start, end}}, or null if one is wrong. */
export function parseGrid(view) {
  const {points, x, y} = view.fields;
  const right = [x.start, x.end, y.start, y.end].every(isLimit) && !numberError(points, POINTS_SPEC);
  if (!right || gridError(view)) return null;
  const side = ({start, end}) => ({start: Number(start), end: Number(end)});
  return {points: Number(points), x: side(x), y: side(y)};
}

/** Return a dimension's default limits as texts: the middle 98% of the images, or -3 to 3. */
export function defaultLimits(model, dimension) {
  const [start, end] = model.limits?.[dimension] ?? [-3, 3];
  const wide = end - start > MIN_WIDTH ? [start, end] : [-3, 3];
  return {start: wide[0].toFixed(2), end: wide[1].toFixed(2)};
}

/** Return the fields after loading a run or after a reset. */
export const defaultFields = (model, [x, y]) =>
  ({points: String(POINTS), x: defaultLimits(model, x), y: defaultLimits(model, y)});

/** Return the z at a place of the map. */
export function zAt({rest, dimensions}, [x, y]) {
  const z = [...rest];
  z[dimensions[1]] = y; // first, because both axes are the same if there is one latent dimension
  z[dimensions[0]] = x;
  return z;
}

/** Return the place of a z on the map. */
export const placeOf = ({dimensions}, z) => dimensions.map((dimension) => z[dimension]);

/** Return the map's limits: half a tile beyond the first and the last z. */
export function mapLimits({grid}) {
  return [grid.x, grid.y].map(({start, end}) => {
    const half = grid.points === 1 ? 0 : (end - start) / (grid.points - 1) / 2;
    return {start: start - half, end: end + half};
  });
}

/** Return the index of the test image nearest to z, or null if there are no test images. */
export function nearestTestImage({testImages, model}, z) {
  if (!testImages?.labels.length) return null;
  let best = null;
  for (let i = 0; i < testImages.labels.length; i++) {
    let distance = 0;
    for (let d = 0; d < model.latentDim; d++) distance += (testImages.means[i * model.latentDim + d] - z[d]) ** 2;
    if (best === null || distance < best.distance) best = {index: i, distance};
  }
  return best.index;
}

/** Return a z as a text. */
export const zText = (z, digits = 3) => `(${Array.from(z, (value) => value.toFixed(digits)).join(', ')})`;

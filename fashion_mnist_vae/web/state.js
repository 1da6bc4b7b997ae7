// The page's state, and what is computed from it alone.
import {numberError} from '../../web/numbers.js';
import {BACKENDS} from '../../web/site.js';
import {createStore} from '../../web/store.js';

export const APP = 'fashion_mnist_vae';
export const HINT = 'Train a model with python -m fashion_mnist_vae.train, then reload this page.';
export const POINTS = 20; // per dimension of the map
const WIDEST = 1000; // limit of the latent space that can be asked for
const NARROWEST = 0.05; // a dimension that the encoder does not use has its images all at 0

const store = createStore({
  runs: null, // a list of {path, app, graph}
  run: null, // the path of the chosen one
  backend: BACKENDS[0],
  model: null, // what is known of the loaded run, see loading.js
  tests: null, // the test images: {labels, pixels, means, logVars}, all but the first flat
  encoder: 'Load a model first.', // why the encoder cannot be used yet; '' if it can
  fields: null, // texts of the number fields: {points, x: {start, end}, y: {start, end}}
  dimensions: [0, 1], // of the latent space, across and upwards
  rest: [], // z of the map where neither of the two dimensions is
  map: null, // the map that is drawn: {pixels, width, height, grid, milliseconds}
  z: null, // the point that is shown
  shown: null, // what the decoder made of it: {z, image, hidden}
  picked: null, // the image of the encoder, see images.js
  path: [], // up to two points to walk between
  walked: 0, // the part of the way, from 0 to 1
  slots: [null, null, null], // of the arithmetic: {z, image}
  slot: 0, // the one that is set next
  sum: null, // its result: {z, image}
  hiddenClasses: [], // numbers of the classes whose dots are switched off
  dots: true,
  prior: true,
  firstImage: 0, // of the row of test images
  formation: null, // see formation.jsx
  epochIndex: 0,
  tab: 'inside',
});
export const {state, update, say} = store;

/** Say what the page does by itself; the message does not follow the reader down the page. */
export const sayProgress = (text) => update({status: {text, isError: false, isProgress: true}});

/** Do one of the user's actions, which may overlap with others. */
export function attempt(work) {
  if (state.value.status.isError) say(''); // an old error is no longer true
  return store.attempt(work);
}

/** Return a function that does some work. While it works, the latest of the calls waits. */
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
export const limitSpec = (name) => ({name, min: -WIDEST, max: WIDEST});

const isLimit = (text) => !numberError(text, limitSpec(''));

/** Return what is wrong with the fields together, or null; what is wrong with one stands below it. */
export function gridError({fields}) {
  const sides = [fields.x, fields.y].filter(({start, end}) => isLimit(start) && isLimit(end));
  return sides.every(({start, end}) => Number(start) < Number(end)) ? null : 'Start must be below end.';
}

/** Return the grid that the fields ask for, {points, x: {start, end}, y: {start, end}}, or null. */
export function readGrid(view) {
  const {points, x, y} = view.fields;
  const right = [x.start, x.end, y.start, y.end].every(isLimit) && !numberError(points, POINTS_SPEC);
  if (!right || gridError(view)) return null;
  const side = ({start, end}) => ({start: Number(start), end: Number(end)});
  return {points: Number(points), x: side(x), y: side(y)};
}

/** Return the texts of a dimension's limits: where the middle 98% of the test images lie. */
export function usualLimits(model, dimension) {
  const [start, end] = model.limits?.[dimension] ?? [-3, 3];
  const wide = end - start > NARROWEST ? [start, end] : [-3, 3];
  return {start: wide[0].toFixed(2), end: wide[1].toFixed(2)};
}

/** Return the fields as they are after a run is loaded, and after a reset. */
export const usualFields = (model, [x, y]) =>
  ({points: String(POINTS), x: usualLimits(model, x), y: usualLimits(model, y)});

/** Return the z at a place of the map. */
export function zAt({rest, dimensions}, [x, y]) {
  const z = [...rest];
  z[dimensions[1]] = y; // first, because with one dimension only, the two are the same
  z[dimensions[0]] = x;
  return z;
}

/** Return the place of a z on the map. */
export const placeOf = ({dimensions}, z) => dimensions.map((dimension) => z[dimension]);

/** Return the part of the latent space that the map covers: half a tile beyond its first and last z. */
export function mapLimits({grid}) {
  return [grid.x, grid.y].map(({start, end}) => {
    const half = grid.points === 1 ? 0 : (end - start) / (grid.points - 1) / 2;
    return {start: start - half, end: end + half};
  });
}

/** Return the number of the nearest test image to a z, or null if there is none. */
export function nearestTest({tests, model}, z) {
  if (!tests?.labels.length) return null;
  let best = null;
  for (let i = 0; i < tests.labels.length; i++) {
    let distance = 0;
    for (let d = 0; d < model.latentDim; d++) distance += (tests.means[i * model.latentDim + d] - z[d]) ** 2;
    if (best === null || distance < best.distance) best = {index: i, distance};
  }
  return best.index;
}

/** Return a z as a text. */
export const zText = (z, digits = 3) => `(${Array.from(z, (value) => value.toFixed(digits)).join(', ')})`;

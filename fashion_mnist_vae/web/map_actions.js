// The user's actions on the map: limits, point, walk, arithmetic.
import {worker} from './model_worker.js';
import {attempt, latest, mapLimits, parseGrid, state, update, defaultFields, defaultLimits, zAt} from './state.js';

const WALK_SECONDS = 2;
let playing = null; // the current walk

/** Return evenly spaced points from start to end, or the middle if `points` is 1. */
function linspace({start, end}, points) {
  if (points === 1) return [(start + end) / 2];
  return Array.from({length: points}, (_, i) => start + ((end - start) * i) / (points - 1));
}

/** Draw the map with the limits in the fields. */
export const drawMap = latest(async () => {
  const view = state.value;
  const grid = view.model && parseGrid(view);
  if (!grid) return; // the page shows the error below the fields
  const {latentDim, height, width} = view.model;
  const xs = linspace(grid.x, grid.points);
  const ys = linspace(grid.y, grid.points).reverse();
  const zs = ys.flatMap((y) => xs.map((x) => zAt(view, [x, y])));
  const call = {zs: Float32Array.from(zs.flat()), latentDim, columns: grid.points, height, width};
  const {pixels, sharpest, milliseconds} = await worker.call('drawMap', call);
  if (state.value.model !== view.model) return; // another run was chosen
  const size = {width: grid.points * width, height: grid.points * height};
  update({map: {pixels, ...size, grid, milliseconds, sharpest: zs[sharpest]}});
});

/** Change some fields, and draw the map if all fields are valid. */
export function changeFields(changes) {
  update({fields: {...state.value.fields, ...changes}});
  return drawMap();
}

/** Change one of the limits: `side` is x or y, `end` is start or end. */
export const changeLimit = (side, end, text) =>
  changeFields({[side]: {...state.value.fields[side], [end]: text}});

export const resetFields = () => changeFields(defaultFields(state.value.model, state.value.dimensions));

/** Show a map that reaches far beyond the images. */
export const showFar = (far) => {
  const limits = {start: String(-far), end: String(far)};
  return changeFields({x: limits, y: limits});
};

/** Choose the latent dimension of the horizontal axis (place 0) or the vertical axis (place 1). */
export function chooseDimension(place, dimension) {
  const {dimensions, model} = state.value;
  const chosen = [...dimensions];
  // If the other axis has this dimension, swap the axes.
  if (chosen[1 - place] === dimension) chosen[1 - place] = chosen[place];
  chosen[place] = dimension;
  update({dimensions: chosen});
  return changeFields({x: defaultLimits(model, chosen[0]), y: defaultLimits(model, chosen[1])});
}

/** Set z in a dimension that the map does not show. */
export function setRest(dimension, value) {
  update({rest: state.value.rest.map((old, i) => (i === dimension ? value : old))});
  return drawMap();
}

/** Move the map through a point of the latent space. */
export function mapThrough(z) {
  update({rest: Array.from(z)});
  return drawMap();
}

const decodePoint = latest(async () => {
  const {z, model} = state.value;
  if (!z) return;
  const {images, hidden} = await decode([z]);
  if (state.value.model === model) update({shown: {z, image: images, hidden}});
});

/** Decode a list of z's. Return their images and hidden units as flat arrays. */
export function decode(zs) {
  const {latentDim} = state.value.model;
  return worker.call('decode', {zs: Float32Array.from(zs.flat()), latentDim});
}

/** Show the image of a z. */
export function showPoint(z) {
  update({z: Array.from(z)});
  return decodePoint();
}

/** Return the nearest place on the map. */
const clamp = (place) =>
  mapLimits(state.value.map).map(({start, end}, i) => Math.min(Math.max(place[i], start), end));

/** Show the image at a place of the map. */
export function pointAt(place) {
  if (state.value.map && !playing) showPoint(zAt(state.value, clamp(place)));
}

/** Choose a place as the next point of the walk, or of the arithmetic if its tab is open. */
export function choosePlace(place) {
  const view = state.value;
  if (!view.map) return;
  const z = zAt(view, clamp(place));
  if (view.tab === 'arithmetic') {
    showPoint(z);
    setSlot(z);
  } else {
    const path = view.path.length === 1 ? [...view.path, z] : [z];
    update({path, walked: path.length - 1});
    if (path.length === 2 && !matchMedia('(prefers-reduced-motion: reduce)').matches) play();
    else showPoint(z); // the walk waits for Play
  }
}

/** Show the point at a fraction of the walk, from 0 to 1. */
export function walkTo(fraction) {
  const [from, to] = state.value.path;
  update({walked: fraction});
  return showPoint(from.map((value, i) => value + fraction * (to[i] - value)));
}

/** Stop playing the walk, and show a fraction of it. */
export function dragWalk(fraction) {
  playing = null;
  return walkTo(fraction);
}

/** Walk from the first point of the path to the second, unless another walk begins. */
export function play() {
  const {path} = state.value;
  const walk = (playing = {start: performance.now()});
  const step = async () => {
    if (state.value.path !== path && playing === walk) playing = null;
    if (playing !== walk) return;
    const fraction = Math.min(1, (performance.now() - walk.start) / (1000 * WALK_SECONDS));
    if (fraction === 1) playing = null;
    await walkTo(fraction);
    if (fraction < 1) requestAnimationFrame(step);
  };
  return step();
}

/** Walk from one z to another. */
export function walk(from, to) {
  update({path: [Array.from(from), Array.from(to)]});
  return play();
}

/** Set the chosen slot of A - B + C to a z, and choose the next one. */
export const setSlot = (z) => attempt(async () => {
  const {slot, model} = state.value;
  update({slot: (slot + 1) % state.value.slots.length}); // now, so that a quick click sets the next slot
  const {images} = await decode([Array.from(z)]);
  if (state.value.model !== model) return;
  const slots = state.value.slots.map((old, i) => (i === slot ? {z: Array.from(z), image: images} : old));
  update({slots});
  if (slots.every(Boolean)) await showSum(slots, model);
});

async function showSum([a, b, c], model) {
  const z = a.z.map((value, i) => value - b.z[i] + c.z[i]);
  const {images} = await decode([z]);
  if (state.value.model === model) update({sum: {z, image: images}});
}

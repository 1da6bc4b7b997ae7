// Stores the view in the page's address, so that a link shows the same view.
import {effect} from '@preact/signals';

import {readAddress, writeAddress} from '../../web/address.js';
import {numberError} from '../../web/numbers.js';
import {pickTestImage} from './images.js';
import {setSlot, showPoint} from './map_actions.js';
import {limitSpec, POINTS_SPEC, state, update, defaultFields} from './state.js';

const TABS = ['inside', 'image', 'draw', 'arithmetic', 'formed', 'map'];

const round = (z) => Array.from(z, (value) => Number(value.toFixed(3))).join(',');

/** Return the view as the parameters of an address. */
function addressOf(view) {
  const {model, fields, path, picked, slots} = view;
  const defaults = defaultFields(model, view.dimensions);
  const side = (name) => {
    const {start, end} = fields[name];
    return start === defaults[name].start && end === defaults[name].end ? undefined : `${start},${end}`;
  };
  const filled = slots.every(Boolean);
  return {
    run: view.run,
    points: fields.points === defaults.points ? undefined : fields.points,
    x: side('x'),
    y: side('y'),
    dimensions: String(view.dimensions) === String(model.defaultDimensions) ? undefined : view.dimensions,
    rest: view.rest.some(Boolean) ? round(view.rest) : undefined,
    z: view.z ? round(view.z) : undefined,
    path: path.length === 2 ? path.map(round).join(';') : undefined,
    slots: filled ? slots.map(({z}) => round(z)).join(';') : undefined,
    image: picked?.source.index,
    tab: view.tab === TABS[0] ? undefined : view.tab,
  };
}

/** Return the address's parameters, without an unknown tab. */
export function readView() {
  const address = readAddress();
  if (!TABS.includes(address.tab)) delete address.tab;
  return address;
}

/** Write the view into the address whenever the view changes. */
export function keepAddress() {
  effect(() => {
    if (state.value.model) writeAddress(addressOf(state.value));
  });
}

/** Return the numbers of a text such as 1,-2, or null if there are not `count` numbers. */
function numbers(text, count) {
  const parts = (text ?? '').split(',');
  const bad = parts.length !== count || parts.some((part) => numberError(part, limitSpec('')));
  return bad ? null : parts.map(Number);
}

/** Set the map and the point from an address. */
export function applyAddress(address) {
  const {model} = state.value;
  const chosen = numbers(address.dimensions, 2);
  const exist = chosen?.every((d) => Number.isInteger(d) && d >= 0 && d < model.latentDim);
  const dimensions = exist ? chosen : model.defaultDimensions;
  const fields = defaultFields(model, dimensions);
  for (const side of ['x', 'y']) {
    if (numbers(address[side], 2)) {
      const [start, end] = address[side].split(',');
      fields[side] = {start, end};
    }
  }
  if (!numberError(address.points ?? '', POINTS_SPEC)) fields.points = address.points;
  const z = numbers(address.z, model.latentDim);
  const path = points(address.path, 2);
  update({dimensions, fields, rest: numbers(address.rest, model.latentDim) ?? state.value.rest, z, path: path ?? []});
}

/** Return the points of a text such as 1,2;3,4, or null if there are not `count` points. */
function points(text, count) {
  const found = (text ?? '').split(';').map((part) => numbers(part, state.value.model.latentDim));
  return found.length === count && found.every(Boolean) ? found : null;
}

/** Set A, B and C from an address. */
export async function applySlots({slots}) {
  for (const z of points(slots, 3) ?? []) await setSlot(z);
}

/** Set the picked image and then the point from an address. This needs the encoder. */
export async function applyImage({image, z}) {
  const {testImages, model} = state.value;
  if (numberError(image ?? '', {name: '', min: 0, max: testImages.labels.length - 1, integer: true})) return;
  await pickTestImage(Number(image));
  const point = numbers(z, model.latentDim);
  if (point) await showPoint(point);
}

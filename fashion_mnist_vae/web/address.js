// What of the view is in the page's address, so that a link shows the same.
import {effect} from '@preact/signals';

import {readAddress, writeAddress} from '../../web/address.js';
import {numberError} from '../../web/numbers.js';
import {pickTest} from './images.js';
import {setSlot, showPoint} from './map_actions.js';
import {limitSpec, POINTS_SPEC, state, update, usualFields} from './state.js';

const TABS = ['inside', 'image', 'draw', 'arithmetic', 'formed', 'map'];

const round = (z) => Array.from(z, (value) => Number(value.toFixed(3))).join(',');

/** Return the view as the texts of an address. */
function addressOf(view) {
  const {model, fields, path, picked, slots} = view;
  const usual = usualFields(model, view.dimensions);
  const side = (name) => {
    const {start, end} = fields[name];
    return start === usual[name].start && end === usual[name].end ? undefined : `${start},${end}`;
  };
  const filled = slots.every(Boolean);
  return {
    run: view.run,
    points: fields.points === usual.points ? undefined : fields.points,
    x: side('x'),
    y: side('y'),
    dimensions: String(view.dimensions) === String(model.usualDimensions) ? undefined : view.dimensions,
    rest: view.rest.some(Boolean) ? round(view.rest) : undefined,
    z: view.z ? round(view.z) : undefined,
    path: path.length === 2 ? path.map(round).join(';') : undefined,
    slots: filled ? slots.map(({z}) => round(z)).join(';') : undefined,
    image: picked?.source.index,
    tab: view.tab === TABS[0] ? undefined : view.tab,
  };
}

/** Read the address; a value that cannot be a part of it counts as absent. */
export function readView() {
  const address = readAddress();
  if (!TABS.includes(address.tab)) delete address.tab;
  return address;
}

/** Write the view into the address, whenever it changes. */
export function keepAddress() {
  effect(() => {
    if (state.value.model) writeAddress(addressOf(state.value));
  });
}

/** Return the numbers of a text such as 1,-2 if they are that many; else null. */
function numbers(text, count) {
  const parts = (text ?? '').split(',');
  const bad = parts.length !== count || parts.some((part) => numberError(part, limitSpec('')));
  return bad ? null : parts.map(Number);
}

/** Set what an address says of the map and the point. */
export function applyAddress(address) {
  const {model} = state.value;
  const chosen = numbers(address.dimensions, 2);
  const exist = chosen?.every((d) => Number.isInteger(d) && d >= 0 && d < model.latentDim);
  const dimensions = exist ? chosen : model.usualDimensions;
  const fields = usualFields(model, dimensions);
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

/** Return the points of a text such as 1,2;3,4 if they are that many; else null. */
function points(text, count) {
  const found = (text ?? '').split(';').map((part) => numbers(part, state.value.model.latentDim));
  return found.length === count && found.every(Boolean) ? found : null;
}

/** Set the slots of the arithmetic. */
export async function applySlots({slots}) {
  for (const z of points(slots, 3) ?? []) await setSlot(z);
}

/** Set the picked image, for which the encoder is needed, and then the point. */
export async function applyImage({image, z}) {
  const {tests, model} = state.value;
  if (numberError(image ?? '', {name: '', min: 0, max: tests.labels.length - 1, integer: true})) return;
  await pickTest(Number(image));
  const point = numbers(z, model.latentDim);
  if (point) await showPoint(point);
}

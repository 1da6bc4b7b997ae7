// The page's text: the model reads, writes, and continues from an earlier place.
import {numberError, parseNumber} from '../../web/numbers.js';
import {Stopped} from '../../web/worker_client.js';
import {indicesOf} from './corpora.js';
import {bits} from './sampling.js';
import {attempt, client, FIELDS, NO_MODEL, say, setField, state, TEMPERATURES, update} from './state.js';

const MAX_READ = 5000; // characters
const TICK = 50; // milliseconds between two updates of the text

/** Return the indices of a text; throws an Error for characters that the model does not know. */
export const encode = (text, {charSet}) => indicesOf(Array.from(text), charSet, 'Remove them.');

/** Return the indices of the seed text; throws an Error if it is empty. */
function readSeed() {
  const {model, seedText} = state.value;
  if (!model) throw new Error(NO_MODEL);
  if (!seedText) throw new Error('The seed text is empty. Type one, or press Random seed text.');
  return encode(seedText, model);
}

/** Return `characters` as state.js describes them. */
function toCharacters(indices, records, first) {
  return indices.map((index, i) => {
    const before = i === 0 ? first : records[i - 1].probabilities;
    return {index, before, cells: records[i].cells, bits: before ? bits(before[index]) : null};
  });
}

/** Let the model read a text and show it, unless another model was loaded in the meantime. */
async function readIndices(indices, seedLength) {
  const {model, method} = state.value;
  const records = await client.call('begin', {indices, method});
  if (state.value.model !== model) return;
  const characters = toCharacters(indices, records, null);
  const next = records.at(-1).probabilities;
  update({characters, synced: characters, next, seedLength, selected: null, pinned: false});
}

/** Write from the seed text. */
export async function writeFromSeed() {
  pause();
  const seed = readSeed();
  await readIndices(seed, seed.length);
  continueWriting();
}

/** Let the model read the user's text. */
export async function readText(text) {
  const {model} = state.value;
  if (!model) throw new Error(NO_MODEL);
  const indices = encode(text, model);
  if (!indices.length) throw new Error('There is nothing to read. Type or paste a text first.');
  pause();
  await readIndices(indices.slice(0, MAX_READ), 0);
  const part = indices.length > MAX_READ ? `the first ${MAX_READ} characters of the text` : 'the text';
  say(`The model has read ${part}.`);
}

/** Replace the character at a place, delete the text after it, and continue to write. */
export async function rewind(place, index) {
  pause();
  const {characters, seedLength} = state.value;
  const indices = characters.slice(0, place).map((character) => character.index);
  await readIndices([...indices, index], Math.min(seedLength, place));
  continueWriting();
}

/**
 * Write as many characters as the field Length says, or until `pause` is called. Return at once, because the
 * user may do other things in the meantime.
 */
export function continueWriting() {
  const writing = {};
  update({writing});
  const written = writeLoop(writing).catch((error) => {
    if (!(error instanceof Stopped)) throw error;
  });
  attempt(() => written).finally(() => {
    if (state.value.writing === writing) update({writing: null});
  });
}

async function writeLoop(writing) {
  const length = parseNumber(state.value.fields.length, FIELDS.length);
  let [written, started] = [0, performance.now()];
  while (state.value.writing === writing && written < length) {
    const tick = performance.now();
    if (state.value.characters !== state.value.synced) {
      await catchUp();
      continue; // because the user may have paused
    }
    const {temperature, pace} = state.value;
    const paced = pace === 'fast' ? Infinity : Math.max(1, Math.round((pace * TICK) / 1000));
    const count = Math.min(length - written, paced);
    const {indices, records} = await client.call('write', {count, temperature});
    if (state.value.characters !== state.value.synced) continue; // because the text has changed
    append(indices, records);
    written += indices.length;
    update({charactersPerSec: (1000 * written) / (performance.now() - started)});
    if (paced < Infinity) await sleep((1000 * indices.length) / pace - (performance.now() - tick));
  }
}

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function append(indices, records) {
  const {characters, next} = state.value;
  const longer = [...characters, ...toCharacters(indices, records, next)];
  update({characters: longer, synced: longer, next: records.at(-1).probabilities});
}

/** Let a new thread or a newly trained model read the page's text. */
async function catchUp() {
  const {characters, seedLength} = state.value;
  await readIndices(characters.map(({index}) => index), seedLength);
}

export const pause = () => update({writing: null});

/** Change the temperature, also while the model writes. */
export function setTemperature(text) {
  setField('temperature', String(text));
  if (!numberError(text, FIELDS.temperature)) update({temperature: parseNumber(text, FIELDS.temperature)});
}

/** Write from the seed text at four temperatures, as in the book's Table 10.1. */
export async function compare() {
  const {model, seedText} = state.value;
  const written = await client.call('compare', {seed: readSeed(), temperatures: TEMPERATURES, length: 200});
  update({compared: {seed: seedText, texts: written.map((indices) => decode(indices, model))}});
}

export const decode = (indices, {charSet}) => indices.map((index) => charSet[index]).join('');

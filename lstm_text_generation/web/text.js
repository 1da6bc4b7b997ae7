// The text on the page: reading, writing, going back.
import {numberError, readNumber} from '../../web/numbers.js';
import {Stopped} from '../../web/worker_client.js';
import {indicesOf} from './corpora.js';
import {bits} from './sampling.js';
import {attempt, client, FIELDS, say, setField, state, TEMPERATURES, update} from './state.js';

const LONGEST = 5000; // characters of a text that is read
const TICK = 50; // milliseconds between two pieces of text

/** Return a text of the user as indices; throws an Error for characters that the model does not know. */
export const encode = (text, {charSet}) => indicesOf(Array.from(text), charSet, 'Leave them out.');

/** Return the seed text as indices; throws an Error if it is empty. */
function readSeed() {
  const {model, seedText} = state.value;
  if (!seedText) throw new Error('The seed text is empty. Type one, or draw a random one.');
  return encode(seedText, model);
}

/** Return `characters` of the state; see there. */
function toCharacters(indices, records, first) {
  return indices.map((index, i) => {
    const before = i === 0 ? first : records[i - 1].probabilities;
    return {index, before, cells: records[i].cells, bits: before ? bits(before[index]) : null};
  });
}

/** Let the model read a text, which becomes the page's, unless another model has come meanwhile. */
async function readIndices(indices, seedLength) {
  const {model, way} = state.value;
  const records = await client.call('begin', {indices, way});
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
  writeOn();
}

/** Read a text that somebody else wrote: where is the model surprised? */
export async function readText(text) {
  const indices = encode(text, state.value.model);
  if (!indices.length) throw new Error('There is nothing to read. Type or paste a text first.');
  pause();
  await readIndices(indices.slice(0, LONGEST), 0);
  const cut = indices.length > LONGEST ? ` Only its first ${LONGEST} characters are read.` : '';
  say(`The model has read the text.${cut}`);
}

/** Put another character at a place of the text, forget what follows, and write on from there. */
export async function rewind(place, index) {
  pause();
  const {characters, seedLength} = state.value;
  const indices = characters.slice(0, place).map((character) => character.index);
  await readIndices([...indices, index], Math.min(seedLength, place));
  writeOn();
}

/**
 * Write until there are as many characters as the length says, or `pause` is called. It returns at
 * once, because other work may go on meanwhile.
 */
export function writeOn() {
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
  const length = readNumber(state.value.fields.length, FIELDS.length);
  let [written, started] = [0, performance.now()];
  while (state.value.writing === writing && written < length) {
    const tick = performance.now();
    if (state.value.characters !== state.value.synced) {
      await catchUp();
      continue; // a pause may have come meanwhile
    }
    const {temperature, pace} = state.value;
    const paced = pace === 'fast' ? Infinity : Math.max(1, Math.round((pace * TICK) / 1000));
    const count = Math.min(length - written, paced);
    const {indices, records} = await client.call('write', {count, temperature});
    if (state.value.characters !== state.value.synced) continue; // another text came meanwhile
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

/** Let a new thread, or a model after more training, read the page's text. */
async function catchUp() {
  const {characters, seedLength} = state.value;
  await readIndices(characters.map(({index}) => index), seedLength);
}

export const pause = () => update({writing: null});

/** Change the temperature; a text that is being written goes on at the new one. */
export function setTemperature(text) {
  setField('temperature', String(text));
  if (!numberError(text, FIELDS.temperature)) update({temperature: readNumber(text, FIELDS.temperature)});
}

/** Write from the seed text at four temperatures, as in the book's Table 10.1. */
export async function compare() {
  const {model, seedText} = state.value;
  const written = await client.call('compare', {seed: readSeed(), temperatures: TEMPERATURES, length: 200});
  update({compared: {seed: seedText, texts: written.map((indices) => decode(indices, model))}});
}

export const decode = (indices, {charSet}) => indices.map((index) => charSet[index]).join('');

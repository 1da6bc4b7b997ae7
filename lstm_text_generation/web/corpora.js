// The texts to train on (the original's data.js), from this site or from the web.
import {ROOT} from '../../web/site.js';

const BUCKET = 'https://storage.googleapis.com/tfjs-examples/lstm-text-generation/data/';

/** Addresses of the original's four corpora, as in corpora.py. `make web` makes python-docs. */
export const TEXT_DATA_URLS = {
  'python-docs': null,
  shakespeare: `${BUCKET}t8.shakespeare.txt`,
  nietzsche: `${BUCKET}nietzsche.txt`,
  julesverne: `${BUCKET}t1.verne.txt`,
  'tfjs-code': 'https://cdn.jsdelivr.net/npm/@tensorflow/tfjs@0.11.7/dist/tf.js',
};

/** The source name of the user's own text. */
export const OWN = 'own text';

/** Return a short number that identifies a text (the original's hashCode). */
export function hash(text) {
  let value = 5381;
  for (let i = text.length - 1; i >= 0; i--) value = ((value * 33) ^ text.charCodeAt(i)) >>> 0;
  return value;
}

/** Return a corpus from saved_models/corpora/, this browser's cache, or the web. */
export async function loadCorpus(name) {
  const own = await fetch(`${ROOT}saved_models/corpora/${name}.txt`).catch(() => ({ok: false}));
  // A development server may send a page instead of a missing file.
  if (own.ok && !own.headers.get('Content-Type')?.includes('html')) return own.text();
  const url = TEXT_DATA_URLS[name];
  if (!url) throw new Error(`This site does not have the text ${name}. Start the site with make web, or use your own text.`);
  const cache = await globalThis.caches?.open('corpora');
  const cached = await cache?.match(url);
  if (cached) return cached.text();
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const copy = response.clone();
    const text = await response.text(); // throws if the download is incomplete
    await cache?.put(url, copy);
    return text;
  } catch (error) {
    throw new Error(`The download of ${name} failed: ${error.message}. Try again, or use your own text.`);
  }
}

/**
 * Return the indices of characters in a character set.
 *
 * @param advice the end of the Error's message: what to do if a character is not in the set.
 */
export function indicesOf(characters, charSet, advice) {
  const places = new Map(charSet.map((character, index) => [character, index]));
  const unknown = [...new Set(characters)].filter((character) => !places.has(character));
  if (unknown.length) {
    const list = unknown.slice(0, 10).map((character) => JSON.stringify(character)).join(' ');
    throw new Error(`The model does not know these characters of the text: ${list}. ${advice}`);
  }
  return characters.map((character) => places.get(character));
}

/** A text, its character set in order of first appearance, and the text's indices in this set. */
export class TextData {
  constructor(name, text) {
    const characters = Array.from(text); // code points, as in Python
    this.name = name;
    this.text = text;
    this.charSet = [...new Set(characters)];
    this.indices = Int32Array.from(indicesOf(characters, this.charSet, ''));
  }

  /** Return a random slice of the text, or the whole text if it is shorter. */
  getRandomSlice(length) {
    const start = Math.floor(Math.random() * Math.max(1, this.indices.length - length + 1));
    return Array.from(this.indices.subarray(start, start + length), (i) => this.charSet[i]).join('');
  }
}

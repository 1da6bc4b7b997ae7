// The texts to learn from (the original's data.js): the site's own copies, else the web's.
import {ROOT} from '../../web/site.js';

const BUCKET = 'https://storage.googleapis.com/tfjs-examples/lstm-text-generation/data/';

/** Where the original's four are, as in corpora.py; python-docs is made by `make web`. */
export const TEXT_DATA_URLS = {
  'python-docs': null,
  shakespeare: `${BUCKET}t8.shakespeare.txt`,
  nietzsche: `${BUCKET}nietzsche.txt`,
  julesverne: `${BUCKET}t1.verne.txt`,
  'tfjs-code': 'https://cdn.jsdelivr.net/npm/@tensorflow/tfjs@0.11.7/dist/tf.js',
};

/** Return a corpus: from saved_models/corpora/, from this browser's cache, or from the web. */
export async function loadCorpus(name) {
  const own = await fetch(`${ROOT}saved_models/corpora/${name}.txt`).catch(() => ({ok: false}));
  // Development servers answer a missing file with a page.
  if (own.ok && !own.headers.get('Content-Type')?.includes('html')) return own.text();
  const url = TEXT_DATA_URLS[name];
  if (!url) throw new Error(`There is no ${name} on this site: start it with make web.`);
  const cache = await globalThis.caches?.open('corpora');
  const cached = await cache?.match(url);
  if (cached) return cached.text();
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const kept = response.clone();
    const text = await response.text(); // fails if the download is cut off
    await cache?.put(url, kept);
    return text;
  } catch (error) {
    throw new Error(`Failed to load text data: ${error.message}. Paste or drop a text instead.`);
  }
}

/** A text as indices of its characters, or of the characters that a model knows. */
export class TextData {
  constructor(name, text, charSet) {
    const characters = Array.from(text); // code points, as in Python
    this.name = name;
    this.text = text;
    this.charSet = charSet ?? [...new Set(characters)];
    const indexOf = new Map(this.charSet.map((character, index) => [character, index]));
    const unknown = [...new Set(characters)].filter((character) => !indexOf.has(character));
    if (unknown.length) {
      const list = unknown.slice(0, 10).map((character) => JSON.stringify(character)).join(' ');
      throw new Error(`The model does not know these characters of the text: ${list}`);
    }
    this.indices = Int32Array.from(characters, (character) => indexOf.get(character));
  }

  /** Return a random slice of the text. */
  getRandomSlice(length) {
    const start = Math.floor(Math.random() * (this.indices.length - length + 1));
    return Array.from(this.indices.subarray(start, start + length), (i) => this.charSet[i]).join('');
  }
}

// The site: its runs in saved_models/, and messages.
import {fetchJson} from './files.js';
export {fetchJson};

export const BACKENDS = ['wasm', 'webgl', 'webgpu', 'cpu'];

/** The site's root, from a page two directories below it. */
export const ROOT = new URL('../../', window.location.href).href;

/**
 * Return the runs of an app: {path, graph} each, the path below saved_models/ and the directory of the
 * graph model to load.
 */
export async function listRuns(app) {
  const entries = await fetchJson(`${ROOT}saved_models/index.json`, 'Start the site with make web.');
  // A run without an app is damaged; loading it says what to do.
  return entries.filter((entry) => [app, null].includes(entry.app));
}

/** Return the address of a run. */
export function runUrl(path) {
  return `${ROOT}saved_models/${path.split('/').map(encodeURIComponent).join('/')}`;
}

/** Fill a select with values; the first is chosen. */
export function fill(select, values) {
  select.replaceChildren(...values.map((value) => new Option(value, value)));
}

/** Show a message in the page's status line; errors stand out, and screen readers say them. */
export function say(text, isError = false) {
  const status = document.getElementById('status');
  status.textContent = text;
  status.classList.toggle('error', isError);
}

/** Call a function; what it throws becomes a message. */
export async function guarded(work) {
  try {
    return await work();
  } catch (error) {
    say(error.message, true);
  }
}

// What both pages need besides TensorFlow.js: the runs in saved_models/, and messages.
export const BACKENDS = ['wasm', 'webgl', 'webgpu', 'cpu'];

/** The site's root, from a page two directories below it. */
export const ROOT = new URL('../../', window.location.href).href;

/** Return the runs of an app, as {path, app, graph}: see findRuns in saved_models_plugin.js. */
export async function listRuns(app) {
  const response = await fetch(`${ROOT}saved_models/index.json`);
  if (!response.ok) throw new Error('The list of saved models is missing: start the site with make web.');
  // A run without an app is damaged; loading it says what to do.
  return (await response.json()).filter((run) => [app, null].includes(run.app));
}

/** Return the address of a run. */
export function runUrl(path) {
  return `${ROOT}saved_models/${path.split('/').map(encodeURIComponent).join('/')}`;
}

/** Return a file's response; throws an Error that names the file if there is none. */
async function fetchFile(url, hint) {
  const response = await fetch(url).catch(() => ({ok: false}));
  // A development server may answer a missing file with a page.
  const found = response.ok && !response.headers.get('Content-Type')?.includes('html');
  if (!found) throw new Error(`${nameOf(url)} is missing. ${hint}`);
  return response;
}

const nameOf = (url) => decodeURIComponent(url.replace(/^.*\/saved_models\//, 'saved_models/'));

/** Return a JSON file of a run, an object or a list; throws an Error that names the file. */
export async function fetchJson(url, hint) {
  const response = await fetchFile(url, hint);
  const value = await response.json().catch(() => null);
  if (typeof value !== 'object' || value === null) throw new Error(`${nameOf(url)} is damaged. ${hint}`);
  return value;
}

/** Return the bytes of a file of a run; throws an Error that names the file. */
export async function fetchBytes(url, hint) {
  return (await fetchFile(url, hint)).arrayBuffer();
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

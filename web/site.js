// What both pages need besides TensorFlow.js: the runs in saved_models/, and messages.
export const BACKENDS = ['wasm', 'webgl', 'webgpu', 'cpu'];

/** The site's root, from a page two directories below it. */
export const ROOT = new URL('../../', window.location.href).href;

/** Return the runs of an app: their paths below saved_models/. */
export async function listRuns(app) {
  const response = await fetch(`${ROOT}saved_models/index.json`);
  if (!response.ok) throw new Error('The list of saved models is missing: start the site with make web.');
  // A run without an app is damaged; loading it says what to do.
  return (await response.json()).filter((run) => [app, null].includes(run.app)).map((run) => run.path);
}

/** Return the address of a run. */
export function runUrl(path) {
  return `${ROOT}saved_models/${path.split('/').map(encodeURIComponent).join('/')}`;
}

/** Return a JSON file of a run; throws an Error for people. */
export async function fetchJson(url, hint) {
  const response = await fetch(url).catch(() => ({ok: false}));
  // Development servers answer a missing file with a page.
  const text = response.ok ? await response.text() : '<';
  const name = decodeURIComponent(url.replace(ROOT, ''));
  if (text.startsWith('<')) throw new Error(`${name} is missing. ${hint}`);
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${name} is damaged. ${hint}`);
  }
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

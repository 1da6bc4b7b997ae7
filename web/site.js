// What both pages need besides TensorFlow.js: the runs in saved_models/, and messages.
export const BACKENDS = ['wasm', 'webgl', 'webgpu', 'cpu'];

/** The site's root, from a page two directories below it. */
export const ROOT = new URL('../../', window.location.href).href;

/** Return the runs of an app: their paths below saved_models/. */
export async function listRuns(app) {
  const response = await fetch(`${ROOT}saved_models/index.json`);
  if (!response.ok) throw new Error('The list of saved models is missing: start the site with make web.');
  return (await response.json()).filter((run) => run.app === app).map((run) => run.path);
}

/** Return a JSON file of a run; throws an Error for people. */
export async function fetchJson(url, hint) {
  const response = await fetch(url).catch(() => ({ok: false}));
  // Development servers answer a missing file with a page.
  const text = response.ok ? await response.text() : '<';
  if (text.startsWith('<')) throw new Error(`${url.replace(ROOT, '')} is missing. ${hint}`);
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${url.replace(ROOT, '')} is damaged. ${hint}`);
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

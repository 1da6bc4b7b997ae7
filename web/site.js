// The site: its address, its runs in saved_models/, and the backends to choose from.
import {fetchJson} from './files.js';

export const BACKENDS = ['wasm', 'webgl', 'webgpu', 'cpu'];

/** The site's root: the index page's directory, or two directories above a page of an app. */
export const ROOT = new URL(/\/web\/(index\.html)?$/.test(location.pathname) ? '../../' : './', location.href).href;

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

// Files of runs, read with messages that name the file that is wrong. Pages and workers use it.

/** Return a file's response; throws an Error that names the file if there is none. */
async function fetchFile(url, hint) {
  const response = await fetch(url).catch(() => ({ok: false}));
  // A development server may answer a missing file with a page.
  const found = response.ok && !response.headers.get('Content-Type')?.includes('html');
  if (!found) throw new Error(`${nameOf(url)} is missing. ${hint}`);
  return response;
}

/** Return a file's name for a message: its path from saved_models/ on. */
export const nameOf = (url) => decodeURIComponent(url.replace(/^.*\/saved_models\//, 'saved_models/'));

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

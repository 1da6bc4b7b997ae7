// Reads files of runs. Each error message names the file.

/** Return the response for a file; throws an Error that names a missing file. */
async function fetchFile(url, hint) {
  const response = await fetch(url).catch(() => ({ok: false}));
  // A development server may send a page instead of a missing file.
  const found = response.ok && !response.headers.get('Content-Type')?.includes('html');
  if (!found) throw new Error(`${nameOf(url)} is missing. ${hint}`);
  return response;
}

/** Return a file's name for messages: its path from saved_models/ on. */
export const nameOf = (url) => decodeURIComponent(url.replace(/^.*\/saved_models\//, 'saved_models/'));

/** Return the object or list in a JSON file; throws an Error that names the file. */
export async function fetchJson(url, hint) {
  const response = await fetchFile(url, hint);
  const value = await response.json().catch(() => null);
  if (typeof value !== 'object' || value === null) throw new Error(`${nameOf(url)} is damaged. ${hint}`);
  return value;
}

/** Return the bytes of a file; throws an Error that names the file. */
export async function fetchBytes(url, hint) {
  return (await fetchFile(url, hint)).arrayBuffer();
}

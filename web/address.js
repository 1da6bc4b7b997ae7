// A view's address: what the page shows is in the query of its URL.

/** Return the query of the page's URL as an object of texts. */
export const readAddress = () => Object.fromEntries(new URLSearchParams(location.search));

/** Put values into the page's URL; undefined and null ones are left out. */
export function writeAddress(values) {
  const kept = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  const query = new URLSearchParams(kept).toString();
  if (`?${query}` !== location.search) history.replaceState(null, '', `?${query}`);
}

// A view's address: what the page shows is in the query of its URL.

/** Return the query of the page's URL as an object of texts. */
export const readAddress = () => Object.fromEntries(new URLSearchParams(location.search));

const DELAY = 300; // milliseconds; a browser refuses hundreds of changes in a few seconds
let timer = null;

/** Put values into the page's URL when they have been the same for a moment; undefined and null are left out. */
export function writeAddress(values) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const kept = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
    const query = new URLSearchParams(kept).toString();
    if (`?${query}` !== location.search) history.replaceState(null, '', `?${query}`);
  }, DELAY);
}

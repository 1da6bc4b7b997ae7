// The query of the page's URL stores the view, so that a link shows the same view.

/** Return the query of the page's URL as an object of strings. */
export const readAddress = () => Object.fromEntries(new URLSearchParams(location.search));

const DELAY = 300; // milliseconds, because a browser refuses hundreds of changes in a few seconds
let timer = null;

/** Write values into the page's URL, after a delay without further calls. Skip undefined and null. */
export function writeAddress(values) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const kept = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
    const query = new URLSearchParams(kept).toString();
    if (`?${query}` !== location.search) history.replaceState(null, '', `?${query}`);
  }, DELAY);
}

// A worker's side of worker_client.js. The page sends {id, command, argument}; the answer is
// {id, result} or {id, error}. Commands may send events, {event, ...}, in between.

/**
 * Answer the page's calls, one after the other.
 *
 * @param commands functions by name; each takes one argument and returns a result or a promise.
 */
export function serve(commands) {
  let last = Promise.resolve();
  self.onmessage = ({data: {id, command, argument}}) => {
    last = last.then(async () => {
      try {
        self.postMessage({id, result: await commands[command](argument)});
      } catch (error) {
        self.postMessage({id, error: error.message});
      }
    });
  };
}

/** Send the page an event: an object with `event`, its name. */
export const send = (event) => self.postMessage(event);

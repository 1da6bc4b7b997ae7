// The worker's side of worker_client.js. The page sends {id, command, argument}. The worker answers
// {id, result} or {id, error}. A command may send events, {event, ...}, before its answer.

/**
 * Answer the page's calls one at a time.
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

/** Send an event to the page: an object whose `event` is its name. */
export const send = (event) => self.postMessage(event);

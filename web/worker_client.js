// The page's side of worker_server.js: calls commands, receives events, and can end the thread at any time.

/** The error of a call when the page has ended its thread. */
export class Stopped extends Error {}

export class WorkerClient {
  /**
   * @param createWorker returns a new Worker. Vite bundles a worker only where it finds
   *   `new Worker(new URL(...))`, so the page must contain this expression.
   * @param onEvent called with each event of the worker.
   */
  constructor(createWorker, onEvent = () => {}) {
    this.createWorker = createWorker;
    this.onEvent = onEvent;
    this.nextId = 0;
    this.start();
  }

  start() {
    this.calls = new Map();
    this.worker = this.createWorker();
    this.worker.onmessage = ({data}) => {
      if (data.event) return this.onEvent(data);
      const {resolve, reject} = this.calls.get(data.id);
      this.calls.delete(data.id);
      if (data.error === undefined) resolve(data.result);
      else reject(new Error(data.error));
    };
    this.worker.onerror = ({message}) =>
      this.failAll(new Error(`The worker thread failed: ${message ?? 'its script did not load'}. Reload the page.`));
  }

  failAll(error) {
    for (const {reject} of this.calls.values()) reject(error);
    this.calls.clear();
  }

  /** Run a command in the worker and return its result; throws its Error. */
  call(command, argument) {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.calls.set(id, {resolve, reject});
      this.worker.postMessage({id, command, argument});
    });
  }

  /** End the thread at once, and start a new one. Open calls fail with `Stopped`. */
  restart() {
    this.worker.terminate();
    this.failAll(new Stopped());
    this.start();
  }
}

// The page's side of worker.js: calls, events, and ending the thread in the middle of a batch.

/** What a call ends with when the thread was ended. */
export class Stopped extends Error {}

export class Engine {
  /** @param onEvent called with what worker.js sends besides answers. */
  constructor(onEvent) {
    this.onEvent = onEvent;
    this.revival = null; // [command, argument] that brings the model back in a new thread
    this.start();
  }

  start() {
    this.calls = new Map();
    this.number = 0;
    this.worker = new Worker(new URL('./worker.js', import.meta.url), {type: 'module'});
    this.worker.onmessage = ({data}) => {
      if (data.event) {
        if (data.artifacts) this.revival = ['restore', data.artifacts];
        this.onEvent(data);
        return;
      }
      const {resolve, reject} = this.calls.get(data.id);
      this.calls.delete(data.id);
      if (data.error === undefined) resolve(data.result);
      else reject(new Error(data.error));
    };
    this.worker.onerror = (event) =>
      this.failAll(new Error(`The computing thread failed: ${event.message}`));
  }

  failAll(error) {
    for (const {reject} of this.calls.values()) reject(error);
    this.calls.clear();
  }

  call(command, argument) {
    const id = this.number++;
    return new Promise((resolve, reject) => {
      this.calls.set(id, {resolve, reject});
      this.worker.postMessage({id, command, argument});
    });
  }

  /**
   * End what is running at once, and go on in a new thread with the model as it was after the last
   * batch. Return what worker.js says of it, or null without one.
   */
  async restart(backend) {
    this.worker.terminate();
    this.failAll(new Stopped());
    this.start();
    await this.call('backend', backend);
    return this.revival ? this.call(...this.revival) : null;
  }
}

/** Return the two files that TensorFlow.js's own downloads have, as [name, content]. */
export function filesOf(name, artifacts) {
  const {modelTopology, weightSpecs, userDefinedMetadata} = artifacts;
  const data = Array.isArray(artifacts.weightData) ? artifacts.weightData : [artifacts.weightData];
  // The optimizer's state is of no use elsewhere.
  const kept = weightSpecs.filter((spec) => spec.group !== 'optimizer');
  const size = kept.reduce(
    (sum, {shape}) => sum + 4 * shape.reduce((product, side) => product * side, 1), 0,
  );
  const content = {
    modelTopology,
    format: 'layers-model',
    generatedBy: 'TensorFlow.js 4.22.0',
    convertedBy: null,
    weightsManifest: [{paths: [`${name}.weights.bin`], weights: kept}],
    userDefinedMetadata,
  };
  return [
    [`${name}.json`, new Blob([JSON.stringify(content)], {type: 'application/json'})],
    [`${name}.weights.bin`, new Blob(data).slice(0, size)],
  ];
}

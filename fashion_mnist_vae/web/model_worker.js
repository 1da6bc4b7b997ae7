// The page's connection to worker.js.
import {WorkerClient} from '../../web/worker_client.js';

export const worker = new WorkerClient(() => new Worker(new URL('./worker.js', import.meta.url), {type: 'module'}));

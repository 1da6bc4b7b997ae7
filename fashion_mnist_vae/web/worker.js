// Runs the encoder and the decoder in a worker thread.
import {useBackend} from '../../web/tfjs_backends.js';
import {serve} from '../../web/worker_server.js';
import * as vae from './vae.js';

serve({useBackend, ...vae});

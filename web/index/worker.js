// Runs both models of the index page. The page uses the cpu backend, because it is the smallest download
// and fast enough for a short text and a small map.
import {loadGraphModel} from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';

import {drawMap, loadDecoder} from '../../fashion_mnist_vae/web/vae.js';
import {atTemperature, sample} from '../../lstm_text_generation/web/sampling.js';
import {GraphStep} from '../../lstm_text_generation/web/steps.js';
import {useBackend} from '../tfjs_backends.js';
import {serve} from '../worker_server.js';

let step = null;
let probabilities = null; // of the next character

/** Load the one-step graph of a text model, and let the model read a seed text. */
async function loadText({artifacts, seed}) {
  step = new GraphStep(await loadGraphModel(tf.io.fromMemory(artifacts)));
  step.begin(1);
  for (const index of seed) ({probabilities} = await step.step([index]));
}

/** Write one character; return its index. */
async function write(temperature) {
  const index = sample(atTemperature(probabilities, temperature));
  ({probabilities} = await step.step([index]));
  return index;
}

serve({useBackend, loadDecoder, drawMap, loadText, write});

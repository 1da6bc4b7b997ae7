// The index page: both models write and draw live. Only this page uses both apps.
import {signal} from '@preact/signals';
import {render} from 'preact';
import {useCallback} from 'preact/hooks';

import {drawGray} from '../../fashion_mnist_vae/web/pixels.jsx';
import {Canvas} from '../components.jsx';
import {fetchJson} from '../files.js';
import {loadArtifacts} from '../model_files.js';
import {listRuns, runUrl} from '../site.js';
import {WorkerClient} from '../worker_client.js';

const MAX_LENGTH = 400; // characters; then the line is cleared
const TICK = 60; // milliseconds per character
const POINTS = 8; // tiles per row of the map
const HINT = 'Train both models with make demo, then reload this page.';
const BOOK = 'https://www.manning.com/books/deep-learning-with-javascript';
const ORIGINALS = 'https://github.com/tensorflow/tfjs-examples/tree/master';
const SOURCE = import.meta.env.VITE_SOURCE_URL; // address of the repository, set by whoever builds the site

const state = signal({seed: '', line: '', map: null, messages: {}});
const update = (changes) => (state.value = {...state.value, ...changes});
const worker = new WorkerClient(() => new Worker(new URL('./worker.js', import.meta.url), {type: 'module'}));
const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Pass the first run of an app to `load`. An error message replaces the model's output. */
async function loadFirstRun(app, load) {
  try {
    const [run] = await listRuns(app);
    if (!run) throw new Error(`There is no trained model yet. ${HINT}`);
    await load({url: runUrl(run.path), graph: run.graph ?? 'graph_model'});
  } catch (error) {
    update({messages: {...state.value.messages, [app]: error.message}});
  }
}

async function showMap({url, graph}) {
  const info = await fetchJson(`${url}/image_data.json`, HINT);
  const artifacts = await loadArtifacts(`${url}/${graph}/decoder/model.json`, HINT);
  const {latentDim} = await worker.call('loadDecoder', {artifacts, name: 'decoder'});
  const [x, y] = info.grid_dimensions;
  const limits = (dimension) => info.limits?.[dimension] ?? [-3, 3];
  const value = ([start, end], place) => start + ((end - start) * place) / (POINTS - 1);
  const zs = new Float32Array(POINTS * POINTS * latentDim);
  for (let tile = 0; tile < POINTS * POINTS; tile++) {
    zs[tile * latentDim + y] = value(limits(y), POINTS - 1 - Math.floor(tile / POINTS));
    zs[tile * latentDim + x] = value(limits(x), tile % POINTS);
  }
  const [height, width] = info.image_shape;
  const {pixels} = await worker.call('drawMap', {zs, latentDim, columns: POINTS, height, width});
  update({map: {pixels, width: POINTS * width, height: POINTS * height}});
}

async function showText({url, graph}) {
  const [info, artifacts] = await Promise.all([
    fetchJson(`${url}/text_data.json`, HINT),
    loadArtifacts(`${url}/${graph}/model.json`, HINT),
  ]);
  if (!Array.isArray(info.char_set)) throw new Error(`The model's character set is missing. ${HINT}`);
  const seed = Array.from(info.seed_text || info.char_set[0], (character) => info.char_set.indexOf(character));
  await worker.call('loadText', {artifacts, seed});
  update({seed: info.seed_text});
  for (;;) {
    const character = info.char_set[await worker.call('write', 0.5)];
    const {line} = state.value;
    update({line: line.length < MAX_LENGTH ? line + character : character});
    if (reducedMotion && state.value.line.length === MAX_LENGTH) return;
    if (!reducedMotion) await new Promise((resolve) => setTimeout(resolve, TICK));
  }
}

function Map() {
  const {map, messages} = state.value;
  const draw = useCallback((canvas) => map && drawGray(canvas, map.pixels, map.width, map.height), [map]);
  if (messages.fashion_mnist_vae) return <p class="learn">{messages.fashion_mnist_vae}</p>;
  return <Canvas id="map" role="img" aria-label="Images that the autoencoder draws" draw={draw} />;
}

function Index() {
  const {line, messages, seed} = state.value;
  return (
    <>
      <section>
        <h2><a href="./lstm_text_generation/web/index.html">A character LSTM that writes</a></h2>
        <p class="learn">
          An LSTM is a neural network with a memory. This one reads a text and predicts the next character, again
          and again.
        </p>
        {messages.lstm_text_generation
          ? <p class="learn">{messages.lstm_text_generation}</p>
          : <p id="text" aria-hidden="true"><span class="seed">{seed}</span><span id="line">{line}</span></p>}
      </section>
      <section>
        <h2><a href="./fashion_mnist_vae/web/index.html">A variational autoencoder</a></h2>
        <p class="learn">
          This neural network turns an image of clothes into a point on a map, and each point on the map into an image.
        </p>
        <Map />
      </section>
      <footer>
        <p>
          Both models are from chapter 10 of <a href={BOOK}>Deep Learning with JavaScript</a>. The original
          examples: <a href={`${ORIGINALS}/lstm-text-generation`}>lstm-text-generation</a>{' '}
          and <a href={`${ORIGINALS}/fashion-mnist-vae`}>fashion-mnist-vae</a>.
          {SOURCE && <> <a href={SOURCE}>Source code of this site</a>.</>}
        </p>
      </footer>
    </>
  );
}

render(<Index />, document.querySelector('main'));
await worker.call('useBackend', 'cpu');
loadFirstRun('fashion_mnist_vae', showMap);
loadFirstRun('lstm_text_generation', showText);

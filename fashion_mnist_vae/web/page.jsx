// The page of the autoencoder (the original's client.js).
import {render} from 'preact';

import {Experiments, Select, Status, Tabs} from '../../web/components.jsx';
import {BACKENDS} from '../../web/site.js';
import {keepAddress, readView} from './address.js';
import {ArithmeticPanel} from './arithmetic_panel.jsx';
import {Diagram} from './diagram.jsx';
import {DrawPanel} from './draw_panel.jsx';
import {experimentsOf} from './experiments.js';
import {FormationPanel} from './formation_panel.jsx';
import {ImagePanel} from './image_panel.jsx';
import {Legend} from './legend.jsx';
import {changeBackend, loadRun, start} from './loading.js';
import {LatentMap} from './map.jsx';
import {MapPanel} from './map_panel.jsx';
import {Point} from './point.jsx';
import {state, update} from './state.js';

const TABS = [
  {id: 'inside', label: 'Inside', panel: () => <Diagram />},
  {id: 'image', label: 'Pick an image', panel: () => <ImagePanel />},
  {id: 'draw', label: 'Draw an image', panel: () => <DrawPanel />},
  {id: 'arithmetic', label: 'A − B + C', panel: () => <ArithmeticPanel />},
  {id: 'formed', label: 'How the map formed', panel: () => <FormationPanel />},
  {id: 'map', label: 'Limits', panel: () => <MapPanel />},
];

function Header() {
  return (
    <header>
      <h1>Variational autoencoder</h1>
      <a href="../../index.html">Both models</a>
      <p>
        Each point of the map is a list of numbers, z. The decoder, a neural network, draws the image of each tile from
        the z at the tile's centre.
      </p>
    </header>
  );
}

/** What to do if there is no run. */
function NoRuns() {
  return (
    <section>
      <h2>There is no trained model yet</h2>
      <p>Train a model, then reload this page. Five epochs take about 20 seconds on 2 cores.</p>
      <pre><code>python -m fashion_mnist_vae.train --epochs=5</code></pre>
    </section>
  );
}

function Workbench() {
  const {model, tab} = state.value;
  return (
    <div class="workbench">
      <div class="left"><LatentMap />{model && <Legend />}</div>
      {model && (
        <div class="right">
          <Point />
          <Experiments key={model.path} experiments={experimentsOf(model)} />
          <Tabs label="What to do" tabs={TABS} chosen={tab} onChoose={(id) => update({tab: id})} />
        </div>
      )}
    </div>
  );
}

function RunChoice() {
  const {runs, run, backend} = state.value;
  const paths = runs.map(({path}) => path);
  return (
    <section aria-labelledby="model-title">
      <h2 id="model-title">Model</h2>
      <p class="learn">A run is a model trained in Python, with <code>python -m fashion_mnist_vae.train</code>.</p>
      <div class="controls">
        <Select id="run" label="Run" value={run} options={paths} onChange={(path) => loadRun(path)} />
        <Select id="backend" label="Backend" value={backend} options={BACKENDS} onChange={changeBackend} />
      </div>
    </section>
  );
}

function App() {
  const {runs, model, status} = state.value;
  const failed = !model && status.isError;
  return (
    <div class={status.isProgress ? 'progress' : ''}>
      <Header />
      <Status status={status} />
      {runs?.length === 0 ? <NoRuns /> : !failed && <Workbench />}
      {runs?.length > 0 && <RunChoice />}
    </div>
  );
}

render(<App />, document.querySelector('main'));
start(readView());
keepAddress();

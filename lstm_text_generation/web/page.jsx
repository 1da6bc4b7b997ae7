// The page of the text model (the original's index.js and ui.js). It opens with a model that writes.
import {render} from 'preact';
import {useEffect} from 'preact/hooks';

import {readAddress, writeAddress} from '../../web/address.js';
import {Button, CopyLink, Experiments, NumberField, Select, Status, Tabs} from '../../web/components.jsx';
import {BACKENDS} from '../../web/site.js';
import {Inside} from './inside.jsx';
import {changeBackend, listKept, listModels, loadRun} from './models.js';
import {ModelsPanel, TextPanel} from './models_panels.jsx';
import {HistoryPanel, TemperaturesPanel} from './panels.jsx';
import {attempt, client, FIELDS, NO_MODEL, runExclusive, say, setField, state, update} from './state.js';
import {pause, readText, setTemperature, writeFromSeed, continueWriting} from './text.js';
import {Legend, Selected, TextView} from './text_view.jsx';
import {TrainPanel} from './train_panel.jsx';

const PACES = [
  {value: '10', label: '10 characters/s'},
  {value: '40', label: '40 characters/s'},
  {value: 'fast', label: 'as fast as possible'},
];
const METHODS = [{value: 'step', label: 'one character at a time'}, {value: 'window', label: 'the whole window, as in the original'}];

/** Stop writing, then start an action. */
const start = (action) => runExclusive(() => {
  pause();
  return action();
});

const EXPERIMENTS = [
  {
    title: 'Temperature 0.1',
    look: 'At a low temperature the model nearly always takes the likeliest character. Which words repeat?',
    run: () => start(() => {
      setTemperature('0.1');
      return writeFromSeed();
    }),
  },
  {
    title: 'Temperature 1.5',
    look: 'At a high temperature the model often takes unlikely characters. What breaks first: the meaning, the words or the layout?',
    run: () => start(() => {
      setTemperature('1.5');
      return writeFromSeed();
    }),
  },
  {
    title: 'The text backwards',
    look: 'The model reads the same characters in reverse order. How much larger is the mean surprise? The model knows ' +
      'which characters follow each other, not only which are frequent.',
    run: () => start(() => {
      const {characters, model} = state.value;
      return readText(characters.map(({index}) => model.charSet[index]).reverse().join(''));
    }),
  },
];

function Controls() {
  const {backend, characters, fields, model, pace, runs, seedText, method, writing, charactersPerSec} = state.value;
  const noModel = model ? '' : NO_MODEL;
  const names = runs.map(({path}) => path);
  const options = model && model.kind !== 'run' ? [{value: '', label: `${model.name} (${model.kind})`}, ...names] : names;
  return (
    <div class="controls" id="controls">
      <Button
        id="write" reason={noModel} onRefuse={say}
        onClick={() => (writing ? pause() : runExclusive(characters.length ? continueWriting : writeFromSeed))}
      >
        {writing ? 'Pause' : 'Write'}
      </Button>
      <NumberField id="temperature" label="Temperature" value={fields.temperature} spec={FIELDS.temperature} onInput={setTemperature} />
      <label>
        Temperature slider
        <input
          id="drag-temperature" type="range" min="0" max="2" step="0.05" value={fields.temperature}
          onInput={(event) => setTemperature(event.currentTarget.value)}
        />
      </label>
      <Select id="run" label="Model" value={model?.kind === 'run' ? model.name : ''} options={options} onChange={(path) => start(() => open(path))} />
      <details>
        <summary>More settings</summary>
        <div class="controls">
          <Select id="pace" label="Speed" value={pace} options={PACES} onChange={(value) => update({pace: value})} />
          <NumberField id="length" label="Length in characters" value={fields.length} spec={FIELDS.length} onInput={(text) => setField('length', text)} />
          <Select id="method" label="Method" value={method} options={METHODS} onChange={(value) => { pause(); update({method: value, synced: null}); }} />
          <Select id="backend" label="Backend" value={backend} options={BACKENDS} onChange={(name) => start(() => changeBackend(name))} />
          <output id="speed" aria-live="off">{charactersPerSec ? `${charactersPerSec.toFixed(0)} characters/s` : ''}</output>
          <CopyLink say={say} />
        </div>
      </details>
      <label class="wide">
        Seed text, which the model continues
        <textarea id="seed-text" rows={2} value={seedText} onInput={(event) => update({seedText: event.currentTarget.value})} />
      </label>
      <Button id="write-from-seed" reason={noModel} onRefuse={say} onClick={() => start(writeFromSeed)}>Write from this seed text</Button>
      <RandomSeed />
    </div>
  );
}

function RandomSeed() {
  const {corpus, model} = state.value;
  let reason = '';
  if (!model) reason = NO_MODEL;
  else if (!corpus) reason = 'Load a text in the tab Train first, because the seed text is a part of it.';
  const draw = () => update({seedText: corpus.getRandomSlice(model.sampleLen)});
  return <Button id="random-seed" reason={reason} onRefuse={say} onClick={draw}>Random seed text</Button>;
}

const TABS = [
  {id: 'temperatures', label: 'Temperatures', panel: () => <TemperaturesPanel />},
  {id: 'history', label: 'How the model learned', panel: () => <HistoryPanel />},
  {id: 'text', label: 'Read a text', panel: () => <TextPanel start={start} />},
  {id: 'train', label: 'Train', panel: () => <TrainPanel />},
  {id: 'models', label: 'Models', panel: () => <ModelsPanel start={start} />},
];

function App() {
  const {busy, model, seedText, status, tab, temperature, unit} = state.value;
  useEffect(() => {
    if (model) writeAddress({run: model.kind === 'run' ? model.name : null, temperature, seed: seedText, unit});
  }, [model, temperature, seedText, unit]);
  return (
    <div id="page" aria-busy={busy ? 'true' : 'false'}>
      <div class="first-screen">
        <section id="writing" aria-label="The text">
          <TextView />
          <Legend />
          <Selected />
          <Controls />
        </section>
        <Inside />
      </div>
      <Experiments experiments={EXPERIMENTS} />
      <Tabs label="More about the model" tabs={TABS} chosen={tab} onChoose={(id) => update({tab: id})} />
      <Status status={status} />
    </div>
  );
}

/** Load a run, and let it write. */
async function open(path) {
  await loadRun(path);
  await writeFromSeed();
}

/** Load the run in the page's address, or the first run, and let it write. */
async function begin() {
  const runs = await listModels();
  await client.call('backend', state.value.backend);
  const address = readAddress();
  const path = runs.find((entry) => entry.path === address.run)?.path ?? runs[0]?.path;
  if (address.temperature) setTemperature(address.temperature);
  if (!path) {
    update({tab: 'train'});
    return say('There is no trained model yet. Train one below, or with python -m lstm_text_generation.train.');
  }
  await loadRun(path);
  const {charSet} = state.value.model;
  const knowsSeed = Array.from(address.seed ?? '').every((character) => charSet.includes(character));
  if (address.seed && knowsSeed) update({seedText: address.seed});
  const units = state.value.model.sizes.reduce((sum, size) => sum + size, 0);
  const unit = Number(address.unit ?? NaN);
  if (Number.isInteger(unit) && unit >= 0 && unit < units) update({unit});
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return say('Press Write to start the model.');
  await writeFromSeed();
  if (!knowsSeed) say('The model does not know all characters of the seed text in the address, so it uses its own seed text.');
  if (address.run && path !== address.run) say(`There is no run ${address.run}. The page shows ${path} instead.`);
}

render(<App />, document.querySelector('main'));
await runExclusive(begin);
attempt(listKept);

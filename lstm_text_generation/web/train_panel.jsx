// The tab Train: a text, a model, and the training.
import {useMemo} from 'preact/hooks';

import {LineChart} from '../../web/chart.jsx';
import {Button, NumberField, Select} from '../../web/components.jsx';
import {OWN, TEXT_DATA_URLS} from './corpora.js';
import {createModel, stop} from './models.js';
import {FIELDS, runExclusive, say, setField, state, update} from './state.js';
import {loadText, resume, train} from './train.js';

const OBJECTIVES = [
  {value: 'every_char', label: 'every character of a window'},
  {value: 'last_char', label: 'only the last character, as in the original'},
];

function readDropped(event) {
  const [file] = event.dataTransfer.files;
  if (!file) return; // the browser inserts dropped text
  event.preventDefault();
  runExclusive(async () => update({ownText: await file.text(), source: OWN}));
}

/** Choose and load a text. */
function Corpus() {
  const {busy, corpus, ownText, source} = state.value;
  const sources = [...Object.keys(TEXT_DATA_URLS), {value: OWN, label: 'my own text (below)'}];
  return (
    <>
      <h3>1. A text to learn from</h3>
      <div class="controls">
        <Select id="source" label="Text" value={source} options={sources} onChange={(value) => update({source: value})} />
        <Button id="load-text" reason={busy ? 'Wait until the current work is done.' : ''} onRefuse={say} onClick={() => runExclusive(loadText)}>Load text</Button>
        <span>Loaded: <output id="corpus">{corpus?.name ?? 'none'}</output></span>
      </div>
      <label class="wide">
        Your own text: type it, paste it or drop a file
        <textarea
          id="own-text" rows={4} value={ownText}
          onInput={(event) => update({ownText: event.currentTarget.value, source: OWN})}
          onDragOver={(event) => event.preventDefault()} onDrop={readDropped}
        />
      </label>
    </>
  );
}

/** A number field of the training. */
function Field({name}) {
  const spec = FIELDS[name];
  const id = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return <NumberField id={id} label={spec.name} value={state.value.fields[name]} spec={spec} onInput={(text) => setField(name, text)} />;
}

function reasonNotToTrain({busy, corpus, model}) {
  if (busy) return 'Wait until the current work is done, or stop it.';
  if (!corpus) return 'Load a text first.';
  return model ? '' : 'Create a model first.';
}

export function TrainPanel() {
  const {busy, corpus, fields, model, running, training} = state.value;
  const noTraining = reasonNotToTrain(state.value);
  let noModel = corpus ? '' : 'Load a text first, because the model has one output for each character of the text.';
  if (busy) noModel = 'Wait until the current work is done, or stop it.';
  const nothingToResume = training && !training.done ? '' : 'There is no stopped training to resume.';
  return (
    <>
      <Corpus />
      <h3>2. A model</h3>
      <p class="learn">Train the current model further, or create a new model. Larger layers remember more but train more slowly.</p>
      <div class="controls">
        <label>
          LSTM layer sizes, such as 128 or 100,50
          <input id="lstm-layer-sizes" value={fields.sizes} onInput={(event) => setField('sizes', event.currentTarget.value)} />
        </label>
        <Button id="create" reason={noModel} onRefuse={say} onClick={() => runExclusive(createModel)}>Create a new model</Button>
        <span>Model: <output id="model-name">{model ? describe(model) : 'none'}</output></span>
      </div>
      <h3>3. Training</h3>
      <p class="learn">
        An example is a window: a short part of the text. After each batch of examples, the training changes
        the model's weights a little, so that the model predicts the next characters better. Readable text
        takes about 50 epochs.
      </p>
      <div class="controls">
        {['epochs', 'examplesPerEpoch', 'batchSize', 'validationSplit', 'learningRate'].map((name) => <Field key={name} name={name} />)}
        <Select id="objective" label="Learn from" value={fields.objective} options={OBJECTIVES} onChange={(value) => setField('objective', value)} />
      </div>
      <div class="controls">
        <Button id="train" reason={noTraining} onRefuse={say} onClick={() => runExclusive(train)}>Train</Button>
        <Button id="stop" reason={running ? '' : 'Nothing is running.'} onRefuse={say} onClick={stop}>Stop</Button>
        <Button id="resume" reason={noTraining || nothingToResume} onRefuse={say} onClick={() => runExclusive(resume)}>Resume</Button>
      </div>
      {training && <Progress training={training} />}
    </>
  );
}

const describe = ({name, sizes, charSet, sampleLen}) =>
  `${name}: LSTM ${sizes.join(', ')}; ${charSet.length} characters, windows of ${sampleLen}`;

function Progress({training}) {
  const {batchLosses} = state.value;
  const [xs, series] = useMemo(
    () => [batchLosses.map((_, i) => i + 1), [{label: 'loss', values: batchLosses}]], [batchLosses],
  );
  const {progress, examplesPerSec, losses, secondsLeft, done} = training;
  const parts = [`${(100 * progress).toFixed(1)}%`];
  if (examplesPerSec) parts.push(`${examplesPerSec.toFixed(0)} examples/s`);
  if (losses.length) parts.push(`loss ${losses.at(-1).toFixed(3)}`);
  if (secondsLeft !== undefined && !done) parts.push(`about ${duration(secondsLeft)} left`);
  return (
    <>
      <p>
        <progress id="progress" max={1} value={progress} aria-label="Progress of the training" />
        {' '}<output id="training-speed" aria-live="off">{parts.join(', ')}</output>
      </p>
      {batchLosses.length > 1 && <LineChart id="batch-chart" x="batch" y="loss, nats per character" xs={xs} series={series} />}
    </>
  );
}

/** Return a duration with its unit. */
function duration(seconds) {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  return seconds < 3600 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

// Training in the page: a text, a new model or the present one, and the training's progress.
import {useMemo} from 'preact/hooks';

import {LineChart} from '../../web/chart.jsx';
import {Button, NumberField, Select} from '../../web/components.jsx';
import {OWN, TEXT_DATA_URLS} from './corpora.js';
import {createModel, stop} from './models.js';
import {FIELDS, run, say, setField, state, update} from './state.js';
import {loadText, resume, train} from './train.js';

const OBJECTIVES = [
  {value: 'every_char', label: 'every character of a window'},
  {value: 'last_char', label: 'the last one only, as the original'},
];

function readDropped(event) {
  const [file] = event.dataTransfer.files;
  if (!file) return; // the browser inserts text that is dropped
  event.preventDefault();
  run(async () => update({ownText: await file.text(), source: OWN}));
}

/** Choose and load a text. */
function Corpus() {
  const {busy, corpus, ownText, source} = state.value;
  const sources = [...Object.keys(TEXT_DATA_URLS), {value: OWN, label: 'my own text, below'}];
  return (
    <>
      <h3>1. A text to learn from</h3>
      <div class="controls">
        <Select id="source" label="Text" value={source} options={sources} onChange={(value) => update({source: value})} />
        <Button id="load-text" reason={busy ? 'Wait until the present work is done.' : ''} onRefuse={say} onClick={() => run(loadText)}>Load text</Button>
        <span>Loaded: <output id="corpus">{corpus?.name ?? 'none'}</output></span>
      </div>
      <label class="wide">
        Your own text: type, paste or drop a file
        <textarea
          id="own-text" rows={4} value={ownText}
          onInput={(event) => update({ownText: event.currentTarget.value, source: OWN})}
          onDragOver={(event) => event.preventDefault()} onDrop={readDropped}
        />
      </label>
    </>
  );
}

/** The text field of a number of the training. */
function Field({name}) {
  const spec = FIELDS[name];
  const id = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return <NumberField id={id} label={spec.name} value={state.value.fields[name]} spec={spec} onInput={(text) => setField(name, text)} />;
}

function reasonNotToTrain({busy, corpus, model}) {
  if (busy) return 'Wait until the present work is done, or stop it.';
  if (!corpus) return 'Load a text first.';
  return model ? '' : 'Create a model first.';
}

export function TrainPanel() {
  const {busy, corpus, fields, model, running, training} = state.value;
  const noTraining = reasonNotToTrain(state.value);
  let noModel = corpus ? '' : 'Load a text first: the model has one output for each of its characters.';
  if (busy) noModel = 'Wait until the present work is done, or stop it.';
  const nothingToResume = training && !training.done ? '' : 'There is no stopped training.';
  return (
    <>
      <Corpus />
      <h3>2. A model</h3>
      <p class="learn">Train the present model further, or create a new one. More units remember more, and take longer.</p>
      <div class="controls">
        <label>
          LSTM layer sizes, such as 128 or 100,50
          <input id="lstm-layer-sizes" value={fields.sizes} onInput={(event) => setField('sizes', event.currentTarget.value)} />
        </label>
        <Button id="create" reason={noModel} onRefuse={say} onClick={() => run(createModel)}>Create a new model</Button>
        <span>Model: <output id="model-name">{model ? describe(model) : 'none'}</output></span>
      </div>
      <h3>3. Training</h3>
      <p class="learn">
        After each batch the weights move a little towards the characters that really came next. About
        50 epochs make readable text.
      </p>
      <div class="controls">
        {['epochs', 'examplesPerEpoch', 'batchSize', 'validationSplit', 'learningRate'].map((name) => <Field key={name} name={name} />)}
        <Select id="objective" label="Learn from" value={fields.objective} options={OBJECTIVES} onChange={(value) => setField('objective', value)} />
      </div>
      <div class="controls">
        <Button id="train" reason={noTraining} onRefuse={say} onClick={() => run(train)}>Train</Button>
        <Button id="stop" reason={running ? '' : 'Nothing is running.'} onRefuse={say} onClick={stop}>Stop</Button>
        <Button id="resume" reason={noTraining || nothingToResume} onRefuse={say} onClick={() => run(resume)}>Resume</Button>
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

/** Return a duration in words. */
function duration(seconds) {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  return seconds < 3600 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

// The tabs Temperatures and How the model learned.
import {useEffect, useMemo} from 'preact/hooks';

import {LineChart} from '../../web/chart.jsx';
import {Button, Slider} from '../../web/components.jsx';
import {NO_MODEL, runExclusive, say, state, TEMPERATURES, update} from './state.js';
import {compare} from './text.js';
import {loadEpochs} from './train.js';

/** Texts from one seed text at four temperatures (the book's Table 10.1). */
export function TemperaturesPanel() {
  const {compared, model} = state.value;
  return (
    <>
      <p class="learn">
        The model continues the same seed text at four temperatures. At 0 it always takes the likeliest
        character. At a higher temperature it takes unlikely characters more often.
      </p>
      <Button id="compare" reason={model ? '' : NO_MODEL} onRefuse={say} onClick={() => runExclusive(compare)}>
        Write at four temperatures
      </Button>
      {compared && <Samples seed={compared.seed} texts={compared.texts} />}
    </>
  );
}

/** Texts at TEMPERATURES, side by side. */
function Samples({seed, texts}) {
  return (
    <div class="samples">
      {texts.map((text, i) => (
        <figure key={i}>
          <figcaption>Temperature {TEMPERATURES[i]}</figcaption>
          <pre><span class="seed">{seed}</span>{text}</pre>
        </figure>
      ))}
    </div>
  );
}

/** The losses of all epochs, and the model's texts after one epoch. */
export function HistoryPanel() {
  const {busy, epoch, epochs, epochsOf, epochsSeed, model, running} = state.value;
  const missing = !busy && model?.kind === 'run' && epochsOf !== model.name;
  useEffect(() => {
    if (missing) runExclusive(loadEpochs);
  }, [missing, model]);
  const [xs, series] = useMemo(() => lossesOf(epochs), [epochs]);
  if (!epochs.length) {
    const text = running
      ? 'The first epoch is running.'
      : 'Train a model in the tab Train. This tab then shows its losses and its texts after each epoch.';
    return <p class="learn">{text}</p>;
  }
  const row = epochs.find((entry) => entry.epoch === epoch) ?? epochs.at(-1);
  const losses = ['loss', 'val_loss'].filter((name) => name in row).map((name) => `${name} ${row[name].toFixed(3)}`);
  return (
    <>
      <p class="learn">
        An epoch is one round of the training. The loss is the model's mean surprise at the text that it learns from,
        in nats: 1 nat is 1.44 bits. The val_loss is the mean surprise at text that the model does not learn from.
        Move the slider to see the texts that the model wrote after each epoch.
      </p>
      {epochs.length > 1 && (
        <LineChart id="epoch-chart" x="epoch" y="nats per character" xs={xs} series={series} />
      )}
      <Slider
        id="epoch" label="Epoch" min={epochs[0].epoch} max={epochs.at(-1).epoch} step={1} value={row.epoch}
        onInput={(value) => update({epoch: value})}
      />
      <p id="epoch-losses">After epoch {row.epoch}: {losses.join(', ')}</p>
      <Samples seed={epochsSeed} texts={TEMPERATURES.map((temperature) => row.samples?.[temperature] ?? '')} />
    </>
  );
}

/** Return the epochs' numbers, and their losses as series of a chart. */
function lossesOf(epochs) {
  const names = ['loss', 'val_loss'].filter((name) => epochs.some((row) => name in row));
  return [
    epochs.map((row) => row.epoch),
    names.map((name) => ({label: name, values: epochs.map((row) => row[name] ?? null)})),
  ];
}

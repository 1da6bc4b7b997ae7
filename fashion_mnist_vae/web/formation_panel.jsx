// The tab How the map formed: a small map for each saved epoch, beside the losses.
import {useCallback, useEffect, useMemo} from 'preact/hooks';

import {LineChart} from '../../web/chart.jsx';
import {Canvas, Slider} from '../../web/components.jsx';
import {fetchBytes, fetchJson} from '../../web/files.js';
import {attempt, state, update} from './state.js';

const HINT = 'Runs of older versions do not have this file. Train the model again.';

/** Load the maps and losses of a run: {maps: {epochs, limits, dimensions}, picture, history}. */
const loadFormation = () => attempt(async () => {
  const {model} = state.value;
  const [maps, history, bytes] = await Promise.all([
    fetchJson(`${model.url}/formation.json`, HINT),
    fetchJson(`${model.url}/epochs.json`, HINT),
    fetchBytes(`${model.url}/formation.png`, HINT),
  ]);
  const picture = await createImageBitmap(new Blob([bytes])).catch(() => {
    throw new Error(`saved_models/${model.path}/formation.png is damaged. ${HINT}`);
  });
  if (state.value.model !== model) return;
  const known = maps.epochs?.every?.((epoch) => history.epochs?.[epoch - 1]);
  if (!known) throw new Error(`saved_models/${model.path}/formation.json is damaged. ${HINT}`);
  update({formation: {maps, picture, history: history.epochs}, epochIndex: maps.epochs.length - 1});
});

function EpochMap({maps, picture, index}) {
  const draw = useCallback((canvas) => {
    canvas.width = picture.width;
    canvas.height = picture.height / maps.epochs.length;
    canvas.getContext('2d').drawImage(picture, 0, -index * canvas.height);
  }, [picture, index]);
  const label = `The map after epoch ${maps.epochs[index]}`;
  return <Canvas id="epoch-map" class="picture" draw={draw} role="img" aria-label={label} />;
}

function Losses({history}) {
  const xs = useMemo(() => history.map(({epoch}) => epoch), [history]);
  const series = useMemo(
    () => [['loss', 'loss'], ['reconstruction', 'reconstruction'], ['KL', 'kl']].map(([label, name]) => (
      {label, values: history.map((row) => row[name])}
    )),
    [history],
  );
  return <LineChart id="losses" x="epoch" y="loss per image" xs={xs} series={series} />;
}

export function FormationPanel() {
  const {model, formation, epochIndex} = state.value;
  useEffect(() => {
    if (!state.value.formation) loadFormation();
  }, [model]);
  if (!formation) return <p>The maps are not loaded yet.</p>;
  const {maps, picture, history} = formation;
  const epoch = maps.epochs[epochIndex];
  const row = history[epoch - 1];
  const [start, end] = maps.limits;
  return (
    <div>
      <p class="learn">
        An epoch is one pass over the training images. The picture is the decoder's map after an epoch, for z from{' '}
        {start} to {end}. The loss has two terms: the error of the reconstructed images, and KL, the divergence of the ellipses
        from N(0, 1). Which term falls?
      </p>
      <Slider
        id="epoch" label="Epoch" min={0} max={maps.epochs.length - 1} step={1} value={epochIndex} shown={epoch}
        aria-valuetext={`Epoch ${epoch}`} onInput={(index) => update({epochIndex: index})}
      />
      <p id="epoch-losses" class="numbers">
        Loss {row.loss.toFixed(2)}, reconstruction {row.reconstruction.toFixed(2)}, KL {row.kl.toFixed(2)}
      </p>
      <div class="formation">
        <EpochMap maps={maps} picture={picture} index={epochIndex} />
        <Losses history={history} />
      </div>
    </div>
  );
}

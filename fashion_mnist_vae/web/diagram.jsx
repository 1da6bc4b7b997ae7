// The tab Inside: a diagram of the model with its current numbers.
import {useCallback} from 'preact/hooks';

import {Canvas} from '../../web/components.jsx';
import {Picture} from './pixels.jsx';
import {state, zText} from './state.js';

const LISTED = 4; // numbers shown of a vector

/** The activations of hidden units as a grid, in which larger numbers are brighter. */
function Units({units}) {
  const draw = useCallback((canvas) => {
    const columns = Math.ceil(Math.sqrt(units.length));
    canvas.width = columns;
    canvas.height = Math.ceil(units.length / columns);
    const context = canvas.getContext('2d');
    const most = units.reduce((a, b) => Math.max(a, b), 1e-6);
    units.forEach((value, i) => {
      context.fillStyle = `hsl(40 95% ${Math.round((70 * value) / most)}%)`;
      context.fillRect(i % columns, Math.floor(i / columns), 1, 1);
    });
  }, [units]);
  return <Canvas class="picture" draw={draw} aria-hidden="true" />;
}

function Vector({name = '', values}) {
  const text = values ? zText(values.slice(0, LISTED), 2) : '';
  return <span class="vector">{name} {text}{values?.length > LISTED && ` of ${values.length}`}</span>;
}

const active = (units) => `${units.filter((value) => value > 0).length} of ${units.length} units active`;

/** A stage of the model, which is lit if the page uses it now. */
function Stage({title, lit, children}) {
  return <li class={lit ? 'stage lit' : 'stage'}><strong>{title}</strong>{children}</li>;
}

/** A layer between two stages, with the shape of its weights. */
function Layer({name, from, to, lit}) {
  return (
    <li class={lit ? 'layer lit' : 'layer'}>
      <code>{name}</code>
      <span aria-hidden="true">→</span>
      <small>{from} × {to}</small>
    </li>
  );
}

/** The encoder, which is dark while the user points at the map. */
function EncoderStages({picked, lit, model}) {
  const pixels = model.width * model.height;
  const {hidden, latentDim} = model;
  return (
    <ol class="stages" aria-label="Encoder">
      <Stage title="Image" lit={lit}>
        <Picture image={lit ? picked.image : null} model={model} /><small>{model.width} × {model.height} pixels</small>
      </Stage>
      <Layer name="dense_Dense1" from={pixels} to={hidden} lit={lit} />
      <Stage title={`${hidden} units`} lit={lit}>
        {lit && <><Units units={picked.hidden} /><small>{active(picked.hidden)}</small></>}
        {!lit && <small>not used now</small>}
      </Stage>
      <Layer name="z_mean, z_log_var" from={`2 × ${hidden}`} to={latentDim} lit={lit} />
      <Stage title="Mean and log-variance" lit={lit}>
        <Vector name="mean" values={lit && picked.mean} />
        <Vector name="log-variance" values={lit && picked.logVar} />
      </Stage>
    </ol>
  );
}

function DecoderStages({shown, fromImage, model}) {
  const pixels = model.width * model.height;
  const {hidden, latentDim} = model;
  return (
    <ol class="stages" aria-label="Decoder">
      <Stage title="z" lit={Boolean(shown)}>
        <Vector values={shown?.z} />
        <small>{fromImage ? 'the mean of the image' : 'the point of the map'}</small>
      </Stage>
      <Layer name="dense_Dense2" from={latentDim} to={hidden} lit={Boolean(shown)} />
      <Stage title={`${hidden} units`} lit={Boolean(shown)}>
        {shown && <><Units units={shown.hidden} /><small>{active(shown.hidden)}</small></>}
      </Stage>
      <Layer name="dense_Dense3" from={hidden} to={pixels} lit={Boolean(shown)} />
      <Stage title="Image" lit={Boolean(shown)}>
        <Picture image={shown?.image} model={model} /><small>{pixels} pixels</small>
      </Stage>
    </ol>
  );
}

export function Diagram() {
  const {model, shown, picked} = state.value;
  const fromImage = Boolean(picked && shown && String(shown.z) === String(picked.mean));
  return (
    <div id="diagram">
      <EncoderStages picked={picked} lit={fromImage} model={model} />
      <DecoderStages shown={shown} fromImage={fromImage} model={model} />
      <p class="quiet">
        The page highlights the parts that it uses now. Point at the map to run the decoder. Pick or draw an image to
        run the encoder too. The training samples z from N(mean, exp(log-variance)), and so does “Sample again”.
      </p>
    </div>
  );
}

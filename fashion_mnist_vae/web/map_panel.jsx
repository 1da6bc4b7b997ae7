// The tab Limits: the part of the latent space on the map.
import {NumberField, Select, Slider} from '../../web/components.jsx';
import {changeFields, changeLimit, chooseDimension, setRest} from './map_actions.js';
import {gridError, limitSpec, POINTS_SPEC, state, defaultLimits} from './state.js';

const DRAG = 10; // limit of the sliders; the fields accept larger numbers

function Limits({side, place, name}) {
  const {fields, dimensions, model} = state.value;
  const every = Array.from({length: model.latentDim}, (_, d) => ({value: String(d), label: `z[${d}]`}));
  const ends = [['start', 'Start'], ['end', 'End']];
  return (
    <fieldset>
      <legend>{name}: z[{dimensions[place]}]</legend>
      {model.latentDim > 2 && (
        <Select
          id={`dimension-${side}`} label="Dimension" value={String(dimensions[place])} options={every}
          onChange={(text) => chooseDimension(place, Number(text))}
        />
      )}
      {ends.map(([end, label]) => (
        <NumberField
          key={end} id={`${end}-${side}`} label={label} value={fields[side][end]} spec={limitSpec(label)}
          onInput={(text) => changeLimit(side, end, text)}
        />
      ))}
      {ends.map(([end, label]) => (
        <Slider
          key={`drag-${end}`} id={`drag-${end}-${side}`} label={`${label} slider`}
          min={-DRAG} max={DRAG} step={0.1} value={Number(fields[side][end]) || 0} shown=""
          onInput={(value) => changeLimit(side, end, String(value))}
        />
      ))}
    </fieldset>
  );
}

/** Sliders for the dimensions that are not on an axis. */
function Others() {
  const {model, dimensions, rest} = state.value;
  const others = rest.map((_, d) => d).filter((d) => !dimensions.includes(d));
  if (!others.length) return null;
  return (
    <fieldset class="others">
      <legend>The other dimensions, equal in all tiles</legend>
      {others.map((d) => {
        const {start, end} = defaultLimits(model, d);
        return (
          <Slider
            key={d} id={`rest-${d}`} label={`z[${d}]`} min={start} max={end} step={0.01} value={rest[d]}
            shown={rest[d].toFixed(2)} onInput={(value) => setRest(d, value)}
          />
        );
      })}
    </fieldset>
  );
}

export function MapPanel() {
  const view = state.value;
  return (
    <div>
      <p class="learn">
        At first each axis of the map covers the middle 98% of the images. The encoder places few images outside
        these limits, so the decoder has learned little there.
      </p>
      <NumberField
        id="points" label="Points per dimension" value={view.fields.points} spec={POINTS_SPEC}
        onInput={(points) => changeFields({points})}
      />
      <Limits side="x" place={0} name="Across" />
      <Limits side="y" place={1} name="Upwards" />
      {gridError(view) && <p id="grid-error" class="field-error">{gridError(view)}</p>}
      <Others />
    </div>
  );
}

// The legend of the map, with its switches.
import {useCallback} from 'preact/hooks';

import {Canvas, CopyLink} from '../../web/components.jsx';
import {drawMark, markOf} from './classes.js';
import {resetFields} from './map_actions.js';
import {say, state, update} from './state.js';

function Mark({index}) {
  const draw = useCallback((canvas) => {
    canvas.width = canvas.height = 32;
    drawMark(canvas.getContext('2d'), [16, 16], 10, markOf(index));
  }, [index]);
  return <Canvas class="mark" draw={draw} aria-hidden="true" />;
}

function toggleClass(index) {
  const {hiddenClasses, dots, model} = state.value;
  const others = hiddenClasses.filter((other) => other !== index);
  if (!dots) {
    // All classes are off, so switch on this class alone.
    update({dots: true, hiddenClasses: model.classNames.map((_, i) => i).filter((i) => i !== index)});
  } else {
    update({hiddenClasses: others.length < hiddenClasses.length ? others : [...hiddenClasses, index]});
  }
}

function Classes() {
  const {model, dots, hiddenClasses} = state.value;
  return (
    <div id="legend" class="legend" role="group" aria-label="Classes of the test images">
      {model.classNames.map((name, i) => (
        <button
          key={name} type="button" aria-pressed={dots && !hiddenClasses.includes(i) ? 'true' : 'false'}
          onClick={() => toggleClass(i)}
        >
          <Mark index={i} />{name}
        </button>
      ))}
    </div>
  );
}

function Switch({id, name, label}) {
  const change = (event) => update({[name]: event.currentTarget.checked});
  return (
    <label class="inline">
      <input id={id} type="checkbox" checked={state.value[name]} onChange={change} />
      {label}
    </label>
  );
}

export function Legend() {
  const {testImages, encoder, model, map, dimensions} = state.value;
  const [across, upwards] = map ? [map.grid.x, map.grid.y] : [];
  return (
    <div class="below">
      {testImages?.labels.length > 0 && <Classes />}
      {model.hasTestImages && encoder && <p class="quiet">{encoder}</p>}
      <div class="controls">
        {testImages?.labels.length > 0 && <Switch id="clusters" name="dots" label="Test images" />}
        <Switch id="prior" name="prior" label="Circles of N(0, 1)" />
        <button id="reset" type="button" onClick={resetFields}>Reset the map</button>
        <CopyLink say={say} />
      </div>
      {map && (
        <p id="caption" class="quiet">
          Across: z[{dimensions[0]}] from {across.start} to {across.end}.{' '}
          Upwards: z[{dimensions[1]}] from {upwards.start} to {upwards.end}.{' '}
          {map.grid.points ** 2} images, decoded in {map.milliseconds.toFixed(0)} ms.
        </p>
      )}
    </div>
  );
}

// The point that is shown: its image, large, and the walk.
import {Button, Slider} from '../../web/components.jsx';
import {dragWalk, play} from './map_actions.js';
import {Picture} from './pixels.jsx';
import {nearestTest, say, state, zText} from './state.js';

export function Point() {
  const view = state.value;
  const {model, shown, z, path, walked, tests} = view;
  const nearest = shown && nearestTest(view, shown.z);
  const reason = path.length === 2 ? '' : 'Click two points of the map first, or press Enter at them.';
  return (
    <section class="point" aria-labelledby="point-title">
      <Picture
        id="large" class="picture large" image={shown?.image} model={model} label="The image at this point, large"
        data-z={shown && zText(shown.z)}
      />
      <div>
        <h2 id="point-title">At this point</h2>
        <p class="numbers">z = <output id="z" aria-live="off">{z ? zText(z) : ''}</output></p>
        <p class="quiet">
          {nearest !== null && tests?.labels.length
            ? `The nearest test image is of the class ${model.classNames[tests.labels[nearest]]}.`
            : 'Point at the map, or touch it. With the keyboard, use the arrow keys.'}
        </p>
        <div class="controls">
          <Slider
            id="walk" label="Along the walk" min={0} max={1} step={0.01} value={walked}
            shown={`${Math.round(100 * walked)}%`} aria-disabled={reason ? 'true' : undefined}
            onInput={(part) => (reason ? say(reason) : dragWalk(part))}
          />
          <Button id="play" reason={reason} onRefuse={say} onClick={play}>Play</Button>
        </div>
        <p class="quiet">Click two points of the map to walk from one to the other.</p>
      </div>
    </section>
  );
}

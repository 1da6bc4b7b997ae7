// The selected point: its image, and the walk.
import {Button, Slider} from '../../web/components.jsx';
import {dragWalk, play} from './map_actions.js';
import {Picture} from './pixels.jsx';
import {nearestTestImage, say, state, zText} from './state.js';

export function Point() {
  const view = state.value;
  const {model, shown, z, path, walked, testImages} = view;
  const nearest = shown && nearestTestImage(view, shown.z);
  const reason = path.length === 2 ? '' : 'Click two points of the map first, or choose them with the arrow keys and Enter.';
  return (
    <section class="point" aria-labelledby="point-title">
      <Picture
        id="large" class="picture large" image={shown?.image} model={model} label="The image at this point"
        data-z={shown && zText(shown.z)}
      />
      <div>
        <h2 id="point-title">At this point</h2>
        <p class="numbers">z = <output id="z" aria-live="off">{z ? zText(z) : ''}</output></p>
        <p class="quiet">
          {nearest !== null && testImages?.labels.length
            ? `The class of the nearest test image is ${model.classNames[testImages.labels[nearest]]}.`
            : 'Point at the map, or touch it. With the keyboard, use the arrow keys.'}
        </p>
        <div class="controls">
          <Slider
            id="walk" label="Position on the walk" min={0} max={1} step={0.01} value={walked}
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

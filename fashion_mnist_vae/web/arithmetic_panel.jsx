// The tab A − B + C: the image of decode(A - B + C).
import {Button} from '../../web/components.jsx';
import {setSlot, showPoint} from './map_actions.js';
import {Picture} from './pixels.jsx';
import {say, state, update, zText} from './state.js';

const NAMES = ['A', 'B', 'C'];

function Slot({index}) {
  const {slots, slot, model} = state.value;
  const set = slots[index];
  return (
    <button
      id={`slot-${NAMES[index]}`} type="button" class="slot" aria-pressed={slot === index ? 'true' : 'false'}
      onClick={() => update({slot: index})}
    >
      <Picture image={set?.image} model={model} />
      <span>{NAMES[index]}{set ? '' : ': not set'}</span>
      {set && <small>{zText(set.z, 2)}</small>}
    </button>
  );
}

export function ArithmeticPanel() {
  const {picked, z, sum, model, slot} = state.value;
  const name = NAMES[slot];
  return (
    <div>
      <p class="learn">
        If directions on the map have a meaning, you can calculate with images, such as boot − shoe + shirt. Click
        the map three times to set A, B and C. The decoder then draws the image of A − B + C.
      </p>
      <div class="row sum">
        <Slot index={0} /><span aria-hidden="true">−</span>
        <Slot index={1} /><span aria-hidden="true">+</span>
        <Slot index={2} /><span aria-hidden="true">=</span>
        <figure>
          <Picture id="sum" image={sum?.image} model={model} label="The image of A minus B plus C" />
          <figcaption>{sum ? <small id="sum-z">{zText(sum.z, 3)}</small> : 'A − B + C'}</figcaption>
        </figure>
      </div>
      <div class="controls">
        <Button id="set-point" onClick={() => setSlot(z)}>Set {name} to this point</Button>
        <Button
          id="set-image" reason={picked ? '' : 'Pick an image first, in the tab “Pick an image”.'} onRefuse={say}
          onClick={() => setSlot(picked.mean)}
        >
          Set {name} to the picked image
        </Button>
        <Button
          id="show-sum" reason={sum ? '' : 'Set A, B and C first.'} onRefuse={say} onClick={() => showPoint(sum.z)}
        >
          Show the result at full size
        </Button>
      </div>
    </div>
  );
}

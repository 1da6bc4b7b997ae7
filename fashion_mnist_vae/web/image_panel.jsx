// Images to pick: test images, and files of the user's own.
import {useState} from 'preact/hooks';

import {Button} from '../../web/components.jsx';
import {pickFile, pickTest, testImage} from './images.js';
import {Picked} from './picked.jsx';
import {Picture} from './pixels.jsx';
import {say, state, update} from './state.js';

const SHOWN = 20; // test images at a time
const images = new WeakMap(); // of the test images, so that a picture is drawn once

/** Return a test image, the same array each time. */
function imageOf(tests, index) {
  if (!images.has(tests)) images.set(tests, new Map());
  const known = images.get(tests);
  if (!known.has(index)) known.set(index, testImage(index));
  return known.get(index);
}

function Thumbnails() {
  const {tests, model, firstImage, picked} = state.value;
  const count = Math.min(SHOWN, tests.labels.length - firstImage);
  const name = (index) => `Test image ${index}: ${model.classNames[tests.labels[index]]}`;
  return (
    <div id="thumbnails" class="thumbnails" role="group" aria-label="Test images">
      {Array.from({length: count}, (_, i) => firstImage + i).map((index) => (
        <button
          key={index - firstImage} type="button" aria-label={name(index)} onClick={() => pickTest(index)}
          aria-pressed={picked?.source.index === index ? 'true' : 'false'}
        >
          <Picture image={imageOf(tests, index)} model={model} />
        </button>
      ))}
    </div>
  );
}

/** Show the next test images; after the last ones, the first. */
function showOthers() {
  const {firstImage, tests} = state.value;
  update({firstImage: firstImage + SHOWN < tests.labels.length ? firstImage + SHOWN : 0});
}

export function ImagePanel() {
  const {tests, encoder, model} = state.value;
  const [over, setOver] = useState(false);
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    pickFile(event.dataTransfer.files[0]);
  };
  const dragOver = (event) => {
    event.preventDefault();
    setOver(true);
  };
  return (
    <div id="drop" class={over ? 'over' : ''} onDragOver={dragOver} onDragLeave={() => setOver(false)} onDrop={drop}>
      <p class="learn">
        The encoder places an image on the map, and the decoder draws it again from there. Details that{' '}
        {model.latentDim} numbers cannot store are lost. Pick a test image, or drop a picture here.
      </p>
      {tests?.labels.length > 0 && <Thumbnails />}
      {!model.tested && <p id="untested">This run was trained without test images, so use a picture of yours.</p>}
      {encoder && <p class="quiet">{encoder}</p>}
      <div class="controls">
        {tests?.labels.length > 0 && <Button id="others" onClick={showOthers}>Other test images</Button>}
        <label>
          A picture of yours
          <input
            id="file" type="file" accept="image/*" onChange={(event) => pickFile(event.currentTarget.files[0])}
            onClick={(event) => {
              if (!encoder) return;
              event.preventDefault();
              say(encoder);
            }}
          />
        </label>
      </div>
      <Picked />
    </div>
  );
}

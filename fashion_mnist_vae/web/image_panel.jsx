// The tab Pick an image: test images, and the user's files.
import {useState} from 'preact/hooks';

import {Button} from '../../web/components.jsx';
import {pickFile, pickTestImage, testImage} from './images.js';
import {Picked} from './picked.jsx';
import {Picture} from './pixels.jsx';
import {say, state, update} from './state.js';

const SHOWN = 20; // test images shown at a time
const images = new WeakMap(); // a cache, so that each picture is drawn once

/** Return a test image from the cache. */
function imageOf(testImages, index) {
  if (!images.has(testImages)) images.set(testImages, new Map());
  const known = images.get(testImages);
  if (!known.has(index)) known.set(index, testImage(index));
  return known.get(index);
}

function Thumbnails() {
  const {testImages, model, firstImage, picked} = state.value;
  const count = Math.min(SHOWN, testImages.labels.length - firstImage);
  const name = (index) => `Test image ${index}: ${model.classNames[testImages.labels[index]]}`;
  return (
    <div id="thumbnails" class="thumbnails" role="group" aria-label="Test images">
      {Array.from({length: count}, (_, i) => firstImage + i).map((index) => (
        <button
          key={index - firstImage} type="button" aria-label={name(index)} onClick={() => pickTestImage(index)}
          aria-pressed={picked?.source.index === index ? 'true' : 'false'}
        >
          <Picture image={imageOf(testImages, index)} model={model} />
        </button>
      ))}
    </div>
  );
}

/** Show the next test images. After the last one, show the first ones. */
function showOthers() {
  const {firstImage, testImages} = state.value;
  update({firstImage: firstImage + SHOWN < testImages.labels.length ? firstImage + SHOWN : 0});
}

export function ImagePanel() {
  const {testImages, encoder, model} = state.value;
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
        The encoder places an image on the map, and the decoder reconstructs the image from there. {model.latentDim}{' '}
        numbers cannot store all details. Pick a test image, which the model did not learn from, or drop a picture here.
      </p>
      {testImages?.labels.length > 0 && <Thumbnails />}
      {!model.hasTestImages && <p id="untested">This run was trained without test images, so use your own picture.</p>}
      {encoder && <p class="quiet">{encoder}</p>}
      <div class="controls">
        {testImages?.labels.length > 0 && <Button id="others" onClick={showOthers}>Other test images</Button>}
        <label>
          Your own picture
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

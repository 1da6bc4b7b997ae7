// The results of the encoder and the decoder for the picked image.
import {Button} from '../../web/components.jsx';
import {sampleAgain, standardDeviations} from './images.js';
import {mapThrough} from './map_actions.js';
import {Picture} from './pixels.jsx';
import {state, zText} from './state.js';

export function Picked() {
  const {picked, model} = state.value;
  if (!picked) return null;
  return (
    <div id="result">
      <div class="row">
        <figure>
          <Picture id="original" class="picture large" image={picked.image} model={model} label="The original image" />
          <figcaption>Original</figcaption>
        </figure>
        <figure>
          <Picture
            id="reconstruction" class="picture large" image={picked.decoded} model={model} label="The reconstructed image"
          />
          <figcaption>Reconstruction from z_mean</figcaption>
        </figure>
        <dl class="numbers">
          <dt>z_mean</dt><dd id="z-mean">{zText(picked.mean)}</dd>
          <dt>standard deviation</dt><dd id="z-sd">{zText(standardDeviations(picked.logVar))}</dd>
          <dt>squared error, summed over the pixels</dt><dd id="error">{picked.error.toFixed(2)}</dd>
          <dt>KL divergence from N(0, 1)</dt><dd><span id="kl">{picked.kl.toFixed(3)}</span> nats</dd>
        </dl>
      </div>
      <p class="learn">
        The encoder turns an image into a normal distribution, not into a single point. The ellipses on the map mark one
        and two standard deviations. The decoder was trained on samples of this distribution, so it draws nearly the same
        image everywhere in the ellipse.
      </p>
      <div class="controls">
        <Button id="sample" onClick={sampleAgain}>Sample again</Button>
        {model.latentDim > 2 && (
          <Button id="through" onClick={() => mapThrough(picked.mean)}>Move the map through this image</Button>
        )}
      </div>
      {picked.draws.length > 0 && (
        <div id="draws" class="row" role="group" aria-label="Samples from the ellipse">
          {picked.draws.map(({image, error, z}, i) => (
            <figure key={i} data-z={Array.from(z, (value) => value.toFixed(4)).join(',')}>
              <Picture class="picture" image={image} model={model} label={`Sample ${i + 1}, decoded`} />
              <figcaption>{error.toFixed(1)}</figcaption>
            </figure>
          ))}
        </div>
      )}
      {picked.draws.length > 0 && <p class="quiet">Six samples, white on the map, and the squared error of each.</p>}
    </div>
  );
}

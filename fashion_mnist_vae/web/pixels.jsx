// Draws images on canvases.
import {useCallback} from 'preact/hooks';

import {Canvas} from '../../web/components.jsx';

/** Draw gray levels from 0 to 255 on a canvas, and set its size. */
export function drawGray(canvas, grays, width, height) {
  canvas.width = width;
  canvas.height = height;
  const pixels = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    pixels.data.fill(grays[i], 4 * i, 4 * i + 3);
    pixels.data[4 * i + 3] = 255;
  }
  canvas.getContext('2d').putImageData(pixels, 0, 0);
}

/**
 * An image of the model's size. Without an image, the picture is black.
 *
 * @param image pixels from 0 to 1.
 */
export function Picture({image, model, label, ...others}) {
  const {width, height} = model;
  const draw = useCallback((canvas) => {
    drawGray(canvas, image ? image.map((value) => 255 * value) : [], width, height);
  }, [image, width, height]);
  const name = label ? {role: 'img', 'aria-label': label} : {'aria-hidden': 'true'};
  return <Canvas class="picture" draw={draw} {...name} {...others} />;
}

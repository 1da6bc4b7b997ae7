// The map of the latent space: tiles, with points and lines above them.
import {useCallback} from 'preact/hooks';

import {Canvas} from '../../web/components.jsx';
import {drawMark, markOf} from './classes.js';
import {standardDeviations} from './images.js';
import {choosePlace, pointAt} from './map_actions.js';
import {drawGray} from './pixels.jsx';
import {mapLimits, placeOf, state} from './state.js';

const SIDE = 1000; // pixels of the canvases above the tiles
const PATH = '#ffd400';
const IMAGE = '#ff4d8d';
const POINT = '#4db2ff';
const SUM = '#7dff6a';
const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]};

/** Return functions that convert a place and a distance on the map to canvas pixels. */
function scaleOf(canvas, map) {
  const [across, upwards] = mapLimits(map);
  const [width, height] = [across.end - across.start, upwards.end - upwards.start];
  return {
    place: ([x, y]) => [
      ((x - across.start) / width) * canvas.width, ((upwards.end - y) / height) * canvas.height,
    ],
    distance: ([x, y]) => [(x / width) * canvas.width, (y / height) * canvas.height],
  };
}

/** Clear a canvas and return its context. */
function cleared(canvas, {width, height}) {
  canvas.width = SIDE;
  canvas.height = Math.round((SIDE * height) / width);
  return canvas.getContext('2d');
}

/** Draw ellipses around a place at one and two standard deviations. */
function drawEllipses(context, scale, centre, sd, style) {
  for (const times of [1, 2]) {
    const radii = scale.distance(sd.map((value) => times * value));
    context.beginPath();
    context.ellipse(...scale.place(centre), ...radii, 0, 0, 2 * Math.PI);
    // Draw a dark line below the bright one, so that it is visible on any image.
    for (const stroke of [{strokeStyle: '#000a', lineWidth: 7}, style]) {
      Object.assign(context, stroke);
      context.stroke();
    }
  }
}

/** Draw the test images and N(0, 1). */
function drawStill(canvas, {map, testImages, model, dots, prior, hiddenClasses, dimensions}) {
  const context = cleared(canvas, map);
  const scale = scaleOf(canvas, map);
  if (dots && testImages?.labels.length) {
    context.globalAlpha = 0.85;
    testImages.labels.forEach((label, i) => {
      if (hiddenClasses.includes(label)) return;
      const place = dimensions.map((dimension) => testImages.means[i * model.latentDim + dimension]);
      drawMark(context, scale.place(place), 5.5, markOf(label));
    });
    context.globalAlpha = 1;
  }
  if (prior) {
    context.setLineDash([16, 12]);
    drawEllipses(context, scale, [0, 0], [1, 1], {strokeStyle: '#fff', lineWidth: 3});
  }
}

function drawDot(context, [x, y], radius, fillStyle) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  Object.assign(context, {fillStyle, strokeStyle: '#000', lineWidth: 2});
  context.fill();
  context.stroke();
}

function drawLetter(context, [x, y], letter, fillStyle) {
  Object.assign(context, {fillStyle, strokeStyle: '#000', lineWidth: 8, textAlign: 'center', textBaseline: 'middle'});
  context.font = 'bold 44px system-ui, sans-serif';
  context.strokeText(letter, x, y);
  context.fillText(letter, x, y);
}

/** Draw the parts that change often: the picked image, its samples, the walk, the arithmetic, the point. */
function drawMoving(canvas, view) {
  const {map, picked, path, slots, sum, z, tab} = view;
  const context = cleared(canvas, map);
  const scale = scaleOf(canvas, map);
  const on = (point) => scale.place(placeOf(view, point));
  if (picked) {
    const sd = placeOf(view, standardDeviations(picked.logVar));
    drawEllipses(context, scale, placeOf(view, picked.mean), sd, {strokeStyle: IMAGE, lineWidth: 4});
    for (const draw of picked.draws) drawDot(context, on(draw.z), 7, '#fff');
    drawDot(context, on(picked.mean), 10, IMAGE);
  }
  if (path.length === 2) {
    context.beginPath();
    for (const point of path) context.lineTo(...on(point));
    Object.assign(context, {strokeStyle: PATH, lineWidth: 5});
    context.stroke();
  }
  for (const point of path) drawDot(context, on(point), 10, PATH);
  if (tab === 'arithmetic') {
    slots.forEach((slot, i) => slot && drawLetter(context, on(slot.z), 'ABC'[i], PATH));
    if (sum) drawLetter(context, on(sum.z), '=', SUM);
  }
  if (z) {
    const [x, y] = on(z);
    for (const [strokeStyle, lineWidth] of [['#000', 8], [POINT, 4]]) {
      Object.assign(context, {strokeStyle, lineWidth});
      context.strokeRect(x - 18, y - 18, 36, 36);
    }
  }
}

function placeOfEvent(event) {
  const box = event.currentTarget.getBoundingClientRect();
  const [across, upwards] = mapLimits(state.value.map);
  return [
    across.start + ((event.clientX - box.left) / box.width) * (across.end - across.start),
    upwards.end - ((event.clientY - box.top) / box.height) * (upwards.end - upwards.start),
  ];
}

function onKey(event) {
  const view = state.value;
  const move = ARROWS[event.key];
  if (!move && event.key !== 'Enter') return;
  event.preventDefault();
  const place = placeOf(view, view.z);
  if (!move) return choosePlace(place);
  const tile = mapLimits(view.map).map(({start, end}) => (end - start) / view.map.grid.points);
  pointAt(place.map((value, i) => value + move[i] * tile[i]));
}

export function LatentMap() {
  const view = state.value;
  const {map, testImages, dots, prior, hiddenClasses, dimensions} = view;
  const {picked, path, slots, sum, z, tab} = view;
  const tiles = useCallback((canvas) => drawGray(canvas, map.pixels, map.width, map.height), [map]);
  const still = useCallback((canvas) => drawStill(canvas, view), [map, testImages, dots, prior, hiddenClasses, dimensions]);
  const moving = useCallback((canvas) => drawMoving(canvas, view), [map, picked, path, slots, sum, z, tab, dimensions]);
  if (!map) return <div class="map"><p>The decoder is loading.</p></div>;
  return (
    <div class="map" style={{'--aspect': map.width / map.height}}>
      <Canvas id="tiles" draw={tiles} aria-hidden="true" />
      <Canvas id="still" draw={still} aria-hidden="true" />
      <Canvas
        id="overlay" draw={moving} tabIndex={0} role="application"
        aria-label="Map of the latent space. Arrow keys move the point. Enter chooses the point for a walk or for A − B + C."
        onPointerMove={(event) => pointAt(placeOfEvent(event))}
        onPointerDown={(event) => pointAt(placeOfEvent(event))}
        onClick={(event) => choosePlace(placeOfEvent(event))}
        onKeyDown={onKey}
      />
    </div>
  );
}

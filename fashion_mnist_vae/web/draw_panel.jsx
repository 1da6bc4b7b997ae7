// The tab Draw an image: the model encodes and decodes the drawing after each stroke.
import {useCallback, useRef, useState} from 'preact/hooks';

import {Button, Canvas, Slider} from '../../web/components.jsx';
import {grayPixels, pick} from './images.js';
import {Picked} from './picked.jsx';
import {say, state, update} from './state.js';

const SCALE = 10; // canvas pixels per image pixel
let ink = null; // the drawing, which stays when the user opens another tab

/** Return the drawing, and create it in the model's size if needed. */
function inkOf({width, height}) {
  const size = {width: width * SCALE, height: height * SCALE};
  if (ink?.width !== size.width || ink.height !== size.height) {
    ink = Object.assign(document.createElement('canvas'), size);
    clear();
  }
  return ink;
}

function clear() {
  const context = ink.getContext('2d');
  context.fillStyle = '#000';
  context.fillRect(0, 0, ink.width, ink.height);
}

function stroke([fromX, fromY], [toX, toY], brush) {
  const context = ink.getContext('2d');
  Object.assign(context, {strokeStyle: '#fff', lineWidth: brush * SCALE, lineCap: 'round', lineJoin: 'round'});
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}

/** The canvas to draw on. */
function Pad({canvasRef, show, brush}) {
  const {model, encoder} = state.value;
  const last = useRef(null); // the pointer's position while it is down
  const placeOf = (event) => {
    const box = canvasRef.current.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * ink.width, ((event.clientY - box.top) / box.height) * ink.height];
  };
  const draw = (event) => {
    if (!last.current) return;
    const place = placeOf(event);
    stroke(last.current, place, brush);
    last.current = place;
    canvasRef.current.getContext('2d').drawImage(ink, 0, 0);
    pick(grayPixels(ink, model), {drawn: true}, 0);
  };
  const begin = (event) => {
    if (encoder) return say(encoder);
    canvasRef.current.setPointerCapture(event.pointerId);
    last.current = placeOf(event);
    draw(event);
  };
  const end = () => (last.current = null);
  return (
    <Canvas
      id="pad" canvasRef={canvasRef} draw={show} role="img" aria-label="Canvas to draw on with the mouse or a finger"
      onPointerDown={begin} onPointerMove={draw} onPointerUp={end} onPointerCancel={end}
    />
  );
}

export function DrawPanel() {
  const {model, encoder} = state.value;
  const [brush, setBrush] = useState(Math.max(1, Math.round(model.width / 9)));
  const pad = useRef(null);
  const show = useCallback((canvas) => {
    const drawing = inkOf(model);
    canvas.width = drawing.width;
    canvas.height = drawing.height;
    canvas.getContext('2d').drawImage(drawing, 0, 0);
  }, [model]);
  const erase = () => {
    clear();
    show(pad.current);
    update({picked: null});
  };
  return (
    <div>
      <p class="learn">
        Draw something. Where does the encoder place your drawing on the map, and what does the decoder draw from there?
      </p>
      {encoder && <p class="quiet">{encoder}</p>}
      <div class="row">
        <Pad canvasRef={pad} show={show} brush={brush} />
        <div class="column">
          <Slider
            id="brush" label="Brush" min={1} max={8} step={1} value={brush} shown={`${brush} pixels`}
            onInput={setBrush}
          />
          <Button id="clear" onClick={erase}>Clear</Button>
        </div>
      </div>
      <Picked />
    </div>
  );
}

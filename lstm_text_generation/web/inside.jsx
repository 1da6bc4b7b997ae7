// The model at one place of the text: the character that it reads, its memory, and its prediction.
import {useCallback, useMemo} from 'preact/hooks';

import {Canvas} from '../../web/components.jsx';
import {findUnits} from './features.js';
import {atTemperature, likeliest} from './sampling.js';
import {runExclusive, state, update} from './state.js';
import {rewind} from './text.js';
import {signOf, unitName} from './text_view.jsx';

const BARS = 8; // probabilities shown
const COLUMNS = 32; // units per row
const CELL = 8; // pixels per unit

/** The model as a list of stages, at the selected place or at the end of the text. */
export function Inside() {
  const {characters, model, next, selected, writing} = state.value;
  const place = selected ?? characters.length;
  const read = characters[place - 1];
  const probabilities = selected === null ? next : characters[selected].before;
  const character = read && model.charSet[read.index];
  return (
    <section id="inside" class={writing ? 'computing' : ''} aria-labelledby="inside-title">
      <h2 id="inside-title">Inside the model</h2>
      <ol class="stages">
        <li class="stage">
          The model reads <b class="sign">{read ? signOf(character) : '–'}</b>{' '}
          {read && <OneHot index={read.index} size={model.charSet.length} />}
        </li>
        {model?.sizes.map((size, layer) => <Layer key={layer} layer={layer} cells={read?.cells} />)}
        <li class="stage">
          <Probabilities
            probabilities={probabilities} place={place} written={characters[selected]?.index}
          />
        </li>
      </ol>
      <Units />
    </section>
  );
}

/** The character as a one-hot vector. */
function OneHot({index, size}) {
  const left = `${(100 * index) / size}%`;
  return (
    <span class="one-hot-line">
      as <span class="one-hot" aria-hidden="true"><i style={{left, width: `${100 / size}%`}} /></span>
      {' '}number {index + 1} of {size}
    </span>
  );
}

/** An LSTM layer: the memory of each unit, from -1 (blue) to 1 (red). */
function Layer({layer, cells}) {
  const {model, unit} = state.value;
  const size = model.sizes[layer];
  const first = model.sizes.slice(0, layer).reduce((sum, units) => sum + units, 0);
  const chosen = unit !== null && unit >= first && unit < first + size ? unit - first : null;
  const draw = useCallback((canvas) => drawCells(canvas, cells?.subarray(first, first + size), size, chosen), [cells, chosen]);
  const choose = (index) => update({unit: first + Math.min(Math.max(index, 0), size - 1)});
  const onKey = (event) => {
    const move = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS, ArrowDown: COLUMNS}[event.key];
    if (!move) return;
    choose(chosen === null ? 0 : chosen + move);
    event.preventDefault();
  };
  const onClick = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * COLUMNS);
    const row = Math.floor(((event.clientY - box.top) / box.height) * Math.ceil(size / COLUMNS));
    choose(row * COLUMNS + column);
  };
  const value = chosen === null || !cells ? 'no unit chosen' : `unit ${chosen + 1}: ${cells[first + chosen].toFixed(2)}`;
  return (
    <li class="stage">
      LSTM layer {layer + 1}: the memory of its {size} units
      {cells ? (
        <Canvas
          id={`layer-${layer + 1}`} class="units" draw={draw} tabIndex={0} role="slider"
          aria-label={`Units of LSTM layer ${layer + 1}`} aria-valuemin={1} aria-valuemax={size}
          aria-valuenow={(chosen ?? 0) + 1} aria-valuetext={value} onClick={onClick} onKeyDown={onKey}
        />
      ) : <span class="learn"> (shown after the model has read a text “one character at a time”)</span>}
    </li>
  );
}

function drawCells(canvas, cells, size, chosen) {
  canvas.width = COLUMNS * CELL;
  canvas.height = Math.ceil(size / COLUMNS) * CELL;
  const context = canvas.getContext('2d');
  const style = getComputedStyle(canvas);
  cells.forEach((value, i) => {
    const [x, y] = [(i % COLUMNS) * CELL, Math.floor(i / COLUMNS) * CELL];
    context.globalAlpha = Math.abs(value);
    context.fillStyle = style.getPropertyValue(value < 0 ? '--cold-mark' : '--hot-mark');
    context.fillRect(x, y, CELL - 1, CELL - 1);
    context.globalAlpha = 1;
    if (i !== chosen) return;
    context.strokeStyle = style.getPropertyValue('--ink');
    context.lineWidth = 2;
    context.strokeRect(x, y, CELL - 1, CELL - 1);
  });
}

/** The likeliest characters at a place. A click on a character writes it there. */
function Probabilities({probabilities, place, written}) {
  const {model, temperature, showAll} = state.value;
  if (!probabilities) return <span>The model must read more of the text before it predicts a character.</span>;
  const values = atTemperature(Array.from(probabilities), temperature);
  const order = likeliest(values, showAll ? values.length : BARS);
  const onKey = (event) => {
    const move = {ArrowUp: 'previousElementSibling', ArrowDown: 'nextElementSibling'}[event.key];
    if (!move) return;
    event.currentTarget.querySelector(':focus')?.[move]?.focus();
    event.preventDefault();
  };
  return (
    <>
      <span>Probabilities of the next character at temperature {temperature}. Click a character to write it.</span>
      <div id="bars" role="toolbar" aria-label="The likeliest characters" aria-orientation="vertical" onKeyDown={onKey}>
        {order.map((index, i) => {
          const percent = 100 * values[index];
          return (
            <button
              key={i} type="button" tabIndex={i === 0 ? 0 : -1} class={index === written ? 'written' : ''}
              data-character={model.charSet[index]} data-probability={values[index]}
              onClick={() => runExclusive(() => rewind(place, index))}
            >
              <b>{signOf(model.charSet[index])}</b>
              <span class="bar" aria-hidden="true"><i style={{width: `${percent}%`}} /></span>
              <span>{percent.toFixed(2)}%</span>
            </button>
          );
        })}
      </div>
      <div class="axis" aria-hidden="true"><span>0</span><span>25</span><span>50</span><span>75</span><span>100%</span></div>
      <label class="inline">
        <input id="show-all" type="checkbox" checked={showAll} onChange={(event) => update({showAll: event.currentTarget.checked})} />
        Show all {values.length} characters
      </label>
    </>
  );
}

/** Buttons for the units that follow a feature of the text. */
function Units() {
  const {characters, model, unit} = state.value;
  const found = useMemo(() => {
    const known = characters.filter(({cells}) => cells);
    return findUnits(known.map(({index}) => model.charSet[index]), known.map(({cells}) => cells));
  }, [Math.floor(characters.length / 200), characters[0]]);
  return (
    <div id="units" class="controls">
      <button type="button" aria-pressed={unit === null ? 'true' : 'false'} onClick={() => update({unit: null})}>
        Colour by surprise
      </button>
      {found.map(({feature, unit: index, r}) => (
        <button
          key={feature} type="button" aria-pressed={unit === index ? 'true' : 'false'} data-unit={index} data-r={r}
          title={`${unitName(model, index)}, correlation ${r.toFixed(2)}`} onClick={() => update({unit: index})}
        >
          {feature} ({r.toFixed(2)})
        </button>
      ))}
      <p class="learn">
        {found.length
          ? 'Each button colours the text by the unit that follows a feature best. The number is the correlation.'
          : 'Each square is the memory of a unit, from −1 (blue) to 1 (red). Click a square to colour the text by its unit. When the ' +
            'text is longer, the page looks for units that follow quotes, brackets, lines or digits.'}
      </p>
    </div>
  );
}

// The text. The colour of a character shows its surprise, or the memory of one LSTM unit.
import {Component} from 'preact';
import {useEffect, useRef} from 'preact/hooks';

import {atTemperature, likeliest} from './sampling.js';
import {state, update} from './state.js';

const LISTED = 8; // likeliest characters shown for the selected one
const PIECE = 64; // characters that are rendered together
const FOLLOW = 100; // pixels; the view scrolls with the writing if the end of the text is nearer than this
const MAX_BITS = 8; // of the colour scale

const SIGNS = {' ': '␣', '\n': '↵', '\t': '⇥', '\r': '␍'};
export const signOf = (character) => SIGNS[character] ?? character;

/** Return the background of a character. */
function colour({bits, cells}, unit) {
  if (unit !== null) {
    const value = cells?.[unit] ?? 0;
    return `color-mix(in srgb, var(${value < 0 ? '--cold' : '--hot'}) ${Math.abs(100 * value).toFixed(0)}%, transparent)`;
  }
  const percent = (100 * Math.min(bits ?? 0, MAX_BITS)) / MAX_BITS;
  return `color-mix(in srgb, var(--surprise) ${percent.toFixed(0)}%, transparent)`;
}

/** A part of the text, which is rendered again only if it changes. */
class Piece extends Component {
  shouldComponentUpdate(next) {
    return Object.keys(next).some((name) => name !== 'characters' && next[name] !== this.props[name])
      || next.characters.length !== this.props.characters.length
      || next.characters[0] !== this.props.characters[0] || next.characters.at(-1) !== this.props.characters.at(-1);
  }

  render({characters, from, charSet, unit, seedLength, selected}) {
    return (
      <span>
        {characters.map((character, i) => {
          const place = from + i;
          const classes = [place < seedLength ? 'seed' : '', place === selected ? 'selected' : ''].join(' ').trim();
          return (
            <span
              key={place} data-place={place} data-bits={character.bits?.toFixed(4)} class={classes || undefined}
              style={{background: colour(character, unit)}}
            >
              {charSet[character.index]}
            </span>
          );
        })}
      </span>
    );
  }
}

const MOVES = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -40, ArrowDown: 40};

function onKey(event) {
  const {characters, selected} = state.value;
  const move = MOVES[event.key];
  if (event.key === 'Escape') update({selected: null, pinned: false});
  if (!move || !characters.length) return;
  const place = Math.min(Math.max((selected ?? characters.length) + move, 0), characters.length - 1);
  update({selected: place, pinned: true});
  event.preventDefault();
}

/** Return the place of an event's character, or null. */
const placeOf = ({target}) => (target.dataset.place === undefined ? null : Number(target.dataset.place));

/** Select a character while the mouse points at it. */
function onPoint(event) {
  if (event.pointerType === 'mouse' && !state.value.pinned) update({selected: placeOf(event)});
}

/** Select a character until the next click, so that the mouse can move to the bars. */
function onClick(event) {
  const {pinned, selected} = state.value;
  const place = placeOf(event);
  const again = pinned && place === selected;
  update(again || place === null ? {selected: null, pinned: false} : {selected: place, pinned: true});
}

function onLeave() {
  if (!state.value.pinned) update({selected: null});
}

/** The text. The mouse, a finger or the arrow keys select a character. */
export function TextView() {
  const {characters, model, unit, seedLength, selected, pinned, writing} = state.value;
  const box = useRef(null);
  useEffect(() => {
    const {scrollHeight, scrollTop, clientHeight} = box.current;
    // Do not scroll if the user has scrolled up.
    if (writing && scrollHeight - scrollTop - clientHeight < FOLLOW) box.current.scrollTop = scrollHeight;
  }, [characters.length, writing]);
  useEffect(() => {
    if (pinned) box.current.querySelector('.selected')?.scrollIntoView({block: 'nearest'});
  }, [selected, pinned]);
  const pieces = [];
  for (let from = 0; from < characters.length; from += PIECE) {
    const piece = characters.slice(from, from + PIECE);
    const isSelected = selected !== null && selected >= from && selected < from + PIECE;
    pieces.push(
      <Piece
        key={from} characters={piece} from={from} charSet={model.charSet} unit={unit}
        seedLength={Math.min(Math.max(seedLength - from, 0), PIECE) + from} selected={isSelected ? selected : null}
      />,
    );
  }
  return (
    <div
      id="text" ref={box} tabIndex={0} role="group" aria-label="The text. Arrow keys select a character."
      onKeyDown={onKey} onClick={onClick} onPointerMove={onPoint} onPointerLeave={onLeave}
    >
      {pieces}
      {writing && <span class="caret" aria-hidden="true" />}
    </div>
  );
}

/** The surprise of the selected character, and the likeliest characters at its place. */
export function Selected() {
  const {characters, model, selected, temperature} = state.value;
  const character = characters[selected];
  if (!character?.before) return null;
  const values = atTemperature(Array.from(character.before), temperature);
  const name = (index) => `${signOf(model.charSet[index])} ${(100 * values[index]).toFixed(1)}%`;
  return (
    <p id="selected">
      <b>{signOf(model.charSet[character.index])}</b>: surprise {character.bits.toFixed(2)} bits. The likeliest characters here:{' '}
      {likeliest(values, LISTED).map(name).join(', ')}
    </p>
  );
}

/** The colour scale and the mean surprise. */
export function Legend() {
  const {characters, seedLength, unit, model} = state.value;
  const known = characters.filter(({bits}) => bits !== null);
  const mean = known.reduce((sum, {bits}) => sum + bits, 0) / known.length;
  return (
    <div class="legend">
      {unit === null ? (
        <>
          <span>Surprise, −log<sub>2</sub> of the probability: 0</span>
          <span class="scale surprise" aria-hidden="true" />
          <span>{MAX_BITS} bits or more</span>
        </>
      ) : (
        <>
          <span>{unitName(model, unit)}: −1</span>
          <span class="scale unit" aria-hidden="true" />
          <span>1</span>
        </>
      )}
      <span>Mean: <output id="mean-bits" aria-live="off">{known.length ? mean.toFixed(2) : '–'}</output> bits per character</span>
      {seedLength > 0 && <span><span class="seed">Underlined</span>: the seed text</span>}
    </div>
  );
}

/** Return the name of a unit; `unit` counts through all layers. */
export function unitName(model, unit) {
  let rest = unit;
  const layer = model.sizes.findIndex((size) => {
    rest -= size;
    return rest < 0;
  });
  return `Layer ${layer + 1}, unit ${rest + model.sizes[layer] + 1}`;
}

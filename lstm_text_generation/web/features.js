// Which LSTM units follow something that a reader can name? (Karpathy, Johnson and Li, "Visualizing and
// Understanding Recurrent Networks", 2015, looked for such units by eye.)

const LEAST = 0.4; // a unit with a weaker correlation is not offered
const SHORTEST = 200; // characters of a text in which units are looked for

/** Whether each character is inside a pair of marks. A blank line ends all pairs. */
function inside(characters, pairs) {
  const closing = new Map(pairs);
  let open = [];
  return characters.map((character, i) => {
    if (character === '\n' && characters[i - 1] === '\n') open = [];
    if (open.length && character === open.at(-1)) {
      open.pop();
      return 1; // the closing mark is inside
    }
    if (closing.has(character)) open.push(closing.get(character));
    return Number(open.length > 0);
  });
}

/** For each character its place in its line, from 0. */
function placesInLine(characters) {
  let place = -1;
  return characters.map((character) => (place = character === '\n' ? -1 : place + 1));
}

/** Whether each character is in the first line after a blank one. */
function afterBlankLine(characters) {
  const lines = characters.join('').split('\n');
  return lines.flatMap((line, i) => {
    const value = Number(i > 0 && !lines[i - 1].trim() && line.trim() !== '');
    return Array.from(`${line}\n`, () => value);
  }).slice(0, characters.length);
}

/** The features: a name for the reader, and a number for each character of a text. */
const FEATURES = {
  'inside quotes': (characters) => inside(characters, [['"', '"'], ['“', '”'], ['`', '`']]),
  'inside brackets': (characters) => inside(characters, [['(', ')'], ['[', ']'], ['{', '}']]),
  'position in the line': placesInLine,
  'upper case': (characters) => characters.map((c) => Number(c !== c.toLowerCase())),
  'after a blank line': afterBlankLine,
  digits: (characters) => characters.map((c) => Number(/\p{Nd}/u.test(c))),
};

/** Return Pearson's correlation of two lists; 0 if one of them is constant. */
function correlation(xs, ys) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(xs), mean(ys)];
  let [xy, xx, yy] = [0, 0, 0];
  xs.forEach((x, i) => {
    xy += (x - meanX) * (ys[i] - meanY);
    xx += (x - meanX) ** 2;
    yy += (ys[i] - meanY) ** 2;
  });
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : 0;
}

/**
 * Return the unit that follows each feature best: [{feature, unit, r}]. The first half of the text
 * chooses the unit; the correlation `r` is that of the second half.
 *
 * @param text its characters.
 * @param cells for each character tanh of the cell state of every unit.
 */
export function findUnits(text, cells) {
  if (text.length < SHORTEST) return [];
  const half = Math.floor(text.length / 2);
  const units = Array.from({length: cells[0].length}, (_, unit) => cells.map((values) => values[unit]));
  return Object.entries(FEATURES).flatMap(([feature, valuesOf]) => {
    const values = valuesOf(text);
    const found = values.slice(0, half);
    const strengths = units.map((unit) => Math.abs(correlation(unit.slice(0, half), found)));
    const unit = strengths.indexOf(Math.max(...strengths));
    const r = correlation(units[unit].slice(half), values.slice(half));
    return Math.abs(r) >= LEAST ? [{feature, unit, r}] : [];
  });
}

// Finds LSTM units that follow a named feature of the text. Karpathy, Johnson and Li, "Visualizing and
// Understanding Recurrent Networks", 2015, looked for such units by eye.

const MIN_CORRELATION = 0.4; // the lowest correlation that the page shows
const MIN_LENGTH = 200; // characters that the search needs

/** Return 1 for each character inside a pair of marks, else 0. A blank line ends all pairs. */
function insidePairs(characters, pairs) {
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

/** Return each character's position in its line, from 0; -1 for a newline. */
function positionsInLine(characters) {
  let place = -1;
  return characters.map((character) => (place = character === '\n' ? -1 : place + 1));
}

/** Return 1 for each character in the first line after a blank line, else 0. */
function afterBlankLine(characters) {
  const lines = characters.join('').split('\n');
  return lines.flatMap((line, i) => {
    const value = Number(i > 0 && !lines[i - 1].trim() && line.trim() !== '');
    return Array.from(`${line}\n`, () => value);
  }).slice(0, characters.length);
}

/** The features: a label, and a function from characters to a number for each. */
const FEATURES = {
  'inside quotes': (characters) => insidePairs(characters, [['"', '"'], ['“', '”'], ['`', '`']]),
  'inside brackets': (characters) => insidePairs(characters, [['(', ')'], ['[', ']'], ['{', '}']]),
  'position in the line': positionsInLine,
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
 * chooses the unit. The correlation `r` is measured on the second half.
 *
 * @param text the characters of the text.
 * @param cells tanh of the cell state of every unit, for each character.
 */
export function findUnits(text, cells) {
  if (text.length < MIN_LENGTH) return [];
  const half = Math.floor(text.length / 2);
  const units = Array.from({length: cells[0].length}, (_, unit) => cells.map((values) => values[unit]));
  return Object.entries(FEATURES).flatMap(([feature, valuesOf]) => {
    const values = valuesOf(text);
    const found = values.slice(0, half);
    const correlations = units.map((unit) => Math.abs(correlation(unit.slice(0, half), found)));
    const unit = correlations.indexOf(Math.max(...correlations));
    const r = correlation(units[unit].slice(half), values.slice(half));
    return Math.abs(r) >= MIN_CORRELATION ? [{feature, unit, r}] : [];
  });
}

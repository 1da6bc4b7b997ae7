// Parses the numbers that the user types.

/**
 * Return the number in a text.
 *
 * @param text what the user typed.
 * @param spec {name, min, max, integer, exclusive}: the field's name for messages, the limits, whether
 *   the number must be whole, and whether `min` itself is excluded.
 * @throws Error that says what to type.
 */
export function parseNumber(text, {name, min = -Infinity, max = Infinity, integer = false, exclusive = false}) {
  const typed = String(text).trim();
  const wanted = `${name} must be ${integer ? 'a whole number' : 'a number'}${limits(min, max, exclusive)}`;
  if (!typed) throw new Error(`${wanted}. The field is empty.`);
  if (/^[+-]?\d+,\d+$/.test(typed)) throw new Error(`${wanted}. Write ${typed.replace(',', '.')}, with a point.`);
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(typed) ? Number(typed) : NaN;
  const inside = (exclusive ? value > min : value >= min) && value <= max;
  if (!inside || (integer && !Number.isInteger(value))) throw new Error(`${wanted}, but is ${typed}.`);
  return value;
}

function limits(min, max, exclusive) {
  if (min === -Infinity) return '';
  if (max !== Infinity) return exclusive ? ` above ${min} and at most ${max}` : ` from ${min} to ${max}`;
  return exclusive ? ` above ${min}` : ` of at least ${min}`;
}

/** Return the error message for a field's text, or null. */
export function numberError(text, spec) {
  try {
    parseNumber(text, spec);
    return null;
  } catch (error) {
    return error.message;
  }
}

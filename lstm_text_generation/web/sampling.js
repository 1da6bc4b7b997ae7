// Samples characters from probabilities. worker.js samples with it, and the page shows the probabilities.

/**
 * Return probabilities at a temperature: p ** (1 / temperature), divided by their sum. At 0 the likeliest
 * character has probability 1.
 */
export function atTemperature(probabilities, temperature) {
  const largest = probabilities.reduce((most, p) => Math.max(most, p), 0);
  if (temperature === 0) {
    const likeliest = probabilities.indexOf(largest);
    return probabilities.map((_, index) => Number(index === likeliest));
  }
  const weights = probabilities.map((p) => Math.exp((Math.log(p) - Math.log(largest)) / temperature));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Sample an index from probabilities. */
export function sample(probabilities) {
  let left = Math.random();
  const index = probabilities.findIndex((p) => (left -= p) < 0);
  return index < 0 ? probabilities.indexOf(Math.max(...probabilities)) : index;
}

/** Return the surprise of a probability, in bits. */
export const bits = (probability) => -Math.log2(Math.max(probability, 1e-10)); // avoid infinity

/** Return the indices of the largest probabilities, in descending order. */
export function likeliest(probabilities, count) {
  const order = Array.from(probabilities, (_, index) => index);
  return order.sort((a, b) => probabilities[b] - probabilities[a]).slice(0, count);
}

// Drawing characters from probabilities. The page shows with it what worker.js draws from.

/**
 * Return probabilities at a temperature: each to the power of 1 / temperature, of sum 1. At 0 the
 * likeliest has all.
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

/** Draw an index from probabilities. */
export function sample(probabilities) {
  let left = Math.random();
  const index = probabilities.findIndex((p) => (left -= p) < 0);
  return index < 0 ? probabilities.indexOf(Math.max(...probabilities)) : index;
}

/** Return how unexpected something of a probability is: its surprise in bits. */
export const bits = (probability) => -Math.log2(Math.max(probability, 1e-10)); // 0 would be infinite

/** Return the indices of the likeliest, the likeliest first. */
export function likeliest(probabilities, count) {
  const order = Array.from(probabilities, (_, index) => index);
  return order.sort((a, b) => probabilities[b] - probabilities[a]).slice(0, count);
}

// Drawing characters from probabilities; the page shows with it what worker.js draws from.

/** Return probabilities at a temperature: each to the power of 1 / temperature, of sum 1. */
export function atTemperature(probabilities, temperature) {
  const logits = probabilities.map((p) => Math.log(p) / temperature);
  const largest = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - largest));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Draw an index from probabilities; throws an Error for people if they are none. */
export function sample(probabilities) {
  if (!probabilities.every(Number.isFinite)) throw new Error('The model gives no probabilities.');
  let left = Math.random();
  const index = probabilities.findIndex((p) => (left -= p) < 0);
  return index < 0 ? probabilities.indexOf(Math.max(...probabilities)) : index;
}

// The page's fields, read and checked; what is wrong is said with the original's words.

const $ = (id) => document.getElementById(id);

/** Return the sizes of the LSTM layers. */
export function readSizes() {
  const sizes = $('lstm-layer-sizes').value.trim().split(',').map((size) => parseFloat(size));
  sizes.forEach((size, i) => {
    if (!(size > 0 && Number.isInteger(size))) {
      throw new Error(`ERROR: lstmLayerSizes must be a positive integer, but got ${size} for layer ${i + 1} of ${sizes.length}.`);
    }
  });
  return sizes;
}

/** Return the options of a training. */
export function readTraining() {
  const read = (id, what, valid) => {
    const value = $(id).value.trim() ? Number($(id).value) : NaN;
    if (!valid(value)) throw new Error(`ERROR: Invalid ${what}: ${value}`);
    return value;
  };
  const positive = (value) => value > 0 && value < Infinity;
  const count = (value) => Number.isSafeInteger(value) && value > 0;
  const fraction = (value) => value >= 0 && value < 1;
  return {
    epochs: read('epochs', 'number of epochs', count),
    examplesPerEpoch: read('examples-per-epoch', 'examples per epoch', count),
    batchSize: read('batch-size', 'batch size', count),
    validationSplit: read('validation-split', 'validation split', fraction),
    learningRate: read('learning-rate', 'learning rate', positive),
  };
}

export function readLength() {
  const length = parseInt($('length').value, 10);
  if (length > 0) return length;
  throw new Error(`ERROR: Invalid generation length: ${length}. Generation length must be a positive number.`);
}

export function readTemperature() {
  const temperature = parseFloat($('temperature').value);
  if (temperature > 0 && temperature < Infinity) return temperature;
  throw new Error(`ERROR: Invalid temperature: ${temperature}. Temperature must be a positive number.`);
}

/**
 * Return the seed text as indices; an empty one is first drawn from the text.
 *
 * @param model {charSet, sampleLen}.
 * @param textData the text, if one is loaded.
 */
export function readSeed(model, textData) {
  const field = $('seed-text');
  if (!field.value && textData) field.value = textData.getRandomSlice(model.sampleLen);
  const characters = Array.from(field.value);
  const needed = $('way').value === 'step' ? 1 : model.sampleLen;
  if (characters.length < needed) {
    throw new Error(`ERROR: Seed text must have a length of at least ${needed}, but has a length of ${characters.length}.`);
  }
  const seed = characters.map((character) => model.charSet.indexOf(character));
  const unknown = [...new Set(characters.filter((_, i) => seed[i] < 0))];
  if (unknown.length) {
    const list = unknown.map((character) => JSON.stringify(character)).join(' ');
    throw new Error(`ERROR: The model does not know these characters of the seed text: ${list}`);
  }
  return seed;
}

// Three experiments, each with one click.
import {pick, testImage} from './images.js';
import {encoderReady} from './loading.js';
import {decode, showFar, walk} from './map_actions.js';
import {attempt, mapLimits, say, state, update, zAt} from './state.js';

const FAR = 10;

/** Return a function that waits for the encoder, then works. */
const withEncoder = (work) => () => attempt(async () => {
  if (state.value.encoder) say('The experiment starts when the encoder is loaded.');
  await encoderReady();
  if (state.value.encoder) throw new Error(state.value.encoder);
  await work();
});

/** Return two distant classes: trousers and boots, or the first and the last class. */
function twoClasses({classNames}) {
  const find = (name, other) => (classNames.includes(name) ? classNames.indexOf(name) : other);
  return [find('Trouser', 0), find('Ankle boot', classNames.length - 1)];
}

/** Return the mean z_mean of a class's test images. */
function middleOf(label) {
  const {testImages, model} = state.value;
  const members = testImages.labels.map((_, i) => i).filter((i) => testImages.labels[i] === label);
  return Array.from({length: model.latentDim}, (_, d) =>
    members.reduce((sum, i) => sum + testImages.means[i * model.latentDim + d], 0) / members.length,
  );
}

function walkBetween(labels) {
  const {classNames} = state.value.model;
  const [from, to] = labels.map((label) => classNames[label]);
  return {
    title: `${from} to ${to}`,
    look:
      `The large image moves from the centre of the class ${from} to the centre of ${to}. Where does it look like ` +
      'neither class? The decoder draws such an image, although no training image looked like it.',
    run: withEncoder(() => walk(...labels.map(middleOf))),
  };
}

const walkAcross = {
  title: 'From left to right',
  look: 'The large image moves across the map. Where does one thing become another?',
  run: () => {
    const [{start, end}] = mapLimits(state.value.map);
    walk(zAt(state.value, [start, 0]), zAt(state.value, [end, 0]));
  },
};

const farAway = {
  title: 'Far away',
  look:
    'The dashed circles contain 39% and 86% of a standard normal distribution, N(0, 1). The decoder was not trained ' +
    'on points far outside the circles. Are its images there nonsense? Press “Reset the map” to return.',
  run: () => showFar(FAR),
};

/** Return the test image with the largest ellipse, or a decoded image if there are no test images. */
async function mostUncertain() {
  const {testImages, model} = state.value;
  if (!testImages.labels.length) {
    const {images} = await decode([new Array(model.latentDim).fill(1)]);
    return [images, {name: 'decoded'}];
  }
  const logVarsOf = (i) => testImages.logVars.subarray(i * model.latentDim, (i + 1) * model.latentDim);
  const size = (i) => logVarsOf(i).reduce((sum, value) => sum + value, 0); // grows with the ellipse's area
  const index = testImages.labels.reduce((best, _, i) => (size(i) > size(best) ? i : best), 0);
  return [testImage(index), {index}];
}

const uncertain = {
  title: 'An unsure encoder',
  look:
    'The ellipse on the map is large if the encoder is not sure where the image belongs. Do the six samples below ' +
    'still show the same thing? Compare them with the samples of another image.',
  run: withEncoder(async () => {
    update({tab: 'image'});
    await pick(...(await mostUncertain()));
  }),
};

// The state without the marks of an earlier experiment.
const CLEARED = {path: [], walked: 0, picked: null};

/** Return the experiments for the loaded run. */
export function experimentsOf(model) {
  const first = model.hasTestImages && model.classNames.length > 1 ? walkBetween(twoClasses(model)) : walkAcross;
  return [first, uncertain, farAway].map((experiment) => ({
    ...experiment,
    run: () => {
      update(CLEARED);
      return experiment.run();
    },
  }));
}

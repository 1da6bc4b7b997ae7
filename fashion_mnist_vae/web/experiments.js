// Three things to try, one click each.
import {pick, testImage} from './images.js';
import {encoderReady} from './loading.js';
import {decode, showFar, walk} from './map_actions.js';
import {attempt, mapLimits, say, state, update, zAt} from './state.js';

const FAR = 10;

/** Do something for which the encoder is needed, when it is there. */
const withEncoder = (work) => () => attempt(async () => {
  if (state.value.encoder) say('This begins when the encoder is loaded.');
  await encoderReady();
  if (state.value.encoder) throw new Error(state.value.encoder);
  await work();
});

/** Return two classes that lie apart: trousers and boots, or the first and the last. */
function twoClasses({classNames}) {
  const find = (name, other) => (classNames.includes(name) ? classNames.indexOf(name) : other);
  return [find('Trouser', 0), find('Ankle boot', classNames.length - 1)];
}

/** Return the mean z_mean of a class's test images. */
function middleOf(label) {
  const {tests, model} = state.value;
  const members = tests.labels.map((_, i) => i).filter((i) => tests.labels[i] === label);
  return Array.from({length: model.latentDim}, (_, d) =>
    members.reduce((sum, i) => sum + tests.means[i * model.latentDim + d], 0) / members.length,
  );
}

function walkBetween(labels) {
  const {classNames} = state.value.model;
  const [from, to] = labels.map((label) => classNames[label]);
  return {
    title: `${from} to ${to}`,
    look:
      `Watch the large image on its way from the middle of the class ${from} to that of ${to}. Where is it neither? ` +
      'No training image looked like that, and yet the decoder draws one.',
    run: withEncoder(() => walk(...labels.map(middleOf))),
  };
}

const walkAcross = {
  title: 'From left to right',
  look: 'Watch the large image on its way across the map. Where does one thing become another?',
  run: () => {
    const [{start, end}] = mapLimits(state.value.map);
    walk(zAt(state.value, [start, 0]), zAt(state.value, [end, 0]));
  },
};

const farAway = {
  title: 'Far away',
  look:
    'The dashed circles hold 39% and 86% of all z of N(0, 1). Far outside, the decoder was never trained. Do the ' +
    'images become nonsense, or do they stay what they were? Reset the map to come back.',
  run: () => showFar(FAR),
};

/** Return the test image with the largest ellipse; without test images, what the decoder draws at 1. */
async function mostUncertain() {
  const {tests, model} = state.value;
  if (!tests.labels.length) {
    const {images} = await decode([new Array(model.latentDim).fill(1)]);
    return [images, {name: 'decoded'}];
  }
  const logVarsOf = (i) => tests.logVars.subarray(i * model.latentDim, (i + 1) * model.latentDim);
  const size = (i) => logVarsOf(i).reduce((sum, value) => sum + value, 0); // of the logarithm of its area
  const index = tests.labels.reduce((best, _, i) => (size(i) > size(best) ? i : best), 0);
  return [testImage(index), {index}];
}

const uncertain = {
  title: 'An unsure encoder',
  look:
    'This test image has the largest ellipse: the encoder hardly knows where it belongs. Look at the six draws ' +
    'below. Are they still the same thing? Compare them with those of an image that you pick.',
  run: withEncoder(async () => {
    update({tab: 'image'});
    await pick(...(await mostUncertain()));
  }),
};

/** Forget what an experiment before has left on the map. */
const FORGOTTEN = {path: [], walked: 0, picked: null};

/** Return the experiments for the loaded run. */
export function experimentsOf(model) {
  const first = model.tested && model.classNames.length > 1 ? walkBetween(twoClasses(model)) : walkAcross;
  return [first, uncertain, farAway].map((experiment) => ({
    ...experiment,
    run: () => {
      update(FORGOTTEN);
      return experiment.run();
    },
  }));
}

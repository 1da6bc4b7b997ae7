// The page of the autoencoder (the original's client.js): controls, and what they do.
import {useBackend} from '../../web/backends.js';
import {BACKENDS, fill, guarded, listRuns, say} from '../../web/site.js';
import {classColour, drawImage, LatentMap} from './latent_map.js';
import {Vae} from './models.js';

const $ = (id) => document.getElementById(id);
const map = new LatentMap($('tiles'), $('overlay'));
const SHOWN = 20; // test images at a time
const WALK_SECONDS = 2;
let vae = null;
let firstShown = 0;
let path = [];
let cursor = [0, 0];
let loads = 0;
let backend = BACKENDS[0];
let playing = null; // the walk that is shown
let drawing = false;
let drawAgain = false;

/** Return the grid that the fields ask for; throws an Error for people. */
function readGrid() {
  const number = (id) => {
    const value = $(id).valueAsNumber;
    if (Number.isNaN(value)) throw new Error(`${$(id).labels[0].textContent}: type a number.`);
    return value;
  };
  const points = number('points');
  if (!Number.isInteger(points) || points < 1 || points > 100) {
    throw new Error(`Points per dimension must be a whole number from 1 to 100, but is ${points}.`);
  }
  const side = (name) => {
    const limits = {start: number(`start-${name}`), end: number(`end-${name}`)};
    if (!(limits.start < limits.end)) {
      throw new Error(`Start must be below end, but is ${limits.start} and ${limits.end}.`);
    }
    return limits;
  };
  return {points, x: side('x'), y: side('y')};
}

/** Draw the map; while one is drawn, the next waits, and of several that wait the last counts. */
async function update() {
  if (!vae) return;
  if (drawing) {
    drawAgain = true;
    return;
  }
  drawing = true;
  await guarded(async () => {
    const grid = readGrid();
    const start = performance.now();
    await map.draw(vae, grid);
    const milliseconds = performance.now() - start;
    say(`Decoded and drew ${grid.points ** 2} images in ${milliseconds.toFixed(0)} ms.`);
  });
  drawing = false;
  if (drawAgain) {
    drawAgain = false;
    await update();
  }
}

/** Load the chosen run; if another is chosen meanwhile, this one is forgotten. */
async function loadRun() {
  const load = ++loads;
  await guarded(async () => {
    say(`Loading ${$('run').value}.`);
    await useBackend($('backend').value).catch((error) => {
      $('backend').value = backend;
      throw error;
    });
    backend = $('backend').value;
    const loaded = await Vae.load($('run').value).catch((error) => {
      if (load === loads) throw error;
    });
    if (load !== loads) return loaded?.dispose();
    vae?.dispose();
    vae = loaded;
    ['x', 'y'].forEach((name, i) => ($(`dimension-${name}`).textContent = vae.dimensions[i]));
    forgetMarks();
    const tested = vae.labels.length > 0;
    $('clusters').disabled = $('others').disabled = !tested;
    $('clusters').checked &&= tested;
    $('untested').hidden = tested;
    firstShown = 0;
    showThumbnails();
    await update();
    await showAt(map.clamp([0, 0]));
    await showLayers();
    if ($('clusters').checked) await showClusters();
  });
}

function forgetMarks() {
  path = [];
  $('result').hidden = true;
  $('walk').disabled = $('play').disabled = true;
  map.mark({clusters: [], path, cursor: null, image: null});
}

/** Show z and the image at a place of the map. */
async function showAt(at) {
  cursor = at;
  map.mark({cursor: at});
  $('z').textContent = `(${at.map((value) => value.toFixed(3)).join(', ')})`;
  drawImage($('large'), await vae.decode([vae.z(...at)]), vae.width, vae.height);
}

/** Show where the test images lie, coloured by class. */
async function showClusters() {
  const names = vae.classNames;
  const shown = $('clusters').checked;
  const current = vae;
  const means = shown ? await vae.encode(vae.testImages()) : [];
  if (vae !== current || $('clusters').checked !== shown) return; // changed meanwhile
  const [across, upwards] = vae.dimensions;
  const clusters = means.map((z, i) => ({
    at: [z[across], z[upwards]],
    colour: classColour(vae.labels[i], names.length),
  }));
  $('legend').hidden = !shown;
  $('legend').replaceChildren(...names.map((name, i) => {
    const [entry, spot] = [document.createElement('span'), document.createElement('span')];
    spot.textContent = '● ';
    spot.style.color = classColour(i, names.length);
    entry.append(spot, `${name} `);
    return entry;
  }));
  map.mark({clusters});
}

function addToPath(at) {
  path = path.length === 2 ? [at] : [...path, at];
  map.mark({path});
  $('walk').disabled = $('play').disabled = path.length < 2;
  if (path.length === 2) play();
}

function showWalk() {
  const t = $('walk').valueAsNumber;
  const [from, to] = path;
  return showAt(from.map((value, i) => value + t * (to[i] - value)));
}

/** Walk from the first point of the path to the second, unless another walk begins meanwhile. */
function play() {
  const walk = (playing = {path, start: performance.now()});
  const step = async () => {
    if (playing !== walk || path !== walk.path) return;
    const t = Math.min(1, (performance.now() - walk.start) / (1000 * WALK_SECONDS));
    $('walk').value = t;
    await showWalk();
    if (t < 1) requestAnimationFrame(() => guarded(step));
    else playing = null;
  };
  guarded(step);
}

function showThumbnails() {
  const buttons = [];
  for (let i = firstShown; i < Math.min(firstShown + SHOWN, vae.labels.length); i++) {
    const button = document.createElement('button');
    const canvas = document.createElement('canvas');
    button.type = 'button';
    button.setAttribute('aria-label', `Test image ${i}: ${vae.classNames[vae.labels[i]]}`);
    drawImage(canvas, vae.testImages(i), vae.width, vae.height);
    button.append(canvas);
    button.addEventListener('click', () => guarded(() => encodeAndShow(vae.testImages(i))));
    buttons.push(button);
  }
  $('thumbnails').replaceChildren(...buttons);
}

/** Show an image, its place on the map and what the decoder draws from there. */
async function encodeAndShow(image) {
  const [z] = await vae.encode(image);
  $('result').hidden = false;
  drawImage($('original'), image, vae.width, vae.height);
  drawImage($('reconstruction'), await vae.decode([z]), vae.width, vae.height);
  $('z-mean').textContent = `(${z.map((value) => value.toFixed(3)).join(', ')})`;
  map.mark({image: vae.dimensions.map((dimension) => z[dimension])});
}

/** Turn a picture of any size into an image of the model's: small, gray, bright on black. */
async function readPicture(file) {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`${file.name} is not a picture that this browser can read.`);
  });
  const canvas = new OffscreenCanvas(vae.width, vae.height);
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff'; // behind what is transparent
  context.fillRect(0, 0, vae.width, vae.height);
  context.drawImage(bitmap, 0, 0, vae.width, vae.height);
  bitmap.close();
  const {data} = context.getImageData(0, 0, vae.width, vae.height);
  const gray = Float32Array.from({length: data.length / 4}, (_, i) =>
    (data[4 * i] + data[4 * i + 1] + data[4 * i + 2]) / 765,
  );
  const bright = gray.reduce((sum, value) => sum + value, 0) > gray.length / 2;
  return bright ? gray.map((value) => 1 - value) : gray;
}

const usePicture = (file) =>
  file && vae && guarded(async () => encodeAndShow(await readPicture(file)));

function placeOf(event) {
  const box = $('overlay').getBoundingClientRect();
  return map.toZ((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
}

const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]};

function onKey(event) {
  if (!vae || !map.limits) return;
  const move = ARROWS[event.key];
  if (move) {
    const moved = cursor.map((value, i) => value + 2 * map.halves[i] * move[i]);
    guarded(() => showAt(map.clamp(moved)));
  }
  if (event.key === 'Enter') addToPath(cursor);
  if (move || event.key === 'Enter') event.preventDefault();
}

/** Show the decoder's layers, as the original does in its debugging view. */
async function showLayers() {
  if (!$('layers').open || !vae) return;
  const {show} = await import('@tensorflow/tfjs-vis');
  await show.modelSummary($('summary'), vae.decoder);
  await show.layer($('dense2'), vae.decoder.getLayer('dense_Dense2'));
  await show.layer($('dense3'), vae.decoder.getLayer('dense_Dense3'));
}

/** Let the number fields and the sliders beside them show the same limits. */
function tieLimits() {
  for (const id of ['start-x', 'end-x', 'start-y', 'end-y']) {
    const [field, slider] = [$(id), $(`drag-${id}`)];
    slider.value = field.value;
    slider.addEventListener('input', () => {
      field.value = slider.value;
      update();
    });
    field.addEventListener('input', () => (slider.value = field.value));
  }
}

function listen() {
  tieLimits();
  $('run').addEventListener('change', loadRun);
  $('backend').addEventListener('change', loadRun);
  $('grid').addEventListener('submit', (event) => {
    event.preventDefault();
    update();
  });
  $('clusters').addEventListener('change', () => vae && guarded(showClusters));
  $('overlay').addEventListener('pointermove', (event) => {
    if (vae && map.limits && !playing) guarded(() => showAt(placeOf(event)));
  });
  $('overlay').addEventListener('click', (event) => vae && map.limits && addToPath(placeOf(event)));
  $('overlay').addEventListener('keydown', onKey);
  $('walk').addEventListener('input', () => {
    playing = null;
    guarded(showWalk);
  });
  $('play').addEventListener('click', play);
  $('others').addEventListener('click', () => {
    if (!vae) return;
    firstShown = firstShown + SHOWN < vae.labels.length ? firstShown + SHOWN : 0;
    showThumbnails();
  });
  $('layers').addEventListener('toggle', () => guarded(showLayers));
  $('file').addEventListener('change', () => usePicture($('file').files[0]));
  const drop = $('drop');
  drop.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  drop.addEventListener('dragleave', () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    usePicture(event.dataTransfer.files[0]);
  });
}

listen();
fill($('backend'), BACKENDS);
await guarded(async () => {
  const runs = await listRuns('fashion_mnist_vae');
  if (!runs.length) {
    throw new Error('There is no trained model yet: run python -m fashion_mnist_vae.train, then reload.');
  }
  fill($('run'), runs);
  await loadRun();
});

// The map of the latent space: a canvas of tiles, and one above it for what lies on them.

/** Put gray values from 0 to 1 into a canvas of that size. */
export function drawImage(canvas, values, width, height) {
  canvas.width = width;
  canvas.height = height;
  const pixels = new ImageData(width, height);
  values.forEach((value, i) => pixels.data.fill(255 * value, 4 * i, 4 * i + 3));
  for (let i = 3; i < pixels.data.length; i += 4) pixels.data[i] = 255;
  canvas.getContext('2d').putImageData(pixels, 0, 0);
}

/** A colour for each class, apart from each other in hue. */
export function classColour(index, count) {
  return `hsl(${(360 * index) / count} 90% ${index % 2 ? 70 : 55}%)`;
}

/** Points from start to end; the middle if it is only one. */
export function linspace({start, end}, points) {
  if (points === 1) return [(start + end) / 2];
  return Array.from({length: points}, (_, i) => start + ((end - start) * i) / (points - 1));
}

export class LatentMap {
  constructor(tiles, overlay) {
    this.tiles = tiles;
    this.overlay = overlay;
    this.overlayMarks = {clusters: [], path: [], cursor: null, image: null};
  }

  /**
   * Decode a grid and show it.
   *
   * @param vae the model.
   * @param grid {points, x: {start, end}, y: {start, end}}, with y upwards.
   */
  async draw(vae, grid) {
    const xs = linspace(grid.x, grid.points);
    const ys = linspace(grid.y, grid.points).reverse();
    const values = await vae.decode(ys.flatMap((y) => xs.map((x) => vae.z(x, y))));
    const {width, height} = vae;
    const across = width * grid.points;
    const montage = new Float32Array(values.length);
    for (let row = 0; row < grid.points * height; row++) {
      for (let column = 0; column < grid.points; column++) {
        const tile = Math.floor(row / height) * grid.points + column;
        const start = (tile * height + (row % height)) * width;
        montage.set(values.subarray(start, start + width), row * across + column * width);
      }
    }
    drawImage(this.tiles, montage, across, height * grid.points);
    // A tile's middle is its z, so the map reaches half a tile beyond the first and last.
    const half = ({start, end}) => (end - start) / Math.max(grid.points - 1, 1) / 2;
    this.halves = [half(grid.x), half(grid.y)];
    this.limits = [grid.x, grid.y].map(({start, end}, i) =>
      grid.points === 1 ? {start, end} : {start: start - this.halves[i], end: end + this.halves[i]},
    );
    this.drawOverlay();
  }

  /** Return [x, y] of the latent space for a place in the canvas, given from 0 to 1. */
  toZ(across, down) {
    const [x, y] = this.limits;
    return [x.start + across * (x.end - x.start), y.end - down * (y.end - y.start)];
  }

  /** Return the nearest place on the map. */
  clamp(at) {
    return at.map((value, i) => Math.min(Math.max(value, this.limits[i].start), this.limits[i].end));
  }

  /** Show marks; those that are not given stay. */
  mark(marks) {
    Object.assign(this.overlayMarks, marks);
    this.drawOverlay();
  }

  drawOverlay() {
    if (!this.limits) return;
    const size = 1000;
    this.overlay.width = size;
    this.overlay.height = (size * this.tiles.height) / this.tiles.width;
    const context = this.overlay.getContext('2d');
    const place = ([x, y]) => {
      const [across, upwards] = this.limits;
      return [
        ((x - across.start) / (across.end - across.start)) * this.overlay.width,
        ((upwards.end - y) / (upwards.end - upwards.start)) * this.overlay.height,
      ];
    };
    const {clusters, path, cursor, image} = this.overlayMarks;
    for (const {at, colour} of clusters) dot(context, place(at), 4, colour);
    if (path.length === 2) {
      context.beginPath();
      path.forEach((at) => context.lineTo(...place(at)));
      Object.assign(context, {strokeStyle: '#ffd400', lineWidth: 4});
      context.stroke();
    }
    for (const at of path) dot(context, place(at), 9, '#ffd400');
    if (image) dot(context, place(image), 11, '#ff3b6b');
    if (cursor) {
      const [x, y] = place(cursor);
      Object.assign(context, {strokeStyle: '#4db2ff', lineWidth: 3});
      context.strokeRect(x - 14, y - 14, 28, 28);
    }
  }
}

function dot(context, [x, y], radius, colour) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  Object.assign(context, {fillStyle: colour, strokeStyle: '#000', lineWidth: 1});
  context.fill();
  context.stroke();
}

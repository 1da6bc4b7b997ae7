// The colour and the mark of each class on the map.

// Paul Tol's "muted" colours, which colour-blind people can tell apart too.
const COLOURS = [
  '#cc6677', '#332288', '#ddcc77', '#117733', '#88ccee', '#882255', '#44aa99', '#999933', '#aa4499', '#dddddd',
];
const MARKS = ['circle', 'square', 'triangle', 'diamond'];

/** Return {colour, shape} of a class. After ten classes, the colours repeat with another shape. */
export function markOf(index) {
  const shape = MARKS[Math.floor(index / COLOURS.length) % MARKS.length];
  return {colour: COLOURS[index % COLOURS.length], shape};
}

/** Draw a class's mark, with a white edge that is visible on a black map. */
export function drawMark(context, [x, y], radius, {colour, shape}) {
  context.beginPath();
  if (shape === 'circle') {
    context.arc(x, y, radius, 0, 2 * Math.PI);
  } else {
    const [corners, turn] = {square: [4, Math.PI / 4], triangle: [3, -Math.PI / 2], diamond: [4, 0]}[shape];
    for (let i = 0; i < corners; i++) {
      const angle = turn + (2 * Math.PI * i) / corners;
      context.lineTo(x + 1.3 * radius * Math.cos(angle), y + 1.3 * radius * Math.sin(angle));
    }
    context.closePath();
  }
  Object.assign(context, {fillStyle: colour, strokeStyle: '#fff', lineWidth: radius / 4});
  context.fill();
  context.stroke();
}

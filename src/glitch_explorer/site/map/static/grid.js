"use strict";
// The glitch nearest to a point, by a grid of cells over the map.
const Grid = (() => {
  const { x, y, n } = Data;
  const side = Math.max(1, Math.min(1024, Math.round(Math.sqrt(n / 2))));
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (let row = 0; row < n; row += 1) {
    box[0] = Math.min(box[0], x[row]); box[2] = Math.max(box[2], x[row]);
    box[1] = Math.min(box[1], y[row]); box[3] = Math.max(box[3], y[row]);
  }
  if (!n) box.splice(0, 4, 0, 0, 1, 1);
  const wide = (box[2] - box[0] || 1) / side;
  const high = (box[3] - box[1] || 1) / side;
  const column = (value) => Math.max(0, Math.min(side - 1, Math.floor((value - box[0]) / wide)));
  const line = (value) => Math.max(0, Math.min(side - 1, Math.floor((value - box[1]) / high)));

  // Rows sorted by cell; those of cell c are at start[c] to start[c + 1].
  const start = new Uint32Array(side * side + 1);
  const sorted = new Uint32Array(n);
  for (let row = 0; row < n; row += 1) start[line(y[row]) * side + column(x[row]) + 1] += 1;
  for (let cell = 0; cell < side * side; cell += 1) start[cell + 1] += start[cell];
  const next = start.slice();
  for (let row = 0; row < n; row += 1) {
    const cell = line(y[row]) * side + column(x[row]);
    sorted[next[cell]] = row;
    next[cell] += 1;
  }

  // The nearest shown row within `reach`, -1 where there is none.
  function nearest(px, py, reach) {
    let best = -1;
    let least = reach * reach;
    const [left, right, low, top] = [column(px - reach), column(px + reach), line(py - reach), line(py + reach)];
    for (let across = low; across <= top; across += 1) {
      for (let at = start[across * side + left]; at < start[across * side + right + 1]; at += 1) {
        const row = sorted[at];
        const distance = (x[row] - px) ** 2 + (y[row] - py) ** 2;
        if (distance <= least && !Filters.fail[row]) { least = distance; best = row; }
      }
    }
    return best;
  }

  return { box, nearest };
})();

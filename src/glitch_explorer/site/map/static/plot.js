"use strict";
// The map: visible part, drawing, pointer, wheel and keys.
const Plot = (() => {
  const plot = document.getElementById("plot");
  const points = document.getElementById("points");
  const marks = document.getElementById("marks");
  const NEAR = 14;
  const CLICK = 4;
  const CORNERS = 60;
  const MARGIN = 24;
  let extent;
  let scale = 1;
  let width = 1;
  let height = 1;
  let order = new Uint32Array(0);
  let quiet = 0;
  let waiting = false;
  let tool = "pan";
  let drag = null;
  let listeners = {};
  let ringed = { pinned: -1, pointed: -1 };

  // The whole map: middle and the width of the shorter side.
  function whole() {
    const [x0, y0, x1, y1] = Grid.box;
    const room = Math.max(0.5, Math.min(width, height) - 2 * MARGIN) / Math.min(width, height);
    const need = Math.max((x1 - x0) / width, (y1 - y0) / height) * Math.min(width, height);
    return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, span: (need || 1) / room };
  }

  const position = (row) => [(Data.x[row] - extent.x) * scale + width / 2, height / 2 - (Data.y[row] - extent.y) * scale];
  const coordinates = (px, py) => [(px - width / 2) / scale + extent.x, (height / 2 - py) / scale + extent.y];

  // Points are smaller the more there are, and the farther the map is zoomed out.
  function radius() {
    const base = 5.6 - 0.85 * Math.log10(Math.max(100, Data.n)) + 0.2;
    return Math.min(6, base * (whole().span / extent.span) ** 0.25);
  }

  function sort() {
    order = new Uint32Array(Data.n);
    quiet = 0;
    const ring = Colours.SHAPES.length - 1;
    let early = 0;
    for (let row = 0; row < Data.n; row += 1) {
      if (Filters.fail[row]) quiet += 1;
      else if (Colours.shapes[row] === ring) early += 1;
    }
    let [first, second, third] = [0, quiet, quiet + early];
    for (let row = 0; row < Data.n; row += 1) {
      if (Filters.fail[row]) { order[first] = row; first += 1; }
      else if (Colours.shapes[row] === ring) { order[second] = row; second += 1; }
      else { order[third] = row; third += 1; }
    }
  }

  const ratio = () => Math.min(2, window.devicePixelRatio || 1);

  function paint() {
    waiting = false;
    const density = ratio();
    scale = Math.min(width, height) / extent.span;
    Raster.paint({
      rows: order, quiet, radius: Math.max(1, radius() * density),
      ax: scale * density, bx: (width / 2 - extent.x * scale) * density,
      ay: -scale * density, by: (height / 2 + extent.y * scale) * density,
      page: Colours.pixel(Colours.css("--page")), dim: Colours.pixel(Colours.css("--line")),
    });
    mark();
  }

  function draw() {
    if (!waiting) { waiting = true; requestAnimationFrame(paint); }
  }

  function ring(pen, row, thick) {
    if (row < 0) return;
    const [px, py] = position(row);
    pen.lineWidth = thick;
    pen.beginPath();
    pen.arc(px, py, radius() + 4, 0, 2 * Math.PI);
    pen.stroke();
  }

  function outline(pen, corners) {
    pen.lineWidth = 1.5;
    pen.setLineDash([5, 4]);
    pen.beginPath();
    corners.forEach(([px, py]) => pen.lineTo(px, py));
    pen.closePath();
    pen.stroke();
    pen.setLineDash([]);
  }

  function mark() {
    const pen = marks.getContext("2d");
    pen.setTransform(ratio(), 0, 0, ratio(), 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.strokeStyle = Colours.css("--ink");
    ring(pen, ringed.pointed, 1.5);
    ring(pen, ringed.pinned, 3);
    const { area } = Filters.now;
    if (area) outline(pen, area.map(([x, y]) => [(x - extent.x) * scale + width / 2, height / 2 - (y - extent.y) * scale]));
    if (drag && drag.corners) outline(pen, drag.corners);
  }

  function resize() {
    const box = plot.getBoundingClientRect();
    const fitted = !extent || JSON.stringify(extent) === JSON.stringify(whole());
    width = Math.max(1, box.width);
    height = Math.max(1, box.height);
    const pixels = [width, height].map((length) => Math.round(length * ratio()));
    Raster.size(points, ...pixels);
    [marks.width, marks.height] = pixels;
    if (fitted) extent = whole();
    draw();
  }

  function look(part) { extent = { ...part }; draw(); }

  function zoom(factor, px = width / 2, py = height / 2) {
    const [x, y] = coordinates(px, py);
    const span = Math.max(whole().span / 5000, Math.min(whole().span * 4, extent.span / factor));
    const ratioOfSpans = span / extent.span;
    look({ x: x + (extent.x - x) * ratioOfSpans, y: y + (extent.y - y) * ratioOfSpans, span });
    listeners.moved();
  }

  const spot = (event) => {
    const box = plot.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const under = ([px, py]) => Grid.nearest(...coordinates(px, py), NEAR / scale);

  function point(row) {
    if (row === ringed.pointed) return;
    ringed.pointed = row;
    mark();
    listeners.pointed(row);
  }

  function corners(from, to) {
    if (tool === "box") return [from, [to[0], from[1]], to, [from[0], to[1]]];
    return [...drag.corners, to];
  }

  function move(event) {
    const at = spot(event);
    if (!drag) { point(under(at)); return; }
    if (Math.hypot(at[0] - drag.from[0], at[1] - drag.from[1]) > CLICK) drag.far = true;
    if (tool === "pan") {
      if (drag.far) look({ ...drag.extent, x: drag.extent.x - (at[0] - drag.from[0]) / scale, y: drag.extent.y + (at[1] - drag.from[1]) / scale });
    } else { drag.corners = corners(drag.from, at); mark(); }
  }

  function drop(event) {
    if (!drag) return;
    const done = drag;
    drag = null;
    if (!done.far) { listeners.pinned(under(spot(event))); return; }
    if (tool === "pan") { listeners.moved(); return; }
    const every = Math.ceil(done.corners.length / CORNERS);
    listeners.drawn(done.corners.filter((_, number) => number % every === 0)
      .map(([px, py]) => coordinates(px, py).map((value) => Number(value.toFixed(4)))));
  }

  function key(event) {
    const act = {
      ArrowRight: () => listeners.stepped(1), ArrowLeft: () => listeners.stepped(-1), Escape: () => listeners.pinned(-1),
      "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), 0: () => fit(),
    }[event.key];
    if (act && !event.ctrlKey && !event.metaKey) { event.preventDefault(); act(); }
  }

  function fit() { look(whole()); listeners.moved(); }

  function start(handlers) {
    listeners = handlers;
    plot.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      plot.setPointerCapture(event.pointerId);
      const from = spot(event);
      drag = { from, extent, far: false, corners: tool === "pan" ? null : [from] };
    });
    plot.addEventListener("pointermove", move);
    plot.addEventListener("pointerup", drop);
    plot.addEventListener("pointercancel", () => { drag = null; mark(); });
    plot.addEventListener("pointerleave", () => { if (!drag) point(-1); });
    plot.addEventListener("wheel", (event) => {
      event.preventDefault();
      zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.03 : 0.0015)), ...spot(event));
    }, { passive: false });
    plot.addEventListener("dblclick", fit);
    plot.addEventListener("keydown", key);
    new ResizeObserver(resize).observe(plot);
    resize();
  }

  // Centre a row that is outside the visible part.
  function reveal(row) {
    const [px, py] = position(row);
    if (px < 0 || py < 0 || px > width || py > height) look({ ...extent, x: Data.x[row], y: Data.y[row] });
  }

  return {
    start, draw, sort, position, fit, zoom, look, reveal,
    pin(row) { ringed.pinned = row; mark(); },
    get extent() { return extent; },
    set tool(name) { tool = name; plot.dataset.tool = name; },
    get isWhole() { return JSON.stringify(extent) === JSON.stringify(whole()); },
  };
})();

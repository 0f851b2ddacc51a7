"use strict";
// Rate of glitches, stacked by group; dragging filters by time.
const Timeline = (() => {
  const canvas = document.getElementById("timeline");
  const select = document.getElementById("bin");
  const note = document.getElementById("bintext");
  const BINS = { 600: "10 minutes", 3600: "hour", 21600: "6 hours", 86400: "day", 604800: "week", 2592000: "30 days" };
  const USUAL = 200;
  const LEFT = 46;
  const FOOT = 18;
  // Groups with their own colour in a bar; the others share a grey part.
  const KINDS = 12;
  // First and last time, and the whole bins that contain them.
  let times = null;
  let span = null;
  let bin = 86400;
  let drag = null;
  let changed;
  let bars = null;

  const group = () => (Colours.NUMBERS[Colours.by] ? "family" : Colours.by);
  const width = () => canvas.clientWidth;
  const height = () => canvas.clientHeight;
  const atTime = (time) => LEFT + (time - span[0]) / (span[1] - span[0]) * (width() - LEFT);
  const toTime = (px) => span[0] + Math.max(0, Math.min(1, (px - LEFT) / (width() - LEFT))) * (span[1] - span[0]);

  function measure() {
    let [low, high] = [Infinity, -Infinity];
    for (const time of Data.time) { if (time < low) low = time; if (time > high) high = time; }
    times = low <= high ? [low, high] : null;
  }

  // Hours of live time of the shown detectors in each bin; null where it is unknown.
  function live(first, count) {
    const only = Filters.now.only.detector;
    const names = Data.names.detector.filter((name, code) => !Data.isMissing("detector", code) && (!only || only.has(code)));
    if (!names.length || names.some((name) => !Data.live[name])) return null;
    const hours = new Float64Array(count);
    for (const [start, end] of names.flatMap((name) => Data.live[name])) {
      const last = Math.min(count - 1, Math.floor(end / bin) - first);
      for (let index = Math.max(0, Math.floor(start / bin) - first); index <= last; index += 1) {
        const from = (first + index) * bin;
        hours[index] += Math.max(0, Math.min(end, from + bin) - Math.max(start, from)) / 3600;
      }
    }
    return hours;
  }

  function count() {
    const first = span[0] / bin;
    const bins = (span[1] - span[0]) / bin;
    const codes = Data[group()];
    const kinds = Data.names[group()].length;
    const counts = new Uint32Array(bins * kinds);
    const totals = new Uint32Array(bins);
    const sizes = new Uint32Array(kinds);
    const others = 255 & ~Filters.BIT.time;
    for (let row = 0; row < Data.n; row += 1) {
      const time = Data.time[row];
      if (time !== time || Filters.fail[row] & others) continue;
      const index = Math.floor(time / bin) - first;
      counts[index * kinds + codes[row]] += 1;
      totals[index] += 1;
      sizes[codes[row]] += 1;
    }
    const there = [...sizes.keys()].filter((code) => sizes[code]).sort((a, b) => sizes[b] - sizes[a]);
    const largest = there.slice(0, KINDS);
    return { first, bins, kinds, counts, totals, largest, all: there.length === largest.length, hours: live(first, bins) };
  }

  // Glitches in a bin, per hour of live time where that is known.
  function rate(number, index) {
    if (!bars.hours) return number;
    return bars.hours[index] > 0 ? number / bars.hours[index] : 0;
  }

  const part = (index, code) => rate(bars.counts[index * bars.kinds + code], index);
  const total = (index) => rate(bars.totals[index], index);
  const unit = () => (bars.hours ? "glitches per hour of live time" : `glitches per ${BINS[bin]}`);
  const title = () => `${unit()}, by ${group()}${bars.all ? "" : `; grey: all but the largest ${KINDS}`}`;
  const short = (value) => Number(value.toPrecision(3)).toString();

  function stack(pen, index, colours, unitHeight) {
    const left = atTime((bars.first + index) * bin);
    const wide = Math.max(1, atTime((bars.first + index + 1) * bin) - left - 0.5);
    const foot = height() - FOOT;
    const high = total(index) * unitHeight;
    pen.fillStyle = Colours.css("--shade4");
    pen.fillRect(left, foot - high, wide, high);
    let below = 0;
    bars.largest.forEach((code, number) => {
      const size = part(index, code) * unitHeight;
      pen.fillStyle = colours[number];
      pen.fillRect(left, foot - below - size, wide, size);
      below += size;
    });
  }

  function axes(pen, most) {
    pen.fillStyle = Colours.css("--quiet");
    pen.font = "12px system-ui, sans-serif";
    pen.textAlign = "right";
    pen.fillText(short(most), LEFT - 5, 16);
    pen.fillText("0", LEFT - 5, height() - FOOT);
    pen.strokeStyle = Colours.css("--line");
    pen.strokeRect(LEFT, height() - FOOT + 0.5, width() - LEFT, 0);
    const ticks = Math.max(1, Math.floor((width() - LEFT) / 170));
    for (let number = 0; number <= ticks; number += 1) {
      const time = span[0] + number / ticks * (span[1] - span[0]);
      pen.textAlign = number === ticks ? "right" : number ? "center" : "left";
      pen.fillText(Times.utc(time, 0).slice(0, span[1] - span[0] < 3 * 86400 ? 16 : 10).replace("T", " "), atTime(time), height() - 4);
    }
  }

  function veil(pen) {
    const range = drag || Filters.now.range.time;
    if (!range) return;
    const [from, to] = [Math.min(...range), Math.max(...range)].map((time) => atTime(Math.max(span[0], Math.min(span[1], time))));
    pen.globalAlpha = 0.72;
    pen.fillStyle = Colours.css("--page");
    pen.fillRect(LEFT, 0, from - LEFT, height() - FOOT);
    pen.fillRect(to, 0, width() - to, height() - FOOT);
    pen.globalAlpha = 1;
    pen.strokeStyle = Colours.css("--ink");
    pen.strokeRect(from, 0.5, Math.max(1, to - from), height() - FOOT);
  }

  function paint() {
    if (!times) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width() * ratio);
    canvas.height = Math.round(height() * ratio);
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const most = Math.max(...Array.from({ length: bars.bins }, (_, index) => total(index))) || 1;
    const colours = bars.largest.map((code) => Colours.look(group(), code)[0]);
    for (let index = 0; index < bars.bins; index += 1) stack(pen, index, colours, (height() - FOOT - 14) / most);
    veil(pen);
    axes(pen, most);
  }

  function describe(event) {
    const index = Math.floor(toTime(event.offsetX) / bin) - bars.first;
    const from = Times.utc((bars.first + index) * bin, 0).slice(0, 16).replace("T", " ");
    if (index >= bars.bins) return;
    const rates = bars.largest.map((code) => [part(index, code), code]).filter(([value]) => value > 0);
    const largest = rates.sort((a, b) => b[0] - a[0]).slice(0, 3).map(([value, code]) => `${Data.groupName(group(), code).slice(0, 30)} ${short(value)}`);
    note.textContent = `from ${from} UTC: ${short(total(index))}${largest.length ? ` (${largest.join(", ")}${rates.length > 3 ? ", …" : ""})` : ""}`;
  }

  function refresh() {
    if (!times) return;
    bars = count();
    note.textContent = title();
    canvas.setAttribute("aria-label", `Timeline: ${title()}; ${bars.bins} bins of ${BINS[bin]}. The fields for time do the same as dragging.`);
    paint();
  }

  const parts = (wide) => (times[1] - times[0]) / wide;
  const usual = () => Object.keys(BINS).map(Number).find((wide) => parts(wide) <= USUAL) || 2592000;

  function choose(value) {
    if (!times) return;
    bin = BINS[value] && parts(value) <= 10 * USUAL ? Number(value) : usual();
    span = [Math.floor(times[0] / bin) * bin, (Math.floor(times[1] / bin) + 1) * bin];
    select.value = String(bin);
  }

  function listen() {
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      drag = [toTime(event.offsetX), toTime(event.offsetX)];
    });
    canvas.addEventListener("pointermove", (event) => {
      if (drag) { drag[1] = toTime(event.offsetX); paint(); } else describe(event);
    });
    canvas.addEventListener("pointerup", () => {
      if (!drag) return;
      const range = [Math.min(...drag), Math.max(...drag)];
      drag = null;
      const wide = atTime(range[1]) - atTime(range[0]) > 3;
      Filters.now.range.time = wide ? range.map((time) => Number(time.toFixed(2))) : null;
      changed();
    });
    canvas.addEventListener("pointerleave", () => { note.textContent = title(); });
    select.addEventListener("change", () => { choose(select.value); changed(); });
    new ResizeObserver(() => { if (bars) paint(); }).observe(canvas);
  }

  function start(listener) {
    changed = listener;
    measure();
    document.getElementById("time").hidden = !times;
    if (!times) return;
    const fits = Object.entries(BINS).filter(([wide]) => parts(wide) <= 10 * USUAL);
    select.replaceChildren(...fits.map(([wide, name]) => new Option(name, wide)));
    choose(usual());
    listen();
  }

  return { start, refresh, choose, get bin() { return times && bin !== usual() ? bin : null; } };
})();

"use strict";
// Which rows are shown. A row's byte in `fail` has a bit for each kind of filter that excludes it, so
// that a chart can count the rows that pass all filters but its own.
const Filters = (() => {
  const BIT = { time: 1, label: 2, family: 4, detector: 8, run: 16, rest: 32 };
  const GROUPS = ["family", "label", "detector", "run"];
  const RANGES = ["time", "snr", "frequency", "probability"];
  const fail = new Uint8Array(Data.n);
  // `only`: codes that are shown, null for all; `range`: [low, high]; `area`: corners of a polygon.
  const blank = () => ({
    only: { family: null, label: null, detector: null, run: null },
    range: { time: null, snr: null, frequency: null, probability: null },
    suspects: false, area: null,
  });
  let now = blank();
  let shown = Data.n;

  function inside(x, y, corners) {
    let within = false;
    for (let i = 0, j = corners.length - 1; i < corners.length; j = i, i += 1) {
      const [ax, ay] = corners[i];
      const [bx, by] = corners[j];
      if ((ay > y) !== (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax) within = !within;
    }
    return within;
  }

  function byGroup(group) {
    const only = now.only[group];
    if (!only) return;
    const codes = Data[group];
    const misses = Uint8Array.from(Data.names[group], (_, code) => (only.has(code) ? 0 : BIT[group]));
    for (let row = 0; row < Data.n; row += 1) fail[row] |= misses[codes[row]];
  }

  function byRange(name) {
    if (!now.range[name]) return;
    const [low, high] = now.range[name];
    const values = Data[name];
    const bit = BIT[name] || BIT.rest;
    // A missing value, NaN, is in no range.
    for (let row = 0; row < Data.n; row += 1) if (!(values[row] >= low && values[row] <= high)) fail[row] |= bit;
  }

  function apply() {
    fail.fill(0);
    GROUPS.forEach(byGroup);
    RANGES.forEach(byRange);
    if (now.suspects) for (let row = 0; row < Data.n; row += 1) if (!Data.suspect[row]) fail[row] |= BIT.rest;
    if (now.area) {
      for (let row = 0; row < Data.n; row += 1) {
        if (!fail[row] && !inside(Data.x[row], Data.y[row], now.area)) fail[row] |= BIT.rest;
      }
    }
    shown = 0;
    for (let row = 0; row < Data.n; row += 1) if (!fail[row]) shown += 1;
  }

  // Rows of each code of a group that pass all filters except those in `except`.
  function counts(group, except) {
    const mask = except.reduce((bits, name) => bits & ~BIT[name], 255);
    const number = new Uint32Array(Data.names[group].length);
    for (let row = 0; row < Data.n; row += 1) if (!(fail[row] & mask)) number[Data[group][row]] += 1;
    return number;
  }

  function toggle(group, code) {
    const codes = Data.names[group].map((_, number) => number);
    const only = new Set(now.only[group] || codes);
    if (!only.delete(code)) only.add(code);
    now.only[group] = only.size === codes.length ? null : only;
  }

  function rows() {
    const list = new Uint32Array(shown);
    for (let row = 0, at = 0; row < Data.n; row += 1) if (!fail[row]) { list[at] = row; at += 1; }
    return list;
  }

  return {
    BIT, GROUPS, RANGES, fail, apply, counts, toggle, rows,
    get now() { return now; }, get shown() { return shown; },
    set(filters) { now = filters; }, blank,
  };
})();

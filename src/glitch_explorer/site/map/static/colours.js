"use strict";
// Each row's colour and shape on the map, by group or by number.
const Colours = (() => {
  const NUMBERS = {
    snr: { title: "SNR", log: true }, frequency: { title: "peak frequency (Hz)", log: true },
    duration: { title: "duration (s)", log: true }, time: { title: "time", log: false },
    probability: { title: "membership probability", log: false }, isolation: { title: "isolation", log: true },
    evidence: { title: "suspect score", log: false },
  };
  const MISSING = "circle-open";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const pixels = new Int32Array(Data.n);
  const shapes = new Uint8Array(Data.n);
  const SHAPES = ["circle", "diamond", "triangle-up", "square", "x", MISSING];
  let by = "family";
  let domain = null;
  let missing = 0;

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  // #rrggbb to a pixel of a little-endian canvas.
  function pixel(hex) {
    const value = parseInt(hex.slice(1), 16);
    return 0xff000000 | (value & 255) << 16 | (value & 0xff00) | value >> 16;
  }

  function look(group, code) {
    return Data.isMissing(group, code) ? [css("--shade4"), MISSING] : Data.looks[code];
  }

  // Viridis without the end that is too close to the page's colour.
  function step(share) {
    const entry = Math.round(255 * (dark.matches ? 0.14 + 0.86 * share : 0.92 * share));
    return [0, 1, 2].map((part) => Data.scale[3 * entry + part]);
  }

  function bounds(values, log) {
    let low = Infinity;
    let high = -Infinity;
    missing = 0;
    for (let row = 0; row < values.length; row += 1) {
      const value = values[row];
      if (!(log ? value > 0 : value === value)) missing += 1;
      else { if (value < low) low = value; if (value > high) high = value; }
    }
    return low <= high ? [low, high] : null;
  }

  function byNumber() {
    const values = Data[by];
    const { log } = NUMBERS[by];
    const none = pixel(css("--shade4"));
    const steps = Int32Array.from({ length: 256 }, (_, number) => {
      const [red, green, blue] = step(number / 255);
      return 0xff000000 | blue << 16 | green << 8 | red;
    });
    domain = bounds(values, log);
    const scaled = log ? Math.log : (value) => value;
    const low = domain && scaled(domain[0]);
    const width = domain && (scaled(domain[1]) - low || 1);
    for (let row = 0; row < Data.n; row += 1) {
      const value = values[row];
      const known = log ? value > 0 : value === value;
      pixels[row] = known ? steps[Math.round(255 * (scaled(value) - low) / width)] : none;
      shapes[row] = known ? 0 : SHAPES.length - 1;
    }
  }

  function byGroup() {
    const looks = Data.names[by].map((_, code) => look(by, code));
    const colours = looks.map(([colour]) => pixel(colour));
    const forms = looks.map(([, shape]) => SHAPES.indexOf(shape));
    const codes = Data[by];
    for (let row = 0; row < Data.n; row += 1) {
      pixels[row] = colours[codes[row]];
      shapes[row] = forms[codes[row]];
    }
  }

  function apply() { (NUMBERS[by] ? byNumber : byGroup)(); }

  function gradient() {
    return `linear-gradient(90deg, ${Array.from({ length: 11 }, (_, number) => `rgb(${step(number / 10)})`).join(", ")})`;
  }

  return {
    NUMBERS, SHAPES, pixels, shapes, apply, look, css, pixel, gradient, dark,
    get by() { return by; }, set by(value) { by = value; },
    get domain() { return domain; }, get missing() { return missing; },
  };
})();

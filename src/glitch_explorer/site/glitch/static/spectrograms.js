"use strict";
// The four views of a glitch with axes, and small ones of its neighbours.
const Spectrograms = (() => {
  const { create, fixed } = Draw;
  const SVG = "http://www.w3.org/2000/svg";
  const LENGTHS = [0.5, 1, 2, 4];
  const HIGH_HZ = 2048;
  const OCTAVES = Math.log2(HIGH_HZ / 10);
  const MARGIN = { left: 52, right: 14, top: 8, bottom: 42 };
  const STEPS = 64;
  const images = new Map();
  let shown = null;

  const element = (id) => document.getElementById(id);

  function sheet(picture) {
    const file = Math.floor(picture / Data.sheets.sheet);
    if (!images.has(file)) {
      const image = new Image();
      images.set(file, new Promise((done, failed) => {
        image.onload = () => done(image);
        image.onerror = () => failed(new Error(`${image.src} is missing beside the page`));
      }));
      image.src = `${window.GLITCH_FOLDER}/spectrograms/${String(file).padStart(4, "0")}.webp`;
    }
    return images.get(file);
  }

  // One view in grey, which the style sheet colours.
  function canvas(number, slot) {
    const { side, sheet: length } = Data.sheets;
    const picture = Data.picture[number];
    const view = create("canvas", { width: side, height: side, class: "energy", "aria-hidden": "true" });
    sheet(picture).then((image) => view.getContext("2d")
      .drawImage(image, slot * side, (picture % length) * side, side, side, 0, 0, side, side));
    return view;
  }

  // Grey levels to colours: viridis from 0 to `most`, and its last colour above.
  function colour(most) {
    const row = (channel) => Array.from({ length: STEPS }, (_, step) => {
      const level = Math.min(255, Math.round((step / (STEPS - 1)) * 255 * (25.5 / most)));
      return (Data.scale[3 * level + channel] / 255).toFixed(4);
    }).join(" ");
    document.querySelectorAll("#viridis feComponentTransfer > *").forEach((node, channel) => node.setAttribute("tableValues", row(channel)));
    element("end").textContent = most.toFixed(1);
  }

  function bar() {
    const stops = Array.from({ length: 17 }, (_, step) => Math.min(255, step * 16))
      .map((level) => `rgb(${[0, 1, 2].map((channel) => Data.scale[3 * level + channel]).join(" ")})`);
    element("bar").style.background = `linear-gradient(90deg, ${stops.join(", ")})`;
  }

  function add(parent, tag, attributes, text) {
    const node = document.createElementNS(SVG, tag);
    Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
    if (text !== undefined) node.textContent = text;
    parent.append(node);
  }

  function axes(length, width, height) {
    const svg = document.createElementNS(SVG, "svg");
    const [right, bottom] = [width - MARGIN.right, height - MARGIN.bottom];
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    svg.setAttribute("aria-hidden", "true");
    Data.ticks.forEach(([label, place]) => {
      const y = MARGIN.top + place * (bottom - MARGIN.top);
      add(svg, "line", { x1: MARGIN.left - 5, x2: MARGIN.left, y1: y, y2: y });
      add(svg, "text", { x: MARGIN.left - 8, y: y + 4, "text-anchor": "end" }, label);
    });
    [0, 0.25, 0.5, 0.75, 1].forEach((share) => {
      const x = MARGIN.left + share * (right - MARGIN.left);
      const value = length ? Draw.signs(String((share - 0.5) * length)) : "";
      add(svg, "line", { x1: x, x2: x, y1: bottom, y2: bottom + 5 });
      add(svg, "text", { x, y: bottom + 19, "text-anchor": "middle" }, value);
    });
    add(svg, "text", { x: (MARGIN.left + right) / 2, y: height - 6, "text-anchor": "middle" }, length ? "Time from the event (s)" : "Time, the length is unknown");
    add(svg, "text", { transform: `translate(12 ${(MARGIN.top + bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, "Frequency (Hz)");
    return svg;
  }

  // Draw view `slot` of a glitch `width` pixels wide, with what is at the pointer below it.
  function drawn(number, slot, length, width, height) {
    const view = canvas(number, slot);
    const inside = { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
    Object.assign(view.style, { left: `${MARGIN.left}px`, top: `${MARGIN.top}px`, width: `${inside.width}px`, height: `${inside.height}px` });
    const box = create("div", { class: "axesbox", role: "img", "aria-label": `Spectrogram of ${length || "unknown"} s` }, view, axes(length, width, height));
    const output = create("span", { class: "pointer" });
    view.addEventListener("pointermove", ({ offsetX: x, offsetY: y }) => {
      const hz = HIGH_HZ / 2 ** ((y / inside.height) * OCTAVES);
      output.textContent = `${length ? `${fixed((x / inside.width - 0.5) * length, 3)} s, ` : ""}${hz.toFixed(hz < 100 ? 1 : 0)} Hz`;
    });
    view.addEventListener("pointerleave", () => { output.textContent = ""; });
    return [box, output];
  }

  function enlarge(number, slot, length) {
    const width = Math.min(innerWidth - 60, 1.35 * (innerHeight - 170));
    const height = Math.max(width / 1.35, Math.min(innerHeight - 220, 1.2 * width));
    const [box, output] = drawn(number, slot, length, width, height);
    const title = create("p", {}, `${Texts.legible(Data.ids[number])} · view of ${length || "unknown"} s · `, output);
    const most = element("end").textContent;
    const scale = create("div", { class: "scale" }, "0", element("bar").cloneNode(), most, create("span", { class: "caption" }, "normalized energy"));
    scale.children[0].removeAttribute("id");
    element("whole").replaceChildren(title, box, scale);
    element("large").showModal();
  }

  function figure(number, { slot, length, present }, width) {
    const name = length ? `${length} s` : "unknown length";
    if (!present) return create("figure", { class: "view" }, create("div", { class: "noview", style: `height:${0.75 * width}px` }, `no view of ${name}`));
    const [box, output] = drawn(number, slot, length, width, 0.75 * width);
    const button = create("button", { type: "button", "aria-label": `full size, view of ${name}` }, "full size");
    [button, box.firstChild].forEach((node) => node.addEventListener("click", () => enlarge(number, slot, length)));
    return create("figure", { class: "view" }, box, create("figcaption", {}, create("strong", {}, name), " ", output, " ", button));
  }

  function viewsOf(status) {
    if (status.present_unknown) return [{ slot: 0, length: null, present: true }];
    const keys = ["present_0_5", "present_1_0", "present_2_0", "present_4_0"];
    return keys.map((key, slot) => ({ slot, length: LENGTHS[slot], present: status[key] }));
  }

  function layout() {
    const { number, status } = shown;
    const box = element("views");
    const room = box.clientWidth;
    const columns = room < 620 ? 1 : room < 1500 ? 2 : 4;
    box.style.setProperty("--columns", columns);
    const width = Math.floor((room - 16 * (columns - 1)) / columns);
    box.replaceChildren(...viewsOf(status).map((view) => figure(number, view, width)));
  }

  function show(number, status) {
    const seen = status && viewsOf(status).some(({ present }) => present);
    const stored = seen && Data.picture[number] >= 0;
    element("scale").hidden = !stored;
    shown = stored ? { number, status } : null;
    if (stored) layout();
    else element("views").replaceChildren(Draw.sentence(seen ? "No spectrogram of it is stored: the site keeps those of a sample of the glitches." : "It has no spectrogram."));
  }

  // A neighbour's view of 1 s.
  function small(number) {
    return Data.picture[number] >= 0 ? canvas(number, 1) : create("span", { class: "nopicture" }, "no picture");
  }

  function start() {
    colour(25.5);
    bar();
    element("most").addEventListener("change", (event) => colour(Number(event.target.value)));
    let room = 0;
    new ResizeObserver(([{ contentRect }]) => {
      if (shown && contentRect.width !== room) { room = contentRect.width; layout(); }
    }).observe(element("views"));
  }

  return { start, show, small };
})();

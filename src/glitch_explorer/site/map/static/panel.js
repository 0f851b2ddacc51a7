"use strict";
// Beside the map: lists that are legend and filters, ranges, and the filters that are set.
const Panel = (() => {
  const element = (id) => document.getElementById(id);
  const RANGES = { snr: "SNR", frequency: "frequency", probability: "probability", time: "time" };
  const SHAPES = {
    circle: "M7 2a5 5 0 1 0 .01 0z", diamond: "M7 1l6 6-6 6-6-6z", "triangle-up": "M7 1.5l6 11H1z", square: "M2 2h10v10H2z",
    x: "M3 1l4 4 4-4 2 2-4 4 4 4-2 2-4-4-4 4-2-2 4-4-4-4z", "circle-open": "M7 2.5a4.5 4.5 0 1 0 .01 0z",
  };
  const SVG = "http://www.w3.org/2000/svg";
  const lists = {};
  const grouped = (number) => number.toLocaleString("en");
  let changed;

  function symbol([colour, shape]) {
    const picture = document.createElementNS(SVG, "svg");
    const path = document.createElementNS(SVG, "path");
    picture.setAttribute("viewBox", "0 0 14 14");
    picture.setAttribute("aria-hidden", "true");
    path.setAttribute("d", SHAPES[shape]);
    path.setAttribute("fill", shape === "circle-open" ? "none" : colour);
    path.setAttribute("stroke", shape === "circle-open" ? colour : "none");
    path.setAttribute("stroke-width", "2");
    picture.append(path);
    return picture;
  }

  // A long class name may break after an underscore.
  function breakable(text) {
    const name = document.createElement("span");
    name.className = "name";
    text.split(/(?<=_)/).forEach((part, number) => {
      if (number) name.append(document.createElement("wbr"));
      name.append(part);
    });
    return name;
  }

  function choice(group, code) {
    const item = document.createElement("li");
    const label = document.createElement("label");
    const box = document.createElement("input");
    const count = document.createElement("span");
    box.type = "checkbox";
    box.addEventListener("change", () => { Filters.toggle(group, code); changed(); });
    count.className = "n";
    const sign = document.createElement("span");
    sign.className = "sign";
    label.append(box, sign, breakable(Data.groupName(group, code)), count);
    item.append(label);
    return { item, box, count, sign };
  }

  function groupList(group) {
    const part = element(`group-${group}`);
    const items = Data.names[group].map((_, code) => choice(group, code));
    part.querySelector("ul").replaceChildren(...items.map(({ item }) => item));
    const show = (only) => { Filters.now.only[group] = only; changed(); };
    part.querySelector(".all").addEventListener("click", () => show(null));
    part.querySelector(".none").addEventListener("click", () => show(new Set()));
    lists[group] = items;
  }

  // A range as typed; times in GPS or UTC. An empty end is open, a wrong one is marked.
  function typed(name) {
    const ends = ["low", "high"].map((end) => element(`${name}-${end}`));
    const values = ends.map(({ value }, number) => {
      if (!value.trim()) return number ? Infinity : -Infinity;
      return name === "time" ? Times.parse(value) : Number(value);
    });
    ends.forEach((field, number) => field.setAttribute("aria-invalid", String(Number.isNaN(values[number]))));
    if (values.some(Number.isNaN)) return;
    Filters.now.range[name] = values.every((value) => !Number.isFinite(value)) ? null : values;
    changed();
  }

  function fill(name) {
    const range = Filters.now.range[name] || [-Infinity, Infinity];
    ["low", "high"].forEach((end, number) => {
      const value = range[number];
      const text = name === "time" && Number.isFinite(value) ? value.toFixed(2) : value;
      element(`${name}-${end}`).value = Number.isFinite(value) ? text : "";
      element(`${name}-${end}`).setAttribute("aria-invalid", "false");
    });
  }

  function chip(text, clear) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `${text} ✕`;
    button.setAttribute("aria-label", `Remove the filter: ${text}`);
    button.addEventListener("click", () => { clear(); changed(); });
    return button;
  }

  function chips() {
    const { now } = Filters;
    const buttons = [];
    for (const group of Filters.GROUPS) {
      const only = now.only[group];
      if (only) {
        const text = only.size === 1 ? Data.groupName(group, [...only][0]) : `${only.size} of ${Data.names[group].length}`;
        buttons.push(chip(`${group}: ${text.slice(0, 40)}`, () => { now.only[group] = null; }));
      }
    }
    for (const name of Filters.RANGES) if (now.range[name]) buttons.push(chip(RANGES[name], () => { now.range[name] = null; }));
    if (now.suspects) buttons.push(chip("suspects", () => { now.suspects = false; }));
    if (now.area) buttons.push(chip("area", () => { now.area = null; }));
    element("chips").replaceChildren(...buttons);
  }

  function legend() {
    const number = Colours.NUMBERS[Colours.by];
    element("scale").hidden = !number;
    for (const [group, items] of Object.entries(lists)) {
      items.forEach(({ sign }, code) => sign.replaceChildren(...(group === Colours.by ? [symbol(Colours.look(group, code))] : [])));
    }
    if (!number) return;
    const { domain, missing } = Colours;
    const text = (value) => (Colours.by === "time" ? Times.utc(value, 0).slice(0, 10) : Number(value.toPrecision(3)).toString());
    const middle = domain && (number.log ? Math.sqrt(domain[0] * domain[1]) : (domain[0] + domain[1]) / 2);
    element("scaletitle").textContent = number.title + (number.log ? ", logarithmic" : "");
    element("scalebar").style.background = Colours.gradient();
    element("scaleticks").replaceChildren(...(domain ? [domain[0], middle, domain[1]] : []).map((value) => {
      const tick = document.createElement("span");
      tick.textContent = text(value);
      return tick;
    }));
    element("scalemissing").textContent = missing ? `grey rings: no value (${missing})` : "";
  }

  function refresh() {
    for (const [group, items] of Object.entries(lists)) {
      const counts = Filters.counts(group, [group]);
      const only = Filters.now.only[group];
      items.forEach(({ box, count }, code) => { box.checked = !only || only.has(code); count.textContent = counts[code]; });
    }
    Filters.RANGES.forEach(fill);
    element("suspects").checked = Filters.now.suspects;
    element("shown").textContent = `${grouped(Filters.shown)} of ${grouped(Data.n)} shown`;
    element("empty").hidden = Filters.shown > 0;
    chips();
  }

  // Open the list that explains the colours.
  function unfold() {
    Filters.GROUPS.forEach((group) => { element(`group-${group}`).open = group === Colours.by; });
  }

  function start(listener) {
    changed = listener;
    Filters.GROUPS.forEach(groupList);
    Filters.RANGES.forEach((name) => ["low", "high"].forEach((end) => element(`${name}-${end}`).addEventListener("change", () => typed(name))));
    element("suspects").addEventListener("change", (event) => { Filters.now.suspects = event.target.checked; changed(); });
  }

  return { start, refresh, legend, unfold };
})();

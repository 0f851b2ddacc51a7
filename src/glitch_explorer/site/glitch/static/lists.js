"use strict";
// Lists of other glitches, and the lines of Python.
const Lists = (() => {
  const { create, fixed, table, sentence } = Draw;
  const { legible } = Texts;
  // Glitches on each side in time, and seconds of strain on each side.
  const SIDE = 4;
  const HALF = 8;

  function near(number, { near: rows = [] }) {
    if (!rows.length) return [sentence(Data.has.mapped ? "It has no neighbours: it is not on the map." : "The run has no map.")];
    const items = rows.map(({ other, distance }) => create("li", {}, create("a", { href: Draw.address(other), tabindex: "-1", "aria-hidden": "true" }, Spectrograms.small(other)),
      create("span", {}, Draw.link(other)), create("span", {}, Draw.familyOf(other, true), " · ", Draw.label(other)), create("span", { class: "caption" }, `cosine distance ${fixed(distance, 3)}`)));
    return [create("ol", { class: "neighbours" }, ...items)];
  }

  function around(number) {
    const detector = Data.ifo[number];
    const found = [number];
    for (let side = 0, low = number, high = number; side < SIDE; side += 1) {
      low = low < 0 ? -1 : Data.next(low - 1, -1, detector);
      high = high < 0 ? -1 : Data.next(high + 1, 1, detector);
      if (low >= 0) found.unshift(low);
      if (high >= 0) found.push(high);
    }
    return found;
  }

  function time(number) {
    if (Number.isNaN(Data.time[number])) return [sentence("It has no time.")];
    const rows = around(number).map((other) => [
      other === number ? create("strong", {}, "this glitch") : Draw.link(other), other === number ? "" : Draw.apart(Data.time[other] - Data.time[number]),
      fixed(Data.snr[other], 1), Draw.familyOf(other, true), Draw.label(other),
    ]);
    return [table([["Glitch"], ["Time", "count"], ["SNR", "count"], ["Family"], ["Label"]], rows, `Glitches of ${Draw.ifo(number)} near in time`)];
  }

  function filled(line, number, name) {
    const time = Data.time[number];
    const values = { ifo: Draw.ifo(number), start: (time - HALF).toFixed(3), end: (time + HALF).toFixed(3), channel: name };
    return line.replace(/\{(ifo|start|end|channel)\}/g, (_, key) => values[key]);
  }

  // A text as Python writes it.
  const quoted = (text) => JSON.stringify(text);

  function python(number) {
    const id = Data.ids[number];
    const time = Data.time[number];
    const detector = Data.names.ifo[Data.ifo[number]];
    const lines = ["import pandas as pd"];
    if (!Number.isNaN(time)) {
      const strain = filled(Data.lines.strain, number);
      const [witness] = (Data.witnesses[Data.names.family[Data.family[number]]] || {})[detector] || [];
      const reads = [`strain = ${strain}`, `scan = strain.q_transform(outseg=(${(time - 0.5).toFixed(3)}, ${(time + 0.5).toFixed(3)}), frange=(10, 2048))`, "scan.plot().show()"];
      if (Data.lines.channel && witness && witness.kind === "raw") reads.push(`witness = ${filled(Data.lines.channel, number, witness.name)}`);
      const globs = reads.some((line) => line.includes("glob("));
      lines.unshift(...(globs ? ["from glob import glob"] : []), "from gwpy.timeseries import TimeSeries");
      lines.push("", ...reads);
    }
    lines.push("", 'glitch = pd.read_parquet("results/catalog/glitches.parquet").set_index("glitch_id")', `print(glitch.loc[${quoted(legible(id))}])`);
    return [lines.join("\n")];
  }

  return { show: { near, time, python } };
})();

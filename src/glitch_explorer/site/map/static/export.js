"use strict";
// Export of the shown glitches: as a table, as times, as segments.
const Export = (() => {
  const element = (id) => document.getElementById(id);
  const { quoted, save } = Texts;
  const single = (value) => (value === value ? String(Number(value.toPrecision(7))) : "");
  const double = (value) => (value === value ? String(value) : "");
  const nameOrEmpty = (group, row) => (Data.isMissing(group, Data[group][row]) ? "" : quoted(Data.nameOf(group, row)));
  const COLUMNS = {
    glitch_id: (row) => quoted(Data.id(row)), view: (row) => Data.viewOf(row), ifo: (row) => nameOrEmpty("detector", row),
    event_time: (row) => double(Data.time[row]), duration_s: (row) => single(Data.duration[row]),
    peak_frequency_hz: (row) => single(Data.frequency[row]), snr: (row) => single(Data.snr[row]),
    label: (row) => nameOrEmpty("label", row), run: (row) => nameOrEmpty("run", row), family: (row) => quoted(Data.nameOf("family", row)),
    probability: (row) => single(Data.probability[row]), isolation: (row) => single(Data.isolation[row]),
    x: (row) => single(Data.x[row]), y: (row) => single(Data.y[row]),
    evidence: (row) => single(Data.evidence[row]), proposed_label: (row) => quoted(Data.nameOf("proposed", row)),
  };

  function table() {
    const names = Object.keys(COLUMNS);
    const lines = Array.from(Filters.rows(), (row) => names.map((name) => COLUMNS[name](row)).join(","));
    return `${[names.join(","), ...lines].join("\n")}\n`;
  }

  function times() {
    const distinct = new Set(Array.from(Filters.rows(), (row) => Data.time[row]).filter((time) => time === time));
    return [...distinct].sort((a, b) => a - b).map((time) => `${time}\n`).join("");
  }

  // Merged segments of a detector's glitches: half the duration on each side, at least `least` seconds.
  function segments(detector, least) {
    const spans = [];
    for (const row of Filters.rows()) {
      const time = Data.time[row];
      if (Data.detector[row] !== detector || time !== time) continue;
      const half = Math.max(least, Data.duration[row] / 2 || 0);
      spans.push([time - half, time + half]);
    }
    spans.sort((a, b) => a[0] - b[0]);
    const merged = [];
    for (const [start, end] of spans) {
      const last = merged[merged.length - 1];
      if (last && start <= last[1]) last[1] = Math.max(last[1], end); else merged.push([start, end]);
    }
    return merged.map(([start, end]) => `${start.toFixed(6)} ${end.toFixed(6)}\n`).join("");
  }

  function detectorButton(name, code) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `segments ${Texts.legible(name)}`;
    button.addEventListener("click", () => {
      const least = Math.max(0, Number(element("half").value) || 0);
      save(`segments-${name.replace(/[^A-Za-z0-9]/g, "_")}.txt`, segments(code, least), "text/plain");
    });
    return button;
  }

  function start() {
    element("csv").addEventListener("click", () => save("glitches.csv", table(), "text/csv"));
    element("gps").addEventListener("click", () => save("glitches-gps.txt", times(), "text/plain"));
    element("segments").replaceChildren(...Data.names.detector
      .map((name, code) => (Data.isMissing("detector", code) ? null : detectorButton(name, code))).filter(Boolean));
    element("export").disabled = false;
  }

  return { start };
})();

"use strict";
// The address, the question, and what is shown.
(() => {
  const element = (id) => document.getElementById(id);
  const { create, fixed } = Draw;
  const { legible } = Texts;
  const LOUDEST = 10;
  let shown = -1;

  function asked() {
    // Where the link that skips the navigation leads.
    if (location.hash === "#content") return "";
    try { return decodeURIComponent(location.hash.slice(1)); } catch { return location.hash.slice(1); }
  }

  function facts(number, { catalogue: [row] }) {
    const time = Data.time[number];
    return [
      Draw.ifo(number), row.run,
      ...(Number.isNaN(time) ? ["time unknown"] : [`GPS ${Draw.gps(time)}`, Draw.utc(time)]),
      !Number.isNaN(Data.snr[number]) && `SNR ${fixed(Data.snr[number], 1)}`,
      row.peak_frequency_hz !== undefined && `${fixed(row.peak_frequency_hz, 1)} Hz`,
      row.duration_s !== undefined && `${fixed(row.duration_s, 2)} s long`,
      row.bandwidth_hz !== undefined && `bandwidth ${fixed(row.bandwidth_hz, 0)} Hz`,
    ].filter(Boolean).join(" · ");
  }

  function steps(number, record) {
    const nodes = [];
    if (!Number.isNaN(Data.time[number])) {
      const [before, after] = [[number - 1, -1], [number + 1, 1]].map(([from, step]) => Data.next(from, step, Data.ifo[number]));
      if (before >= 0) nodes.push(create("a", { href: Draw.address(before), rel: "prev" }, "← before"));
      if (after >= 0) nodes.push(create("a", { href: Draw.address(after), rel: "next" }, "after →"));
    }
    if (Data.has.mapped && record.map) nodes.push(create("a", { href: `map.html#pin=${encodeURIComponent(Data.ids[number])}` }, "on the map"));
    element("steps").replaceChildren(...nodes);
  }

  function show(number) {
    shown = number;
    Data.record(number).then((record) => {
      if (shown !== number) return;
      element("name").textContent = legible(Data.ids[number]);
      document.title = `${legible(Data.ids[number])} · Glitch Explorer`;
      element("facts").textContent = facts(number, record);
      steps(number, record);
      element("glitch").hidden = false;
      Spectrograms.show(number, (record.views || [])[0]);
      Object.entries({ ...Parts.show, ...Lists.show }).forEach(([id, part]) => element(id).replaceChildren(...part(number, record)));
      document.documentElement.dataset.glitch = Data.ids[number];
      performance.mark("glitch-shown");
    }, (problem) => { element("answer").textContent = problem.message; });
  }

  function choices(title, numbers, gps) {
    const rows = numbers.map((number) => [
      Draw.link(number), Draw.ifo(number), Number.isNaN(Data.time[number]) ? "–" : Draw.gps(Data.time[number]),
      gps === undefined ? "" : Draw.apart(Data.time[number] - gps), fixed(Data.snr[number], 1), Draw.familyOf(number),
    ]);
    element("choices").replaceChildren(Draw.table([["Glitch"], ["Detector"], ["GPS", "count"], [gps === undefined ? "" : "From the time asked", "count"], ["SNR", "count"], ["Family"]], rows, title));
  }

  function nothing() {
    shown = -1;
    element("glitch").hidden = true;
    element("steps").replaceChildren();
    element("choices").replaceChildren();
    element("name").textContent = "Any glitch";
    document.title = "Glitch · Glitch Explorer";
    delete document.documentElement.dataset.glitch;
  }

  function unknown({ query, gps, prefix, choices: near, matching, excluded }) {
    nothing();
    const time = gps === undefined ? "" : `GPS ${Draw.gps(gps)} (${Draw.utc(gps)})`;
    if (excluded) element("answer").textContent = `${legible(query)} was excluded from the catalogue: ${legible(excluded)}. The front page counts the reasons.`;
    else if (matching) element("answer").textContent = `${matching} detectors have a glitch within ${Data.MATCH} s of ${time}:`;
    else if (gps !== undefined && near.length) element("answer").textContent = `The catalogue has no glitch${prefix ? ` of ${prefix}` : ""} within ${Data.MATCH} s of ${time}. The nearest in time:`;
    else if (gps !== undefined) element("answer").textContent = prefix ? `The catalogue has no glitch of ${prefix} with a time.` : "No glitch of the catalogue has a time.";
    else if (near.length) element("answer").textContent = `No glitch has the id ${legible(query)}. These begin with it:`;
    else element("answer").textContent = `No glitch has the id ${legible(query)}, and it is no GPS or UTC time such as 1262304123.5 or 2020-01-06T00:01:45.5.`;
    if (near.length) choices("Glitches that may be meant", near, gps);
  }

  function start() {
    nothing();
    element("answer").textContent = "Type an id or a time, or begin with the loudest:";
    const order = Array.from(Data.snr, (_, number) => number).filter((number) => !Number.isNaN(Data.snr[number]));
    choices("The loudest glitches", order.sort((one, other) => Data.snr[other] - Data.snr[one]).slice(0, LOUDEST));
  }

  function restore() {
    const text = asked();
    element("query").value = text;
    if (element("large").open) element("large").close();
    if (!text) { start(); return; }
    const answer = Data.find(text);
    if (answer.number < 0) { unknown(answer); return; }
    element("choices").replaceChildren();
    const apart = answer.gps === undefined ? 0 : Data.time[answer.number] - answer.gps;
    if (answer.same) element("answer").textContent = `${legible(answer.same)} repeats a glitch of the catalogue, which is shown in its place.`;
    else element("answer").textContent = answer.gps === undefined ? "" : `The nearest glitch of ${Draw.ifo(answer.number)}: ${Draw.apart(apart)}${Math.abs(apart) < 5e-4 ? "" : " the time asked"}.`;
    show(answer.number);
  }

  function copy() {
    // A page opened from a folder may not use the clipboard API; a selection can be copied everywhere.
    getSelection().selectAllChildren(element("python"));
    element("copied").textContent = document.execCommand("copy") ? "copied" : "press Ctrl+C";
  }

  Spectrograms.start();
  element("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    const address = `#${encodeURIComponent(element("query").value.trim()).replace(/%40/g, "@")}`;
    if (location.hash === address) restore(); else location.hash = address;
  });
  element("copy").addEventListener("click", copy);
  window.addEventListener("hashchange", () => {
    if (location.hash === "#content") return;
    restore();
    scrollTo(0, 0);
  });
  restore();
  document.documentElement.dataset.ready = "true";
})();

"use strict";
// The state of the page in its address, so that it can be shared and restored.
const Address = (() => {
  const short = (value) => Number(value.toPrecision(6));
  let written = location.hash;

  function groups(parameters) {
    for (const group of Filters.GROUPS) {
      const only = Filters.now.only[group];
      if (!only) continue;
      const names = Data.names[group];
      const hidden = names.filter((_, code) => !only.has(code));
      // The shorter list: the shown names, or the hidden ones.
      const [key, list] = hidden.length < only.size ? [`no-${group}`, hidden] : [group, names.filter((_, code) => only.has(code))];
      if (!list.length) parameters.append(`none-${group}`, "");
      list.forEach((name) => parameters.append(key, name));
    }
  }

  function text() {
    const parameters = new URLSearchParams();
    const { now } = Filters;
    if (Colours.by !== "family") parameters.set("colour", Colours.by);
    groups(parameters);
    for (const name of Filters.RANGES) {
      const range = now.range[name];
      if (range) parameters.set(name, range.map((value) => (Number.isFinite(value) ? value : "")).join(".."));
    }
    if (now.suspects) parameters.set("suspects", "1");
    if (now.area) parameters.set("area", now.area.map((corner) => corner.join(" ")).join(","));
    if (Timeline.bin) parameters.set("bin", Timeline.bin);
    if (Card.pinned >= 0) parameters.set("pin", [Data.id(Card.pinned), Data.viewOf(Card.pinned)].filter(Boolean).join("~"));
    if (!Plot.isWhole) parameters.set("extent", [Plot.extent.x, Plot.extent.y, Plot.extent.span].map(short).join(","));
    return parameters.toString();
  }

  // With `step` the back button returns to the present state; else it is replaced.
  function write(step) {
    const hash = text() ? `#${text()}` : "#";
    if (hash === written || (hash === "#" && !written)) return;
    written = hash;
    if (step) location.hash = hash; else location.replace(hash);
  }

  function readGroup(parameters, group, unknown) {
    const names = Data.names[group];
    const codes = (list) => list.map((name) => names.indexOf(name)).filter((code, number) => code >= 0 || !unknown.push(list[number]));
    if (parameters.has(`none-${group}`)) return new Set();
    if (parameters.has(group)) return new Set(codes(parameters.getAll(group)));
    if (!parameters.has(`no-${group}`)) return null;
    const hidden = codes(parameters.getAll(`no-${group}`));
    return new Set(names.map((_, code) => code).filter((code) => !hidden.includes(code)));
  }

  function readRange(text) {
    const [low, high] = (text || "").split("..").map((end) => end.trim());
    const values = [low ? Number(low) : -Infinity, high ? Number(high) : Infinity];
    return text && !values.some(Number.isNaN) ? values : null;
  }

  function readArea(text) {
    const corners = (text || "").split(",").map((corner) => corner.split(" ").map(Number));
    return corners.length > 2 && corners.flat().length === 2 * corners.length && corners.flat().every(Number.isFinite) ? corners : null;
  }

  function readPin(text) {
    const [, id, view] = /^(.*?)(?:~([^~]*))?$/s.exec(text || "");
    const glitch = id ? Data.ids.indexOf(id) : -1;
    return glitch < 0 ? -1 : Data.glitch.findIndex((value, row) => value === glitch && (!view || Data.viewOf(row) === view));
  }

  // Restore the state from the address; return the row to pin, names that this map does not have, and a time to find.
  function read() {
    const parameters = new URLSearchParams(location.hash.slice(1));
    const now = Filters.blank();
    const unknown = [];
    for (const group of Filters.GROUPS) now.only[group] = readGroup(parameters, group, unknown);
    for (const name of Filters.RANGES) now.range[name] = readRange(parameters.get(name));
    now.suspects = parameters.has("suspects");
    now.area = readArea(parameters.get("area"));
    Filters.set(now);
    const by = parameters.get("colour");
    Colours.by = Object.hasOwn(Colours.NUMBERS, by) || Filters.GROUPS.includes(by) ? by : "family";
    Timeline.choose(parameters.get("bin"));
    const [x, y, span] = (parameters.get("extent") || "").split(",").map(Number);
    if (span > 0 && Number.isFinite(x) && Number.isFinite(y)) Plot.look({ x, y, span }); else Plot.fit();
    const pin = readPin(parameters.get("pin"));
    if (pin < 0 && parameters.get("pin")) unknown.push(parameters.get("pin"));
    return { pin, unknown, time: parameters.get("gps") || parameters.get("utc") };
  }

  function listen(changed) {
    window.addEventListener("hashchange", () => {
      if (location.hash === written || (!location.hash && written === "#")) return;
      written = location.hash;
      changed();
    });
  }

  return { read, write, listen };
})();

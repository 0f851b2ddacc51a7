"use strict";
// The state of the page in its address, so that it can be sent and gone back to.
const Address = (() => {
  const LISTS = Filters.GROUPS;
  const short = (value) => Number(value.toPrecision(6));
  let written = location.hash;

  function groups(words) {
    for (const group of LISTS) {
      const only = Filters.now.only[group];
      if (!only) continue;
      const names = Data.names[group];
      const left = names.filter((_, code) => !only.has(code));
      // Whichever list is shorter: what is shown, or what is not.
      const [key, list] = left.length < only.size ? [`no-${group}`, left] : [group, names.filter((_, code) => only.has(code))];
      if (!list.length) words.append(`none-${group}`, "");
      list.forEach((name) => words.append(key, name));
    }
  }

  function text() {
    const words = new URLSearchParams();
    const { now } = Filters;
    if (Colours.by !== "family") words.set("colour", Colours.by);
    groups(words);
    for (const name of Filters.RANGES) {
      const range = now.range[name];
      if (range) words.set(name, range.map((value) => (Number.isFinite(value) ? value : "")).join(".."));
    }
    if (now.suspects) words.set("suspects", "1");
    if (now.area) words.set("area", now.area.map((corner) => corner.join(" ")).join(","));
    if (Timeline.bin) words.set("bin", Timeline.bin);
    if (Card.pinned >= 0) words.set("pin", [Data.id(Card.pinned), Data.viewOf(Card.pinned)].filter(Boolean).join("~"));
    if (!Plot.isWhole) words.set("view", [Plot.view.x, Plot.view.y, Plot.view.span].map(short).join(","));
    return words.toString();
  }

  // `step`: one that the back button returns from; else the present one is replaced.
  function write(step) {
    const hash = text() ? `#${text()}` : "#";
    if (hash === written || (hash === "#" && !written)) return;
    written = hash;
    if (step) location.hash = hash; else location.replace(hash);
  }

  function readGroup(words, group, unknown) {
    const names = Data.names[group];
    const codes = (list) => list.map((name) => names.indexOf(name)).filter((code, place) => code >= 0 || !unknown.push(list[place]));
    if (words.has(`none-${group}`)) return new Set();
    if (words.has(group)) return new Set(codes(words.getAll(group)));
    if (!words.has(`no-${group}`)) return null;
    const left = codes(words.getAll(`no-${group}`));
    return new Set(names.map((_, code) => code).filter((code) => !left.includes(code)));
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

  // Take the page's state from the address; gives the row to pin, and names that this map has not.
  function read() {
    const words = new URLSearchParams(location.hash.slice(1));
    const now = Filters.blank();
    const unknown = [];
    for (const group of LISTS) now.only[group] = readGroup(words, group, unknown);
    for (const name of Filters.RANGES) now.range[name] = readRange(words.get(name));
    now.suspects = words.has("suspects");
    now.area = readArea(words.get("area"));
    Filters.set(now);
    const by = words.get("colour");
    Colours.by = Object.hasOwn(Colours.NUMBERS, by) || Object.hasOwn(Colours.TITLES, by) ? by : "family";
    Timeline.choose(words.get("bin"));
    const [x, y, span] = (words.get("view") || "").split(",").map(Number);
    if (span > 0 && Number.isFinite(x) && Number.isFinite(y)) Plot.look({ x, y, span }); else Plot.fit();
    return { pin: readPin(words.get("pin")), unknown };
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

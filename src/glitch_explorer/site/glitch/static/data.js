"use strict";
// The index of all glitches in order of time, their blocks, and what an address means.
const Data = (() => {
  // A time matches a glitch at most this far from it, in seconds.
  const MATCH = 0.5;
  const CHOICES = 8;

  const index = Packed.unpacked(window.GLITCH_INDEX);
  const { ids, time, ifo, names } = index;
  const n = ids.length;
  // Glitches without a time are last.
  const first = time.findIndex(Number.isNaN);
  const timed = first < 0 ? n : first;
  const numbers = new Map(ids.map((id, number) => [id, number]));
  const loading = new Map();

  function record(number) {
    const block = Math.floor(number / index.block);
    if (!loading.has(block)) loading.set(block, Packed.load(String(block).padStart(3, "0")).then(() => window.GLITCH_BLOCK));
    return loading.get(block).then((records) => records[number % index.block]);
  }

  // The first glitch at or after a time.
  function place(gps) {
    let low = 0;
    let high = timed;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (time[middle] < gps) low = middle + 1; else high = middle;
    }
    return low;
  }

  // The next glitch of a detector from `number` on, in steps of 1 or -1; -1 where there is none.
  function next(number, step, detector) {
    for (let other = number; other >= 0 && other < timed; other += step) if (ifo[other] === detector) return other;
    return -1;
  }

  // The glitches of a detector before and after a time, the nearer first.
  function around(gps, detector) {
    const at = place(gps);
    return [next(at - 1, -1, detector), next(at, 1, detector)].filter((number) => number >= 0)
      .sort((one, other) => Math.abs(time[one] - gps) - Math.abs(time[other] - gps));
  }

  const nearest = (gps, detector) => around(gps, detector)[0];

  function atTime(gps, detectors) {
    const near = detectors.map((detector) => around(gps, detector));
    const matching = near.map(([first]) => first).filter((number) => Math.abs(time[number] - gps) <= MATCH);
    if (matching.length === 1) return { number: matching[0], gps };
    const choices = (matching.length ? matching : near.flat()).sort((one, other) => Math.abs(time[one] - gps) - Math.abs(time[other] - gps));
    return { number: -1, gps, choices, matching: matching.length };
  }

  // What an address or a query means: a glitch (`number`), or -1 with `choices`.
  function find(text) {
    const query = text.trim().replace(/^(gps|utc|id|pin)=/, "");
    const bare = query.replace(/~[^~]*$/, "");
    const number = [query, bare].map((id) => numbers.get(id)).find((hit) => hit !== undefined);
    if (number !== undefined) return { number, query };
    const kept = Object.hasOwn(index.kept, bare) && numbers.get(index.kept[bare]);
    if (kept !== false) return { number: kept, query, same: bare };
    if (Object.hasOwn(index.excluded, bare)) return { number: -1, query, choices: [], excluded: index.excluded[bare] };
    const [, prefix, rest] = /^([A-Z]\d)[@:\s]\s*(.+)$/i.exec(query) || [null, "", query];
    if (prefix && numbers.has(rest)) return { number: numbers.get(rest), query };
    const gps = Times.parse(rest);
    const detectors = names.ifo.map((_, code) => code).filter((code) => !prefix || names.ifo[code] === prefix.toUpperCase());
    if (!Number.isNaN(gps)) return { query, prefix: prefix.toUpperCase(), ...atTime(gps, detectors) };
    const lower = rest.toLowerCase();
    const like = ids.map((_, other) => other).filter((other) => ids[other].toLowerCase().startsWith(lower)).slice(0, CHOICES);
    return { number: -1, query, choices: lower ? like : [] };
  }

  return { ...index, n, timed, record, place, next, nearest, find, MATCH };
})();

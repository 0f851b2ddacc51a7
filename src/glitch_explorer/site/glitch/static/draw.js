"use strict";
// Elements, links and numbers of the page.
const Draw = (() => {
  const { legible } = Texts;
  const MISSING = "–";

  function create(tag, attributes, ...children) {
    const node = document.createElement(tag);
    Object.entries(attributes || {}).forEach(([name, value]) => node.setAttribute(name, value));
    node.append(...children);
    return node;
  }

  const signs = (text) => text.replace("-", "−");
  const fixed = (value, digits) => (value === undefined || Number.isNaN(value) ? MISSING : signs(value.toFixed(digits)));
  const percent = (share) => (share === undefined ? MISSING : `${share > 0 && share < 0.005 ? "below 1" : (100 * share).toFixed(0)} %`);
  const chance = (p, limit) => `${limit ? "≤" : "="} ${Number(p.toPrecision(2))}`;
  const gps = (time) => time.toFixed(3);
  const utc = (time) => `${Times.utc(time).replace("T", " ")} UTC`;
  // A long name may break after an underscore.
  function breakable(text, tag = "span", kind = "long") {
    const name = create(tag, { class: kind });
    legible(text).split(/(?<=_)/).forEach((part, number) => name.append(...(number ? [create("wbr")] : []), part));
    return name;
  }

  const label = (number) => breakable(Data.names.label[Data.label[number]]);
  const ifo = (number) => legible(Data.names.ifo[Data.ifo[number]]);

  // How far a time is from another: 0.123 s, 12.3 s, 4.2 min, 3.1 h, 2.4 d.
  function span(seconds) {
    const size = Math.abs(seconds);
    const [unit, name, digits] = size < 10 ? [1, "s", 3] : size < 120 ? [1, "s", 1] : size < 7200 ? [60, "min", 1] : size < 172800 ? [3600, "h", 1] : [86400, "d", 1];
    return `${(size / unit).toFixed(digits)} ${name}`;
  }

  const apart = (seconds) => (Math.abs(seconds) < 5e-4 ? "at the same time" : `${span(seconds)} ${seconds < 0 ? "before" : "after"}`);
  const address = (number) => `#${encodeURIComponent(Data.ids[number])}`;
  const link = (number) => create("a", { href: address(number) }, create("code", { class: "long" }, legible(Data.ids[number])));
  const channel = (name) => breakable(name, "code", "channel");

  // The page of a family; with what it is called, but for a narrow table.
  function family(name, bare = false) {
    if (name === "-1") return "unassigned";
    const called = Data.called[name];
    const page = create("a", { href: `family/${encodeURIComponent(name)}.html` }, legible(name));
    return called && !bare ? create("span", {}, page, " (", breakable(called), ")") : page;
  }

  const familyOf = (number, bare) => family(Data.names.family[Data.family[number]], bare);

  // A table: heads, "count" for columns of numbers, and rows of cells.
  function table(heads, rows, name) {
    const cell = (tag, content, column) => create(tag, heads[column][1] ? { class: heads[column][1] } : {}, content);
    const head = create("tr", {}, ...heads.map(([text], column) => { const th = cell("th", text, column); th.scope = "col"; return th; }));
    const body = rows.map((row) => create("tr", {}, ...row.map((content, column) => cell("td", content, column))));
    return create("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": name },
      create("table", {}, create("thead", {}, head), create("tbody", {}, ...body)));
  }

  const sentence = (...parts) => create("p", {}, ...parts);
  return { create, fixed, percent, chance, gps, utc, breakable, label, ifo, span, apart, address, link, channel, family, familyOf, table, sentence, signs };
})();

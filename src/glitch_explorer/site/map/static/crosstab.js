"use strict";
// Number of glitches of each label in each family; rows, columns and cells are filters.
const Crosstab = (() => {
  const table = document.getElementById("crosstab");
  const MOST = { family: 100, label: 60 };
  let shown;
  let changed;
  let cells = [];

  function largest(group) {
    const counts = Filters.counts(group, ["label", "family", "time", "detector", "run", "rest"]);
    const codes = Data.names[group].map((_, code) => code);
    const most = codes.sort((a, b) => counts[b] - counts[a]).slice(0, MOST[group]);
    return most.sort((a, b) => a - b);
  }

  function header(group, code, scope) {
    const cell = document.createElement("th");
    const button = document.createElement("button");
    cell.scope = scope;
    button.type = "button";
    button.textContent = Data.groupName(group, code);
    button.title = button.textContent;
    button.addEventListener("click", () => { pick(group, code); changed(); });
    cell.append(button);
    return { cell, button };
  }

  const isOnly = (group, code) => { const only = Filters.now.only[group]; return Boolean(only) && only.size === 1 && only.has(code); };

  function pick(group, code) { Filters.now.only[group] = isOnly(group, code) ? null : new Set([code]); }

  function pickCell(label, family) {
    const again = isOnly("label", label) && isOnly("family", family);
    Filters.now.only.label = again ? null : new Set([label]);
    Filters.now.only.family = again ? null : new Set([family]);
  }

  function build() {
    const head = document.createElement("tr");
    const corner = document.createElement("td");
    head.append(corner);
    shown.heads = { family: [], label: [] };
    for (const code of shown.family) {
      const { cell, button } = header("family", code, "col");
      head.append(cell);
      shown.heads.family.push([button, code]);
    }
    const body = document.createElement("tbody");
    cells = shown.label.map((label) => {
      const line = document.createElement("tr");
      const { cell, button } = header("label", label, "row");
      shown.heads.label.push([button, label]);
      line.append(cell);
      const row = shown.family.map((family) => {
        const box = document.createElement("td");
        box.addEventListener("click", () => { pickCell(label, family); changed(); });
        return box;
      });
      line.append(...row);
      body.append(line);
      return row;
    });
    const top = document.createElement("thead");
    top.append(head);
    table.replaceChildren(top, body);
  }

  function count() {
    const families = Data.names.family.length;
    const counts = new Uint32Array(families * Data.names.label.length);
    const others = 255 & ~(Filters.BIT.label | Filters.BIT.family);
    for (let row = 0; row < Data.n; row += 1) {
      if (!(Filters.fail[row] & others)) counts[Data.label[row] * families + Data.family[row]] += 1;
    }
    return (label, family) => counts[label * families + family];
  }

  function refresh() {
    const number = count();
    const { label: labels, family: families } = Filters.now.only;
    let most = 1;
    for (const label of shown.label) for (const family of shown.family) most = Math.max(most, number(label, family));
    shown.label.forEach((label, line) => shown.family.forEach((family, column) => {
      const value = number(label, family);
      const cell = cells[line][column];
      const passes = (!labels || labels.has(label)) && (!families || families.has(family));
      cell.textContent = value || "";
      cell.style.setProperty("--heat", value ? `${Math.round(12 + 43 * Math.log(1 + value) / Math.log(1 + most))}%` : "0%");
      cell.className = passes ? "" : "out";
    }));
    for (const group of ["family", "label"]) {
      for (const [button, code] of shown.heads[group]) button.setAttribute("aria-pressed", String(isOnly(group, code)));
    }
  }

  function start(listener) {
    changed = listener;
    shown = { family: largest("family"), label: largest("label") };
    const cut = ["label", "family"].filter((group) => Data.names[group].length > MOST[group])
      .map((group) => `the largest ${MOST[group]} of ${Data.names[group].length} by ${group}`);
    document.getElementById("tablenote").textContent = cut.length ? `Shown: ${cut.join(", ")}.` : "";
    build();
  }

  return { start, refresh };
})();

"use strict";
// How many glitches of each label are in each family; rows, columns and cells are filters.
const Crosstab = (() => {
  const table = document.getElementById("crosstab");
  const MOST = { family: 100, label: 60 };
  let chosen;
  let changed;
  let cells = [];

  function largest(group) {
    const counts = Filters.counts(group, ["label", "family", "time", "detector", "run", "rest"]);
    const codes = Data.names[group].map((_, code) => code);
    const kept = codes.sort((a, b) => counts[b] - counts[a]).slice(0, MOST[group]);
    return kept.sort((a, b) => a - b);
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
    chosen.heads = { family: [], label: [] };
    for (const code of chosen.family) {
      const { cell, button } = header("family", code, "col");
      head.append(cell);
      chosen.heads.family.push([button, code]);
    }
    const body = document.createElement("tbody");
    cells = chosen.label.map((label) => {
      const line = document.createElement("tr");
      const { cell, button } = header("label", label, "row");
      chosen.heads.label.push([button, label]);
      line.append(cell);
      const made = chosen.family.map((family) => {
        const box = document.createElement("td");
        box.addEventListener("click", () => { pickCell(label, family); changed(); });
        return box;
      });
      line.append(...made);
      body.append(line);
      return made;
    });
    const top = document.createElement("thead");
    top.append(head);
    table.replaceChildren(top, body);
  }

  function count() {
    const families = Data.names.family.length;
    const found = new Uint32Array(families * Data.names.label.length);
    const others = 255 & ~(Filters.BIT.label | Filters.BIT.family);
    for (let row = 0; row < Data.n; row += 1) {
      if (!(Filters.fail[row] & others)) found[Data.label[row] * families + Data.family[row]] += 1;
    }
    return (label, family) => found[label * families + family];
  }

  function refresh() {
    const number = count();
    const { label: labels, family: families } = Filters.now.only;
    let most = 1;
    for (const label of chosen.label) for (const family of chosen.family) most = Math.max(most, number(label, family));
    chosen.label.forEach((label, line) => chosen.family.forEach((family, column) => {
      const value = number(label, family);
      const cell = cells[line][column];
      const left = (!labels || labels.has(label)) && (!families || families.has(family));
      cell.textContent = value || "";
      cell.style.setProperty("--heat", value ? `${Math.round(12 + 43 * Math.log(1 + value) / Math.log(1 + most))}%` : "0%");
      cell.className = left ? "" : "out";
    }));
    for (const group of ["family", "label"]) {
      for (const [button, code] of chosen.heads[group]) button.setAttribute("aria-pressed", String(isOnly(group, code)));
    }
  }

  function start(listener) {
    changed = listener;
    chosen = { family: largest("family"), label: largest("label") };
    const left = ["label", "family"].filter((group) => Data.names[group].length > MOST[group])
      .map((group) => `the ${MOST[group]} largest of ${Data.names[group].length} for the ${group}`);
    document.getElementById("tablenote").textContent = left.length ? `Shown: ${left.join(", ")}.` : "";
    build();
  }

  return { start, refresh };
})();

"use strict";
// The matrix of witnesses: order, filter, and the description of the cell under the pointer.
(function () {
  const grid = document.getElementById("cells");
  if (!grid) return;
  const element = (id) => document.getElementById(id);
  const heads = { row: [...grid.querySelectorAll(".rowhead")], column: [...grid.querySelectorAll(".columnhead")] };
  const cells = [...grid.querySelectorAll(".hitcell")];
  const texts = cells.map((cell) => cell.getAttribute("aria-label").toLowerCase());
  const number = (count, one, several) => `${count} ${count === 1 ? one : several}`;
  let cellAt = new Map();

  // Grid lines of the visible heads, from 2: the first row and column are for the heads themselves.
  function lines(kind, used) {
    const shown = heads[kind].filter((head) => used.has(head.dataset[kind]));
    if (element("order").value === "name") {
      shown.sort((one, other) => one.textContent.localeCompare(other.textContent, undefined, { numeric: true }));
    }
    return new Map(shown.map((head, number) => [head.dataset[kind], number + 2]));
  }

  function arrange() {
    const text = element("only").value.trim().toLowerCase();
    const shown = cells.filter((cell, number) => texts[number].includes(text));
    const used = { row: new Set(), column: new Set() };
    shown.forEach((cell) => { used.row.add(cell.dataset.row); used.column.add(cell.dataset.column); });
    const [row, column] = [lines("row", used.row), lines("column", used.column)];
    heads.row.forEach((head) => { head.hidden = !row.has(head.dataset.row); head.style.gridRow = row.get(head.dataset.row) || ""; });
    heads.column.forEach((head) => { head.hidden = !column.has(head.dataset.column); head.style.gridColumn = column.get(head.dataset.column) || ""; });
    cellAt = new Map();
    const visible = new Set(shown);
    cells.forEach((cell) => {
      cell.hidden = !visible.has(cell);
      if (cell.hidden) return;
      const [down, along] = [row.get(cell.dataset.row), column.get(cell.dataset.column)];
      cell.style.gridArea = `${down} / ${along}`;
      cellAt.set(`${down} ${along}`, cell);
    });
    grid.style.setProperty("--rows", row.size);
    grid.style.setProperty("--columns", column.size);
    element("matrixcount").textContent = `${shown.length} of ${cells.length} witnesses shown: ${number(row.size, "family", "families")}, ${number(column.size, "group", "groups")} of channels`;
  }

  function linesOf(cell) {
    return [parseInt(cell.style.gridRowStart, 10), parseInt(cell.style.gridColumnStart, 10)];
  }

  // The nearest cell in a direction: along the line first, then by distance.
  function next(cell, down, along) {
    const [row, column] = cell ? linesOf(cell) : [1, 1];
    let best = null;
    let least = Infinity;
    cellAt.forEach((other) => {
      const [there, across] = linesOf(other);
      const ahead = (there - row) * down + (across - column) * along;
      const aside = Math.abs((there - row) * along) + Math.abs((across - column) * down);
      const far = ahead + 3 * aside;
      if (ahead > 0 && far < least) { best = other; least = far; }
    });
    return best;
  }

  function keys(event) {
    const step = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const target = next(event.target.closest(".hitcell"), ...step);
    if (target) target.focus();
  }

  function describe(event) {
    const cell = event.target.closest(".hitcell");
    if (cell) element("matrixword").textContent = cell.getAttribute("aria-label");
  }

  element("order").addEventListener("change", arrange);
  element("only").addEventListener("input", arrange);
  grid.addEventListener("keydown", keys);
  grid.addEventListener("pointerover", describe);
  grid.addEventListener("focusin", describe);
  element("matrixcontrols").hidden = false;
  element("matrixword").textContent = "Hover for details; click to open the family's page.";
  arrange();
})();

"use strict";
// Tables of class "sortable": a heading sorts the rows, a search box with data-filters="ID" hides those
// of table ID that lack its text. Without a script they are plain tables.
(function () {
  function compare(one, other, up) {
    const [left, right] = [one, other].map((row) => row.dataset.key);
    if (left === "" || right === "") return (left === "") - (right === "");
    const [a, b] = [Number(left), Number(right)];
    const order = Number.isNaN(a) || Number.isNaN(b) ? left.localeCompare(right) : a - b;
    return up ? order : -order;
  }

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      if (head.dataset.first === "no") return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "descending" : head.dataset.first === "up";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const rows = [...table.tBodies[0].rows];
        rows.sort((one, other) => compare(one.cells[column], other.cells[column], up));
        table.tBodies[0].append(...rows);
      });
    });
  }

  function filter(box) {
    const rows = [...document.getElementById(box.dataset.filters).tBodies[0].rows];
    const count = document.getElementById(`${box.dataset.filters}-count`);
    const texts = rows.map((row) => row.textContent.toLowerCase());
    box.addEventListener("input", () => {
      const text = box.value.trim().toLowerCase();
      rows.forEach((row, number) => { row.hidden = !texts[number].includes(text); });
      count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} shown`;
    });
    box.closest("[hidden]").hidden = false;
  }

  document.querySelectorAll("table.sortable").forEach(sortable);
  document.querySelectorAll("input[data-filters]").forEach(filter);
})();

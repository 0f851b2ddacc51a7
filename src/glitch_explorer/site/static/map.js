"use strict";
(function () {
  const data = window.GLITCHES;
  const plot = document.getElementById("plot");
  const element = (id) => document.getElementById(id);
  const MODES = { family: "Families", label: "Labels", detector: "Detectors" };
  const MANY = 4000;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  let mode = "family";
  let hidden = new Set();
  let kept = -1;
  let shown = -1;

  function rowsOf(code) {
    const rows = [];
    data[mode].forEach((value, row) => { if (value === code) rows.push(row); });
    return rows;
  }

  function lookOf(code) {
    const nobody = data.names[mode][code] === data.nobody[mode];
    return nobody ? [colour("--shade4"), "circle-open"] : data.looks[code];
  }

  function traces() {
    const type = data.id.length > MANY ? "scattergl" : "scatter";
    const size = data.id.length > MANY ? 5 : 8;
    const list = data.names[mode].map((name, code) => {
      const rows = rowsOf(code);
      const look = lookOf(code);
      return {
        type, mode: "markers", hoverinfo: "none", showlegend: false, visible: !hidden.has(code),
        x: rows.map((row) => data.x[row]), y: rows.map((row) => data.y[row]), customdata: rows,
        marker: {
          color: look[0], symbol: look[1], size: look[1].endsWith("-open") ? 0.7 * size : size, opacity: 0.85,
          line: { width: look[1].endsWith("-open") ? 1.4 : 0.4, color: colour("--page") },
        },
      };
    });
    const chosen = shown < 0 ? [] : [shown];
    list.push({
      type, mode: "markers", hoverinfo: "skip", showlegend: false,
      x: chosen.map((row) => data.x[row]), y: chosen.map((row) => data.y[row]),
      marker: { symbol: "circle-open", size: size + 9, color: colour("--ink"), line: { width: 2.5, color: colour("--ink") } },
    });
    return list;
  }

  function draw() {
    const axis = {
      zeroline: false, gridcolor: colour("--line"), showticklabels: false, ticks: "",
    };
    const layout = {
      margin: { l: 34, r: 8, t: 8, b: 34 }, hovermode: "closest", dragmode: "pan", uirevision: "view",
      paper_bgcolor: colour("--page"), plot_bgcolor: colour("--page"), font: { color: colour("--quiet") },
      xaxis: { ...axis, title: { text: "UMAP 1", standoff: 6 } },
      yaxis: { ...axis, title: { text: "UMAP 2", standoff: 6 }, scaleanchor: "x" },
    };
    const options = { responsive: true, scrollZoom: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d"] };
    element("empty").hidden = hidden.size < data.names[mode].length;
    return window.Plotly.react(plot, traces(), layout, options);
  }

  function ring(row) {
    const last = data.names[mode].length;
    window.Plotly.restyle(plot, { x: [[data.x[row]]], y: [[data.y[row]]] }, [last]);
  }

  function show(row, mark) {
    shown = row;
    const sprite = data.sprite[row];
    const sheet = Math.floor(sprite / data.sprites.sheet);
    const picture = element("picture");
    const file = String(sheet).padStart(4, "0");
    picture.style.backgroundImage = `url("${window.GLITCH_FOLDER}/sprites/${file}.webp")`;
    picture.style.backgroundPosition = `0 ${-(sprite % data.sprites.sheet) * data.sprites.step}px`;
    picture.setAttribute("aria-label", `Four views of glitch ${data.id[row]}`);
    const family = data.names.family[data.family[row]];
    const text = element("what");
    text.replaceChildren();
    const view = data.view[row] ? `, the ${data.view[row]} s view` : "";
    const time = data.time[row] === null ? "" : ` · GPS ${data.time[row]}`;
    const loud = data.snr[row] === null ? "" : ` · SNR ${data.snr[row]}`;
    text.append(
      `${data.id[row]}${view}\n${data.names.detector[data.detector[row]]}${time}${loud}\n`,
      `Label: ${data.names.label[data.label[row]]}\nFamily: `,
    );
    if (family === data.nobody.family) {
      text.append("none");
    } else {
      const link = document.createElement("a");
      link.href = `family/${encodeURIComponent(family)}.html`;
      link.textContent = family;
      text.append(link, ` · membership ${data.probability[row]}`);
    }
    if (mark) { ring(row); like(row); }
  }

  function like(row) {
    element("like").hidden = !data.near[row].length;
    element("near").replaceChildren(...data.near[row].map(([other, distance]) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = data.id[other] + (data.view[other] ? ` ${data.view[other]} s` : "");
      button.addEventListener("click", () => { kept = other; show(other, true); });
      const family = data.names.family[data.family[other]];
      const text = family === data.nobody.family ? "no family" : family;
      item.append(button, ` ${text} · ${data.names.label[data.label[other]]} · ${distance.toFixed(3)}`);
      return item;
    }));
  }

  function symbol(look) {
    const shapes = {
      circle: '<circle cx="7" cy="7" r="5"/>', diamond: '<path d="M7 1l6 6-6 6-6-6z"/>',
      "triangle-up": '<path d="M7 1.5l6 11H1z"/>', square: '<path d="M2 2h10v10H2z"/>',
      x: '<path d="M3 1l4 4 4-4 2 2-4 4 4 4-2 2-4-4-4 4-2-2 4-4-4-4z"/>',
      "circle-open": '<circle cx="7" cy="7" r="4.5" fill="none" stroke-width="2"/>',
    };
    const holder = document.createElement("span");
    holder.innerHTML = `<svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">${shapes[look[1]]}</svg>`;
    holder.firstChild.setAttribute("fill", look[0]);
    holder.firstChild.setAttribute("stroke", look[0]);
    holder.firstChild.setAttribute("stroke-width", "0");
    return holder.firstChild;
  }

  function legend() {
    element("legendname").textContent = MODES[mode];
    element("legend").replaceChildren(...data.names[mode].map((name, code) => {
      const item = document.createElement("li");
      const label = document.createElement("label");
      const box = document.createElement("input");
      box.type = "checkbox";
      box.checked = !hidden.has(code);
      box.addEventListener("change", () => { hidden[box.checked ? "delete" : "add"](code); draw(); });
      const text = document.createElement("span");
      text.className = "name";
      const shownName = mode === "family" && name === data.nobody.family ? "unassigned" : name;
      // Long class names may break after an underscore.
      shownName.split(/(?<=_)/).forEach((part, place) => {
        if (place) text.append(document.createElement("wbr"));
        text.append(part);
      });
      const count = document.createElement("span");
      count.className = "n";
      count.textContent = rowsOf(code).length;
      label.append(box, symbol(lookOf(code)), text, count);
      item.append(label);
      return item;
    }));
  }

  function refresh() { legend(); return draw(); }

  function step(by) {
    const count = data.id.length;
    let row = shown;
    for (let tries = 0; tries < count; tries += 1) {
      row = (row + by + count) % count;
      if (!hidden.has(data[mode][row])) { kept = row; show(row, true); return; }
    }
  }

  function find(text) {
    const wanted = text.trim().toLowerCase();
    if (!wanted) return;
    const row = data.id.findIndex((id) => id.toLowerCase().startsWith(wanted));
    if (row >= 0) { kept = row; show(row, true); } else { element("what").textContent = `No glitch id begins with ${text.trim()}.`; }
  }

  element("mode").addEventListener("change", (event) => { mode = event.target.value; hidden = new Set(); refresh(); });
  element("all").addEventListener("click", () => { hidden = new Set(); refresh(); });
  element("none").addEventListener("click", () => { hidden = new Set(data.names[mode].keys()); refresh(); });
  element("find").addEventListener("change", (event) => find(event.target.value));
  plot.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by) { event.preventDefault(); step(by); }
  });
  dark.addEventListener("change", refresh);
  const rowAt = (event) => event.points[0].customdata;
  Promise.resolve(refresh()).then(() => {
    plot.on("plotly_hover", (event) => show(rowAt(event), false));
    plot.on("plotly_unhover", () => { if (kept >= 0 && kept !== shown) show(kept, false); });
    plot.on("plotly_click", (event) => { kept = rowAt(event); show(kept, true); });
  });
})();

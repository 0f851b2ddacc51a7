"use strict";
// The charts of the cost page. Their sentences are those of the rows of its tables.
(function () {
  const data = window.COST;
  const element = (id) => document.getElementById(id);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 640px)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const ALL = "all";
  const FONT = "system-ui, sans-serif";
  const TEXT = 12;
  const UNITS = { cost: "Mpc³ yr", hours: "h per 1000 h" };
  // Rows of the ranking, families and channels of the matrix that are shown at first.
  const FEW = { rows: 25, families: 30, channels: 40 };
  const sentences = (name) => [...document.querySelectorAll(`table.${name} tbody tr`)].map((row) => row.dataset.sentence);
  // Read before a heading sorts the rows.
  const SENTENCES = { costs: sentences("costs"), recoverable: sentences("recoverable") };
  const HATCHES = ["", "/", "x", ".", "-", ""];
  let unit = "cost";
  let detector = ALL;
  let everything = false;
  let places = [];
  let chosen = -1;

  // Plotly reads its texts as markup.
  const literal = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const short = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
  // Names of channels differ at both ends.
  const middle = (text, length) => (text.length > length ? `${text.slice(0, Math.ceil(length / 2) - 1)}…${text.slice(-Math.floor(length / 2))}` : text);
  // Width of a text of the charts' size, in pixels.
  const pen = document.createElement("canvas").getContext("2d");
  const width = (text) => { pen.font = `${TEXT}px ${FONT}`; return pen.measureText(text).width; };
  const widest = (texts) => Math.ceil(Math.max(0, ...texts.map(width)));
  const shown = (ifo) => detector === ALL || ifo === detector;
  const pageOf = (family) => `family/${encodeURIComponent(family)}.html#cost`;

  function amount(value, digits) {
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size >= 1e5 || size < 1e-3) return value.toExponential(digits - 1).replace("e+", "e").replace(/-/g, "−");
    const rounded = Number(value.toPrecision(digits));
    return String(rounded).replace("-", "−");
  }

  // A scale of colours in powers of ten, three of them.
  const DECADES = 3;

  const shownDetectors = () => data.detectors.filter(shown);

  function inUnit(cost, whole) { return unit === "cost" ? cost : (1000 * cost) / whole; }

  function axis(title, more) {
    return {
      title: { text: title, standoff: 8 }, gridcolor: colour("--line"), zerolinecolor: colour("--quiet"),
      linecolor: colour("--quiet"), exponentformat: "none", separatethousands: true, ...more,
    };
  }

  function layout(more) {
    return {
      paper_bgcolor: colour("--page"), plot_bgcolor: colour("--page"),
      font: { color: colour("--ink"), size: TEXT, family: FONT }, dragmode: narrow.matches ? false : "zoom",
      hoverlabel: { bgcolor: colour("--panel"), bordercolor: colour("--quiet"), font: { color: colour("--ink") }, align: "left" },
      showlegend: false, separators: ".\u202f", ...more,
      // Fixed: automatic margins and labels can depend on each other without end.
      margin: { ...more.margin, autoexpand: false },
    };
  }

  // Room for the labels of a vertical axis and its title.
  function labelled(values) {
    const most = Math.max(0, ...values.filter(Number.isFinite).map(Math.abs));
    return 40 + width(most >= 10 ? Math.ceil(1.2 * most).toLocaleString("en") : most >= 0.1 ? "−0.00" : "−0.0000");
  }

  function draw(id, traces, options) {
    const config = { responsive: true, displaylogo: false, displayModeBar: false, typesetMath: false };
    return window.Plotly.react(element(id), traces, options, config);
  }

  function colourOf(ifo) { return colour(`--detector${data.detectors.indexOf(ifo) % 3}`); }

  function ranked() {
    const value = data.rows[unit];
    const rows = [...value.keys()].filter((row) => shown(data.rows.ifo[row]));
    return rows.sort((a, b) => value[b] - value[a] || a - b);
  }

  function ranking() {
    const every = ranked();
    places = everything ? every : every.slice(0, FEW.rows);
    const value = places.map((row) => data.rows[unit][row]);
    const ends = (side) => places.map((row) => data.rows[`${unit}_${side}`][row]);
    const low = ends("low");
    const high = ends("high");
    const sure = places.map((row, place) => low[place] !== null && low[place] > 0);
    const ink = places.map((row) => colourOf(data.rows.ifo[row]));
    const span = (other) => value.map((end, place) => (other[place] === null ? 0 : Math.abs(other[place] - end)));
    const parts = places.map((row) => [`${short(data.rows.family[row], 12)} ${data.rows.ifo[row]}`, narrow.matches ? "" : short(data.rows.label[row], 22)]);
    const name = ([family, label]) => `${literal(family)}${label ? ` <span style="color:${colour("--quiet")}">${literal(label)}</span>` : ""} `;
    const bars = {
      type: "bar", orientation: "h", x: value, y: [...places.keys()], customdata: places, hoverinfo: "none",
      marker: { color: ink.map((fill, place) => (sure[place] ? fill : colour("--page"))), line: { color: ink, width: 1.6 } },
      error_x: { type: "data", symmetric: false, array: span(high), arrayminus: span(low), color: colour("--ink"), thickness: 1.4, width: 4 },
    };
    const height = 70 + 22 * Math.max(3, places.length);
    element("ranking").style.height = `${height}px`;
    element("rankingnote").textContent = every.length > places.length
      ? `${places.length} of ${every.length} shown; the table below has all.` : "";
    return draw("ranking", [bars], layout({
      bargap: 0.32, dragmode: false, height, margin: { l: 16 + widest(parts.map((part) => part.join(" "))), r: 12, t: 8, b: 50 },
      xaxis: axis(unit === "cost" ? "Lost sensitive time–volume (Mpc³ yr)" : "Equivalent live time lost (h per 1000 h)", { fixedrange: true }),
      yaxis: axis("", { tickvals: [...places.keys()], ticktext: parts.map(name), range: [Math.max(3, places.length) - 0.4, -0.6], fixedrange: true, showgrid: false, zeroline: false, ticks: "" }),
    }));
  }

  // The costs of a detector, largest first, added up; costs of different detectors do not add up.
  function cumulative(ifo) {
    const rows = [...data.rows.cost.keys()].filter((row) => data.rows.ifo[row] === ifo);
    rows.sort((a, b) => data.rows.cost[b] - data.rows.cost[a] || a - b);
    let sum = 0;
    const reached = rows.map((row) => { sum += data.rows.cost[row]; return inUnit(sum, data.time_volume[ifo]); });
    const most = Math.max(0, ...reached);
    return { ifo, rows, reached, most, enough: reached.findIndex((value) => value >= 0.8 * most) + 1 };
  }

  function pareto() {
    const parts = shownDetectors().map(cumulative);
    element("paretonote").textContent = parts.map((part) => (part.most > 0
      ? `${part.ifo}: the ${part.enough} largest of ${part.rows.length} costs make up at least 80 % of the sum of all positive costs.`
      : `${part.ifo}: no cost is above 0.`)).join(" ");
    const longest = Math.max(...parts.map((part) => part.rows.length));
    const lines = parts.map(({ ifo, rows, reached }) => ({
      type: "scatter", mode: rows.length > 60 ? "lines" : "lines+markers", name: literal(ifo), x: rows.map((row, place) => place + 1), y: reached,
      line: { color: colourOf(ifo), width: 2 }, marker: { color: colourOf(ifo), size: 6 },
      text: rows.map((row) => `${literal(data.rows.family[row])} in ${literal(ifo)}`),
      hovertemplate: "Sum of the %{x} largest costs, down to %{text}<br>%{y:.4g}<extra></extra>",
    }));
    const alone = parts.length === 1 && parts[0].most > 0 ? 0.8 * parts[0].most : null;
    return draw("pareto", lines, layout({
      margin: { l: labelled(parts.flatMap((part) => part.reached)), r: 12, t: 8, b: 50 }, showlegend: parts.length > 1,
      legend: { x: 1, xanchor: "right", y: 0.02, yanchor: "bottom", font: { size: 11 } },
      xaxis: axis("Number of families, by decreasing cost", { range: [0.5, Math.max(3, longest) + 0.5], dtick: longest > 8 ? undefined : 1, zeroline: false }),
      yaxis: axis(`Cumulative cost (${UNITS[unit]})`, { rangemode: "tozero" }),
      shapes: alone ? [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: alone, y1: alone, line: { color: colour("--quiet"), width: 1, dash: "dot" } }] : [],
      annotations: alone ? [{ xref: "paper", x: 1, xanchor: "right", y: alone, yanchor: "top", text: "80 %", showarrow: false, font: { color: colour("--quiet"), size: 11 } }] : [],
    }));
  }

  // Bars of one detector's families.
  function familyBars(days) {
    return days.series.map((part, number) => ({
      type: "bar", name: part.family ? literal(part.family) : `${days.others} other${days.others === 1 ? "" : "s"}`,
      x: days.dates, y: part.cost.map((cost, day) => inUnit(cost, days.time_volume[day])),
      marker: {
        color: part.family ? colour(`--series${number}`) : colour("--shade4"),
        pattern: { shape: part.family ? HATCHES[number] : "", fillmode: "overlay", fgcolor: colour("--page"), fgopacity: 0.7, size: 6, solidity: 0.2 },
      },
      hovertemplate: `${part.family ? literal(part.family) : "others"}, %{x|%Y-%m-%d}<br>%{y:.4g}<extra></extra>`,
    }));
  }

  // Bars of all families of a detector together, beside those of other detectors.
  function detectorBars(ifo) {
    const days = data.days[ifo];
    const sums = days.dates.map((date, day) => days.series.reduce((sum, part) => sum + part.cost[day], 0));
    return {
      type: "bar", name: literal(ifo), x: days.dates, y: sums.map((sum, day) => inUnit(sum, days.time_volume[day])),
      marker: { color: colourOf(ifo) }, hovertemplate: `${literal(ifo)}, %{x|%Y-%m-%d}<br>%{y:.4g}<extra></extra>`,
    };
  }

  function timeline() {
    const ifos = shownDetectors();
    const apart = ifos.length > 1;
    const traces = apart ? ifos.map(detectorBars) : familyBars(data.days[ifos[0]]);
    const title = unit === "cost" ? "Cost per day (Mpc³ yr)" : "Equivalent h lost per 1000 h, per day";
    const heights = new Map();
    traces.forEach((trace) => trace.x.forEach((date, day) => heights.set(date, (heights.get(date) || 0) + Math.abs(trace.y[day]))));
    return draw("timeline", traces, layout({
      margin: { l: labelled([...heights.values()]), r: 12, t: 56, b: 64 },
      barmode: apart ? "group" : "relative", bargap: heights.size > 60 ? 0 : 0.25, showlegend: true,
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 11 } },
      xaxis: axis("Day (UTC)", { type: "date", hoverformat: "%Y-%m-%d", tickformat: "%d %b\n%Y", showgrid: false }),
      yaxis: axis(title),
    }));
  }

  // The names with the largest sums, in order of size.
  function largest(cells, field, limit) {
    const sums = new Map();
    cells.forEach((cell) => sums.set(data.cells[field][cell], (sums.get(data.cells[field][cell]) || 0) + data.cells.value[cell]));
    return [...sums].sort(([, a], [, b]) => b - a).map(([name]) => name).slice(0, everything ? undefined : limit);
  }

  // Without any witness the page has no matrix.
  function matrix() {
    if (!element("matrix")) return null;
    element("matrixword").textContent = "Hover for details.";
    const cells = [...data.cells.value.keys()].filter((cell) => shown(data.cells.ifo[cell]));
    element("matrixpart").hidden = !cells.length;
    element("nomatrix").hidden = Boolean(cells.length);
    if (!cells.length) return null;
    const families = largest(cells, "family", FEW.families);
    const channels = largest(cells.filter((cell) => families.includes(data.cells.family[cell])), "channel", FEW.channels);
    const grid = (value) => channels.map(() => families.map(() => value));
    const [size, text, who] = [grid(null), grid(""), grid(null)];
    const unknown = new Set();
    let most = 0;
    cells.forEach((cell) => {
      const [x, y] = [families.indexOf(data.cells.family[cell]), channels.indexOf(data.cells.channel[cell])];
      if (data.cells.unknown[cell]) unknown.add(data.cells.channel[cell]);
      if (x < 0 || y < 0) return;
      const value = inUnit(data.cells.value[cell], data.time_volume[data.cells.ifo[cell]]);
      most = Math.max(most, value);
      size[y][x] = Math.log10(value);
      text[y][x] = amount(value, value < 0.1 ? 1 : 2);
      who[y][x] = cell;
    });
    const label = narrow.matches ? 28 : 44;
    const names = channels.map((name) => middle(name, label) + (unknown.has(name) ? " ?" : ""));
    const heads = families.map((name) => short(name, 12));
    const left = 16 + widest(names);
    const below = 16 + widest(heads);
    const room = element("matrixpart").clientWidth - left - 12;
    const step = Math.max(30, Math.min(60, Math.floor(room / families.length)));
    const top = Math.ceil(Math.log10(most));
    const powers = [...Array(DECADES + 2).keys()].map((down) => top - down);
    const heat = {
      type: "heatmap", z: size, x: [...families.keys()], y: [...channels.keys()], customdata: who, xgap: 1, ygap: 1, hoverinfo: "none",
      text, texttemplate: "%{text}", textfont: { size: 10 }, colorscale: [[0, colour("--panel")], [1, colour("--full")]],
      zmax: Math.log10(most), zmin: Math.log10(most) - DECADES,
      colorbar: {
        title: { text: `At most (${UNITS[unit]})`, side: "top" }, orientation: "h", thickness: 10, outlinewidth: 0,
        lenmode: "pixels", len: 230, x: 0, xanchor: "left", y: 1, yanchor: "bottom", ypad: 6,
        tickvals: powers, ticktext: powers.map((power) => amount(10 ** power, 1)),
      },
    };
    const plot = element("matrix");
    const extent = { width: left + 12 + Math.max(250, step * families.length), height: 70 + below + 22 * channels.length };
    plot.style.height = `${extent.height}px`;
    plot.style.width = `${extent.width}px`;
    const more = [new Set(cells.map((cell) => data.cells.family[cell])).size - families.length, new Set(cells.map((cell) => data.cells.channel[cell])).size - channels.length];
    element("matrixnote").textContent = (unknown.size ? "? marks a channel whose safety is unknown. " : "")
      + (more[0] || more[1] ? `Not shown: ${more[0]} families, ${more[1]} channels.` : "");
    return draw("matrix", [heat], layout({
      dragmode: false, ...extent, margin: { l: left, r: 12, t: 62, b: below },
      xaxis: axis("", { tickvals: [...families.keys()], ticktext: heads.map(literal), tickangle: -90, fixedrange: true, showgrid: false, zeroline: false, ticks: "" }),
      yaxis: axis("", { tickvals: [...channels.keys()], ticktext: names.map((name) => `${literal(name)} `), range: [channels.length - 0.5, -0.5], fixedrange: true, showgrid: false, zeroline: false, ticks: "" }),
    }));
  }

  function describe(id, sentence, family) {
    const link = document.createElement("a");
    link.href = pageOf(family);
    link.textContent = `Page of ${family}`;
    element(id).replaceChildren(`${sentence} `, link);
  }

  function choose(place) {
    chosen = Math.min(places.length - 1, Math.max(0, place));
    const row = places[chosen];
    describe("rankingword", SENTENCES.costs[row], data.rows.family[row]);
    window.Plotly.relayout(element("ranking"), {
      shapes: [{ type: "rect", xref: "paper", x0: 0, x1: 1, y0: chosen - 0.5, y1: chosen + 0.5, fillcolor: colour("--quiet"), opacity: 0.16, line: { width: 0 } }],
    });
  }

  function tables() {
    document.querySelectorAll("table.sortable tbody tr").forEach((row) => { row.hidden = !shown(row.dataset.ifo); });
  }

  function refresh() {
    chosen = -1;
    element("rankingword").textContent = "Hover for details; a click, or Enter, opens the family's page.";
    tables();
    return [ranking(), pareto(), timeline(), matrix()];
  }

  if (!data.rows.cost.length || !window.Plotly) return;
  element("charts").hidden = false;
  element("plain").hidden = true;
  data.detectors.forEach((ifo) => element("detector").add(new Option(ifo, ifo)));
  element("unit").addEventListener("change", (event) => { unit = event.target.value; refresh(); });
  element("detector").addEventListener("change", (event) => { detector = event.target.value; refresh(); });
  element("every").addEventListener("change", (event) => { everything = event.target.checked; refresh(); });
  element("ranking").addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) { event.preventDefault(); choose(chosen + by); }
    if (event.key === "Enter" && chosen >= 0) window.location.href = pageOf(data.rows.family[places[chosen]]);
  });
  dark.addEventListener("change", refresh);
  narrow.addEventListener("change", refresh);
  const [first, , , last] = refresh();
  first.then(() => {
    element("ranking").on("plotly_hover", (event) => choose(event.points[0].y));
    element("ranking").on("plotly_click", (event) => { window.location.href = pageOf(data.rows.family[event.points[0].customdata]); });
  });
  Promise.resolve(last).then(() => {
    if (!element("matrix")?.on) return;
    element("matrix").on("plotly_hover", (event) => {
      const cell = event.points[0].customdata;
      if (cell !== null) describe("matrixword", SENTENCES.recoverable[cell], data.cells.family[cell]);
    });
  });
})();

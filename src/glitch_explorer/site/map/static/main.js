"use strict";
// Loading, and what each event changes.
(() => {
  const element = (id) => document.getElementById(id);
  const PAUSE_MS = 400;
  let timer = 0;

  function recolour() { Colours.apply(); Plot.sort(); Plot.draw(); }

  function refresh() {
    Filters.apply();
    Plot.sort();
    Plot.draw();
    Panel.refresh();
    Timeline.refresh();
    Crosstab.refresh();
  }

  function changed() { refresh(); Address.write(true); }

  // The address follows a moving map when it stops.
  function moved() {
    clearTimeout(timer);
    timer = setTimeout(() => Address.write(false), PAUSE_MS);
  }

  function pin(row, step = true) {
    Plot.pin(row);
    Card.pin(row, (other) => { Plot.reveal(other); pin(other); });
    Address.write(step);
  }

  function colourBy(name) {
    Colours.by = name;
    element("mode").value = name;
    recolour();
    Panel.legend();
    Panel.unfold();
    Timeline.refresh();
  }

  function restore() {
    const { pin: row, unknown, time } = Address.read();
    colourBy(Colours.by);
    refresh();
    pin(row, false);
    if (time) find(time);
    if (unknown.length) element("found").textContent = `Not on this map: ${unknown.map(Texts.legible).join(", ")}.`;
  }

  function stepped(by) {
    for (let tries = 0, row = by < 0 ? Math.max(0, Card.pinned) : Card.pinned; tries < Data.n; tries += 1) {
      row = (row + by + Data.n) % Data.n;
      if (row >= 0 && !Filters.fail[row]) { Plot.reveal(row); pin(row, false); return; }
    }
  }

  function nearestInTime(time) {
    let best = -1;
    let least = Infinity;
    for (let row = 0; row < Data.n; row += 1) {
      const apart = Math.abs(Data.time[row] - time);
      if (apart < least) { least = apart; best = row; }
    }
    return [best, least];
  }

  function find(text) {
    const query = text.trim();
    if (!query) return;
    const lower = query.toLowerCase();
    const exact = Data.ids.indexOf(query);
    const glitch = exact >= 0 ? exact : Data.ids.findIndex((id) => id.toLowerCase().startsWith(lower));
    const time = Times.parse(query);
    let row = glitch < 0 ? -1 : Data.glitch.indexOf(glitch);
    let message = row < 0 ? `No glitch id begins with ${query}.` : "";
    if (row < 0 && !Number.isNaN(time)) {
      const [nearest, apart] = nearestInTime(time);
      row = nearest;
      message = row < 0 ? "No glitch on this map has a time." : `Nearest in time, ${apart < 100 ? apart.toFixed(3) : apart.toFixed(0)} s away.`;
    }
    if (row >= 0 && Filters.fail[row]) message += " The filters exclude it.";
    element("found").textContent = message;
    if (row >= 0) { Plot.reveal(row); pin(row); }
  }

  function listen() {
    element("mode").addEventListener("change", (event) => { colourBy(event.target.value); Address.write(true); });
    element("find").addEventListener("change", (event) => find(event.target.value));
    element("reset").addEventListener("click", () => { Filters.set(Filters.blank()); changed(); });
    element("fit").addEventListener("click", Plot.fit);
    element("closer").addEventListener("click", () => Plot.zoom(1.5));
    element("farther").addEventListener("click", () => Plot.zoom(1 / 1.5));
    element("tools").addEventListener("change", (event) => { Plot.tool = event.target.value; });
    Colours.dark.addEventListener("change", () => { colourBy(Colours.by); refresh(); });
    Address.listen(restore);
  }

  // Until the ids are loaded the map can be viewed, but nothing selected.
  const whenReady = (act) => (...values) => { if (Data.ids) act(...values); };
  const listeners = {
    moved: whenReady(moved),
    pinned: whenReady((row) => pin(row)),
    stepped: whenReady(stepped),
    drawn: whenReady((corners) => { Filters.now.area = corners; changed(); }),
    pointed(row) {
      const shown = row >= 0 ? row : Card.pinned;
      if (Data.time && shown >= 0) Card.show(shown);
    },
  };

  Colours.apply();
  Plot.start(listeners);
  Plot.sort();
  Plot.draw();
  requestAnimationFrame(() => setTimeout(() => performance.mark("map-drawn")));
  Data.loadColumns().then(() => {
    Panel.start(changed);
    Timeline.start(changed);
    Crosstab.start(changed);
    colourBy(Colours.by);
    refresh();
    return Data.loadIds();
  }).then(() => {
    Export.start();
    listen();
    restore();
    performance.mark("map-ready");
    document.documentElement.dataset.ready = "true";
  });
})();

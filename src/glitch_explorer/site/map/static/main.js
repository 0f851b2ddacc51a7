"use strict";
// The page at work: what is loaded when, and what follows from what.
(() => {
  const element = (id) => document.getElementById(id);
  const PAUSE = 400;
  let pause = 0;

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

  // A moving map changes the address when it has come to rest.
  function moved() {
    clearTimeout(pause);
    pause = setTimeout(() => Address.write(false), PAUSE);
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
    const { pin: row, unknown } = Address.read();
    colourBy(Colours.by);
    refresh();
    pin(row, false);
    if (unknown.length) element("found").textContent = `This map has no ${unknown.map(Words.legible).join(", ")}.`;
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
    const wanted = text.trim();
    if (!wanted) return;
    const lower = wanted.toLowerCase();
    const exact = Data.ids.indexOf(wanted);
    const glitch = exact >= 0 ? exact : Data.ids.findIndex((id) => id.toLowerCase().startsWith(lower));
    const time = Times.parse(wanted);
    let row = glitch < 0 ? -1 : Data.glitch.indexOf(glitch);
    let word = row < 0 ? `No glitch id begins with ${wanted}.` : "";
    if (row < 0 && !Number.isNaN(time)) {
      const [nearest, apart] = nearestInTime(time);
      row = nearest;
      word = row < 0 ? "No glitch of this map has a time." : `Nearest in time, ${apart < 100 ? apart.toFixed(3) : apart.toFixed(0)} s away.`;
    }
    if (row >= 0 && Filters.fail[row]) word += " The filters leave it out.";
    element("found").textContent = word;
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

  // Until the ids are there the map can be looked at, but nothing is kept.
  const whenReady = (act) => (...given) => { if (Data.ids) act(...given); };
  const heard = {
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
  Plot.start(heard);
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
    Take.start();
    listen();
    restore();
    performance.mark("map-ready");
    document.documentElement.dataset.ready = "true";
  });
})();

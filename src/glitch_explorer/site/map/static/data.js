"use strict";
// The columns of the map as typed arrays; row i of each is row i of the map.
const Data = (() => {
  const kinds = { Float32: Float32Array, Float64: Float64Array, Uint8: Uint8Array, Uint16: Uint16Array, Int32: Int32Array };

  function unpack(packed) {
    const text = atob(packed.data);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
    return new kinds[packed.type](bytes.buffer);
  }

  function unpacked(given) {
    return Object.fromEntries(Object.entries(given).map(([name, value]) =>
      [name, value && value.type && value.data !== undefined ? unpack(value) : value]));
  }

  // A script tag is the one way to more data that a page from a folder has.
  function load(name) {
    return new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = `${window.GLITCH_FOLDER}/${name}.js`;
      script.onload = done;
      script.onerror = () => failed(new Error(`${script.src} is missing beside the page`));
      document.head.append(script);
    });
  }

  const data = unpacked(window.GLITCHES);
  delete window.GLITCHES;
  data.ids = null;
  data.near = null;
  let asked = null;

  data.loadColumns = () => load("columns").then(() => {
    const columns = unpacked(window.GLITCH_COLUMNS);
    delete window.GLITCH_COLUMNS;
    Object.assign(data, columns, { names: { ...data.names, ...columns.names } });
  });
  data.loadIds = () => load("ids").then(() => { data.ids = window.GLITCH_IDS; });
  data.loadNear = () => {
    asked = asked || load("near").then(() => { data.near = unpacked(window.GLITCH_NEAR); delete window.GLITCH_NEAR; });
    return asked;
  };
  data.id = (row) => (data.ids ? data.ids[data.glitch[row]] : "…");
  data.viewOf = (row) => data.names.view[data.view[row]];
  data.nameOf = (group, row) => data.names[group][data[group][row]];
  data.isNobody = (group, code) => data.names[group][code] === data.nobody[group];
  data.groupName = (group, code) => (group === "family" && data.isNobody(group, code) ? "unassigned" : Words.legible(data.names[group][code]));
  return data;
})();

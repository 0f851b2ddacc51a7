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

  function unpacked(columns) {
    return Object.fromEntries(Object.entries(columns).map(([name, value]) =>
      [name, value && value.type && value.data !== undefined ? unpack(value) : value]));
  }

  // A page opened from a folder can load more data by script tags only.
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
  let nearest = null;

  data.loadColumns = () => load("columns").then(() => {
    const columns = unpacked(window.GLITCH_COLUMNS);
    delete window.GLITCH_COLUMNS;
    Object.assign(data, columns, { names: { ...data.names, ...columns.names } });
  });
  data.loadIds = () => load("ids").then(() => { data.ids = window.GLITCH_IDS; });
  data.loadNear = () => {
    nearest = nearest || load("near").then(() => { data.near = unpacked(window.GLITCH_NEAR); delete window.GLITCH_NEAR; });
    return nearest;
  };
  data.id = (row) => (data.ids ? data.ids[data.glitch[row]] : "…");
  data.viewOf = (row) => data.names.view[data.view[row]];
  data.nameOf = (group, row) => data.names[group][data[group][row]];
  data.isMissing = (group, code) => data.names[group][code] === data.missing[group];
  data.groupName = (group, code) => (group === "family" && data.isMissing(group, code) ? "unassigned" : Texts.legible(data.names[group][code]));
  return data;
})();

"use strict";
// The columns of the map as typed arrays; row i of each is row i of the map.
const Data = (() => {
  const { unpacked, load } = Packed;
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

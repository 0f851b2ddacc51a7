"use strict";
// One glitch: its picture, its facts, the line that reads its strain, its nearest neighbours.
const Card = (() => {
  const element = (id) => document.getElementById(id);
  const HALF = 8;
  let pinned = -1;

  const known = (value) => value === value;

  function picture(row) {
    const sprite = Data.sprite[Data.glitch[row]];
    const box = element("picture");
    const { sheet, step } = Data.sprites;
    const file = String(Math.floor(sprite / sheet)).padStart(4, "0");
    box.style.backgroundImage = sprite < 0 ? "none" : `url("${window.GLITCH_FOLDER}/sprites/${file}.webp")`;
    box.style.backgroundPosition = `0 ${-(sprite % sheet) * step}px`;
    box.textContent = sprite < 0 ? "no picture stored" : "";
    box.setAttribute("aria-label", sprite < 0 ? "No picture of this glitch is stored" : `Four views of glitch ${Texts.legible(Data.id(row))}`);
  }

  function title(row) {
    const view = Data.viewOf(row);
    return Texts.legible(Data.id(row)) + (view ? `, the ${view} s view` : "");
  }

  function familyOf(row) {
    const isolation = ` · isolation ${Data.isolation[row].toFixed(1)}`;
    if (Data.isMissing("family", Data.family[row])) return ["unassigned", isolation];
    const link = document.createElement("a");
    const name = Data.nameOf("family", row);
    link.href = `family/${encodeURIComponent(name)}.html`;
    link.textContent = Texts.legible(name);
    return [link, ` · membership ${Data.probability[row].toFixed(3)}${isolation}`];
  }

  function suspicion(row) {
    if (!known(Data.evidence[row])) return "";
    const verdict = Data.suspect[row] ? `suspect, proposed label ${Texts.legible(Data.nameOf("proposed", row))}` : "not suspect";
    return `\n${verdict} · score ${Data.evidence[row].toFixed(3)}`;
  }

  function measures(row) {
    return [
      known(Data.snr[row]) && `SNR ${Data.snr[row].toFixed(1)}`,
      known(Data.frequency[row]) && `${Data.frequency[row].toFixed(1)} Hz`,
      known(Data.duration[row]) && `${Data.duration[row].toFixed(2)} s`,
    ].filter(Boolean).join(" · ");
  }

  function line(row) {
    const time = Data.time[row];
    const values = { ifo: Data.nameOf("detector", row), start: (time - HALF).toFixed(3), end: (time + HALF).toFixed(3) };
    return Data.line.replace(/\{(ifo|start|end)\}/g, (_, name) => values[name]);
  }

  function show(row) {
    picture(row);
    const time = Data.time[row];
    const run = Data.isMissing("run", Data.run[row]) ? "" : ` · ${Data.nameOf("run", row)}`;
    const page = document.createElement("a");
    page.href = `glitch.html#${encodeURIComponent(Data.id(row))}`;
    page.textContent = title(row);
    element("what").replaceChildren(
      page, `\n${Texts.legible(Data.nameOf("detector", row) + run)}`,
      known(time) ? ` · GPS ${time}\n${Times.utc(time).replace("T", " ")} UTC` : " · time unknown",
      `\nLabel: ${Data.groupName("label", Data.label[row])}\nFamily: `, ...familyOf(row),
      suspicion(row), `\n${measures(row)}`,
    );
    element("strain").hidden = !known(time);
    if (known(time)) element("line").value = line(row);
  }

  function showNearest(row, select) {
    const { near } = Data;
    const list = [];
    for (let at = row * near.k; at < (row + 1) * near.k; at += 1) {
      const other = near.row[at];
      if (other < 0) continue;
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = title(other);
      button.addEventListener("click", () => select(other));
      item.append(button, ` ${Data.groupName("family", Data.family[other])} · ${Data.groupName("label", Data.label[other])} · ${near.distance[at].toFixed(3)}`);
      list.push(item);
    }
    element("near").replaceChildren(...list);
    element("like").hidden = !list.length;
  }

  // Pin a glitch, -1 for none; a click on one of its nearest calls `select`.
  function pin(row, select) {
    pinned = row;
    element("like").hidden = true;
    if (row < 0) return;
    show(row);
    Data.loadNear().then(() => { if (pinned === row) showNearest(row, select); });
  }

  function copy() {
    const field = element("line");
    field.select();
    // A page opened from a folder may not use the clipboard API; a selection can be copied everywhere.
    element("copied").textContent = document.execCommand("copy") ? "copied" : "press Ctrl+C";
  }

  element("copy").addEventListener("click", copy);
  return { show, pin, get pinned() { return pinned; } };
})();

"use strict";
// Suspect labels as cards to accept or reject.
(function () {
  const data = window.SUSPECTS;
  const element = (id) => document.getElementById(id);
  const PAGE = 24;
  const LIST = element("cards");
  const KINDS = {
    every: () => true,
    issue: (row) => data.issue[row],
    confusable: (row) => data.confusable[row],
    other: (row) => !data.confusable[row] && data.label[row] >= 0,
    unlabelled: (row) => data.label[row] < 0,
  };
  const judgements = new Map();
  let rows = [...data.id.keys()];
  let first = 0;
  let saved = true;

  const { legible } = Texts;
  const labelOf = (code) => (code < 0 ? "" : data.names.label[code]);
  const shown = (code) => (code < 0 ? "unlabelled" : legible(labelOf(code)));
  const familyOf = (row) => data.names.family[data.family[row]];
  const pairOf = (row) => `${labelOf(data.label[row])}\n${labelOf(data.proposed[row])}`;

  function create(tag, className, ...parts) {
    const node = document.createElement(tag);
    node.className = className;
    node.append(...parts);
    return node;
  }

  function anchor(href, text) {
    const link = create("a", "", text);
    link.href = href;
    return link;
  }

  function judge(row, judgement) {
    if (judgements.get(row) === judgement) judgements.delete(row); else judgements.set(row, judgement);
    saved = false;
    mark(row);
    count();
  }

  function mark(row) {
    const card = LIST.querySelector(`[data-row="${row}"]`);
    if (!card) return;
    card.dataset.judgement = judgements.get(row) || "";
    card.querySelectorAll("button").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.judgement === judgements.get(row)));
    });
  }

  function count() {
    const accepted = [...judgements.values()].filter((judgement) => judgement === "accepted").length;
    element("judged").textContent = `${accepted} accepted, ${judgements.size - accepted} rejected, ${data.id.length - judgements.size} not judged`;
  }

  function picture(row) {
    if (data.picture[row] < 0) return create("p", "nopicture", "No picture stored");
    const image = create("img", "");
    image.loading = "lazy";
    image.width = 390;
    image.height = 96;
    image.alt = `Four views of glitch ${legible(data.id[row])}`;
    image.src = `${window.AUDIT_FOLDER}/${String(data.picture[row]).padStart(4, "0")}.webp`;
    return image;
  }

  function facts(row) {
    return [
      data.evidence[row] !== null && `evidence ${data.evidence[row].toFixed(3)}`,
      data.issue[row] && "label error",
      data.confusable[row] && "confusable pair",
      data.view[row] && `${data.view[row]} s view`,
      data.ifo[row],
      data.time[row] !== null && `GPS ${data.time[row]}`,
      data.snr[row] !== null && `SNR ${data.snr[row]}`,
    ].filter(Boolean).join(" · ");
  }

  // What supports the proposed label along the family's axis: the template's sentence with the row's numbers.
  function support(row) {
    const node = element("support").content.cloneNode(true);
    const percent = (share) => `${(100 * share).toFixed(0)} %`;
    const { segment, n_labelled: n, consistency, consistency_low: low, consistency_high: high, vote, vote_given: given } = data.axis;
    const values = {
      section: segment[row], n: n[row], hits: Math.round(n[row] * consistency[row]), label: shown(data.proposed[row]),
      share: percent(consistency[row]), low: percent(low[row]), high: percent(high[row]), vote: vote[row].toFixed(2),
      given: given[row] === null ? "" : given[row].toFixed(2),
    };
    node.querySelectorAll("[data-value]").forEach((part) => { part.textContent = values[part.dataset.value]; });
    if (given[row] === null) node.querySelector(".given").remove();
    return node;
  }

  function button(row, judgement, text) {
    const control = create("button", "", text);
    control.type = "button";
    control.dataset.judgement = judgement;
    control.addEventListener("click", () => judge(row, judgement));
    return control;
  }

  function card(row, place) {
    const id = legible(data.id[row]);
    const family = familyOf(row);
    const home = family === "-1" ? "unassigned" : anchor(`family/${encodeURIComponent(family)}.html`, legible(family));
    const page = anchor(`glitch.html#${encodeURIComponent(data.id[row])}`, create("code", "", id));
    const links = create("p", "links", page, " ",
      anchor(`map.html#pin=${encodeURIComponent(data.view[row] ? `${data.id[row]}~${data.view[row]}` : data.id[row])}`, "on the map"), " · ", home);
    const change = create("p", "change", create("span", "bidi", shown(data.label[row])), " → ", create("strong", "bidi", shown(data.proposed[row])));
    const article = create("article", "suspect", picture(row), change, create("p", "interval", facts(row)));
    if (data.axis.vote[row] !== null) article.append(support(row));
    article.append(links, create("p", "", button(row, "accepted", "accept (a)"), " ", button(row, "rejected", "reject (r)")));
    article.dataset.row = row;
    article.tabIndex = place ? -1 : 0;
    article.setAttribute("aria-label", `Suspect ${first + place + 1}: ${shown(data.label[row])}, proposed ${shown(data.proposed[row])}`.slice(0, 200));
    return article;
  }

  function draw() {
    const page = rows.slice(first, first + PAGE);
    LIST.replaceChildren(...page.map(card));
    page.forEach(mark);
    const pictured = rows.filter((row) => data.picture[row] >= 0).length;
    element("range").textContent = rows.length
      ? `${first + 1} to ${first + page.length} of ${rows.length} shown, ${pictured} with a picture${rows.length < data.id.length ? `; ${data.id.length} without filters` : ""}`
      : `No suspect passes the filters; ${data.id.length} without filters`;
    element("back").disabled = first === 0;
    element("on").disabled = first + PAGE >= rows.length;
  }

  function turn(by) {
    const next = first + by * PAGE;
    if (next < 0 || next >= rows.length) return false;
    first = next;
    draw();
    return true;
  }

  function step(cards, from, by) {
    const place = from + by;
    let target = cards[place];
    if (!target && turn(by)) target = by > 0 ? LIST.firstElementChild : LIST.lastElementChild;
    if (!target) return;
    LIST.querySelectorAll(".suspect").forEach((other) => { other.tabIndex = other === target ? 0 : -1; });
    target.focus();
  }

  function keys(event) {
    const chosen = event.target.closest(".suspect");
    if (!chosen || event.ctrlKey || event.metaKey || event.altKey) return;
    const cards = [...LIST.children];
    const from = cards.indexOf(chosen);
    const judgement = { a: "accepted", r: "rejected" }[event.key];
    const by = { n: 1, ArrowRight: 1, p: -1, ArrowLeft: -1 }[event.key];
    if (!judgement && !by) return;
    event.preventDefault();
    if (judgement) judge(Number(chosen.dataset.row), judgement);
    step(cards, from, by || 1);
  }

  function refresh() {
    const [label, pair, family] = ["label", "pair", "family"].map((name) => element(name).value);
    const kind = KINDS[element("kind").value];
    const judgement = element("state").value;
    rows = [...data.id.keys()].filter((row) => kind(row)
      && (!label || label === `=${labelOf(data.label[row])}`)
      && (!pair || pair === `=${pairOf(row)}`)
      && (!family || family === `=${familyOf(row)}`)
      && (!judgement || (judgements.get(row) || "none") === judgement));
    first = 0;
    draw();
  }

  function options(id, valueOf, textOf) {
    const counts = new Map();
    data.id.forEach((_, row) => counts.set(valueOf(row), { n: (counts.get(valueOf(row)) || { n: 0 }).n + 1, text: textOf(row) }));
    const sorted = [...counts].sort(([, a], [, b]) => b.n - a.n || a.text.localeCompare(b.text));
    sorted.forEach(([value, { n, text }]) => element(id).add(new Option(`${text.length > 90 ? `${text.slice(0, 89)}…` : text} (${n})`, `=${value}`)));
  }

  function fromAddress() {
    const address = new URLSearchParams(window.location.hash.slice(1));
    if (!["label", "proposed", "family"].some((name) => address.has(name))) return;
    const pair = address.has("label") && address.has("proposed");
    element("pair").value = pair ? `=${address.get("label")}\n${address.get("proposed")}` : "";
    element("label").value = address.has("label") && !pair ? `=${address.get("label")}` : "";
    element("family").value = address.has("family") ? `=${address.get("family")}` : "";
    element("kind").value = "every";
    element("state").value = "";
    // A name that no suspect has filters nothing.
    ["pair", "label", "family"].forEach((id) => { if (element(id).selectedIndex < 0) element(id).value = ""; });
    refresh();
    element("suspects").scrollIntoView();
  }

  function download() {
    const head = "glitch_id,view,label,proposed_label,evidence,judgement";
    const lines = data.id.map((id, row) => [
      id, data.view[row], labelOf(data.label[row]), labelOf(data.proposed[row]),
      data.evidence[row] === null ? "" : String(data.evidence[row]), judgements.get(row) || "",
    ].map(Texts.quoted).join(","));
    Texts.save("proposed_labels.csv", [head, ...lines, ""].join("\r\n"), "text/csv");
    saved = true;
  }

  options("label", (row) => labelOf(data.label[row]), (row) => shown(data.label[row]));
  options("pair", pairOf, (row) => `${shown(data.label[row]).slice(0, 40)} → ${shown(data.proposed[row]).slice(0, 40)}`);
  options("family", familyOf, (row) => (familyOf(row) === "-1" ? "unassigned" : legible(familyOf(row))));
  ["label", "pair", "family", "kind", "state"].forEach((id) => element(id).addEventListener("change", refresh));
  element("back").addEventListener("click", () => turn(-1));
  element("on").addEventListener("click", () => turn(1));
  element("save").addEventListener("click", download);
  LIST.addEventListener("keydown", keys);
  window.addEventListener("hashchange", fromAddress);
  window.addEventListener("beforeunload", (event) => { if (!saved) event.preventDefault(); });
  element("reviewing").hidden = false;
  count();
  draw();
  fromAddress();
})();

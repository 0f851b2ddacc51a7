"use strict";
// What is known of a glitch, part by part; a part without data says so.
const Parts = (() => {
  const { create, fixed, percent, chance, gps, channel, family, table, sentence } = Draw;
  const { legible } = Texts;
  const UNITS = { xgboost: "log-odds", random_forest: "probability" };
  const MODELS = { xgboost: "XGBoost", random_forest: "random forest" };
  const FEATURES = { witness: "all lags", precursor: "before the glitch only" };
  const KINDS = { raw: "samples", triggers: "triggers", segments: "flag", trends: "trend" };

  const viewOf = ({ view }) => (view ? ` (the ${view} s view)` : "");

  function labels(number, { catalogue: [facts], map, suspect = [], proposal = [] }) {
    const { label_confidence: confidence, label_source: source } = facts;
    const given = [confidence !== undefined && `confidence ${fixed(confidence, 2)}`, source && `from ${source}`].filter(Boolean).join(", ");
    const nodes = [sentence("Label: ", create("strong", {}, Draw.label(number)), given ? ` (${given}).` : ".")];
    suspect.forEach((row) => nodes.push(sentence(
      create("strong", {}, row.issue ? "Suspect, counted as a label error." : "Suspect."), ` Its neighbours${viewOf(row)} propose `,
      create("strong", {}, Draw.breakable(row.proposed_label)), `: evidence ${fixed(row.evidence, 3)}.`, row.confusable_pair ? " Experts confuse the two classes." : "")));
    proposal.forEach((row) => nodes.push(sentence(
      "Along the family's axis ", create("strong", {}, Draw.breakable(row.proposed_label)), ` is proposed${viewOf(row)}: ${percent(row.consistency)} of ${row.n_labelled} labels nearby (95 % interval ${percent(row.consistency_low)} to ${percent(row.consistency_high)}), ${fixed(row.vote, 2)} of its neighbours' votes.`)));
    if (!suspect.length && !proposal.length && Data.has.mapped && map) nodes.push(sentence(Data.names.label[Data.label[number]] === "no label" ? "No label is proposed for it." : "Its neighbours do not contradict it."));
    return nodes;
  }

  function families(number, record) {
    const rows = record.map || [];
    const nodes = rows.map((row) => sentence(family(row.family), viewOf(row), [
      row.probability !== undefined && row.family !== "-1" && ` · membership ${fixed(row.probability, 3)}`,
      row.isolation !== undefined && ` · isolation ${fixed(row.isolation, 2)}, the median of its family is 1`,
      row.outlier_score !== undefined && ` · outlier score ${fixed(row.outlier_score, 2)}`,
    ].filter(Boolean).join("")));
    const [excluded] = record.excluded || [];
    if (!rows.length && excluded) nodes.push(sentence(`It is not on the map: ${excluded.stage} excluded it, `, create("code", {}, legible(excluded.reason)), "."));
    else if (!rows.length) nodes.push(sentence(Data.has.mapped ? "It is not on the map: it has no vector." : "It is in no family."));
    return [...nodes, ...labels(number, record)];
  }

  // What is stored of a witness at this glitch: whether the family's veto fired, or the score that a model saw.
  function atGlitch(name, row, detector, { veto = [], shap = [] }) {
    const vetoed = (Data.vetoes[row.family] || {})[detector];
    if (vetoed === name) return veto.some((taken) => taken.family === row.family) ? create("strong", {}, "fired") : "did not fire";
    const seen = shap.find((value) => value.channel === name && value.value !== undefined);
    return seen ? `score ${fixed(seen.value, 1)}` : "not stored";
  }

  function fringes(rows) {
    const [best] = rows;
    if (!rows.some(({ match }) => match)) return sentence("No displacement channel predicts its frequency; the nearest is ", channel(best.channel), `: ${fixed(best.predicted_hz, 1)} Hz (${best.harmonic}×) for ${fixed(best.observed_hz, 1)} Hz.`);
    return table([["Displacement channel"], ["Predicted fringe", "count"], ["Glitch", "count"], ["Result"]], rows.map((row) => [
      channel(row.channel), `${fixed(row.predicted_hz, 1)} Hz (${row.harmonic}×)`, `${fixed(row.observed_hz, 1)} Hz`, row.match ? create("strong", {}, "match") : "no match",
    ]), "Scattered light");
  }

  function witnesses(number, record) {
    if (!Data.has.witnesses) return [sentence("The run has no auxiliary channels.")];
    const detector = Data.names.ifo[Data.ifo[number]];
    const nodes = [];
    [...new Set((record.map || []).map((row) => row.family))].filter((name) => name !== "-1").forEach((name) => {
      const rows = (Data.witnesses[name] || {})[detector] || [];
      if (!rows.length) nodes.push(sentence(family(name), ` has no witness in ${detector}.`));
      else nodes.push(sentence("Witnesses of ", family(name), ` in ${detector}:`), table(
        [["Channel"], ["At this glitch"], ["Efficiency", "count"], ["Deadtime", "count"], ["Evidence"]],
        rows.map((row) => [
          create("span", {}, channel(row.name), row.safety === "safe" ? "" : create("span", { class: "flag" }, "safety unknown")),
          atGlitch(row.name, { family: name }, detector, record), percent(row.efficiency), percent(row.deadtime),
          `${row.kinds.split(", ").map((kind) => KINDS[kind]).join(", ")}, q ${chance(row.q_value, row.at_floor)}${row.strong ? "" : ", weak"}`,
        ]), `Witnesses of ${name}`));
      if (rows.length) nodes.push(create("p", { class: "caption" }, "Efficiency: share of the family's glitches that the channel flags. Fired: the veto made of the channel takes this glitch. Score: largest robust z-score of its features that a model saw here."));
    });
    if (!nodes.length) nodes.push(sentence("Witnesses are those of a family, and it is in none."));
    if (record.fringe) nodes.push(create("h3", {}, "Scattered light"), fringes(record.fringe));
    return nodes;
  }

  function excursion({ excursion: [row] = [] }) {
    if (!row || row.peak === undefined) return sentence("Its whitened strain was not measured.");
    const limit = Data.gates.gate_threshold;
    const peak = `Its whitened strain reaches ${fixed(row.peak, 1)} standard deviations`;
    return sentence(row.start === undefined ? `${peak}: a search that gates above ${limit} leaves it.` : `${peak}: a search that gates above ${limit} removes ${fixed(row.end - row.start, 3)} s, from GPS ${gps(row.start)}.`);
  }

  function gate(number, { gate: [row] = [], catalogue: [{ astrophysical }] }) {
    if (!row) return sentence("It has no time, and so no gate.");
    const { gate_snr: least } = Data.gates;
    const span = `GPS ${gps(row.start)} to ${gps(row.end)} (${fixed(row.end - row.start, 2)} s)`;
    const others = row.others ? ` ${row.others === 1 ? "Another gate covers" : `${row.others} other gates cover`} its time.` : "";
    if (astrophysical) return sentence(`It is an astrophysical ${astrophysical === "event" ? "signal" : astrophysical}: no cost counts it.${others}`);
    if (least !== null && !(Data.snr[number] >= least)) return sentence(`Its SNR is below ${least}: the costs do not gate it.${others}`);
    return sentence(`The costs gate ${span}.${others}`);
  }

  function vetoes({ veto = [] }) {
    if (!veto.length) return [sentence("No veto takes it.")];
    return [sentence(`${veto.length === 1 ? "A veto takes" : `${veto.length} vetoes take`} it:`), table([["Veto of"], ["Channel"], ["Takes of the family", "count"], ["Deadtime", "count"]], veto.map((row) => [
      family(row.family, true), channel(row.channel), percent(row.efficiency), percent(row.deadtime),
    ]), "Vetoes")];
  }

  function range({ minute: [row] = [] }) {
    if (!row || row.range_mpc === undefined) return sentence("The range in its minute is unknown.");
    const reference = row.reference_mpc === undefined ? "" : `, ${fixed(row.reference_mpc, 1)} Mpc in the minutes around it without gates`;
    return sentence("Range in its minute: ", create("strong", {}, `${fixed(row.range_mpc, 1)} Mpc`), `${reference}; gates take ${fixed(row.gated_s, 1)} s of ${fixed(row.live_s, 0)} s.`);
  }

  function gates(number, record) {
    if (!Data.has.cost) return [sentence("The run has no costs.")];
    return [gate(number, record), excursion(record), ...vetoes(record), range(record)];
  }

  function shapBar(value, most) {
    const width = `${(50 * Math.abs(value)) / most}%`;
    return create("span", { class: "shap", "aria-hidden": "true" }, create("i", { class: value < 0 ? "below" : "above", style: `width:${width}` }));
  }

  function shap(rows) {
    const [{ view, model, base, rest }] = rows;
    const total = rows.reduce((sum, row) => sum + row.shap, base + rest);
    const most = Math.max(...rows.map((row) => Math.abs(row.shap)), Math.abs(rest));
    const lines = rows.map((row) => [channel(row.channel), create("span", {}, `${row.shap > 0 ? "+" : ""}${fixed(row.shap, 3)}`), shapBar(row.shap, most), fixed(row.value, 1)]);
    lines.push(["all other channels", `${rest > 0 ? "+" : ""}${fixed(rest, 3)}`, shapBar(rest, most), ""]);
    return [
      create("h3", {}, `${MODELS[model]}, ${FEATURES[view]}`),
      sentence(`From the base value ${fixed(base, 2)} to ${fixed(total, 2)} at this glitch (${UNITS[model]}).`),
      table([["Channel"], ["SHAP", "count"], [create("span", { class: "unseen" }, "as a bar")], ["Score", "count"]], lines, `SHAP values, ${MODELS[model]}, ${FEATURES[view]}`),
    ];
  }

  function model(_, { shap: rows = [] }) {
    if (!Data.has.witnesses || !Data.has.cost) return [sentence("The run has no models.")];
    if (!rows.length) return [sentence("No model speaks about it: none of its family beats its baseline, or it has no features.")];
    const groups = new Map();
    rows.forEach((row) => groups.set(`${row.view} ${row.model}`, [...(groups.get(`${row.view} ${row.model}`) || []), row]));
    return [...groups.values()].flatMap(shap);
  }

  function events({ event = [] }) {
    if (!event.length) return [sentence("No known signal or injection within 60 s.")];
    return event.map((row) => sentence(create("strong", { class: "long" }, legible(row.name)), `, ${row.kind === "event" ? "an astrophysical signal" : `an ${row.kind}`}: ${Draw.apart(row.after)}.`));
  }

  function other(number, code, live) {
    const name = legible(Data.names.ifo[code]);
    const time = Data.time[number];
    const near = Data.nearest(time, code);
    const quiet = live.length && !live.some((row) => row.ifo === name) ? ` ${name} took no science data then.` : "";
    if (near === undefined) return sentence(`${name} has no glitch with a time.${quiet}`);
    const apart = Data.time[near] - time;
    const mine = Draw.ifo(number);
    const travel = Data.travel[mine + name] ?? Data.travel[name + mine];
    const within = travel !== undefined && Math.abs(apart) <= travel;
    return sentence(`Nearest in ${name}: `, Draw.link(near), `, ${Draw.apart(apart)}, `, Draw.familyOf(near), ".",
      within ? create("strong", {}, ` Within the ${(1000 * travel).toFixed(1)} ms that light takes between the two.`) : "", quiet);
  }

  function others(number, record) {
    if (Number.isNaN(Data.time[number])) return [sentence("It has no time.")];
    const codes = Data.names.ifo.map((_, code) => code).filter((code) => code !== Data.ifo[number] && Data.names.ifo[code] !== "unknown");
    const nodes = codes.map((code) => other(number, code, record.live || []));
    return [...(nodes.length ? nodes : [sentence("The catalogue has no other detector.")]), ...events(record)];
  }

  return { show: { family: families, witnesses, gates, model, others } };
})();

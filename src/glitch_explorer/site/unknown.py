"""What a run cannot say of a family, in words, taken from the tables of each stage."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from glitch_explorer.audit.probe import LEAST
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES
from glitch_explorer.site.numbers import known
from glitch_explorer.site.pages import macro_text
from glitch_explorer.site.witnesses.words import count_text

#: Below this stability a family is no stable pattern (Hennig 2007).
STABLE = 0.75
#: Labels that purity and entropy of a family should rest on.
LEAST_LABELLED = 10
#: What a catalogue may not say of glitches, in words.
_MEASURED = {"snr": "SNR", "peak_frequency_hz": "peak frequency", "duration_s": "duration"}

#: What is unknown where a stage was not run.
NOT_RUN = {
    "witnesses": "Which channels witness it: the coupling stage was not run.",
    "cost": "What it costs the search, and which channels drive it: the impact stage was not run.",
}

Rows = Sequence[Mapping[str, Any]]


def audit_unknown(audit: Mapping[str, Any], gradient: bool, members: pd.DataFrame, probe: Rows) -> list[str]:
    """Say what map, labels and catalogue leave open of a family.

    Parameters
    ----------
    audit
        Its row of table "audit_families".
    gradient
        Whether the labels change along its axis.
    members
        Its rows of the map: ifo, snr, peak_frequency_hz, duration_s.
    probe
        Its rows of table "probe".
    """
    return [
        *_labels_unknown(audit, gradient),
        *_stability_unknown(audit),
        *_detectors_unknown(members["ifo"], probe),
        *(
            f"The {words} of {'any' if missing == len(members) else f'{missing} of {len(members)}'} members: "
            "the catalogue does not give it."
            for name, words in _MEASURED.items()
            if (missing := int(members[name].isna().sum()))
        ),
    ]


def _labels_unknown(audit: Mapping[str, Any], gradient: bool) -> Iterable[str]:
    n, labelled = audit["n"], audit["n_labelled"]
    if not labelled:
        yield "What its members are called: none has a label, so there is no purity, entropy or suspect."
        return
    if labelled < LEAST_LABELLED:
        yield (
            f"Whether its labels agree: only {labelled} of {n} members have one; purity and entropy rest on "
            f"fewer than {LEAST_LABELLED}."
        )
    if not gradient:
        yield (
            f"Whether its morphology changes along its axis: its {count_text(labelled, 'label')} show no "
            "significant change, which is no proof that there is none."
        )


def _stability_unknown(audit: Mapping[str, Any]) -> Iterable[str]:
    if not known(audit["stability"]):
        yield "Whether it is stable: no re-run of the map was compared."
    elif audit["stability"] < STABLE:
        yield (
            f"Whether it is one family: its stability, {audit['stability']:.2f}, is below {STABLE:g}; "
            "re-runs of the map split it or merge it with others."
        )
    elif audit["stability_low"] < STABLE:
        yield (
            f"How stable it is: the interval of its stability begins at {audit['stability_low']:.2f}, below "
            f"{STABLE:g}."
        )


def _detectors_unknown(ifo: pd.Series, probe: Rows) -> Iterable[str]:
    detectors = sorted(ifo.unique())
    if len(detectors) == 1:
        yield f"Whether other detectors have it: all its members are of {detectors[0]}."
    elif not probe:
        yield (
            f"Whether its members look alike in {' and '.join(detectors)}: too few to probe, fewer than "
            f"{LEAST} in each of two detectors."
        )
    for row in probe:
        if row["auc_low"] > 0.5:
            yield (
                f"Whether it is one family in {row['detectors'].replace(' ', ' and ')}: the vectors of its "
                f"members tell the detector (area under the curve {row['auc']:.2f})."
            )


def witness_unknown(answers: Rows) -> list[str]:
    """Say what the coupling leaves open of a family.

    Parameters
    ----------
    answers
        Of `witness_answers.answer`, a detector each.
    """
    return [text for one in answers for text in _witness_unknown(one)]


def _witness_unknown(one: Mapping[str, Any]) -> Iterable[str]:
    ifo, state = one["ifo"], one["state"]
    if state == "absent":
        yield f"What witnesses it in {ifo}: it has no glitch there."
        return
    if one["live_h"] is None:
        yield f"What witnesses it in {ifo}: there is no live time around its glitches."
    if state == "unanswered":
        yield f"What witnesses it in {ifo}: no answer. {' '.join(one['notes'])}"
        return
    if state == "none":
        yield (
            f"What witnesses it in {ifo}: none of {count_text(one['channels'], 'channel')} was found to; it "
            "may be a channel that is not on the list, or too weak for its number of glitches."
        )
    gone = sum(not row["looked"] for row in one["missing"])
    if gone:
        yield f"Whether {count_text(gone, 'listed channel')} of {ifo} witness it: without usable data."
    yield from _witnesses_unknown(one)


def _witnesses_unknown(one: Mapping[str, Any]) -> Iterable[str]:
    ifo, groups = one["ifo"], one["groups"]
    unsure = [group["channel"] for group in groups if group["safety"] == "unknown"]
    if unsure:
        yield (
            f"Whether {', '.join(unsure)} {'hears' if len(unsure) == 1 else 'hear'} the strain itself: the "
            f"safety of {count_text(len(unsure), 'witness', 'witnesses')} in {ifo} is unknown."
        )
    early = [group for group in groups if group["lag"] < 0 and group["relation"] != "leads"]
    if early:
        alone = min(group["n_alone"] for group in early)
        few = f": only {alone} of its glitches are alone" if alone < LEAST_GLITCHES else ""
        yield f"Whether {', '.join(group['channel'] for group in early)} leads it in {ifo}: not shown{few}."
    if any(not row["passed"] for row in one["calibration"]):
        yield f"How small its p-values in {ifo} truly are: the null fails its calibration for this family."
    short = [band["name"] for band in one["ground"] if band["answer"] in ("too short", "no channel")]
    if short:
        yield (
            f"Whether its rate follows the ground in {ifo} ({', '.join(short)}): too little time, or no "
            "channel."
        )
    if one["fringes"] in ("not asked", "too few"):
        yield f"Whether it is scattered light in {ifo}. {one['fringe_words']}"


def impact_unknown(answers: Rows) -> list[str]:
    """Say what cost and models leave open of a family.

    Parameters
    ----------
    answers
        Of `impact_answers.impact_answer`, a detector each.
    """
    return [text for one in answers for text in (*_cost_unknown(one), *_models_unknown(one))]


def _reason(row: Mapping[str, Any]) -> str:
    """Return the sentence of the reason why a row of the impact stage has no result."""
    return macro_text("cost/reasons.html", "reason_text", row)


def _cost_unknown(one: Mapping[str, Any]) -> Iterable[str]:
    ifo, cost = one["ifo"], one["cost"]
    if cost is None:
        yield f"What it costs in {ifo}: it has no glitch in analysed time there."
        return
    if not known(cost["cost_mpc3_yr"]):
        yield f"What it costs in {ifo}: {_reason(cost)}."
    elif not known(cost["cost_low"]):
        yield f"How sure its cost in {ifo} is: under ten blocks of time give no interval."
    elif cost["cost_low"] <= 0 <= cost["cost_high"]:
        yield f"Whether it costs anything in {ifo}: the interval of its cost holds 0."
    if cost["threshold_source"] == "snr":
        yield (
            f"How far it raises a search's threshold in {ifo}: there is no ranking of a search; a proxy from "
            "SNR is shown and not part of the cost."
        )


def _models_unknown(one: Mapping[str, Any]) -> Iterable[str]:
    ifo = one["ifo"]
    for view, question in (
        ("witness", "Which channels drive it"),
        ("precursor", "Whether channels announce it"),
    ):
        models = [row for row in one["models"] if row["view"] == view]
        if not models:
            yield f"{question} in {ifo}: no model was asked."
        elif not any(row["beats"] for row in models):
            asked = any(known(row["ap"]) for row in models)
            why = "no model beats rate and time of day" if asked else _reason(models[0])
            yield f"{question} in {ifo}: {why}."
        if any(row["beats"] and known(row["slid_beats"]) and row["slid_beats"] for row in models):
            yield f"{question} in {ifo} beyond chance: a model beats its baseline on a slid train, too."

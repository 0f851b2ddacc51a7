"""Findings of the front page: of each kind the largest, if it is significant."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from glitch_explorer.audit.schemas import NORMALISED_LIMIT, UNLABELLED
from glitch_explorer.core.statistics import wilson_interval
from glitch_explorer.coupling.auxiliary.safety import data_key
from glitch_explorer.coupling.witnesses.gather import witnessed
from glitch_explorer.map.schemas import UNASSIGNED
from glitch_explorer.site.cost.ranking import costliest
from glitch_explorer.site.evidence.rows import channel_evidence, evidence_of
from glitch_explorer.site.families.names import family_names
from glitch_explorer.site.families.unknown import STABLE
from glitch_explorer.site.pages import first_record, records
from glitch_explorer.site.witnesses.rates import surest_driver

#: Findings that are shown.
SHOWN = 5
#: Labelled families that the sentence on a possible new class names.
NEAREST = 2
#: Labels mix where the plurality label's share is surely below this.
PURE = 0.9

Facts = dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """A kind of finding, named as its macro in findings.html, and the facts that its sentence takes."""

    kind: str
    facts: Facts


@dataclass(frozen=True)
class FindingTables:
    """The tables that findings are read from; None where a stage was not run."""

    leakage: pd.DataFrame
    #: Table "audit_families".
    families: pd.DataFrame
    #: Table "nearest_families".
    nearest: pd.DataFrame
    #: Table "labels".
    labels: pd.DataFrame
    suspects: pd.DataFrame
    #: Table "family_ids".
    ids: pd.DataFrame
    #: Labelled rows of the map: family and label.
    labelled: pd.DataFrame
    calibration: pd.DataFrame | None
    witnesses: pd.DataFrame | None
    cost: pd.DataFrame | None
    #: Table "cost_by_detector".
    cost_by_detector: pd.DataFrame | None
    coincidences: pd.DataFrame | None
    evidence: pd.DataFrame | None
    #: Table "slow_drivers" of all detectors.
    slow: pd.DataFrame | None


#: Function that returns the facts of a finding of one kind, None where there is none.
Kind = Callable[[FindingTables], Facts | None]


def findings(tables: FindingTables, *, mapped: bool = True) -> list[Finding]:
    """Return the first `SHOWN` findings, in the order of `KINDS`, or of `KINDS_WITHOUT_MAP`."""
    kinds = KINDS if mapped else KINDS_WITHOUT_MAP
    return [Finding(kind, facts) for kind, of in kinds.items() if (facts := of(tables)) is not None][:SHOWN]


def _first(rows: pd.DataFrame, by: list[str], *, ascending: bool | list[bool] = True) -> Facts | None:
    """Return the first row in order of `by`, None where there is none."""
    return first_record(rows.sort_values(by, ascending=ascending, kind="stable"))


def _interval(hits: float, n: int) -> Facts:
    """Return the ends of a share's 95 % interval; of nothing, all shares are possible."""
    low, high = wilson_interval(hits, n)
    return {"low": low, "high": high}


def new_class(tables: FindingTables) -> Facts | None:
    """Return the largest possible new class, its nearest labelled families, and the number of others."""
    new = tables.families[tables.families["possible_new_class"] != ""]
    largest = _first(new, ["n", "family"], ascending=[False, True])
    if largest is None:
        return None
    near = tables.nearest[tables.nearest["family"] == largest["family"]]
    return {**largest, "others": len(new) - 1, "nearest": records(near.sort_values("rank").head(NEAREST))}


def leakage(tables: FindingTables) -> Facts | None:
    """Return the variable that families follow most, of those that fail the leakage test."""
    failed = tables.leakage[tables.leakage["failed"]]
    worst = _first(failed, ["normalised"], ascending=False)
    return worst and {**worst, "limit": NORMALISED_LIMIT}


def calibration(tables: FindingTables) -> Facts | None:
    """Return the level at which the calibration on pseudo-families fails worst."""
    if tables.calibration is None:
        return None
    worst = _first(tables.calibration[~tables.calibration["passed"]], ["binomial_p", "alpha"])
    return worst and {**worst, **_interval(worst["n_below"], worst["n"])}


def cost(tables: FindingTables) -> Facts | None:
    """Return what glitches cost in each detector, and what costs most; see `ranking.costliest`."""
    if tables.cost is None or tables.cost_by_detector is None:
        return None
    facts = costliest(tables.cost, tables.cost_by_detector, family_names(tables.families))
    return facts if facts["n"] else None


def _not_unsafe(rows: pd.DataFrame, tables: FindingTables) -> pd.DataFrame:
    """Return the rows of witnesses of which no name of the base channel is unsafe."""
    if tables.evidence is None:
        return rows
    unsafe = set(tables.evidence.loc[tables.evidence["safety"] == "unsafe", "channel"].map(data_key))
    part: pd.DataFrame = rows[~rows["channel"].map(data_key).isin(unsafe)]
    return part


def _with_evidence(best: Facts, tables: FindingTables) -> Facts:
    """Return the facts of a witness with its family's label and the evidence of all kinds."""
    evidence = None if tables.evidence is None else channel_evidence(evidence_of(tables.evidence), best)
    return {**best, "label": family_names(tables.families).get(best["family"]), "evidence": evidence}


def witness(tables: FindingTables) -> Facts | None:
    """Return the strong precursor candidate, else witness, whose effect has the highest lower end."""
    if tables.witnesses is None:
        return None
    witnesses = witnessed(tables.witnesses)
    sure = _not_unsafe(witnesses[witnesses["strong"]], tables)
    leads = sure[sure["relation"] == "leads"]
    order = ["excess_low", "family", "ifo", "channel"]
    best = _first(leads if len(leads) else sure, order, ascending=[False, True, True, True])
    return best and _with_evidence(best, tables)


def coincidence(tables: FindingTables) -> Facts | None:
    """Return the strong witness among triggers, flags and trends whose effect has the highest lower end.

    Rows of the family and base channel that `witness` returns are left out: that finding has their evidence.
    """
    if tables.coincidences is None:
        return None
    strong = _not_unsafe(tables.coincidences[tables.coincidences["strong"]], tables)
    named = witness(tables)
    if named:
        same = strong["channel"].map(data_key) == data_key(named["channel"])
        strong = strong[~(same & (strong["family"] == named["family"]))]
    order = ["channel_excess_low", "family", "ifo", "channel"]
    best = _first(strong, order, ascending=[False, True, True, True])
    return best and _with_evidence(best, tables)


def slow_driver(tables: FindingTables) -> Facts | None:
    """Return the slow driver with the surest effect on a rate; see `rates.surest_driver`."""
    surest = None if tables.slow is None else surest_driver(tables.slow)
    return surest and {**surest, "label": family_names(tables.families).get(surest["family"])}


def new_families(tables: FindingTables) -> Facts | None:
    """Return the number of families that the reference map does not have, and the largest."""
    new = tables.ids[tables.ids["new"]]
    largest = _first(new, ["n", "family"], ascending=[False, True])
    compared = tables.ids["overlap"].notna().any()
    return {"count": len(new), **largest} if largest and compared else None


def label_errors(tables: FindingTables) -> Facts | None:
    """Return the number of label errors, and the pair of labels with the most evidence."""
    wrong, n = tables.suspects[tables.suspects["issue"]], len(tables.labelled)
    pairs = wrong.groupby(["label", "proposed_label"], as_index=False).agg(
        pair_n=("issue", "size"), evidence=("evidence", "sum"), confusable=("confusable_pair", "any")
    )
    worst = _first(pairs, ["evidence"], ascending=False)
    if worst is None:
        return None
    return {**worst, "errors": len(wrong), "n": n, "share": len(wrong) / n, **_interval(len(wrong), n)}


def over_splitting(tables: FindingTables) -> Facts | None:
    """Return the family with the highest label entropy, of those whose labels surely mix."""
    known = (tables.families["label_state"] != UNLABELLED) & (tables.families["possible_new_class"] == "")
    rows = tables.families[known]
    mixed = [
        {**row, **_interval(row["purity"] * row["n_labelled"], row["n_labelled"])} for row in records(rows)
    ]
    return _highest(mixed, "label_entropy_bits")


def over_compression(tables: FindingTables) -> Facts | None:
    """Return the label with the highest family entropy, of those that surely lie in several families."""
    inside = tables.labelled[tables.labelled["family"] != UNASSIGNED]
    counts = inside.groupby(["label", "family"]).size().rename("hits").reset_index()
    largest = counts.sort_values(["hits", "family"], ascending=[False, True]).drop_duplicates("label")
    spread = tables.labels.merge(largest, on="label")
    spread["total"] = spread["label"].map(inside.groupby("label").size())
    shares = [{**row, "share": row["hits"] / row["total"]} for row in records(spread)]
    return _highest(
        [{**row, **_interval(row["hits"], row["total"])} for row in shares], "family_entropy_bits"
    )


def _highest(rows: list[Facts], column: str) -> Facts | None:
    """Return the row with the highest value of `column`, of those with a share surely below `PURE`."""
    return max((row for row in rows if row["high"] < PURE), key=lambda row: row[column], default=None)


def stability(tables: FindingTables) -> Facts | None:
    """Return the number of families that are surely unstable, and the least stable."""
    rows = tables.families[tables.families["stability_high"] < STABLE]
    worst = _first(rows, ["stability", "family"])
    return worst and {**worst, "count": len(rows), "limit": STABLE}


#: The kinds of findings, in the order in which they are shown.
KINDS: dict[str, Kind] = {
    "new_class": new_class,
    "leakage": leakage,
    "calibration": calibration,
    "cost": cost,
    "witness": witness,
    "coincidence": coincidence,
    "slow_driver": slow_driver,
    "new_families": new_families,
    "label_errors": label_errors,
    "over_splitting": over_splitting,
    "over_compression": over_compression,
    "stability": stability,
}
#: The same where families come from labels or a file.
KINDS_WITHOUT_MAP = {
    kind: KINDS[kind]
    for kind in ("calibration", "cost", "witness", "coincidence", "slow_driver", "new_families")
}

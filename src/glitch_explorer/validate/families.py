"""Compare families, audit, duplicates and quarantine with what was planted."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from sklearn.metrics import adjusted_mutual_info_score, average_precision_score, roc_auc_score

from glitch_explorer.map.schemas import UNASSIGNED
from glitch_explorer.validate.check import Check, mean_check
from glitch_explorer.validate.truth import MATCHED, planted_classes

LEAST_AMI = 0.75
LEAST_PRECISION = 0.8
LEAST_JACCARD = 0.5
#: Stability that the families of the simulated observatory are asked for.
ASKED_STABILITY = 0.8
#: Least share of families that have it.
LEAST_STABLE = 0.5
#: Least AUC of isolation for members of another class.
LEAST_ISOLATED = 0.8
#: Largest AUC of the detector within a family; 0.5 is no information.
MOST_PROBED = 0.7
#: Least share of proposed labels that are the planted class.
LEAST_RIGHT = 0.8


def family_checks(families: pd.DataFrame, truth: dict[str, Any]) -> list[Check]:
    """Compare families with planted classes (adjusted mutual information, Vinh 2010)."""
    rows = families.assign(planted=planted_classes(truth, families["glitch_id"])).dropna(subset="planted")
    inside = rows[rows["family"] != UNASSIGNED]
    unknown = set(rows.index[rows["planted"] == truth["unknown_class"]])
    jaccard, share = _best_overlap(inside, unknown)
    return [
        Check("ami_all", _ami(rows), len(rows), LEAST_AMI),
        Check("ami_assigned", _ami(inside), len(inside), no_bound="part"),
        Check("share_assigned", len(inside) / max(len(rows), 1), len(rows), no_bound="setting"),
        Check("unknown_jaccard", jaccard, len(unknown), LEAST_JACCARD),
        Check("unknown_share_of_family", share, len(unknown), LEAST_JACCARD),
        _strangers_check(inside),
    ]


def new_class_checks(audited: pd.DataFrame, families: pd.DataFrame, truth: dict[str, Any]) -> list[Check]:
    """Check that the families of the unknown shape, and no others, are flagged as possible new classes.

    Parameters
    ----------
    audited
        Table "audit_families": family and possible_new_class.
    families
        Table "families": glitch_id and family.
    truth
        Of `read_truth`.
    """
    rows = families.assign(planted=planted_classes(truth, families["glitch_id"])).dropna(subset="planted")
    share = (rows["planted"] == truth["unknown_class"]).groupby(rows["family"]).mean()
    flagged = audited["possible_new_class"] != ""
    unknown = audited["family"].map(share).fillna(0) > MATCHED
    return [
        mean_check("new_class_flagged", flagged[unknown], 1.0),
        Check("new_class_false", float((flagged & ~unknown).sum()), int((~unknown).sum()), 0.0, at_most=True),
    ]


def _strangers_check(inside: pd.DataFrame) -> Check:
    """Check the AUC with which isolation separates members of another class than most of their family."""
    commonest = inside.groupby("family")["planted"].agg(lambda planted: planted.mode().iloc[0])
    strange = inside["planted"] != inside["family"].map(commonest)
    value = float(roc_auc_score(strange, inside["isolation"])) if strange.any() else 1.0
    return Check("strangers_isolated", value, int(strange.sum()), LEAST_ISOLATED)


def unseen_checks(families: pd.DataFrame, truth: dict[str, Any], unseen: Sequence[str]) -> Iterator[Check]:
    """Compare families with planted classes, seen and unseen in the encoder's training.

    The families are those of the whole map; unseen are the classes `unseen` and the unknown shape.
    """
    rows = families.assign(planted=planted_classes(truth, families["glitch_id"])).dropna(subset="planted")
    new = rows["planted"].isin([*unseen, truth["unknown_class"]])
    for name, part in (("ami_seen", rows[~new]), ("ami_unseen", rows[new])):
        yield Check(name, _ami(part), len(part), no_bound="part")


def stability_check(stability: pd.DataFrame) -> Check:
    """Check the share of families that are stable."""
    return mean_check("families_stable", stability["stability"] >= ASKED_STABILITY, LEAST_STABLE, empty=1.0)


def probe_check(probe: pd.DataFrame) -> Check:
    """Check the mean AUC of the detector within a family, over families in which it can be told."""
    return mean_check("detector_probe", probe["auc"].dropna(), MOST_PROBED, empty=0.5, at_most=True)


def _ami(rows: pd.DataFrame) -> float:
    """Return the adjusted mutual information of family and planted class."""
    return float(adjusted_mutual_info_score(rows["planted"], rows["family"])) if len(rows) else 0.0


def _best_overlap(inside: pd.DataFrame, unknown: set[Any]) -> tuple[float, float]:
    """Return the best Jaccard of a family with `unknown`, and the share of that family that is unknown."""
    best = (0.0, 0.0)
    for _, members in inside.groupby("family"):
        rows = set(members.index)
        common = len(rows & unknown)
        best = max(best, (common / len(rows | unknown), common / len(rows)))
    return best


def suspect_check(suspects: pd.DataFrame, glitches: pd.DataFrame, truth: dict[str, Any]) -> Check:
    """Check the average precision of the evidence for planted wrong labels, over all labelled glitches."""
    evidence = suspects.groupby("glitch_id")["evidence"].max()
    labelled = glitches.loc[glitches["label"].notna() & (glitches["astrophysical"] == ""), "glitch_id"]
    wrong = set(truth["wrong_labels"])
    wrong |= {second for first, second in truth["duplicates"] if first in wrong}
    is_wrong = labelled.isin(wrong).to_numpy()
    score = labelled.map(evidence).fillna(0.0).to_numpy()
    value = float(average_precision_score(is_wrong, score)) if is_wrong.any() else 0.0
    return Check("suspects_average_precision", value, int(is_wrong.sum()), LEAST_PRECISION)


def relabel_check(relabel: pd.DataFrame, truth: dict[str, Any]) -> Check:
    """Check the share of proposed labels that are the planted class."""
    planted = planted_classes(truth, relabel["glitch_id"])
    right = (planted == relabel["proposed_label"]) & planted.notna()
    return mean_check("relabel_right", right, LEAST_RIGHT, empty=1.0)


def leakage_check(leakage: pd.DataFrame) -> Check:
    """Check that the leakage gate passes."""
    return Check("leakage_green", float(not leakage["failed"].any()), len(leakage), 1.0)


def row_checks(duplicates: pd.DataFrame, quarantine: pd.DataFrame, truth: dict[str, Any]) -> list[Check]:
    """Check that duplicates and quarantined glitches are exactly the planted ones."""
    planted = sorted(tuple(sorted(pair)) for pair in truth["duplicates"])
    pairs = zip(duplicates["glitch_id"], duplicates["kept_id"], strict=True)
    same = planted == sorted(tuple(sorted(pair)) for pair in pairs)
    unreadable = {glitch_id for glitch_id, glitch in truth["glitches"].items() if not glitch["readable"]}
    quarantined = set(quarantine["glitch_id"].dropna())
    return [
        Check("duplicates_exact", float(same), len(planted), 1.0),
        Check("quarantine_exact", float(quarantined == unreadable), len(unreadable), 1.0),
    ]

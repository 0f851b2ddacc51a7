"""Compare the families, the audit and the quarantine with the planted truth.

Nothing is raised where a result falls short: each check says its value, its bound
and whether it passed, and the whole says whether all did.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_mutual_info_score, average_precision_score, roc_auc_score

from glitch_explorer.audit.schemas import LEAKAGE, PROBE, RELABEL, SUSPECTS
from glitch_explorer.catalog.schemas import DUPLICATES, GLITCHES, QUARANTINE
from glitch_explorer.core import files, tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.map.schemas import FAMILIES, STABILITY, UNASSIGNED
from glitch_explorer.validate.check import Check, as_markdown
from glitch_explorer.validate.couplings import CouplingFiles, compare_couplings
from glitch_explorer.validate.impact import ImpactFiles, compare_impact
from glitch_explorer.validate.schemas import COUPLINGS, PLANTED_COSTS, PLANTED_DRIVERS

LEAST_AMI = 0.75
LEAST_PRECISION = 0.8
LEAST_JACCARD = 0.5
#: A family of this stability is stable.
STABLE = 0.8
#: Tables of planted answers, and the file of each.
ANSWERS = {
    "couplings.parquet": COUPLINGS,
    "drivers.parquet": PLANTED_DRIVERS,
    "costs.parquet": PLANTED_COSTS,
}


def read_truth(path: str | Path) -> dict[str, Any]:
    """Read what was planted.

    Raises
    ------
    UserError
        When the file is not the observatory's.
    """
    try:
        truth = json.loads(Path(path).read_text(encoding="utf-8"))
        truth["glitches"], truth["wrong_labels"], truth["duplicates"], truth["unknown_class"]
    except (ValueError, KeyError, TypeError) as problem:
        raise UserError(f"{path} is no truth of the simulated observatory: {problem!r}") from problem
    return dict(truth)


def planted_classes(truth: dict[str, Any], glitch_ids: pd.Series) -> pd.Series:
    """Give the planted class of each id (n,), also of second ids; missing for events and the rest."""
    planted = {
        glitch_id: glitch["class"] for glitch_id, glitch in truth["glitches"].items() if not glitch["event"]
    }
    for first, second in truth["duplicates"]:
        planted[second] = planted[first]
    return glitch_ids.map(planted)


def family_checks(families: pd.DataFrame, truth: dict[str, Any]) -> list[Check]:
    """Compare families with planted classes (adjusted mutual information, Vinh 2010)."""
    rows = families.assign(planted=planted_classes(truth, families["glitch_id"])).dropna(subset="planted")
    inside = rows[rows["family"] != UNASSIGNED]
    unknown = set(rows.index[rows["planted"] == truth["unknown_class"]])
    best, share = _best_match(inside, unknown)
    return [
        Check("ami_all", _ami(rows), LEAST_AMI, "families with planted classes, unassigned as one family",
              len(rows)),
        Check("ami_assigned", _ami(inside), None, "the same without the unassigned", len(inside)),
        Check("share_assigned", len(inside) / max(len(rows), 1), None, "glitches in a family", len(rows)),
        Check("unknown_jaccard", best, LEAST_JACCARD, "overlap of the unknown shape with its best family",
              len(unknown)),
        Check("unknown_share_of_family", share, LEAST_JACCARD, "share of that family with the shape",
              len(unknown)),
        _strangers_check(inside),
    ]  # fmt: skip


def _strangers_check(inside: pd.DataFrame) -> Check:
    """Give the AUC with which isolation tells members of another class than most of their family."""
    commonest = inside.groupby("family")["planted"].agg(lambda planted: planted.mode().iloc[0])
    strange = inside["planted"] != inside["family"].map(commonest)
    value = float(roc_auc_score(strange, inside["isolation"])) if strange.any() else 1.0
    return Check(
        "strangers_isolated", value, None, "AUC of isolation for members that their family's class is not",
        int(strange.sum()),
    )  # fmt: skip


def unseen_checks(families: pd.DataFrame, truth: dict[str, Any], unseen: Sequence[str]) -> list[Check]:
    """Compare families with planted classes, apart for those that the encoder's training had and had not.

    The families are those of the whole map; unseen are the classes `unseen` and the unknown shape.
    """
    rows = families.assign(planted=planted_classes(truth, families["glitch_id"])).dropna(subset="planted")
    new = rows["planted"].isin([*unseen, truth["unknown_class"]])
    return [
        Check(
            f"ami_{name}", _ami(part), None, f"ami_all on classes {name} in the encoder's training", len(part)
        )
        for name, part in (("seen", rows[~new]), ("unseen", rows[new]))
    ]


def stability_check(stability: pd.DataFrame) -> Check:
    """Give the share of families that are stable."""
    value = float((stability["stability"] >= STABLE).mean()) if len(stability) else 0.0
    return Check("families_stable", value, None, f"families with stability ≥ {STABLE:g}", len(stability))


def probe_check(probe: pd.DataFrame) -> Check:
    """Give the mean AUC of the detector within a family."""
    value = float(probe["auc"].mean()) if len(probe) else 0.5
    return Check(
        "detector_probe", value, None, "AUC of the detector from the vectors of a family, mean", len(probe)
    )


def _ami(rows: pd.DataFrame) -> float:
    """Give the adjusted mutual information of family and planted class."""
    return float(adjusted_mutual_info_score(rows["planted"], rows["family"])) if len(rows) else 0.0


def _best_match(inside: pd.DataFrame, wanted: set[Any]) -> tuple[float, float]:
    """Give the best Jaccard of a family with `wanted`, and the share of that family that is wanted."""
    best = (0.0, 0.0)
    for _, members in inside.groupby("family"):
        found = set(members.index)
        common = len(found & wanted)
        best = max(best, (common / len(found | wanted), common / len(found)))
    return best


def suspect_check(suspects: pd.DataFrame, glitches: pd.DataFrame, truth: dict[str, Any]) -> Check:
    """Give the average precision of the evidence for planted wrong labels, over all labelled glitches."""
    evidence = suspects.groupby("glitch_id")["evidence"].max()
    labelled = glitches.loc[glitches["label"].notna() & (glitches["astrophysical"] == ""), "glitch_id"]
    wrong = set(truth["wrong_labels"]) | {
        second for first, second in truth["duplicates"] if first in set(truth["wrong_labels"])
    }
    is_wrong = labelled.isin(wrong).to_numpy()
    score = labelled.map(evidence).fillna(0.0).to_numpy()
    value = float(average_precision_score(is_wrong, score)) if is_wrong.any() else 0.0
    return Check(
        "suspects_average_precision", value, LEAST_PRECISION, "planted wrong labels among the suspects",
        int(is_wrong.sum()),
    )  # fmt: skip


def relabel_check(relabel: pd.DataFrame, truth: dict[str, Any]) -> Check:
    """Give the share of proposed labels that are the planted class."""
    planted = planted_classes(truth, relabel["glitch_id"])
    right = (planted == relabel["proposed_label"]) & planted.notna()
    value = float(right.mean()) if len(relabel) else 0.0
    return Check("relabel_right", value, None, "proposed labels that are the planted class", len(relabel))


def leakage_check(leakage: pd.DataFrame) -> Check:
    """Tell whether the leakage gate is green."""
    failed = int(leakage["failed"].sum())
    return Check("leakage_green", float(failed == 0), 1.0, "no gated variable failed", len(leakage))


def row_checks(duplicates: pd.DataFrame, quarantine: pd.DataFrame, truth: dict[str, Any]) -> list[Check]:
    """Tell whether duplicates and quarantined glitches are exactly the planted ones."""
    wanted = sorted(tuple(sorted(pair)) for pair in truth["duplicates"])
    found = sorted(
        tuple(sorted(pair)) for pair in zip(duplicates["glitch_id"], duplicates["kept_id"], strict=True)
    )
    unreadable = {glitch_id for glitch_id, glitch in truth["glitches"].items() if not glitch["readable"]}
    aside = set(quarantine["glitch_id"].dropna())
    return [
        Check("duplicates_exact", float(wanted == found), 1.0, "the planted duplicates and no others",
              len(wanted)),
        Check("quarantine_exact", float(aside == unreadable), 1.0,
              "the glitches of the unreadable frames and no others", len(unreadable)),
    ]  # fmt: skip


def _compare_answers(
    coupling: CouplingFiles | None,
    impact: ImpactFiles | None,
    found: pd.DataFrame,
    glitches: pd.DataFrame,
    planted: dict[str, Any],
) -> tuple[dict[str, pd.DataFrame], list[Check]]:
    """Compare couplings, drivers and costs with the planted ones; the tables are empty where not asked."""
    answers = {name: tables.empty(schema) for name, schema in ANSWERS.items()}
    checks: list[Check] = []
    classes = planted_classes(planted, found["glitch_id"])
    if coupling is not None:
        answers["couplings.parquet"], checks = compare_couplings(coupling, found, glitches, classes, planted)
    if impact is not None:
        drivers, costs, more = compare_impact(impact, found, glitches, classes, planted)
        answers |= {"drivers.parquet": drivers, "costs.parquet": costs}
        checks = [*checks, *more]
    return answers, checks


def validate_observatory(
    *,
    truth: str | Path,
    catalog: str | Path,
    duplicates: str | Path,
    quarantine: str | Path,
    families: str | Path,
    stability: str | Path,
    probe: str | Path,
    suspects: str | Path,
    leakage: str | Path,
    relabel: str | Path,
    unseen: Sequence[str],
    coupling: CouplingFiles | None,
    impact: ImpactFiles | None,
    out: str | Path,
) -> None:
    """Write validation.json, validation.md and the tables of planted answers into the folder `out`.

    Parameters
    ----------
    truth : path
        truth.json of the simulated observatory.
    catalog, duplicates, quarantine, families, stability, probe, suspects, leakage, relabel : path
        Tables `glitches`, `duplicates`, `quarantine`, `families`, `stability`, `probe`,
        `suspects`, `leakage` and `relabel`.
    unseen : sequence of str
        Classes that the encoder's training left out.
    coupling : CouplingFiles or None
        What was found of couplings; None where no channels were looked at.
    impact : ImpactFiles or None
        What was found of drivers and costs; None likewise.
    out : path
        Folder to write into.

    Raises
    ------
    UserError
        When a file is not what it should be; never because a result falls short.
    """
    planted = read_truth(truth)
    glitches = tables.read(GLITCHES, catalog)
    found = tables.read(FAMILIES, families)
    checks = [
        *family_checks(found, planted),
        *unseen_checks(found, planted, unseen),
        stability_check(tables.read(STABILITY, stability)),
        probe_check(tables.read(PROBE, probe)),
        suspect_check(tables.read(SUSPECTS, suspects), glitches, planted),
        relabel_check(tables.read(RELABEL, relabel), planted),
        leakage_check(tables.read(LEAKAGE, leakage)),
        *row_checks(tables.read(DUPLICATES, duplicates), tables.read(QUARANTINE, quarantine), planted),
    ]
    answers, more = _compare_answers(coupling, impact, found, glitches, planted)
    _write([*checks, *more], answers, Path(out))


def _write(checks: list[Check], answers: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write validation.json, validation.md and the tables `answers`."""
    report = [
        {**asdict(check), "value": round(float(np.nan_to_num(check.value)), 6), "passed": check.passed}
        for check in checks
    ]
    passed = all(check.passed for check in checks)
    files.write_json(folder / "validation.json", {"passed": passed, "checks": report})
    files.write_text(folder / "validation.md", as_markdown(checks))
    for name, table in answers.items():
        tables.write(ANSWERS[name], table, folder / name)

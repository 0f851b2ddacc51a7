"""Compare the witnesses that were found with those that were planted.

A family stands for a planted class where more than half of its planted glitches are of it; a class
that fell into several families counts with each of them. A row is a planted witness and a
family and detector with an answer; a planted witness whose class has no family with an answer
there is a row without a family, which no recall forgives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom

from glitch_explorer.core import tables
from glitch_explorer.coupling.schemas import CALIBRATION, SCATTERING, SLOW_DRIVERS, WITNESSES
from glitch_explorer.coupling.witnesses.nulls import FAIL_BELOW
from glitch_explorer.map.schemas import UNASSIGNED
from glitch_explorer.validate.check import Check
from glitch_explorer.validate.schemas import COUPLINGS

#: A family is a class with more than this share of its planted glitches.
MATCHED = 0.5
#: A class with at least this share of a family's glitches in a detector lends it its witnesses: finding
#: them is no false discovery, and without any the family has none.
PRESENT = 0.1
#: Level of the tests, and of the false-discovery rate.
ALPHA = 0.05
LEAST_RECALL = 0.95
#: Largest error of a lag, s: one bin.
LAG_BIN_S = 1.0
#: Decoys that have a part in no family of their own: the others are unsafe, or copies of a witness.
_COUPLED_DECOYS = ("unsafe", "correlated")

Keys = set[tuple[str, str]]


def compositions(families: pd.DataFrame, glitches: pd.DataFrame, planted: pd.Series) -> pd.DataFrame:
    """Say what each family holds in each detector.

    Parameters
    ----------
    families
        glitch_id and family.
    glitches
        glitch_id and ifo.
    planted
        Planted class of each row of `families`, missing for events and the rest.

    Returns
    -------
    DataFrame
        family, ifo, class (which the family stands for, missing where it is a mixture), n (planted
        glitches), present (tuple of the classes that have at least a tenth of them).
    """
    rows = families[["glitch_id", "family"]].assign(planted=planted)
    rows = rows[rows["family"] != UNASSIGNED].dropna(subset="planted").drop_duplicates("glitch_id")
    rows = rows.merge(glitches[["glitch_id", "ifo"]], on="glitch_id", validate="many_to_one")
    shares = rows.groupby("family")["planted"].value_counts(normalize=True).reset_index()
    main = shares[shares["proportion"] > MATCHED].set_index("family")["planted"]
    found = []
    for (family, ifo), own in rows.groupby(["family", "ifo"], sort=True):
        here = own["planted"].value_counts(normalize=True)
        present = tuple(sorted(here.index[here >= PRESENT]))
        found.append((family, ifo, main.get(family), len(own), present))
    return pd.DataFrame(found, columns=["family", "ifo", "class", "n", "present"])


def answered(held: pd.DataFrame, witnesses: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of `compositions` that have an answer in the table "witnesses"."""
    keys = witnesses[["family", "ifo"]].drop_duplicates()
    return held.merge(keys, on=["family", "ifo"], how="inner")


def standing(held: pd.DataFrame, plant: dict[str, Any]) -> list[str]:
    """Give the families that stand for the class and detector of something planted."""
    mine = (held["class"] == plant["class"]) & (held["ifo"] == plant["ifo"])
    return [str(family) for family in held.loc[mine, "family"]]


def couplings_table(held: pd.DataFrame, witnesses: pd.DataFrame, truth: dict[str, Any]) -> pd.DataFrame:
    """Hold every planted witness against the families that stand for its class.

    Parameters
    ----------
    held
        Families with an answer (`answered`).
    witnesses
        Table "witnesses".
    truth
        What was planted.

    Returns
    -------
    DataFrame
        Table "couplings".
    """
    size = witnesses["t_peak"].abs()
    best = witnesses.assign(size=size).sort_values("size", ascending=False, kind="stable")
    best = best.drop_duplicates(["family", "ifo", "channel"])
    found = {(row["family"], row["ifo"], row["channel"]): row for _, row in best.iterrows()}
    rows = []
    none: list[str | None] = [None]
    for plant in truth["witnesses"]:
        sizes = held[held["ifo"] == plant["ifo"]].set_index("family")["n"]
        for family in standing(held, plant) or none:
            n = 0 if family is None else int(sizes[family])
            rows.append(_compared(plant, family, n, found.get((family, plant["ifo"], plant["channel"]))))
    made = pd.DataFrame(rows, columns=COUPLINGS.names)
    order = ["planted_class", "ifo", "channel", "family"]
    return made.astype({"rank": "Int64"}).sort_values(order, ignore_index=True)


def _compared(plant: dict[str, Any], family: str | None, n: int, found: pd.Series | None) -> dict[str, Any]:
    """Compare one planted witness with the best row of its channel."""
    row: dict[str, Any] = {
        "planted_class": plant["class"],
        "ifo": plant["ifo"],
        "channel": plant["channel"],
        "family": family,
        "n_glitches": n,
        "planted_band": "-".join(f"{edge:g}" for edge in plant["band"]),
        "planted_lag": float(plant["lag_s"]),
        "planted_relation": plant["relation"],
    }
    if found is not None:
        names = ["band", "rank", "lag", "t_peak", "p_fwer", "q_value", "relation", "excess_efficiency"]
        row |= {name: found[name] for name in names}
        row["lag_error"] = float(found["lag"]) - row["planted_lag"]
    return row


def _share(values: pd.Series) -> float:
    return float(values.mean()) if len(values) else 0.0


def witness_checks(couplings: pd.DataFrame) -> list[Check]:
    """Say how many planted witnesses were found, when they light up, and how they relate.

    Parameters
    ----------
    couplings
        Table "couplings", of one observatory or of several one below the other; in the latter
        case family names must differ between them.
    """
    rank = couplings["rank"].astype("Float64").fillna(np.inf).astype(float)
    rows = couplings.assign(first=rank == 1)[couplings["family"].notna()]
    hits = rows.groupby(["family", "ifo"])["first"].any()
    counts = couplings["q_value"] <= ALPHA
    sure = couplings[counts]
    near = sure["lag_error"].abs() <= LAG_BIN_S
    right = sure["relation"] == sure["planted_relation"]
    total = len(couplings)
    return [
        Check("witness_hit_at_1", _share(hits), LEAST_RECALL,
              "witnessed families and detectors whose first group holds a planted witness", len(hits)),
        Check("witness_recall_at_1", _share(rank <= 1), None, "planted witnesses in the first group", total),
        Check("witness_recall_at_3", _share(rank <= 3), LEAST_RECALL,
              "planted witnesses in the first three groups", total),
        Check("witness_significant", _share(counts), None, "planted witnesses with q ≤ 0.05", total),
        Check("witness_lag", _share(near), LEAST_RECALL, "of those, lag right to one bin, 1 s", len(sure)),
        Check("witness_relation", _share(right), None, "of those, relation as planted", len(sure)),
    ]  # fmt: skip


def _coupled(held: pd.DataFrame, truth: dict[str, Any]) -> list[Keys]:
    """Give (ifo, channel) of the witnesses that each row of `held` has by its classes."""
    planted: dict[tuple[str, str], Keys] = {}
    for plant in truth["witnesses"]:
        own = planted.setdefault((plant["class"], plant["ifo"]), set())
        own.add((plant["ifo"], plant["channel"]))
    none: Keys = set()
    return [
        none.union(*(planted.get((name, ifo), none) for name in present))
        for ifo, present in zip(held["ifo"], held["present"], strict=True)
    ]


def discoveries(held: pd.DataFrame, witnesses: pd.DataFrame, truth: dict[str, Any]) -> pd.DataFrame:
    """Count the discoveries of each family and detector with an answer.

    Returns
    -------
    DataFrame
        The rows of `held` with coupled (any witness is planted), p_fwer (its least), groups and
        false (groups with q at most 0.05, and those of them without a planted witness), decoy (least p_fwer
        of the decoys that belong to nothing).
    """
    slow = {(one["class"], one["channel"]) for one in truth["slow_drivers"]}
    decoys = {one["channel"] for one in truth["decoys"] if one["kind"] not in _COUPLED_DECOYS}
    by_key = dict(iter(witnesses.groupby(["family", "ifo"])))
    rows = []
    keys = zip(held["family"], held["ifo"], held["present"], _coupled(held, truth), strict=True)
    for family, ifo, present, coupled in keys:
        own = by_key[family, ifo]
        channels = {channel for _, channel in coupled}
        true = set(own.loc[own["channel"].isin(channels), "group"])
        groups = set(own.loc[own["q_value"] <= ALPHA, "group"])
        driving = {channel for name, channel in slow if name in present}
        idle = own["channel"].isin(decoys - driving - channels)
        least = own["p_fwer"].min()
        rows.append((bool(coupled), least, len(groups), len(groups - true), own.loc[idle, "p_fwer"].min()))
    names = ["coupled", "p_fwer", "groups", "false", "decoy"]
    return pd.concat([held.reset_index(drop=True), pd.DataFrame(rows, columns=names)], axis=1)


def false_rows(held: pd.DataFrame, witnesses: pd.DataFrame, truth: dict[str, Any]) -> pd.DataFrame:
    """List the false discoveries: the best row of each group with q at most 0.05 and no planted witness.

    Returns
    -------
    DataFrame
        family, ifo, class, n, channel, band, lag, t_peak, p_fwer and q_value.
    """
    parts = []
    by_key = dict(iter(witnesses.groupby(["family", "ifo"])))
    for family, ifo, coupled in zip(held["family"], held["ifo"], _coupled(held, truth), strict=True):
        own = by_key[family, ifo]
        true = set(own.loc[own["channel"].isin({channel for _, channel in coupled}), "group"])
        false = own[(own["q_value"] <= ALPHA) & ~own["group"].isin(true)]
        order = false["t_peak"].abs().sort_values(ascending=False, kind="stable").index
        parts.append(false.loc[order].drop_duplicates("group"))
    columns = ["family", "ifo", "channel", "band", "lag", "t_peak", "p_fwer", "q_value"]
    rows = pd.concat(parts)[columns] if parts else witnesses[columns]
    return held[["family", "ifo", "class", "n"]].merge(rows, on=["family", "ifo"])


def chance_check(name: str, below: pd.Series, meaning: str) -> Check:
    """Give the exact binomial chance of so many p-values at most 0.05, or more."""
    k, n = int(below.sum()), len(below)
    chance = float(binom.sf(k - 1, n, ALPHA))
    return Check(name, chance, FAIL_BELOW, f"chance of so many: {k} {meaning}", n)


def discovery_checks(counted: pd.DataFrame) -> list[Check]:
    """Hold false discoveries, decoys and families without a witness against what is promised.

    Parameters
    ----------
    counted
        From `discoveries`.
    """
    coupled = counted[counted["coupled"]]
    share: pd.Series = coupled["false"] / np.maximum(coupled["groups"], 1)
    error = float(share.std(ddof=1) / np.sqrt(len(share))) if len(share) > 1 else 0.0
    idle = counted[~counted["coupled"]]
    return [
        Check("false_discovery_proportion", _share(share), ALPHA + 2 * error,
              "mean share of false groups where couplings are planted; bound 0.05 + 2 standard errors",
              len(share), at_most=True),
        chance_check("decoys", counted["decoy"] <= ALPHA,
                     "families and detectors in which a decoy that belongs to nothing has p ≤ 0.05"),
        chance_check("families_without_witness", idle["p_fwer"] <= ALPHA,
                     "families and detectors without a planted witness have p ≤ 0.05"),
    ]  # fmt: skip


def safety_check(witnesses: pd.DataFrame) -> Check:
    """Count the rows of unsafe channels that were ranked or tested."""
    unsafe = witnesses[witnesses["safety"] == "unsafe"]
    ranked = unsafe[["rank", "q_value", "p_fwer"]].notna().any(axis=1)
    return Check(
        "unsafe_ranked", float(ranked.sum()), 0.0, "rows of unsafe channels that are ranked", len(unsafe),
        at_most=True,
    )  # fmt: skip


def copies_check(witnesses: pd.DataFrame, truth: dict[str, Any]) -> Check:
    """Give the share of correlated decoys that are in their witness's group, wherever both were looked at."""
    group = witnesses.drop_duplicates(["ifo", "channel"]).set_index("channel")["group"]
    pairs = [(one["channel"], one["group"]) for one in truth["decoys"] if one["kind"] == "correlated"]
    same = pd.Series([group[a] == group[b] for a, b in pairs if a in group.index and b in group.index])
    meaning = "copies of a witness that are in its group"
    return Check("correlated_decoys", _share(same), 1.0, meaning, len(same))


def calibration_check(calibration: pd.DataFrame) -> Check:
    """Give the share of the levels and kinds of null families at which the calibration passed.

    No bound: the pseudo-families of one run share their data, for which the binomial is too strict.
    """
    n = int(calibration["n"].max()) if len(calibration) else 0
    return Check(
        "null_calibration", _share(calibration["passed"]), None,
        "kinds and levels of pseudo-families whose calibration passed", n,
    )  # fmt: skip


def _edges(band: str) -> tuple[float, float]:
    """Read the edges off a band's name, Hz; no frequency lies in one without."""
    low, _, high = band.partition("-")
    return (float(low), float(high)) if high else (np.inf, -np.inf)


def slow_check(held: pd.DataFrame, slow: pd.DataFrame, truth: dict[str, Any]) -> Check:
    """Give the share of planted slow drivers that were found, of those with an answer.

    What is planted is a motion of the ground, which every ground channel of the detector shares: any that
    rises with the family in a band that overlaps the planted one counts.
    """
    found = []
    for plant in truth["slow_drivers"]:
        low, high = plant["band"]
        overlaps = np.array([b > low and a < high for a, b in map(_edges, slow["band"])], dtype=bool)
        here = slow[(slow["ifo"] == plant["ifo"]).to_numpy() & overlaps]
        for family in standing(held, plant):
            told = here[(here["family"] == family) & (here["answer"] != "too short")]
            if len(told):
                found.append(bool((told["answer"] == "rises").any()))
    return Check(
        "slow_drivers", _share(pd.Series(found, dtype=float)), None,
        "planted slow drivers found, of those that are not too short", len(found),
    )  # fmt: skip


def scattering_check(held: pd.DataFrame, fringes: pd.DataFrame, truth: dict[str, Any]) -> Check:
    """Give the share of scattered light whose planted optic's fringes fit, and better than any other's."""
    found = []
    for plant in truth["witnesses"]:
        if plant["kind"] != "fringe":
            continue
        for family in standing(held, plant):
            own = fringes[(fringes["family"] == family) & (fringes["ifo"] == plant["ifo"])]
            best = own.sort_values("p_value", kind="stable").head(1)
            fits = best["p_fwer"] <= ALPHA
            found.append(bool((fits & (best["channel"] == plant["channel"])).any()))
    return Check(
        "scattered_light", _share(pd.Series(found, dtype=float)), 1.0,
        "families of scattered light whose planted optic's fringes fit, and best", len(found),
    )  # fmt: skip


@dataclass(frozen=True)
class CouplingFiles:
    """Where the tables "witnesses", "calibration", "slow_drivers" and "scattering" are."""

    witnesses: str | Path
    calibration: str | Path
    slow_drivers: Sequence[str | Path]
    scattering: Sequence[str | Path]


def compare_couplings(
    found: CouplingFiles,
    families: pd.DataFrame,
    glitches: pd.DataFrame,
    planted: pd.Series,
    truth: dict[str, Any],
) -> tuple[pd.DataFrame, list[Check]]:
    """Compare couplings with the truth: table "couplings", and all checks.

    Parameters
    ----------
    found
        What the workflow found.
    families, glitches
        Tables of these names.
    planted
        Planted class of each row of `families`, missing for events and the rest.
    truth
        What was planted.
    """
    witnesses = tables.read(WITNESSES, found.witnesses)
    held = answered(compositions(families, glitches, planted), witnesses)
    couplings = couplings_table(held, witnesses, truth)
    checks = [
        *witness_checks(couplings),
        *discovery_checks(discoveries(held, witnesses, truth)),
        safety_check(witnesses),
        copies_check(witnesses, truth),
        calibration_check(tables.read(CALIBRATION, found.calibration)),
        slow_check(held, tables.read_all(SLOW_DRIVERS, found.slow_drivers), truth),
        scattering_check(held, tables.read_all(SCATTERING, found.scattering), truth),
    ]
    return couplings, checks

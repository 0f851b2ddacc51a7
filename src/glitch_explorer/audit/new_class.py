"""Families that may be a class without a label, and the labelled families nearest to them.

Two things make a family a possible new class, both in a catalogue of which most glitches have a class: its
members surely lack one, or they surely do not fit the families that their labels name. Fitting is the
conformal test by which `map/place.py` assigns new glitches.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from glitch_explorer.audit.labels import MAJORITY, classes
from glitch_explorer.audit.schemas import MISFIT, MIXED, NEAREST_FAMILIES, WITHOUT_LABEL
from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Bool, Float32, Float64, Int64, evenly
from glitch_explorer.core.statistics import wilson_interval
from glitch_explorer.map.conformal import TESTED, conformal, mean_distance
from glitch_explorer.map.graph import nearest_rows
from glitch_explorer.map.schemas import UNASSIGNED

#: A member fits a family above this p-value.
FIT_P = 0.05
#: Members of a family that are tested; a larger one is thinned evenly.
SAMPLE = 256
#: Nearest labelled families that are listed.
NEAREST = 3


@dataclass(frozen=True)
class Fits:
    """How the sampled members of a family fit each labelled family.

    Attributes
    ----------
    rows
        ``(m,)`` rows of the members on the map.
    distance, p_value
        ``(m, f)`` distance to each labelled family, and p-value of belonging to it.
    within
        ``(m,)`` distance to the other members.
    """

    rows: Int64
    distance: Float64
    p_value: Float64
    within: Float64


def _distances(values: Float32, mask: Bool, members: Int64, queries: Int64) -> Float64:
    """Compute the mean distance of each query to its nearest `members`, itself left out."""
    place = np.full(len(values), -1, dtype=np.int32)
    place[members] = np.arange(len(members), dtype=np.int32)
    _, distances = nearest_rows(
        values[members],
        mask[members],
        values[queries],
        mask[queries],
        exclude=place[queries],
        n_neighbors=min(TESTED, len(members) - 1),
        threads=1,
    )
    return mean_distance(distances)


def family_fits(
    families: np.ndarray, unnamed: list[str], named: list[str], values: Float32, mask: Bool
) -> dict[str, Fits]:
    """Compare the members of families without a name with each labelled family.

    Parameters
    ----------
    families
        ``(n,)`` family of each row of the map.
    unnamed, named
        Families to compare, and labelled families to compare them with.
    values, mask
        ``(n, v * d)`` and ``(n, v)`` vectors of the map, see `map.vectors.fuse`.
    """
    members = {family: np.flatnonzero(families == family) for family in [*unnamed, *named]}
    sample = {family: rows[evenly(len(rows), SAMPLE)] for family, rows in members.items()}
    inside = {family: _distances(values, mask, members[family], sample[family]) for family in members}
    null = np.concatenate([inside[family] for family in named])
    codes = np.repeat(np.arange(len(named)), [len(sample[family]) for family in named])
    fits = {}
    for family in unnamed:
        rows = sample[family]
        distance = np.column_stack([_distances(values, mask, members[known], rows) for known in named])
        p_value = np.column_stack(
            [
                conformal(tested, np.full(len(rows), code), null, codes, -1, false_rate=FIT_P)
                for code, tested in enumerate(distance.T)
            ]
        )
        fits[family] = Fits(rows, distance, p_value, inside[family])
    return fits


def nearest_table(fits: Mapping[str, Fits], named: Mapping[str, str]) -> pd.DataFrame:
    """Compute table "nearest_families".

    Parameters
    ----------
    fits
        Of `family_fits`, by family.
    named
        Labelled family to its name, in the order of the columns of `fits`.
    """
    known = list(named)
    table = []
    for family, fit in fits.items():
        distance = np.median(fit.distance, axis=0)
        fitting = (fit.p_value > FIT_P).mean(axis=0)
        for rank, column in enumerate(np.argsort(distance, kind="stable")[:NEAREST], start=1):
            table.append(
                {
                    "family": family,
                    "rank": rank,
                    "known_family": known[column],
                    "name": named[known[column]],
                    "distance": float(distance[column]),
                    "distance_within": float(np.median(fit.within)),
                    "fitting": float(fitting[column]),
                }
            )
    return pd.DataFrame(table) if table else tables.empty(NEAREST_FAMILIES)


def _surely_most(hits: int, n: int) -> bool:
    """Return whether the share of hits is surely above one half."""
    return wilson_interval(hits, n)[0] > MAJORITY


def families_without_label(rows: pd.DataFrame) -> list[str]:
    """Return the families whose members surely have no class, although most other glitches have one.

    The other glitches are those of the same detectors and runs: a run or a detector that nobody labelled
    has no new classes.

    Parameters
    ----------
    rows
        The map's rows: family, label, ifo, run.
    """
    known = classes(rows["label"]).notna()
    keys = [rows["family"], rows["ifo"], rows["run"].fillna("")]
    counts = known.groupby(keys).agg(known="sum", n="size")
    others = counts.groupby(["ifo", "run"]).transform("sum") - counts
    expected = (others["known"] / others["n"]).fillna(0) * counts["n"]
    families = (
        counts.assign(expected=expected).groupby("family").sum().drop(index=UNASSIGNED, errors="ignore")
    )
    return [
        str(family)
        for family, row in families.iterrows()
        if _surely_most(int(row["n"] - row["known"]), int(row["n"])) and row["expected"] > MAJORITY * row["n"]
    ]


def misfits(labels: pd.Series, fits: Fits, named: Mapping[str, str]) -> tuple[int, int]:
    """Count the members that do not fit the families of their label, and the members with a class.

    A member whose label names no family fits.

    Parameters
    ----------
    labels
        Labels of the map's rows.
    fits
        Of the family, see `family_fits`.
    named
        Labelled family to its name, in the order of the columns of `fits`.
    """
    label = classes(labels).iloc[fits.rows].to_numpy(dtype=object)
    same = label[:, np.newaxis] == np.array(list(named.values()), dtype=object)
    best = np.where(same, fits.p_value, 0).max(axis=1)
    return int((same.any(axis=1) & (best <= FIT_P)).sum()), int(pd.notna(label).sum())


def possible_new_classes(
    rows: pd.DataFrame, families: pd.DataFrame, fits: Mapping[str, Fits], named: Mapping[str, str]
) -> dict[str, str]:
    """Return the families that may be a new class, with the code of the reason.

    Parameters
    ----------
    rows
        The map's rows: family, label, ifo, run.
    families
        Rows of table "audit_families": family, label_state.
    fits
        Of the families without a name, see `family_fits`.
    named
        Labelled family to its name, in the order of the columns of `fits`.

    Returns
    -------
    dict
        Family to reason; empty where most glitches of the catalogue have no class.
    """
    if not classes(rows["label"]).notna().mean() > MAJORITY:
        return {}
    reasons = dict.fromkeys(families_without_label(rows), WITHOUT_LABEL)
    for family in families.loc[families["label_state"] == MIXED, "family"]:
        if family in fits and _surely_most(*misfits(rows["label"], fits[family], named)):
            reasons.setdefault(family, MISFIT)
    return reasons

"""The main job of the audit, from files to tables."""

from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.audit import gradient, labels, medoid, new_class, relabel, suspects
from glitch_explorer.audit.rows import map_rows
from glitch_explorer.audit.schemas import (
    AUDIT_FAMILIES,
    GRADIENTS,
    LABELS,
    NEAREST_FAMILIES,
    POSITIONS,
    RELABEL,
    SUSPECTS,
)
from glitch_explorer.catalog.classes import confusable_pairs
from glitch_explorer.core import files, tables
from glitch_explorer.map.schemas import QUALITY, ROW_KEY, STABILITY, UNASSIGNED


def family_medoids(rows: pd.DataFrame, vectors: np.ndarray, mask: np.ndarray) -> dict[str, str]:
    """Find the medoid's glitch_id of each family of the map's `rows`."""
    medoids = {}
    for family, members in rows[rows["family"] != UNASSIGNED].groupby("family"):
        index = members.index.to_numpy()
        medoids[str(family)] = str(members["glitch_id"].iloc[medoid.medoid(vectors[index], mask[index])])
    return medoids


def named_families(
    rows: pd.DataFrame, table: pd.DataFrame, values: np.ndarray, mask: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Find the possible new classes.

    Parameters
    ----------
    rows
        The map's rows: family, label, ifo, run.
    table
        Of `labels.family_table`.
    values, mask
        ``(n, v * d)`` and ``(n, v)`` vectors of the map.

    Returns
    -------
    families, nearest : DataFrame
        Tables "audit_families" and "nearest_families".
    """
    labelled = table.dropna(subset=["name"])
    named = dict(zip(labelled["family"], labelled["name"], strict=True))
    unnamed = [str(family) for family in table["family"] if family not in named]
    family = rows["family"].to_numpy(dtype=object)
    fits = new_class.family_fits(family, unnamed, list(named), values, mask) if named else {}
    reasons = new_class.possible_new_classes(rows, table, fits, named)
    reason = [reasons.get(family, "") for family in table["family"]]
    return table.assign(possible_new_class=reason), new_class.nearest_table(fits, named)


def make_audit(
    *,
    glitches: str | Path,
    families: str | Path,
    vectors: str | Path,
    neighbours: str | Path,
    stability: str | Path,
    confusable: str | Path,
    out: str | Path,
    sections: int,
    seed: int,
) -> None:
    """Write the tables of the audit of a map's labels.

    Parameters
    ----------
    glitches, families, stability : path
        Files of tables "glitches", "families" and "stability".
    vectors : path
        Array (n, v * d), rows as in `families`.
    neighbours : path
        `.npz` with `indices` (n, k) int32, `distances` (n, k) float32 and `mask` (n, v), the views there are.
    confusable : path
        Pairs of classes that experts call confusable.
    out : path
        Folder; gets families, nearest_families, labels, quality, suspects, positions,
        gradients and relabel, each `.parquet`.
    sections : int
        Parts that a family's axis is cut into.
    seed : int
        Seed of the permutations.
    """
    out = Path(out)
    rows = map_rows(glitches, families, ["label", "snr", "ifo", "run"])
    points = files.read_array(vectors)
    graph = files.read_arrays(neighbours)
    indices, distances, mask = graph["indices"], graph["distances"], graph["mask"]
    votes = suspects.neighbour_votes(
        rows["glitch_id"].to_numpy(dtype=object), rows["label"].to_numpy(dtype=object), indices, distances
    )
    positions = gradient.position_table(rows, points, indices, distances, sections=sections)
    labelled = positions.merge(rows[[*ROW_KEY, "label"]], on=ROW_KEY)
    gradients = gradient.gradient_table(labelled, seed=seed)
    medoids = family_medoids(rows, points, mask)
    audited, nearest = named_families(
        rows, labels.family_table(rows, medoids, tables.read(STABILITY, stability)), points, mask
    )
    outputs = {
        "families": (AUDIT_FAMILIES, audited),
        "nearest_families": (NEAREST_FAMILIES, nearest),
        "labels": (LABELS, labels.label_table(rows)),
        "quality": (QUALITY, labels.map_entropies(rows)),
        "suspects": (SUSPECTS, suspects.suspect_table(rows, votes, confusable_pairs(confusable))),
        "positions": (POSITIONS, positions),
        "gradients": (GRADIENTS, gradients),
        "relabel": (RELABEL, relabel.relabel_table(rows, positions, gradients, votes)),
    }
    for name, (schema, table) in outputs.items():
        tables.write(schema, table, out / f"{name}.parquet")

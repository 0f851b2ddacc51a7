"""Labels of each family and families of each label, beside their entropies."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from glitch_explorer.audit.labels import label_counts
from glitch_explorer.map.schemas import UNASSIGNED
from glitch_explorer.site.pages import records

#: Labels named of a family, families named of a label.
LABELS_NAMED, FAMILIES_NAMED = 3, 6


def family_rows(families: pd.DataFrame, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return table "audit_families" with the labels of each family, the highest label entropy first.

    Parameters
    ----------
    families
        Table "audit_families".
    rows
        The map's rows: family and label.
    """
    counts = {family: label_counts(members["label"]) for family, members in rows.groupby("family")}
    ranked = families.sort_values(
        ["label_entropy_bits", "family"], ascending=[False, True], na_position="last"
    )
    return [{**row, **_largest(counts, row["family"], "labels", LABELS_NAMED)} for row in records(ranked)]


def label_rows(labels: pd.DataFrame, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return table "labels" with the families of each label, the highest family entropy first.

    Parameters
    ----------
    labels
        Table "labels".
    rows
        The map's rows: family and label.
    """
    members = rows[rows["family"] != UNASSIGNED]
    counts = {label: label_counts(glitches["family"]) for label, glitches in members.groupby("label")}
    ranked = labels.sort_values(["family_entropy_bits", "label"], ascending=[False, True])
    return [{**row, **_largest(counts, row["label"], "families", FAMILIES_NAMED)} for row in records(ranked)]


def _largest(counts: Mapping[Any, pd.Series], key: str, name: str, limit: int) -> dict[str, Any]:
    """Return the largest counts of `key` as `name`, and how many `more` there are."""
    sizes = counts.get(key, pd.Series(dtype=int))
    return {name: list(sizes.head(limit).items()), "more": max(0, len(sizes) - limit)}

"""Labels of each family and families of each label, beside their entropies."""

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
    return [
        {
            **row,
            "labels": list(counts[row["family"]].head(LABELS_NAMED).items()),
            "more": max(0, len(counts[row["family"]]) - LABELS_NAMED),
        }
        for row in records(ranked)
    ]


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
    none = pd.Series(dtype=int)
    ranked = labels.sort_values(["family_entropy_bits", "label"], ascending=[False, True])
    return [
        {
            **row,
            "families": list(counts.get(row["label"], none).head(FAMILIES_NAMED).items()),
            "more": max(0, row["n_families"] - FAMILIES_NAMED),
        }
        for row in records(ranked)
    ]

"""Suspect labels to review, and which labels are confused with each other."""

from typing import Any

import pandas as pd

from glitch_explorer.site.pages import records

#: Largest number of labels on each side of the matrix of pairs.
MATRIX_LABELS = 30
#: Columns of table "relabel" that support a proposed label.
AXIS = (
    "segment",
    "n_labelled",
    "consistency",
    "consistency_low",
    "consistency_high",
    "vote",
    "vote_given",
)


def contradicted(suspects: pd.DataFrame) -> pd.DataFrame:
    """Select the rows of table "suspects" whose label the neighbours, or confident learning, contradict."""
    return suspects[suspects["issue"] | (suspects["label"] != suspects["proposed_label"])]


def review_rows(suspects: pd.DataFrame, proposals: pd.DataFrame) -> pd.DataFrame:
    """List what a reader is to review: contradicted labels, then labels proposed for unlabelled glitches.

    Parameters
    ----------
    suspects, proposals
        Tables "suspects" and "relabel".

    Returns
    -------
    DataFrame
        glitch_id, view, family, label (None where there is none), proposed_label, evidence (0 to 1, NaN
        without a label), issue, confusable_pair, and `AXIS`, NaN where the axis does not propose the same
        label; the most suspect first.
    """
    key = ["glitch_id", "view", "proposed_label"]
    labelled = contradicted(suspects).merge(proposals[[*key, *AXIS]], on=key, how="left")
    unlabelled = proposals[proposals["label"].isna()]
    unlabelled = unlabelled.assign(evidence=float("nan"), issue=False, confusable_pair=False)
    columns = [*suspects.columns, *AXIS]
    parts = [part[columns] for part in (labelled, unlabelled) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else labelled[columns]


def label_pairs(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Count contradicted labels by pair, both ways; the commonest pair first.

    Parameters
    ----------
    rows
        Of `review_rows`; those without a label are in no pair.

    Returns
    -------
    list of dict
        `first` and `second` (labels in order of name), `forward` (labelled first, proposed second),
        `backward`, `n`, `issues` and `confusable`.
    """
    rows = rows[rows["label"].notna() & (rows["label"] != rows["proposed_label"])]
    ordered = rows["label"] < rows["proposed_label"]
    table = pd.DataFrame(
        {
            "first": rows["label"].where(ordered, rows["proposed_label"]),
            "second": rows["proposed_label"].where(ordered, rows["label"]),
            "forward": ordered.astype(int),
            "backward": (~ordered).astype(int),
            "n": 1,
            "issues": rows["issue"].astype(int),
            "confusable": rows["confusable_pair"].astype(bool),
        }
    )
    counts = dict.fromkeys(("forward", "backward", "n", "issues"), "sum") | {"confusable": "first"}
    pairs = table.groupby(["first", "second"], as_index=False).agg(counts)
    return records(pairs.sort_values(["n", "first", "second"], ascending=[False, True, True]))


def pair_matrix(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    """Arrange the pairs as label against proposed label; of many labels those with the most suspects.

    Returns
    -------
    dict
        `names` of the rows and columns, `counts` (label, proposed) to suspects, `confusable` pairs,
        `most` (the highest count) and `omitted`, the number of labels that are not drawn.
    """
    total: dict[str, int] = {}
    counts: dict[tuple[str, str], int] = {}
    confusable: set[tuple[str, str]] = set()
    for pair in pairs:
        first, second = pair["first"], pair["second"]
        for name in (first, second):
            total[name] = total.get(name, 0) + pair["n"]
        counts |= {(first, second): pair["forward"], (second, first): pair["backward"]}
        if pair["confusable"]:
            confusable |= {(first, second), (second, first)}
    names = sorted(sorted(total, key=lambda name: (-total[name], name))[:MATRIX_LABELS])
    return {
        "names": names,
        "counts": counts,
        "confusable": confusable,
        "most": max(counts.values(), default=0),
        "omitted": len(total) - len(names),
    }

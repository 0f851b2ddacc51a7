"""Labels against families, in both directions.

Over-splitting (one morphology, many labels) is read on the family, as
H(label | family); over-compression (one label, many morphologies) on the label,
as H(family | label). Unassigned glitches are in no family and enter neither.
"""

import numpy as np
import pandas as pd

from glitch_explorer.audit.schemas import LABELLED, MIXED, UNLABELLED
from glitch_explorer.catalog.classes import NO_CLASS
from glitch_explorer.core.statistics import wilson_interval
from glitch_explorer.map.schemas import UNASSIGNED

#: The share that a family's commonest class must surely exceed to name the family.
MAJORITY = 0.5


def entropy_bits(counts: np.ndarray) -> float:
    """Compute the Shannon entropy of the shares of counts.

    Parameters
    ----------
    counts
        ``(c,)`` non-negative counts.

    Returns
    -------
    float
        Entropy in bits; 0 without any count.
    """
    shares = np.asarray(counts, dtype=float)
    shares = shares[shares > 0]
    if shares.size < 2:
        return 0.0
    shares = shares / shares.sum()
    return float(-(shares * np.log2(shares)).sum())


def label_counts(labels: pd.Series) -> pd.Series:
    """Count each label, the commonest first and equals in order of name."""
    counts = labels.dropna().value_counts().rename_axis("label").reset_index(name="n")
    return counts.sort_values(["n", "label"], ascending=[False, True]).set_index("label")["n"]


def classes(labels: pd.Series) -> pd.Series:
    """Return the labels that name a class, missing where there is none or None_of_the_Above."""
    return labels.where(labels != NO_CLASS)


def family_name(labels: pd.Series) -> tuple[str | None, str]:
    """Return the name of a family and how far its labels support one.

    Parameters
    ----------
    labels
        Labels of all members, missing where there is none.

    Returns
    -------
    name : str or None
        The commonest class where the family is labelled, else None.
    state : str
        `LABELLED` where at least half of the members have a class, and the lower end of the Wilson interval
        of the commonest one's share is above one half; `UNLABELLED` where fewer members have a class;
        `MIXED` in between.
    """
    counts = label_counts(classes(labels))
    n = int(counts.sum())
    if n == 0 or 2 * n < len(labels):
        return None, UNLABELLED
    low, _ = wilson_interval(int(counts.iloc[0]), n)
    return (str(counts.index[0]), LABELLED) if low > MAJORITY else (None, MIXED)


_OF_LABELS = [
    "family",
    "n",
    "n_labelled",
    "n_classified",
    "name",
    "label_state",
    "plurality_label",
    "purity",
    "ambiguity_score",
    "label_entropy_bits",
]


def _family_row(members: pd.DataFrame) -> dict[str, object]:
    counts = label_counts(members["label"])
    labelled = int(counts.sum())
    name, state = family_name(members["label"])
    named = {
        "n": len(members),
        "n_labelled": labelled,
        "n_classified": int(classes(members["label"]).notna().sum()),
        "name": name,
        "label_state": state,
    }
    if not labelled:
        return {**named, "plurality_label": None}
    purity = counts.iloc[0] / labelled
    return {
        **named,
        "plurality_label": counts.index[0],
        "purity": purity,
        "ambiguity_score": (1 - purity) * labelled,
        "label_entropy_bits": entropy_bits(counts.to_numpy()),
    }


def family_table(rows: pd.DataFrame, medoids: dict[str, str], stability: pd.DataFrame) -> pd.DataFrame:
    """Compute how well the labels of each family agree: table "audit_families" without `possible_new_class`.

    Over labelled members with shares p_i: purity = max p_i, ambiguity =
    (1 - purity) * N_k, label entropy = -sum p_i log2 p_i. A family without a
    labelled member has none of them.

    Parameters
    ----------
    rows : DataFrame
        One row per glitch of the map, columns `family` and `label`.
    medoids : dict
        The most central member of each family.
    stability : DataFrame
        Table `stability`.
    """
    assigned = rows[rows["family"] != UNASSIGNED]
    table = pd.DataFrame(
        [{"family": family, **_family_row(members)} for family, members in assigned.groupby("family")],
        columns=_OF_LABELS,
    )
    table["medoid"] = table["family"].map(medoids)
    intervals = stability[["family", "stability", "stability_low", "stability_high"]]
    return table.merge(intervals, on="family", how="left").sort_values("family", ignore_index=True)


def label_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Compute table "labels": over how many families each label spreads.

    `family_entropy_bits` is H(family | label) over assigned glitches;
    `share_unassigned` is the share of the label's glitches that are unassigned.
    """
    columns = ["label", "n", "family_entropy_bits", "n_families", "share_unassigned"]
    table = []
    for label, members in rows.dropna(subset=["label"]).groupby("label"):
        counts = members.loc[members["family"] != UNASSIGNED, "family"].value_counts()
        unassigned = 1 - counts.sum() / len(members)
        entropy = entropy_bits(counts.to_numpy())
        table.append((label, len(members), entropy, len(counts), float(unassigned)))
    return pd.DataFrame(table, columns=columns)


def map_entropies(rows: pd.DataFrame) -> pd.DataFrame:
    """Compute a table "quality" with both entropies of the whole map.

    `over_splitting_bits` is H(label | family) and `over_compression_bits` is
    H(family | label), each over the labelled glitches that are assigned;
    `label_bits` and `family_bits` are the entropies before conditioning.
    """
    known = rows[(rows["family"] != UNASSIGNED) & rows["label"].notna()]
    joint = entropy_bits(known.groupby(["family", "label"]).size().to_numpy())
    family = entropy_bits(known["family"].value_counts().to_numpy())
    label = entropy_bits(known["label"].value_counts().to_numpy())
    values = {
        "family_bits": family,
        "label_bits": label,
        "over_compression_bits": max(0.0, joint - label),
        "over_splitting_bits": max(0.0, joint - family),
    }
    return pd.DataFrame({"metric": list(values), "value": list(values.values()), "n": len(known)})

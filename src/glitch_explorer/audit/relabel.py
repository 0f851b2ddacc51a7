"""Proposed labels, each with its evidence."""

from typing import Any

import pandas as pd

from glitch_explorer.audit.schemas import RELABEL
from glitch_explorer.audit.suspects import Votes
from glitch_explorer.core import tables

#: A segment speaks for a label when the lower end of its share's interval is above this.
SEGMENT_SHARE = 0.5


def _evidence(row: Any) -> str:
    hits = round(row.consistency * row.n_labelled)
    given = f"{row.vote_given:.2f} for {row.label}" if isinstance(row.label, str) else "no label given"
    return (
        f"segment {row.segment} of {row.family}: {hits} of {row.n_labelled} labelled members are "
        f"{row.proposed_label} ({row.consistency:.0%}, 95 % interval {row.consistency_low:.0%} "
        f"to {row.consistency_high:.0%}); neighbours' vote {row.vote:.2f} for it, {given}"
    )


def relabel_table(
    rows: pd.DataFrame, positions: pd.DataFrame, gradients: pd.DataFrame, votes: Votes
) -> pd.DataFrame:
    """Compute table "relabel": labels proposed by both the neighbours and the axis.

    A label is proposed for a family's member that has none or another one, when
    it is the neighbours' first choice and also the plurality label of the
    member's segment, with a share whose Wilson interval lies above
    `SEGMENT_SHARE`.

    Parameters
    ----------
    rows : DataFrame
        One row a row of the map: `glitch_id`, `view`, `label`.
    positions : DataFrame
        Table `positions`.
    gradients : DataFrame
        Table `gradients`.
    votes : Votes
        Label probabilities of `rows`.
    """
    voted = rows[["glitch_id", "view", "label"]].assign(top=votes.top(), row=range(len(rows)))
    table = positions.merge(voted, on=["glitch_id", "view"]).merge(gradients, on=["family", "segment"])
    agreed = (table["top"] == table["plurality_label"]) & (table["consistency_low"] > SEGMENT_SHARE)
    table = table[agreed & (table["label"] != table["top"])].copy()
    if table.empty:
        return tables.empty(RELABEL)
    table["proposed_label"] = table["top"]
    number = {label: code for code, label in enumerate(votes.classes)}
    likely = votes.probabilities
    picked = zip(table["row"], table["top"], strict=True)
    table["vote"] = [likely[row, number[label]] for row, label in picked]
    labels = zip(table["row"], table["label"], strict=True)
    table["vote_given"] = [likely[row, number[label]] if label in number else 0.0 for row, label in labels]
    table["evidence"] = [_evidence(row) for row in table.itertuples()]
    columns: list[str] = RELABEL.names
    return table[columns].sort_values(["glitch_id", "view"], ignore_index=True)

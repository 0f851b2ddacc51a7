"""Labels that the neighbours and the family's axis both propose."""

import numpy as np
import pandas as pd

from glitch_explorer.audit.schemas import RELABEL
from glitch_explorer.audit.suspects import Votes
from glitch_explorer.core import tables
from glitch_explorer.map.schemas import ROW_KEY

#: A section supports a label when the lower end of the interval of its share is above this.
SEGMENT_SHARE = 0.5


def relabel_table(
    rows: pd.DataFrame, positions: pd.DataFrame, gradients: pd.DataFrame, votes: Votes
) -> pd.DataFrame:
    """Compute table "relabel": labels proposed by both the neighbours and the axis.

    A label is proposed for a family's member that has none or another one, when
    it is the neighbours' first choice and also the plurality label of the
    member's section, with a share whose Wilson interval lies above
    `SEGMENT_SHARE`.

    Parameters
    ----------
    rows : DataFrame
        One row per row of the map: `glitch_id`, `view`, `label`.
    positions : DataFrame
        Table `positions`.
    gradients : DataFrame
        Table `gradients`.
    votes : Votes
        Label probabilities of `rows`.
    """
    voted = rows[[*ROW_KEY, "label"]].assign(top=votes.top(), row=range(len(rows)))
    table = positions.merge(voted, on=ROW_KEY).merge(gradients, on=["family", "segment"])
    agreed = (table["top"] == table["plurality_label"]) & (table["consistency_low"] > SEGMENT_SHARE)
    table = table[agreed & (table["label"] != table["top"])].copy()
    if table.empty:
        return tables.empty(RELABEL)
    table["proposed_label"] = table["top"]
    code = {label: number for number, label in enumerate(votes.classes)}

    def vote(row: int, label: str | None) -> float:
        if label is None or pd.isna(label):
            return np.nan
        return float(votes.probabilities[row, code[label]]) if label in code else 0.0

    table["vote"] = [vote(*pair) for pair in zip(table["row"], table["top"], strict=True)]
    table["vote_given"] = [vote(*pair) for pair in zip(table["row"], table["label"], strict=True)]
    columns: list[str] = RELABEL.names
    return table[columns].sort_values(ROW_KEY, ignore_index=True)

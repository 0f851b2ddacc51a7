"""Members of a family that are shown."""

import pandas as pd

from glitch_explorer.audit.labels import label_counts
from glitch_explorer.site.pictures import Key, row_keys


def typical_members(members: pd.DataFrame, medoid: str, count: int) -> list[str]:
    """Select the members with the highest membership probability, besides the medoid.

    Parameters
    ----------
    members : DataFrame
        Rows of one family: `glitch_id`, `probability`, `isolation`.
    medoid : str
        glitch_id of the medoid, which is not selected.
    count : int
        Largest number of members.
    """
    ranked = members.sort_values(["probability", "isolation", "glitch_id"], ascending=[False, True, True])
    ids = ranked["glitch_id"].drop_duplicates()
    return ids[ids != medoid].head(count).tolist()


def odd_members(members: pd.DataFrame, shown: list[str], count: int) -> list[str]:
    """Select the most isolated members that are not among `shown`."""
    ranked = members.sort_values(["isolation", "probability", "glitch_id"], ascending=[False, True, True])
    ids = ranked["glitch_id"].drop_duplicates()
    return ids[~ids.isin(shown)].head(count).tolist()


def by_label(members: pd.DataFrame, rows: int) -> list[tuple[str | None, list[Key]]]:
    """Group a family's members by label, the commonest first and those without a label last.

    Parameters
    ----------
    members : DataFrame
        Members in the order to keep: `glitch_id`, `view`, `label`.
    rows : int
        Largest number of labels.
    """
    groups: list[tuple[str | None, list[Key]]] = [
        (str(label), row_keys(members[members["label"] == label]))
        for label in label_counts(members["label"]).index[:rows]
    ]
    unlabelled = members[members["label"].isna()]
    return [*groups, (None, row_keys(unlabelled))] if len(unlabelled) else groups

"""Coincidences of all families together: q-values and groups."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.coupling.schemas import COINCIDENCES
from glitch_explorer.coupling.witnesses.p_values import q_values


def coincidence_table(
    parts: Mapping[tuple[str, str], pd.DataFrame], groups: Mapping[str, str]
) -> pd.DataFrame:
    """Gather the coincidences of families and detectors.

    Parameters
    ----------
    parts
        Tables of `search.find_coincidences` by family and detector.
    groups
        Group of each channel (`overlap.flagged_groups`); a channel without one is its own group.

    Returns
    -------
    DataFrame
        Table "coincidences", by family, detector and T. The q-value is over all families, with triggers and
        segments together (`witnesses.p_values.q_values`).
    """
    rows = [part.assign(family=family, ifo=ifo) for (family, ifo), part in parts.items() if len(part)]
    if not rows:
        return tables.empty(COINCIDENCES)
    table = pd.concat(rows, ignore_index=True)
    table["group"] = [groups.get(name, name) for name in table["channel"]]
    number = table.groupby(["family", "ifo"]).ngroup().to_numpy()
    table["q_value"] = q_values(number, table["p_fwer"].to_numpy(dtype=float))
    ranked = table["p_fwer"].notna()
    order = np.lexsort((table["channel"], -table["t_statistic"], ~ranked, table["ifo"], table["family"]))
    ordered: pd.DataFrame = table.iloc[order].reset_index(drop=True)[COINCIDENCES.names]
    return ordered

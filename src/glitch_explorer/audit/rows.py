"""Rows of the map with columns of the catalogue."""

from pathlib import Path

import pandas as pd

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.map.schemas import FAMILIES


def map_rows(glitches: str | Path, families: str | Path, columns: list[str]) -> pd.DataFrame:
    """Read table `families` in its own order, with `columns` of the catalogue beside it.

    Raises
    ------
    UserError
        When the map holds a glitch that the catalogue does not.
    """
    rows = tables.read(FAMILIES, families)
    catalogue = tables.read(GLITCHES, glitches, ["glitch_id", *columns]).set_index("glitch_id")
    unknown = ~rows["glitch_id"].isin(catalogue.index)
    if unknown.any():
        raise UserError(
            f"{families} holds glitch {rows.loc[unknown, 'glitch_id'].iloc[0]}, which {glitches} does not: "
            "make the map again from this catalogue"
        )
    described = catalogue.loc[rows["glitch_id"]].reset_index(drop=True)
    return pd.concat([rows, described], axis=1)

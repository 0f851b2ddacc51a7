"""The map as a table that Apple's embedding-atlas reads, for catalogues of millions."""

from pathlib import Path

import pandas as pd

from glitch_explorer.audit.rows import map_rows
from glitch_explorer.audit.schemas import SUSPECTS
from glitch_explorer.core import tables
from glitch_explorer.export.schemas import EMBEDDING_ATLAS
from glitch_explorer.map.schemas import COORDINATES, ROW_KEY
from glitch_explorer.similar.schemas import NEIGHBOURS

_COLUMNS = ["ifo", "event_time", "duration_s", "peak_frequency_hz", "snr", "label", "run"]


def neighbour_lists(rows: pd.DataFrame, neighbours: pd.DataFrame) -> list[dict[str, list[float]]]:
    """Return each row's neighbours, as `ids` (row numbers from 0) and `distances`.

    Parameters
    ----------
    rows : DataFrame
        The map's rows: `glitch_id` and `view`.
    neighbours : DataFrame
        Table "neighbours", sorted by rank within each glitch.
    """
    number = pd.MultiIndex.from_frame(rows[ROW_KEY])
    source = number.get_indexer(pd.MultiIndex.from_frame(neighbours[ROW_KEY]))
    target = number.get_indexer(pd.MultiIndex.from_frame(neighbours[["neighbour_id", "neighbour_view"]]))
    lists: list[dict[str, list[float]]] = [{"ids": [], "distances": []} for _ in range(len(rows))]
    for row, neighbour, distance in zip(source, target, neighbours["distance"], strict=True):
        lists[row]["ids"].append(int(neighbour))
        lists[row]["distances"].append(float(distance))
    return lists


def export_embedding_atlas(
    *,
    glitches: str | Path,
    families: str | Path,
    coordinates: str | Path,
    neighbours: str | Path,
    suspects: str | Path,
    out: str | Path,
) -> None:
    """Write table "embedding_atlas", one row for each row of the map.

    Parameters
    ----------
    glitches, families, coordinates, neighbours, suspects : path
        Files of the tables that the parameters are named after.
    out : path
        Table to write.
    """
    rows = map_rows(glitches, families, _COLUMNS)
    rows = rows.merge(tables.read(COORDINATES, coordinates), on=ROW_KEY, validate="1:1")
    labels = tables.read(SUSPECTS, suspects, [*ROW_KEY, "evidence", "issue"])
    rows = rows.merge(labels, on=ROW_KEY, how="left").assign(suspect=lambda table: table["issue"].eq(True))
    near = neighbour_lists(rows, tables.read(NEIGHBOURS, neighbours))
    table = rows.drop(columns=["issue", "outlier_score"]).assign(neighbours=pd.Series(near, rows.index))
    tables.write(EMBEDDING_ATLAS, table, out)

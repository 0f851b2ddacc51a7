"""The nearest glitches of every glitch, from the map's neighbour graph."""

from pathlib import Path

import numpy as np

from glitch_explorer.core import files, tables
from glitch_explorer.map.schemas import MAP_ROWS, ROW_KEY
from glitch_explorer.similar.schemas import NEIGHBOURS

#: Largest number of neighbours of a glitch in the table.
N_NEIGHBOURS = 8


def make_neighbours(*, rows: str | Path, neighbours: str | Path, out: str | Path) -> None:
    """Write the table "neighbours" of a map.

    They are read off the map's neighbour graph, in which exact copies of a row share one.

    Parameters
    ----------
    rows, neighbours
        Table "map_rows" and the arrays of the graph.
    out
        Table to write.
    """
    keys = tables.read(MAP_ROWS, rows, columns=ROW_KEY)
    graph = files.read_arrays(neighbours)
    indices, distances = graph["indices"][:, :N_NEIGHBOURS], graph["distances"][:, :N_NEIGHBOURS]
    row, position = np.nonzero(indices >= 0)
    nearest = keys.iloc[indices[row, position]]
    table = keys.iloc[row].assign(
        rank=position + 1,
        neighbour_id=nearest["glitch_id"].array,
        neighbour_view=nearest["view"].array,
        distance=distances[row, position].astype(np.float64),
    )
    tables.write(NEIGHBOURS, table, out)

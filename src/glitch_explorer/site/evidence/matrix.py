"""The matrix of families and their witnesses: its cells and their order."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering

from glitch_explorer.core.arrays import Float64
from glitch_explorer.coupling.schemas import RAW
from glitch_explorer.site.evidence.rows import Row, strong_groups

#: Marks of the order in time of samples and glitch, and of a coincidence with triggers, a flag or a trend.
MARKS = {"leads": "◀", "co-moves": "●", "follows": "▶"}
COINCIDENT = "△"
#: Lower ends of the shades of the excess efficiency, and the q-values that earn a star each.
SHADES = (0.1, 0.3, 0.5, 0.7)
STARS = (0.05, 0.01, 0.001)


def matrix_order(sizes: Float64) -> tuple[list[int], list[int]]:
    """Order a matrix so that rows alike are neighbours and its cells lie near the diagonal.

    Parameters
    ----------
    sizes
        ``(r, c)`` not negative; no row and no column is all 0.

    Returns
    -------
    rows, columns
        Rows by average-linkage clustering of their cosine distances, its leaves turned so that
        neighbours are nearest (Bar-Joseph, Gifford & Jaakkola 2001); columns by the mean place of
        their rows, weighted by size.
    """
    count = len(sizes)
    rows = list(range(count))
    if count > 2:
        tree = linkage(sizes, "average", metric="cosine")
        rows = [int(row) for row in leaves_list(optimal_leaf_ordering(tree, sizes, metric="cosine"))]
    ordered = sizes[rows]
    mean = (np.arange(count) @ ordered) / ordered.sum(axis=0)
    # Rounded, so that no last bit decides between columns of the same rows.
    return rows, [int(column) for column in np.argsort(mean.round(9), kind="stable")]


def _cell(row: Row) -> Row:
    """Return one cell: what it shows, and its row of `rows.evidence_rows` as `witness`."""
    relation = next((part["relation"] for part in row["agreeing"] if part["kind"] == RAW), None)
    coincident = any(part["kind"] != RAW for part in row["agreeing"])
    return {
        "family": row["family"],
        "group": str(row["group"]),
        "size": abs(float(row["main"]["t_statistic"])),
        "shade": sum(row["excess"] >= low for low in SHADES),
        "excess": round(100 * row["excess"]),
        "stars": sum(row["q_value"] <= level for level in STARS),
        "mark": COINCIDENT if relation is None else MARKS.get(relation, ""),
        "agreeing": COINCIDENT if relation is not None and coincident else "",
        "coincident": coincident,
        "anchor": "coincidences" if relation is None else "witnesses",
        "witness": row,
    }


def witness_matrix(rows: list[Row]) -> dict[str, Any]:
    """Arrange the strong witnesses of all families in a matrix.

    Parameters
    ----------
    rows
        Witnesses of all families, from `rows.evidence_rows`.

    Returns
    -------
    dict
        `families` and `groups` in order, the latter with `unknown` safety; `cells`, each with the positions
        of its family (`row`) and group (`column`), from 0; and `coincident`, whether any cell has a
        coincidence.
    """
    cells = [_cell(row) for row in strong_groups(rows)]
    if not cells:
        return {"families": [], "groups": [], "cells": [], "coincident": False}
    sizes = pd.DataFrame(cells).pivot_table(
        index="family", columns="group", values="size", aggfunc="max", fill_value=0.0
    )
    down, along = matrix_order(sizes.to_numpy(dtype=float))
    families = [str(name) for name in sizes.index[down]]
    groups = [str(name) for name in sizes.columns[along]]
    line = {name: number for number, name in enumerate(families)}
    column = {name: number for number, name in enumerate(groups)}
    unknown = {cell["group"] for cell in cells if cell["witness"]["safety"] == "unknown"}
    ordered = [{**cell, "row": line[cell["family"]], "column": column[cell["group"]]} for cell in cells]
    return {
        "families": families,
        "groups": [{"name": name, "unknown": name in unknown} for name in groups],
        "cells": sorted(ordered, key=lambda cell: (cell["row"], cell["column"])),
        "coincident": any(cell["coincident"] for cell in cells),
    }

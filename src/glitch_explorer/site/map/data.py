"""The data of the interactive map, column by column, as typed arrays in plain scripts.

A browser refuses `fetch`, modules and workers to a page opened from a folder, so the data come by
script tags: little-endian numbers in base64; row i of each column is row i of the map.
"""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Int64
from glitch_explorer.core.intervals import segments_of
from glitch_explorer.map.schemas import ROW_KEY, UNASSIGNED
from glitch_explorer.site.palette import look
from glitch_explorer.views.colormap import viridis

#: The groups of a map: column of the table, and the name of what has none.
GROUPS: dict[str, tuple[str, str]] = {
    "family": ("family", UNASSIGNED),
    "label": ("label", "no label"),
    "detector": ("ifo", "unknown"),
    "run": ("run", "no run"),
}
#: JavaScript's name of each array's type.
_ARRAYS = {"f4": "Float32", "f8": "Float64", "u1": "Uint8", "u2": "Uint16", "i4": "Int32"}


def packed(values: Any, kind: str) -> dict[str, str]:
    """Pack numbers `(n,)` as `kind` (a NumPy type such as "f4") for a script."""
    data = np.ascontiguousarray(values, dtype=f"<{kind}").tobytes()
    return {"type": _ARRAYS[kind], "data": base64.b64encode(data).decode("ascii")}


def coded(values: pd.Series, missing: str) -> tuple[Int64, list[str]]:
    """Return each value's number (n,) among the sorted names, and the names; `missing` (null) is last."""
    filled = values.astype(object).where(values.notna(), missing)
    names = sorted(set(filled), key=lambda name: (name == missing, name))
    numbers = {name: number for number, name in enumerate(names)}
    return filled.map(numbers).to_numpy(dtype=np.int64), names


def point_data(rows: pd.DataFrame) -> dict[str, Any]:
    """Return what the map is first drawn with: coordinates, groups, colours and shapes.

    Parameters
    ----------
    rows : DataFrame
        The map's rows with coordinates and the catalogue's columns.
    """
    codes, names = {}, {}
    for group, (column, missing) in GROUPS.items():
        codes[group], names[group] = coded(rows[column], missing)
    return {
        "n": len(rows),
        "x": packed(rows["x"], "f4"),
        "y": packed(rows["y"], "f4"),
        **{group: packed(code, "u2") for group, code in codes.items()},
        "names": names,
        "missing": {group: missing for group, (_, missing) in GROUPS.items()},
        "looks": [look(number)[:2] for number in range(max(map(len, names.values())))],
        "scale": packed(viridis().reshape(-1), "u1"),
    }


def column_data(rows: pd.DataFrame, suspects: pd.DataFrame, pictured: Sequence[str]) -> dict[str, Any]:
    """Return what the map is coloured and filtered by, and the facts of each glitch; NaN where unknown.

    Parameters
    ----------
    rows : DataFrame
        As for `point_data`.
    suspects : DataFrame
        Table "suspects".
    pictured : sequence of str
        Glitches in the order of their sprites.
    """
    judged = rows[ROW_KEY].merge(
        suspects[[*ROW_KEY, "proposed_label", "evidence", "issue"]], on=ROW_KEY, how="left"
    )
    proposed, proposals = coded(judged["proposed_label"], "")
    glitch, ids = pd.factorize(rows["glitch_id"])
    sprite = {name: number for number, name in enumerate(pictured)}
    views, view_names = coded(rows["view"], "")
    return {
        "time": packed(rows["event_time"], "f8"),
        "duration": packed(rows["duration_s"], "f4"),
        "frequency": packed(rows["peak_frequency_hz"], "f4"),
        "snr": packed(rows["snr"], "f4"),
        "probability": packed(rows["probability"], "f4"),
        "isolation": packed(rows["isolation"], "f4"),
        "evidence": packed(judged["evidence"], "f4"),
        "suspect": packed(judged["issue"].eq(True), "u1"),
        "proposed": packed(proposed, "u2"),
        "view": packed(views, "u1"),
        "glitch": packed(glitch, "i4"),
        "sprite": packed([sprite.get(name, -1) for name in ids], "i4"),
        "names": {"proposed": proposals, "view": view_names},
    }


def neighbour_data(rows: pd.DataFrame, neighbours: pd.DataFrame) -> dict[str, Any]:
    """Return the `k` nearest other rows on the page of each row, -1 where there are fewer.

    Parameters
    ----------
    rows : DataFrame
        The map's rows: `glitch_id` and `view`.
    neighbours : DataFrame
        Table "neighbours".
    """
    number = pd.MultiIndex.from_frame(rows[ROW_KEY])
    row = number.get_indexer(pd.MultiIndex.from_frame(neighbours[ROW_KEY]))
    other = number.get_indexer(pd.MultiIndex.from_frame(neighbours[["neighbour_id", "neighbour_view"]]))
    k = int(neighbours["rank"].max()) if len(neighbours) else 0
    near = np.full((len(rows), k), -1)
    distance = np.zeros((len(rows), k))
    shown = (row >= 0) & (other >= 0)
    column = neighbours["rank"].to_numpy()[shown] - 1
    near[row[shown], column] = other[shown]
    distance[row[shown], column] = neighbours["distance"].to_numpy()[shown]
    return {"k": k, "row": packed(near, "i4"), "distance": packed(distance, "f4")}


def live_data(segments: pd.DataFrame) -> dict[str, list[list[float]]]:
    """Return each detector's live time as merged intervals [start, end) in GPS s."""
    return {ifo: segments_of(segments, ifo).tolist() for ifo in sorted(segments["ifo"].unique())}

"""The interactive map: one page, its data as scripts, its pictures as sprite sheets."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from plotly.offline import get_plotlyjs

from glitch_explorer import files, tables
from glitch_explorer.audit.rows import map_rows
from glitch_explorer.site.names import PLOTLY
from glitch_explorer.site.pages import render, script_data, static, whole_folder
from glitch_explorer.site.palette import look
from glitch_explorer.site.pictures import GAP_COLOUR, Pictures, save_webp
from glitch_explorer.tables import UNASSIGNED

#: Side of a view in a sprite, gap between views, gap between sprites (so that none bleeds into the
#: next), glitches in a sheet.
SPRITE_SIZE, VIEW_GAP, SPRITE_GAP, SHEET = 96, 2, 4, 64


def write_sprites(pictures: Pictures, ids: Sequence[str], folder: Path) -> dict[str, int]:
    """Write sprite sheets `0000.webp`, … with the four views of `ids`, one below the other.

    Returns
    -------
    dict
        `step` in pixels from a sprite to the next, and how many are in a `sheet`.
    """
    folder.mkdir()
    for number, start in enumerate(range(0, len(ids), SHEET)):
        rows = [
            pictures.strip(glitch, size=SPRITE_SIZE, gap=VIEW_GAP) for glitch in ids[start : start + SHEET]
        ]
        height, width, channels = rows[0].shape
        # A full sheet always, so that all have one size.
        sheet = np.full((SHEET, height + SPRITE_GAP, width, channels), GAP_COLOUR, dtype=np.uint8)
        sheet[: len(rows), :height] = rows
        save_webp(folder / f"{number:04d}.webp", sheet.reshape(-1, width, channels))
    return {"step": SPRITE_SIZE + SPRITE_GAP, "sheet": SHEET}


def _coded(values: pd.Series, *, missing: str, last: str | None = None) -> tuple[list[int], list[str]]:
    """Give each value's number among the names; `missing` stands for None, and `last` comes last."""
    filled = values.astype(object).where(values.notna(), missing)
    names = sorted(set(filled), key=lambda name: (name in (missing, last), name))
    code = {name: number for number, name in enumerate(names)}
    return [code[value] for value in filled], names


def near_rows(rows: pd.DataFrame, neighbours: pd.DataFrame) -> list[list[tuple[int, float]]]:
    """Give for each of the map's rows its nearest others, as row number and distance.

    Parameters
    ----------
    rows : DataFrame
        The map's rows: `glitch_id` and `view`.
    neighbours : DataFrame
        Table "neighbours".
    """
    number = pd.Series(range(len(rows)), pd.MultiIndex.from_frame(rows[["glitch_id", "view"]]))
    own = number[pd.MultiIndex.from_frame(neighbours[["glitch_id", "view"]])]
    other = number[pd.MultiIndex.from_frame(neighbours[["neighbour_id", "neighbour_view"]])]
    near: list[list[tuple[int, float]]] = [[] for _ in range(len(rows))]
    for row, to, distance in zip(own, other, neighbours["distance"].round(3), strict=True):
        near[row].append((int(to), float(distance)))
    return near


def map_data(
    rows: pd.DataFrame, sprites: dict[str, int], ids: Sequence[str], neighbours: pd.DataFrame
) -> dict[str, Any]:
    """Collect what the page draws, column by column; row i of each is row i of the map.

    Parameters
    ----------
    rows : DataFrame
        The map's rows with coordinates and the catalogue's columns.
    sprites : dict
        See `write_sprites`.
    ids : sequence of str
        Glitches in the order of their sprites.
    neighbours : DataFrame
        Table "neighbours".
    """
    place = {glitch: number for number, glitch in enumerate(ids)}
    family, families = _coded(rows["family"], missing=UNASSIGNED)
    label, labels = _coded(rows["label"], missing="no label")
    ifo, detectors = _coded(rows["ifo"], missing="unknown")
    count = max(len(families), len(labels), len(detectors))
    return {
        "id": rows["glitch_id"].tolist(),
        "view": rows["view"].tolist(),
        "x": rows["x"].round(4).tolist(),
        "y": rows["y"].round(4).tolist(),
        "time": [None if pd.isna(value) else round(value, 4) for value in rows["event_time"]],
        "snr": [None if pd.isna(value) else round(value, 1) for value in rows["snr"]],
        "probability": rows["probability"].round(3).tolist(),
        "sprite": [place[glitch] for glitch in rows["glitch_id"]],
        "family": family,
        "label": label,
        "detector": ifo,
        "names": {"family": families, "label": labels, "detector": detectors},
        "nobody": {"family": UNASSIGNED, "label": "no label", "detector": "unknown"},
        "looks": [look(number)[:2] for number in range(count)],
        "sprites": sprites,
        "near": near_rows(rows, neighbours),
    }


def make_map_page(
    *,
    glitches: str | Path,
    families: str | Path,
    coordinates: str | Path,
    neighbours: str | Path,
    views: Sequence[str | Path],
    status: Sequence[str | Path],
    out: str | Path,
    page: str | Path,
    witnesses: bool,
    cost: bool,
) -> None:
    """Write the interactive map.

    Parameters
    ----------
    glitches, families, coordinates, neighbours : path
        Tables of these names; families and coordinates have the same rows.
    views, status : list of path
        Arrays and tables "views" of all shards, in the same order.
    out : path
        Folder of the page's scripts and sprite sheets, replaced as a whole.
    page : path
        The page, beside the folder; the atlas's folder `family` is expected there too.
    witnesses, cost : bool
        The site has a page of witnesses, and one of costs, to go on to.
    """
    rows = map_rows(glitches, families, ["ifo", "event_time", "snr", "label"])
    rows = rows.merge(tables.read("coordinates", coordinates), on=["glitch_id", "view"], validate="1:1")
    ids = rows["glitch_id"].drop_duplicates().tolist()
    with whole_folder(out) as folder:
        sprites = write_sprites(Pictures(views, status), ids, folder / "sprites")
        data = map_data(rows, sprites, ids, tables.read("neighbours", neighbours))
        files.write_text(folder / "points.js", script_data("GLITCHES", data))
        files.write_text(folder / Path(PLOTLY).name, get_plotlyjs())
        files.write_text(folder / "map.js", static("map.js"))
    text = render("map.html", folder=Path(out).name, count=len(rows), witnesses=witnesses, cost=cost, root="")
    files.write_text(page, text)

"""The interactive map: one page, its data as scripts, its pictures as sprite sheets."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from glitch_explorer.audit.rows import map_rows
from glitch_explorer.audit.schemas import AUDIT_FAMILIES, SUSPECTS
from glitch_explorer.core import files, tables
from glitch_explorer.map.schemas import COORDINATES, ROW_KEY
from glitch_explorer.similar.schemas import NEIGHBOURS
from glitch_explorer.site.map.data import (
    column_data,
    live_data,
    neighbour_data,
    point_data,
)
from glitch_explorer.site.map.leap_seconds import leap_seconds
from glitch_explorer.site.map.sample import ODD, even_sample
from glitch_explorer.site.pages import render, script_data, static
from glitch_explorer.site.pictures import Pictures
from glitch_explorer.site.sprites import write_sprites
from glitch_explorer.sources.schemas import SEGMENTS

#: Largest number of rows on the page; of a larger map it shows an even sample, with a note.
MOST = 300_000
#: The page's scripts, in the order in which they run.
SCRIPTS = (
    "data",
    "filters",
    "colours",
    "raster",
    "grid",
    "plot",
    "card",
    "panel",
    "timeline",
    "crosstab",
    "export",
    "address",
    "main",
)
_COLUMNS = ["ifo", "event_time", "duration_s", "peak_frequency_hz", "snr", "label", "run"]


def _rows(glitches: str | Path, families: str | Path, coordinates: str | Path) -> pd.DataFrame:
    """Read the map's rows, with the columns of the catalogue and coordinates."""
    rows = map_rows(glitches, families, _COLUMNS)
    return rows.merge(tables.read(COORDINATES, coordinates), on=ROW_KEY, validate="1:1")


def _context(rows: pd.DataFrame, segments: pd.DataFrame, line: str) -> dict[str, Any]:
    """Return what the page needs besides the glitches: live time, leap seconds, the line of gwpy."""
    times = rows["event_time"].dropna()
    return {
        "live": live_data(segments),
        "leaps": leap_seconds(times.max()) if len(times) else [],
        "line": line,
    }


def _write_scripts(folder: Path, data: dict[str, tuple[str, Any]]) -> None:
    """Write the page's data, by file with its global name, and the scripts of the project."""
    for file, (name, value) in data.items():
        files.write_text(folder / f"{file}.js", script_data(name, value))
    for file in ("map.css", *(f"{script}.js" for script in SCRIPTS)):
        files.write_text(folder / file, static(f"map/static/{file}"))


def write_map_page(
    *,
    glitches: str | Path,
    families: str | Path,
    coordinates: str | Path,
    neighbours: str | Path,
    segments: str | Path,
    audit_families: str | Path,
    suspects: str | Path,
    views: Sequence[str | Path],
    status: Sequence[str | Path],
    out: str | Path,
    page: str | Path,
    pictures: int,
    line: str,
    witnesses: bool,
    cost: bool,
) -> None:
    """Write the interactive map.

    Parameters
    ----------
    glitches, families, coordinates, neighbours, segments, audit_families, suspects : path
        Files of the tables that the parameters are named after; families and coordinates have the same rows.
    views, status : list of path
        Arrays and tables "views" of all shards, in the same order.
    out : path
        Folder for the page's scripts and sprite sheets; an existing one is replaced.
    page : path
        The page, in the same folder as `out` and the atlas's folder `family`.
    pictures : int
        Largest number of glitches with a picture; if there are more, only medoids, outlying members and an
        even sample have one.
    line : str
        See `gwpy_line`.
    witnesses, cost : bool
        Whether the site has a page of witnesses, and one of costs.
    """
    everything = _rows(glitches, families, coordinates)
    medoids = frozenset(tables.read(AUDIT_FAMILIES, audit_families, ["medoid"])["medoid"])
    rows = everything[even_sample(everything, MOST, medoids)].reset_index(drop=True)
    once = rows.drop_duplicates("glitch_id")
    pictured = once.loc[even_sample(once, pictures, medoids), "glitch_id"].tolist()
    with files.whole_folder(out) as folder:
        sprites = write_sprites(Pictures(views, status), pictured, folder / "sprites")
        context = _context(rows, tables.read(SEGMENTS, segments), line)
        data = {
            "points": ("GLITCHES", point_data(rows) | context | {"sprites": sprites}),
            "columns": ("GLITCH_COLUMNS", column_data(rows, tables.read(SUSPECTS, suspects), pictured)),
            "ids": ("GLITCH_IDS", once["glitch_id"].tolist()),
            "near": ("GLITCH_NEAR", neighbour_data(rows, tables.read(NEIGHBOURS, neighbours))),
        }
        _write_scripts(folder, data)
    counts = {"count": len(rows), "total": len(everything), "glitches": len(once), "pictured": len(pictured)}
    values = counts | {"folder": Path(out).name, "scripts": SCRIPTS, "odd": ODD, "root": ""}
    files.write_text(page, render("map/map.html", **values, witnesses=witnesses, cost=cost))

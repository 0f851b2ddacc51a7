"""The page of any glitch: one page, an index of all glitches, and blocks of what is known of them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from glitch_explorer.audit.schemas import AUDIT_FAMILIES
from glitch_explorer.catalog.schemas import DUPLICATES, GLITCHES, QUARANTINE
from glitch_explorer.core import files, tables
from glitch_explorer.map.schemas import FAMILIES
from glitch_explorer.site.families.names import family_names
from glitch_explorer.site.families.page import frequency_ticks
from glitch_explorer.site.glitch.facts import map_parts
from glitch_explorer.site.glitch.files import GlitchFiles
from glitch_explorer.site.glitch.impact import family_witnesses, impact_parts, read_vetoes, veto_channels
from glitch_explorer.site.glitch.order import BLOCK, absent_ids, in_order, index_data, numbers_of, pictured
from glitch_explorer.site.glitch.spectrograms import write_spectrograms
from glitch_explorer.site.map.data import packed
from glitch_explorer.site.numbers import known
from glitch_explorer.site.pages import render, script_data, static
from glitch_explorer.site.pictures import Pictures
from glitch_explorer.views.colormap import viridis
from glitch_explorer.views.schemas import VIEWS

#: The page's scripts, in the order in which they run.
SCRIPTS = ("data", "draw", "spectrograms", "parts", "lists", "main")
#: Columns of table "glitches" that are read.
COLUMNS = [name for name in GLITCHES.names if not name.startswith("view_")]
#: Columns of which the whole GPS second and its fraction count.
_TIMES = ("start", "end", "after")


def _value(name: str, value: Any) -> Any:
    """Return a value for a script: numbers to seven digits, times to microseconds."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, float):
        return round(value, 6) if name in _TIMES else float(f"{value:.7g}")
    return value


def block_records(parts: Mapping[str, pd.DataFrame], low: int, high: int) -> list[dict[str, Any]]:
    """Return what is known of the glitches `low` to `high` - 1: rows of each part, without nulls."""
    block: list[dict[str, Any]] = [{} for _ in range(low, high)]
    for name, part in parts.items():
        first, last = np.searchsorted(part["number"], [low, high])
        for row in part.iloc[first:last].to_dict("records"):
            values = {str(key): _value(str(key), value) for key, value in row.items() if known(value)}
            block[values.pop("number") - low].setdefault(name, []).append(values)
    return block


def blocks(parts: Mapping[str, pd.DataFrame], count: int) -> Iterator[tuple[str, str]]:
    """Yield name and script of each block of the `count` glitches."""
    for number, low in enumerate(range(0, count, BLOCK)):
        records = block_records(parts, low, min(low + BLOCK, count))
        yield f"{number:03d}.js", script_data("GLITCH_BLOCK", records)


def write_glitch_page(
    paths: GlitchFiles,
    *,
    out: str | Path,
    page: str | Path,
    pictures: int,
    lines: Mapping[str, str | None],
    gates: Mapping[str, float | None],
    has: Mapping[str, bool],
) -> None:
    """Write the page of any glitch, with its data as scripts.

    Parameters
    ----------
    paths : GlitchFiles
        The tables.
    out : path
        Folder for scripts and spectrograms; an existing one is replaced.
    page : path
        The page, in the same folder as `out`.
    pictures : int
        Largest number of glitches with spectrograms.
    lines : mapping
        Lines of gwpy that read the `strain`, and the `channel` of a witness, None where there is none.
    gates : mapping
        `min_gate_s`, `gate_snr` and `gate_threshold` of the costs.
    has : mapping
        Whether the site has pages of `witnesses`, of `cost`, and the map (`mapped`).
    """
    audited = tables.read(AUDIT_FAMILIES, paths.audit_families)
    medoids = frozenset(audited["medoid"].dropna())
    glitches = tables.read(GLITCHES, paths.glitches, COLUMNS)
    families, quarantine = tables.read(FAMILIES, paths.families), tables.read(QUARANTINE, paths.quarantine)
    status, vetoes = tables.read_all(VIEWS, paths.status), read_vetoes(paths)
    rows = in_order(glitches, families, medoids)
    number = numbers_of(rows)
    shown = pictured(status, rows, medoids, pictures)
    parts = map_parts(paths, rows, number, families=families, status=status, quarantine=quarantine)
    parts |= impact_parts(paths, rows, number, vetoes, float(gates["min_gate_s"] or 0))
    settings = {"lines": dict(lines), "gates": dict(gates), "has": dict(has), "ticks": frequency_ticks()}
    settings |= {"witnesses": family_witnesses(paths), "vetoes": veto_channels(vetoes)}
    settings |= absent_ids(tables.read(DUPLICATES, paths.duplicates), quarantine, number)
    settings["scale"] = packed(viridis().reshape(-1), "u1")
    with files.whole_folder(out) as folder:
        views = Pictures(paths.views, paths.status) if shown else None
        if views is not None:
            settings["sheets"] = write_spectrograms(views, shown, folder / "spectrograms")
        index = index_data(rows, shown, family_names(audited), settings)
        files.write_text(folder / "index.js", script_data("GLITCH_INDEX", index))
        for name, script in blocks(parts, len(rows)):
            files.write_text(folder / name, script)
        for file in ("glitch.css", *(f"{script}.js" for script in SCRIPTS)):
            files.write_text(folder / file, static(f"glitch/static/{file}"))
    values = {"folder": Path(out).name, "scripts": SCRIPTS, "count": len(rows), "root": ""}
    files.write_text(page, render("glitch/glitch.html", **values, **has))

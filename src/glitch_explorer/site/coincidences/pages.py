"""The sections about auxiliary triggers, flags and trends, on families' pages and that of all witnesses."""

from collections.abc import Sequence
from pathlib import Path

from glitch_explorer.core import files
from glitch_explorer.site.coincidences.page import OVERVIEW
from glitch_explorer.site.coincidences.rows import (
    CONSTANTS,
    Row,
    coincidence_unknown,
    detector_rows,
    read_coincidences,
)
from glitch_explorer.site.pages import read_names, render


def write_coincidence_pages(
    folder: str | Path, *, families: Sequence[str], names: str | Path | None, out: str | Path
) -> None:
    """Write the sections about auxiliary triggers, flags and trends.

    Parameters
    ----------
    folder : path
        Folder of the coupling stage with the tables of `gather_coincidences` and `gather_evidence`.
    families : list of str
        All families.
    names : path or None
        Table "family_names"; None where the families are those of a map.
    out : path
        Output folder; an existing one is replaced. For each family: `F001.html` (section of its page) and
        `F001.json` (codes of what is unknown); and `OVERVIEW`.
    """
    results = read_coincidences(folder)
    every: list[Row] = []
    with files.whole_folder(out) as pages:
        for family in families:
            rows = detector_rows(results, family)
            every += rows
            text = render("coincidences/fragment.html", family=family, rows=rows, **CONSTANTS)
            files.write_text(pages / f"{family}.html", text)
            files.write_json(pages / f"{family}.json", {"unknown": coincidence_unknown(rows)})
        sources = {ifo: notes["channels"] for ifo, notes in results.notes.items()}
        text = render(
            "coincidences/overview.html",
            rows=every,
            sources=sources,
            names=read_names(names) or {},
            **CONSTANTS,
        )
        files.write_text(pages / OVERVIEW, text)

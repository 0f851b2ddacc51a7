"""The page of all witnesses where there are only auxiliary triggers, flags and trends."""

from pathlib import Path

from glitch_explorer.core import files, tables
from glitch_explorer.coupling.schemas import ALPHA, EVIDENCE
from glitch_explorer.site.evidence.matrix import witness_matrix
from glitch_explorer.site.evidence.rows import evidence_rows, witness_counts
from glitch_explorer.site.pages import render, rendered

#: File with the section of the page of all witnesses, beside the sections of the families.
OVERVIEW = "overview.html"


def write_coincidence_page(
    pages: str | Path, *, evidence: str | Path, page: str | Path, cost: bool, mapped: bool
) -> None:
    """Write the page of all witnesses where there are only auxiliary triggers, flags and trends.

    Parameters
    ----------
    pages : path
        Folder of `pages.write_coincidence_pages`.
    evidence : path
        Table "evidence".
    page : path
        HTML file to write.
    cost, mapped : bool
        Whether the site has a page of costs, and a map.
    """
    section = rendered((Path(pages) / OVERVIEW).read_text(encoding="utf-8"))
    table = tables.read(EVIDENCE, evidence)
    values = {
        "section": section,
        "matrix": witness_matrix(evidence_rows(table)),
        "counts": witness_counts(table),
        "alpha": ALPHA,
    }
    there = {"witnesses": True, "cost": cost, "mapped": mapped}
    files.write_text(page, render("coincidences/page.html", **values, **there, root=""))

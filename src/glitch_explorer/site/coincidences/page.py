"""The page of all witnesses where there are only auxiliary triggers and flags."""

from pathlib import Path

from glitch_explorer.core import files
from glitch_explorer.site.pages import render, rendered

#: File with the section of the page of all witnesses, beside the sections of the families.
OVERVIEW = "overview.html"


def write_coincidence_page(pages: str | Path, *, page: str | Path, cost: bool, mapped: bool) -> None:
    """Write the page of all witnesses where there are only auxiliary triggers and flags.

    Parameters
    ----------
    pages : path
        Folder of `pages.write_coincidence_pages`.
    page : path
        HTML file to write.
    cost, mapped : bool
        Whether the site has a page of costs, and a map.
    """
    section = rendered((Path(pages) / OVERVIEW).read_text(encoding="utf-8"))
    there = {"witnesses": True, "cost": cost, "mapped": mapped}
    files.write_text(page, render("coincidences/page.html", section=section, **there, root=""))

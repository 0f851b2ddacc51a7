"""The atlas: a page for each family, and the page that lists them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from glitch_explorer.audit.rows import map_rows
from glitch_explorer.audit.schemas import (
    AUDIT_FAMILIES,
    GRADIENTS,
    NEAREST_FAMILIES,
    POSITIONS,
    PROBE,
    RELABEL,
    SUSPECTS,
)
from glitch_explorer.core import files, tables
from glitch_explorer.coupling.schemas import EVIDENCE
from glitch_explorer.map.schemas import UNASSIGNED
from glitch_explorer.site.families.compared import read_compared
from glitch_explorer.site.families.page import Atlas, write_family_page
from glitch_explorer.site.pages import render
from glitch_explorer.site.pictures import Pictures

_COLUMNS = ["ifo", "event_time", "duration_s", "peak_frequency_hz", "snr", "label", "run"]


def read_atlas(
    *,
    glitches: str | Path,
    families: str | Path,
    audit: Path,
    views: Sequence[str | Path],
    status: Sequence[str | Path],
    compared: bool = False,
    witnesses: str | Path | None,
    coincidences: str | Path | None = None,
    evidence: str | Path | None = None,
    cost: str | Path | None,
    typical: int,
    odd: int,
) -> Atlas:
    """Read the tables of the atlas.

    Parameters
    ----------
    glitches, families : path
        Tables "glitches" and "families".
    audit : path
        Folder with the audit's tables families, nearest_families, gradients, positions, suspects,
        relabel and probe.
    views, status : list of path
        Arrays and tables "views" of all shards, in the same order.
    compared : bool
        Whether the audit has a comparison with other families.
    witnesses, coincidences, cost : path or None
        Folders of `write_witness_pages`, `write_coincidence_pages` and `write_impact_pages`; None where the
        stage was not run.
    evidence : path or None
        Table "evidence"; None where the coupling stage was not run.
    typical, odd : int
        Members shown of each kind.
    """
    return Atlas(
        rows=map_rows(glitches, families, _COLUMNS),
        families=tables.read(AUDIT_FAMILIES, audit / "families.parquet").set_index("family"),
        nearest=tables.read(NEAREST_FAMILIES, audit / "nearest_families.parquet"),
        gradients=tables.read(GRADIENTS, audit / "gradients.parquet"),
        positions=tables.read(POSITIONS, audit / "positions.parquet"),
        suspects=tables.read(SUSPECTS, audit / "suspects.parquet"),
        proposals=tables.read(RELABEL, audit / "relabel.parquet"),
        probe=tables.read(PROBE, audit / "probe.parquet"),
        pictures=Pictures(views, status),
        typical=typical,
        odd=odd,
        witnesses=Path(witnesses) if witnesses else None,
        coincidences=Path(coincidences) if coincidences else None,
        evidence=tables.read(EVIDENCE, evidence) if evidence else None,
        cost=Path(cost) if cost else None,
        compared=read_compared(audit) if compared else None,
    )


def _place(line: Mapping[str, Any]) -> tuple[bool, float, str]:
    """Return what the lines are sorted by: possible new classes first, then the most ambiguous."""
    new = bool(line["possible_new_class"])
    amount = line["n"] if new else line["ambiguity_score"]
    return not new, -float(np.nan_to_num(amount, nan=-1)), line["family"]


def write_atlas(atlas: Atlas, *, out: str | Path, index: str | Path) -> None:
    """Write the atlas: a page and pictures for each family, and the page that lists them.

    Parameters
    ----------
    atlas : Atlas
        Tables of the atlas, as `read_atlas` returns them.
    out : path
        Folder for the families' pages, directly below the site's folder; an existing one is replaced.
    index : path
        Page that lists the families, in the same folder as `out`.
    """
    with files.whole_folder(out) as folder:
        lines = [write_family_page(atlas, family, folder) for family in atlas.order]
    lines.sort(key=_place)
    unassigned = int((atlas.rows["family"] == UNASSIGNED).sum())
    values = {"lines": lines, "unassigned": unassigned, "compared": atlas.compared}
    page = render("families/atlas.html", **values, folder=Path(out).name, **atlas.has, root="")
    files.write_text(index, page)

"""Figures of the map and of the audit, as PNG files."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from glitch_explorer.audit.rows import map_rows
from glitch_explorer.audit.schemas import AUDIT_FAMILIES, GRADIENTS, LABELS, LEAKAGE, POSITIONS
from glitch_explorer.core import tables
from glitch_explorer.map.schemas import COORDINATES, QUALITY, ROW_KEY, UNASSIGNED
from glitch_explorer.site import plots, sheets
from glitch_explorer.site.pictures import Pictures


def draw_figures(
    *,
    glitches: str | Path,
    families: str | Path,
    coordinates: str | Path,
    audit: str | Path,
    views: Sequence[str | Path],
    status: Sequence[str | Path],
    out: str | Path,
    dpi: int,
    assigned: str,
    unassigned: str,
) -> None:
    """Draw the figures of the map and of the audit, each `<name>.png`.

    Parameters
    ----------
    glitches, families, coordinates : path
        Tables "glitches", "families" and "coordinates".
    audit : path
        Folder with the audit's tables families, labels, quality, gradients,
        positions and leakage.
    views, status : list of path
        Arrays and tables "views" of all shards, in the same order.
    out : path
        Folder of the figures.
    dpi : int
        Pixels per inch.
    assigned, unassigned : str
        Colours of bars, and of unassigned glitches or variables that cannot fail the leakage test.
    """
    audit, out = Path(audit), Path(out)
    rows = map_rows(glitches, families, ["label"])
    rows = rows.merge(tables.read(COORDINATES, coordinates), on=ROW_KEY, validate="1:1")
    audited = tables.read(AUDIT_FAMILIES, audit / "families.parquet")
    labels = tables.read(LABELS, audit / "labels.parquet")
    quality = tables.read(QUALITY, audit / "quality.parquet")
    leaks = tables.read(LEAKAGE, audit / "leakage.parquet")
    plots.map_by_family(rows, out / "umap_family.png", dpi=dpi, unassigned=unassigned)
    plots.map_by_label(rows, out / "umap_label.png", dpi=dpi, unassigned=unassigned)
    plots.ambiguity(audited, out / "ambiguity.png", dpi=dpi, assigned=assigned)
    plots.entropies(audited, labels, quality, out / "entropy.png", dpi=dpi, assigned=assigned)
    plots.leakage(leaks, out / "leakage.png", dpi=dpi, assigned=assigned, unassigned=unassigned)
    _draw_sheets(rows, audited, audit, Pictures(views, status), out, dpi=dpi)


def _draw_sheets(
    rows: pd.DataFrame, audited: pd.DataFrame, audit: Path, pictures: Pictures, out: Path, *, dpi: int
) -> None:
    """Draw the figures that show views of glitches.

    Parameters
    ----------
    rows
        Rows of the map: glitch_id, view, family, label.
    audited
        Table "audit_families".
    audit
        Folder with the tables gradients and positions.
    pictures
        Views of all glitches.
    out
        Folder of the figures.
    dpi
        Pixels per inch.
    """
    sections = tables.read(GRADIENTS, audit / "gradients.parquet")
    positions = tables.read(POSITIONS, audit / "positions.parquet")
    positions = positions.merge(rows[[*ROW_KEY, "label"]], on=ROW_KEY)
    members = dict(iter(positions.groupby("family")))
    ambiguous = by_ambiguity(audited)
    first = ambiguous[0] if ambiguous else UNASSIGNED
    sheet = members.get(first, rows[rows["family"] == first])
    sheets.contact_sheet(sheet, pictures, out / "contact_sheet.png", family=first, dpi=dpi)
    changing = set(sections.loc[sections["gradient"], "family"])
    drawn = [family for family in ambiguous if family in changing][: sheets.FAMILIES] or ambiguous[:1]
    strips = [(family, members[family], sections[sections["family"] == family]) for family in drawn]
    sheets.gradients(strips, pictures, out / "gradient.png", dpi=dpi)
    largest = audited.sort_values(["n", "family"], ascending=[False, True])["family"].head(sheets.FAMILIES)
    named = [(family, members[family]) for family in largest]
    sheets.intensity(named, pictures, out / "intensity.png", dpi=dpi)


def by_ambiguity(families: pd.DataFrame) -> list[str]:
    """Return the families, the most ambiguous first and those without labels last."""
    ranked = families.sort_values(["ambiguity_score", "family"], ascending=[False, True], na_position="last")
    return [str(family) for family in ranked["family"]]

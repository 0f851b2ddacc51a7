"""Results of the coupling stage: the witness section of each family's page, and the page of all witnesses."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from glitch_explorer.core import files, tables
from glitch_explorer.coupling.schemas import (
    CALIBRATION,
    CHANNEL_COVERAGE,
    PSEUDO_FAMILIES,
    WITNESSES,
)
from glitch_explorer.site.pages import render, rendered
from glitch_explorer.site.witnesses import plots as witness_plots
from glitch_explorer.site.witnesses.figure import matrix_figure
from glitch_explorer.site.witnesses.overview import overview
from glitch_explorer.site.witnesses.rate_plots import rate_figure
from glitch_explorer.site.witnesses.rows import (
    CONSTANTS,
    CouplingTables,
    FamilyTables,
    Row,
    detector_row,
    read_family,
)
from glitch_explorer.site.witnesses.unknown import coupling_unknown

#: Largest number of witnesses per family and detector that are described in sentences and plotted.
DESCRIBED = 3


def _panels(row: Row, coupling: CouplingTables, profiles: pd.DataFrame) -> list[witness_plots.Profile]:
    """Return the lag profiles to plot: the best witnesses, or the strongest channel if there is none."""
    channels = coupling.channels[coupling.channels["ifo"] == row["ifo"]].set_index("channel")
    profiles = profiles[profiles["ifo"] == row["ifo"]]
    drawn = row["groups"][:DESCRIBED] or row["strongest"]
    if not drawn:
        reason = "no glitch of this family" if row["state"] == "absent" else "no result"
        return [witness_plots.Profile(f"{row['ifo']}: {reason}", profiles.head(0), None, 0.0, 0.0)]
    return [
        witness_plots.make_profile(
            best,
            profiles,
            channels.loc[best["channel"]],
            half_s=row["half_s"],
            significant=bool(row["groups"]),
        )
        for best in drawn
    ]


def _write_fragment(
    coupling: CouplingTables, family_tables: FamilyTables, family: str, folder: Path, *, dpi: int
) -> list[Row]:
    """Write the files of a family's witness section; return one `Row` per detector.

    They are the section itself (HTML), its figure, the table of the family's witnesses, and a JSON file with
    what is unknown.
    """
    rows = [detector_row(coupling, family_tables, family, ifo) for ifo in coupling.detectors]
    columns = [(row["ifo"], _panels(row, coupling, family_tables.profiles)) for row in rows]
    witness_plots.lag_profiles(columns, folder / f"{family}.png", dpi=dpi)
    witnesses = coupling.witnesses[coupling.witnesses["family"] == family]
    tables.write(WITNESSES, witnesses, folder / f"{family}.parquet")
    fragment = render("witnesses/fragment.html", family=family, rows=rows, described=DESCRIBED, **CONSTANTS)
    files.write_text(folder / f"{family}.html", fragment)
    files.write_json(folder / f"{family}.json", {"unknown": coupling_unknown(rows)})
    return rows


def _section(path: str | Path | None) -> str:
    """Read a section of a page; empty without a file."""
    return rendered(Path(path).read_text(encoding="utf-8")) if path else ""


def write_witness_pages(
    coupling: CouplingTables,
    *,
    calibration: str | Path,
    folders: Sequence[str | Path],
    members: Sequence[str | Path],
    out: str | Path,
    page: str | Path,
    pictures: str | Path,
    matrix: str | Path,
    nulls: str | Path,
    dpi: int,
    cost: bool,
    coincidences: str | Path | None = None,
) -> None:
    """Write the witness sections of the families' pages, and the page of all witnesses.

    Parameters
    ----------
    coupling : CouplingTables
        Tables of the coupling stage, as `rows.read_coupling` returns them.
    calibration : path
        File of table "calibration".
    folders, members : list of path
        For each family, the folder of its results of the coupling stage, and the file of its table "members";
        in the same order.
    out : path
        Output folder; an existing one is replaced. For each family: `F001.html` (section of its page),
        `F001.png`, `F001.parquet`, and `F001.json` (codes of what is unknown).
    page : path
        The page of all witnesses.
    pictures : path
        Folder for the figures of that page, in the same folder as the page; an existing one is replaced.
    matrix, nulls : path
        Image files to write: the matrix of families and witnesses, and the calibration of the p-values on
        pseudo-families. The page shows a copy of the second.
    dpi : int
        Pixels per inch.
    cost : bool
        Whether the site has a page of costs.
    coincidences : path or None
        HTML of the section about auxiliary triggers, flags and trends, None where there are none.
    """
    rows: list[Row] = []
    pseudo, coverage = [], []
    with files.whole_folder(out) as folder:
        for path, glitches in zip(folders, members, strict=True):
            family, family_tables = Path(path).name, read_family(path, glitches)
            rows += _write_fragment(coupling, family_tables, family, folder, dpi=dpi)
            pseudo.append(family_tables.pseudo)
            coverage.append(family_tables.coverage)
    pooled = tables.read(CALIBRATION, calibration)
    values = overview(coupling, rows, tables.joined(CHANNEL_COVERAGE, coverage), pooled)
    matrix_figure(list(coupling.evidence_of.values()), values["lines"], Path(matrix), dpi=dpi)
    witness_plots.calibration(tables.joined(PSEUDO_FAMILIES, pseudo), Path(nulls), dpi=dpi)
    with files.whole_folder(pictures) as folder:
        shutil.copyfile(nulls, folder / "calibration.png")
        rate_figure(values["strongest_driver"], coupling.curves, coupling.days, folder / "rates.png", dpi=dpi)
    values |= {"folder": Path(pictures).name, "coincidences": _section(coincidences)}
    files.write_text(page, render("witnesses/witnesses.html", **values, cost=cost, root=""))

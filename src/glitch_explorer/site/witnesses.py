"""The pages of the coupling: a fragment for each family, and the page of all witnesses."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from glitch_explorer import files, tables
from glitch_explorer.site import witness_plots
from glitch_explorer.site.pages import render, whole_folder
from glitch_explorer.site.witness_answers import CONSTANTS, TOLD, Coupling, answer, headline, read_own
from glitch_explorer.site.witness_overview import matrix_cells, overview


def _panels(one: dict[str, Any], coupling: Coupling, profiles: pd.DataFrame) -> list[witness_plots.Profile]:
    """Choose what is drawn of a family in a detector: its best witnesses, else the strongest channel."""
    channels = coupling.channels[coupling.channels["ifo"] == one["ifo"]].set_index("channel")
    own = profiles[profiles["ifo"] == one["ifo"]]
    found = bool(one["groups"])
    chosen = one["groups"][:TOLD] if found else one["strongest"]
    if not chosen:
        words = (
            f"{one['ifo']}: no glitch of this family"
            if one["state"] == "absent"
            else f"{one['ifo']}: no answer"
        )
        return [witness_plots.Profile(words, own.head(0), None, 0.0, 0.0)]
    return [
        witness_plots.make_profile(row, own, channels.loc[row["channel"]], half_s=one["half_s"], found=found)
        for row in chosen
    ]


def make_witness_pages(
    *,
    witnesses: str | Path,
    calibration: str | Path,
    notes: str | Path,
    folders: Sequence[str | Path],
    members: Sequence[str | Path],
    groups: Sequence[str | Path],
    slow: Sequence[str | Path],
    out: str | Path,
    page: str | Path,
    pictures: str | Path,
    matrix: str | Path,
    dpi: int,
    cost: bool,
) -> None:
    """Write what is to be said of all families' witnesses.

    Parameters
    ----------
    witnesses, calibration : path
        Tables of these names, of all families.
    notes : path
        JSON: family to detector to what the test says in words.
    folders, members : list of path
        The families' own folders and tables "members", in the same order.
    groups, slow : list of path
        Tables "channel_groups" and "slow_drivers" of all detectors.
    out : path
        Folder for `F001.html` (a part of a page), `F001.png` and `F001.parquet` of each family,
        replaced as a whole.
    page : path
        The page of all witnesses.
    pictures : path
        Folder of its pictures, beside it; replaced as a whole.
    matrix : path
        Figure of families against witnesses.
    dpi : int
        Pixels per inch.
    cost : bool
        The site has a page of costs to go on to.
    """
    coupling = Coupling(
        witnesses=tables.read("witnesses", witnesses),
        slow=tables.read_all("slow_drivers", slow),
        channels=tables.read_all("channel_groups", groups),
        notes=json.loads(Path(notes).read_text(encoding="utf-8")),
    )
    told: dict[str, list[dict[str, Any]]] = {}
    pseudo, coverage = [tables.empty("pseudo_families")], [tables.empty("channel_coverage")]
    with whole_folder(out) as folder:
        for own_folder, own_members in zip(folders, members, strict=True):
            family, own = Path(own_folder).name, read_own(own_folder, own_members)
            answers = [answer(coupling, own, family, ifo) for ifo in coupling.detectors]
            columns = [(one["ifo"], _panels(one, coupling, own.profiles)) for one in answers]
            witness_plots.lag_profiles(columns, folder / f"{family}.png", dpi=dpi)
            rows = coupling.witnesses[coupling.witnesses["family"] == family]
            tables.write("witnesses", rows, folder / f"{family}.parquet")
            said = headline(family, answers)
            fragment = render(
                "witness_fragment.html", family=family, headline=said, answers=answers, **CONSTANTS
            )
            files.write_text(folder / f"{family}.html", fragment)
            told[family] = answers
            pseudo.append(own.pseudo)
            coverage.append(own.coverage)
    nulls = pd.concat([part for part in pseudo if len(part)] or pseudo, ignore_index=True)
    gaps = pd.concat([part for part in coverage if len(part)] or coverage, ignore_index=True)
    pooled = tables.read("calibration", calibration)
    values = overview(coupling, told, gaps, pooled)
    cells = matrix_cells(told)
    with whole_folder(pictures) as folder:
        for path in (Path(matrix), folder / "matrix.png"):
            witness_plots.witness_matrix(
                cells, path, dpi=dpi, detectors=coupling.detectors, **values["drawn"]
            )
        witness_plots.calibration(nulls, folder / "calibration.png", dpi=dpi)
    text = render("witnesses.html", folder=Path(pictures).name, **values, cost=cost, root="")
    files.write_text(page, text)

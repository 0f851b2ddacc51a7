"""The pages of the coupling: a fragment for each family, and the page of all witnesses."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from glitch_explorer.core import files, tables
from glitch_explorer.coupling.schemas import (
    CALIBRATION,
    CHANNEL_COVERAGE,
    CHANNEL_GROUPS,
    PSEUDO_FAMILIES,
    SLOW_DRIVERS,
    WITNESSES,
)
from glitch_explorer.site.pages import render
from glitch_explorer.site.unknown import witness_unknown
from glitch_explorer.site.witnesses import plots as witness_plots
from glitch_explorer.site.witnesses.answers import (
    CONSTANTS,
    TOLD,
    Coupling,
    Own,
    answer,
    best_witness,
    headline,
    read_own,
)
from glitch_explorer.site.witnesses.figure import matrix_cells, matrix_figure, matrix_panels
from glitch_explorer.site.witnesses.overview import overview


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


@dataclass(frozen=True)
class WitnessInputs:
    """Where the witness pages read."""

    #: Tables of these names, of all families.
    witnesses: str | Path
    calibration: str | Path
    #: JSON: family to detector to what the test says in words.
    notes: str | Path
    #: The families' own folders and tables "members", in the same order.
    folders: Sequence[str | Path]
    members: Sequence[str | Path]
    #: Tables "channel_groups" and "slow_drivers" of all detectors.
    groups: Sequence[str | Path]
    slow: Sequence[str | Path]

    def read(self) -> Coupling:
        """Read what is said of all families together."""
        return Coupling(
            witnesses=tables.read(WITNESSES, self.witnesses),
            slow=tables.read_all(SLOW_DRIVERS, self.slow),
            channels=tables.read_all(CHANNEL_GROUPS, self.groups),
            notes=json.loads(Path(self.notes).read_text(encoding="utf-8")),
        )


def _write_fragment(
    coupling: Coupling, own: Own, family: str, folder: Path, *, dpi: int
) -> list[dict[str, Any]]:
    """Write what is said of one family, as a part of a page, picture, table and facts; give its answers."""
    answers = [answer(coupling, own, family, ifo) for ifo in coupling.detectors]
    columns = [(one["ifo"], _panels(one, coupling, own.profiles)) for one in answers]
    witness_plots.lag_profiles(columns, folder / f"{family}.png", dpi=dpi)
    rows = coupling.witnesses[coupling.witnesses["family"] == family]
    tables.write(WITNESSES, rows, folder / f"{family}.parquet")
    said = headline(family, answers)
    fragment = render("witnesses/fragment.html", family=family, headline=said, answers=answers, **CONSTANTS)
    files.write_text(folder / f"{family}.html", fragment)
    facts = {"witness": best_witness(answers), "unknown": witness_unknown(answers)}
    files.write_json(folder / f"{family}.json", facts)
    return answers


def make_witness_pages(
    inputs: WitnessInputs,
    *,
    out: str | Path,
    page: str | Path,
    pictures: str | Path,
    matrix: str | Path,
    nulls: str | Path,
    dpi: int,
    cost: bool,
) -> None:
    """Write what is to be said of all families' witnesses.

    Parameters
    ----------
    inputs : WitnessInputs
        What is read.
    out : path
        Folder for `F001.html` (a part of a page), `F001.png`, `F001.parquet` and `F001.json` (its best
        witness, and what is unknown) of each family, replaced as a whole.
    page : path
        The page of all witnesses.
    pictures : path
        Folder of its pictures, beside it; replaced as a whole.
    matrix, nulls : path
        Figures of families against witnesses, and of the calibration of the nulls; the page shows a copy.
    dpi : int
        Pixels per inch.
    cost : bool
        The site has a page of costs to go on to.
    """
    coupling = inputs.read()
    told: dict[str, list[dict[str, Any]]] = {}
    pseudo, coverage = [], []
    with files.whole_folder(out) as folder:
        for own_folder, own_members in zip(inputs.folders, inputs.members, strict=True):
            family, own = Path(own_folder).name, read_own(own_folder, own_members)
            told[family] = _write_fragment(coupling, own, family, folder, dpi=dpi)
            pseudo.append(own.pseudo)
            coverage.append(own.coverage)
    pooled = tables.read(CALIBRATION, inputs.calibration)
    values = overview(coupling, told, tables.joined(CHANNEL_COVERAGE, coverage), pooled)
    matrix_figure(matrix_cells(told), matrix_panels(values["lines"]), Path(matrix), dpi=dpi)
    witness_plots.calibration(tables.joined(PSEUDO_FAMILIES, pseudo), Path(nulls), dpi=dpi)
    with files.whole_folder(pictures) as folder:
        shutil.copyfile(nulls, folder / "calibration.png")
    text = render("witnesses/witnesses.html", folder=Path(pictures).name, **values, cost=cost, root="")
    files.write_text(page, text)

"""Job of one family: its drivers, and the veto of its best witness, in each detector."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.coupling.channels.source import ChannelSource
from glitch_explorer.coupling.family import family_data, timed_glitches
from glitch_explorer.coupling.schemas import FAMILY_WITNESSES
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES
from glitch_explorer.impact.drivers import explain as explaining
from glitch_explorer.impact.drivers.veto_files import write_veto
from glitch_explorer.impact.drivers.vetoes import Veto, family_veto, no_veto
from glitch_explorer.impact.reasons import Reason
from glitch_explorer.impact.schemas import VETOES
from glitch_explorer.map.schemas import MEMBERS
from glitch_explorer.sources.schemas import SEGMENTS

#: Tables that a family's job writes, by file name.
TABLES = {**explaining.TABLES, "vetoes": VETOES}


@dataclass(frozen=True)
class Settings:
    """Settings of a family's models. See config/README.md."""

    max_glitches: int
    seed: int
    threads: int


def explain_family(
    members: str | Path,
    segments: str | Path,
    witnesses: str | Path,
    out: str | Path,
    *,
    source: ChannelSource,
    settings: Settings,
) -> None:
    """Write the drivers of one family in each detector, and the veto of its best witness.

    Parameters
    ----------
    members
        Table "members" of the family, named after it.
    segments
        Table "segments".
    witnesses
        Table "family_witnesses" of the family.
    out
        Folder for the tables of `TABLES`, and `vetoes` in it for the segment files.
    source
        Source of the auxiliary channels.
    settings
        Settings of the models.

    Raises
    ------
    UserError, SourceFault
        If a channel list or a source cannot be used, or a server does not answer.
    """
    family, folder = Path(members).stem, Path(out)
    known = tables.read(SEGMENTS, segments)
    best = tables.read(FAMILY_WITNESSES, witnesses)
    (folder / "vetoes").mkdir(parents=True, exist_ok=True)
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    for ifo, rows in tables.read(MEMBERS, members).groupby("ifo", sort=True):
        explained, veto = _in_detector(
            family,
            str(ifo),
            rows,
            segments=known,
            witnesses=best[best["ifo"] == ifo],
            source=source,
            settings=settings,
        )
        if len(veto.segments):
            write_veto(veto, folder / "vetoes", family=family, ifo=str(ifo))
        explained["vetoes"] = pd.DataFrame([{"family": family, "ifo": ifo, **veto.row}])
        for name, part in explained.items():
            parts[name].append(part)
    for name, schema in TABLES.items():
        tables.write(schema, tables.joined(schema, parts[name]), folder / f"{name}.parquet")


def _in_detector(
    family: str,
    ifo: str,
    rows: pd.DataFrame,
    *,
    segments: pd.DataFrame,
    witnesses: pd.DataFrame,
    source: ChannelSource,
    settings: Settings,
) -> tuple[explaining.Tables, Veto]:
    """Compute the tables of one detector, and its veto."""
    timed = timed_glitches(rows)
    if len(timed) < LEAST_GLITCHES:
        reason = Reason.FEW_TIMED
        unexplained = explaining.unexplained(reason, family_id=family, ifo=ifo, n_timed=len(timed))
        return unexplained, no_veto(np.empty((0, 2)), timed, reason)
    data = family_data(rows, ifo, segments=segments, source=source, max_glitches=settings.max_glitches)
    times = data.chosen["event_time"].to_numpy(dtype=float)
    explained = explaining.explain(
        data.features,
        data.glitches,
        data.quiet,
        data.segments,
        data.table,
        family_id=family,
        ifo=ifo,
        max_glitches=settings.max_glitches,
        seed=settings.seed,
        threads=settings.threads,
    )
    return explained, family_veto(data.features, data.glitches, times, data.quiet, witnesses)

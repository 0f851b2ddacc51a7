"""One family's own job: what drives it, and the veto of its best witness, detector by detector."""

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
from glitch_explorer.impact.drivers.vetoes import Veto, family_veto, no_veto, write_veto
from glitch_explorer.impact.reasons import Reason
from glitch_explorer.impact.schemas import (
    FAMILY_DRIVERS,
    PRECURSOR_SKILL,
    SHAP_FEATURES,
    SHAP_VALUES,
    SKILL,
    VETOES,
)
from glitch_explorer.map.schemas import MEMBERS
from glitch_explorer.sources.schemas import SEGMENTS

#: Tables that a family's job writes, by their file's name.
TABLES = {
    "skill": SKILL,
    "drivers": FAMILY_DRIVERS,
    "shap_values": SHAP_VALUES,
    "shap_features": SHAP_FEATURES,
    "precursor_skill": PRECURSOR_SKILL,
    "vetoes": VETOES,
}


@dataclass(frozen=True)
class Settings:
    """How a family is explained; see config/README.md."""

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
    """Explain one family in each detector, and make the veto of its best witness.

    Parameters
    ----------
    members
        Table "members" of the family; its name is the family's.
    segments
        Table "segments".
    witnesses
        Table "family_witnesses" of the family.
    out
        Folder for the tables of `TABLES`, and `vetoes` in it for the segment files.
    source, settings
        Where the channels are, and how the family is explained.

    Raises
    ------
    UserError, SourceFault
        When a channel list or a source cannot be used, or a server stays away.
    """
    family, folder = Path(members).stem, Path(out)
    rows = tables.read(MEMBERS, members)
    known = tables.read(SEGMENTS, segments)
    found = tables.read(FAMILY_WITNESSES, witnesses)
    (folder / "vetoes").mkdir(parents=True, exist_ok=True)
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    for ifo, own in rows.groupby("ifo", sort=True):
        made = _in_detector(
            family,
            str(ifo),
            own,
            segments=known,
            witnesses=found[found["ifo"] == ifo],
            source=source,
            settings=settings,
            out=folder / "vetoes",
        )
        for name, part in made.items():
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
    out: Path,
) -> dict[str, pd.DataFrame]:
    """Give one detector's tables, and write the files of its veto."""
    timed = timed_glitches(rows)
    if len(timed) < LEAST_GLITCHES:
        veto = no_veto(np.empty((0, 2)), timed, Reason.FEW_TIMED)
        nothing = explaining.unexplained(Reason.FEW_TIMED, family_id=family, ifo=ifo, n_timed=len(timed))
        return _named(nothing, veto, family, ifo)
    data = family_data(rows, ifo, segments=segments, source=source, max_glitches=settings.max_glitches)
    chosen = data.chosen["event_time"].to_numpy(dtype=float)
    veto = family_veto(data.features, data.glitches, chosen, data.quiet, witnesses)
    if len(veto.segments):
        write_veto(veto, out, family=family, ifo=ifo)
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
    return _named(explained, veto, family, ifo)


def _named(explained: explaining.Explanation, veto: Veto, family: str, ifo: str) -> dict[str, pd.DataFrame]:
    """Give the tables by their file's name."""
    made = {
        name: getattr(explained, tables.name_of(schema))
        for name, schema in TABLES.items()
        if name != "vetoes"
    }
    return {**made, "vetoes": pd.DataFrame([{"family": family, "ifo": ifo, **veto.row}])}

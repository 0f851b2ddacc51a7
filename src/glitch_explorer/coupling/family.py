"""The coupling of one family: features, witnesses and scattered light in each detector."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.core import files, tables
from glitch_explorer.core.arrays import Float64
from glitch_explorer.core.intervals import segments_of, union
from glitch_explorer.coupling.channels.feature_set import FeatureSet, family_features
from glitch_explorer.coupling.channels.features import quick_channels
from glitch_explorer.coupling.channels.live_time import even_sample, live_intervals
from glitch_explorer.coupling.channels.source import ChannelSource
from glitch_explorer.coupling.schemas import (
    CHANNEL_COVERAGE,
    FAMILY_WITNESSES,
    FRINGES,
    LAG_PROFILES,
    PSEUDO_FAMILIES,
    SCATTERING,
)
from glitch_explorer.coupling.witnesses.notes import Note, slow_channels, too_few
from glitch_explorer.coupling.witnesses.scattering import family_fringes
from glitch_explorer.coupling.witnesses.search import find_witnesses
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES
from glitch_explorer.map.members import MATCH_S
from glitch_explorer.map.schemas import MEMBERS
from glitch_explorer.sources.schemas import SEGMENTS

#: Tables that a family's job writes, by their file's name.
TABLES = {
    "witnesses": FAMILY_WITNESSES,
    "lag_profiles": LAG_PROFILES,
    "pseudo_families": PSEUDO_FAMILIES,
    "scattering": SCATTERING,
    "fringes": FRINGES,
    "coverage": CHANNEL_COVERAGE,
}


@dataclass(frozen=True)
class Settings:
    """Settings of the test of a family. See config/README.md."""

    time_slides: int
    max_time_slides: int
    pseudo_families: int
    max_glitches: int
    seed: int
    threads: int


def analysed_segments(segments: pd.DataFrame, ifo: str, times: Float64) -> Float64:
    """Return a detector's analysis segments ``(k, 2)``; around the glitches where none are known.

    Parameters
    ----------
    segments
        Table "segments".
    ifo
        Detector.
    times
        GPS times of the glitches.
    """
    if not len(segments):
        return union(np.column_stack([times - MATCH_S, times + MATCH_S]))
    return segments_of(segments, ifo)


@dataclass(frozen=True)
class FamilyData:
    """A family's data in one detector.

    Attributes
    ----------
    glitches, chosen
        Rows of table "members": all glitches with a time, and those that the live time surrounds.
    quiet, segments
        ``(k, 2)`` quiet time and analysis segments, GPS seconds.
    table
        Table "channels".
    features
        Features of its quick channels (`quick_channels`) over the live time.
    """

    glitches: pd.DataFrame
    chosen: pd.DataFrame
    quiet: Float64
    segments: Float64
    table: pd.DataFrame
    features: FeatureSet


def timed_glitches(rows: pd.DataFrame) -> pd.DataFrame:
    """Select the glitches with a time, each once, of rows of table "members"."""
    return rows[(rows["kind"] == "glitch") & rows["event_time"].notna()].drop_duplicates("glitch_id")


def intervals_of(rows: pd.DataFrame) -> Float64:
    """Return rows of event_time and duration_s, such as quiet time, as intervals ``(k, 2)``, GPS seconds."""
    return np.column_stack([rows["event_time"], rows["event_time"] + rows["duration_s"]])


def family_data(
    rows: pd.DataFrame, ifo: str, *, segments: pd.DataFrame, source: ChannelSource, max_glitches: int
) -> FamilyData:
    """Read a family's features in one detector.

    Parameters
    ----------
    rows
        The detector's rows of table "members".
    ifo
        Detector.
    segments
        Table "segments".
    source
        Source of the channels.
    max_glitches
        Largest number of glitches around which live time is analysed.
    """
    glitches = timed_glitches(rows)
    times = glitches["event_time"].to_numpy(dtype=float)
    spans = analysed_segments(segments, ifo, times)
    live = live_intervals(times, spans, max_glitches=max_glitches)
    table = source.table(ifo, times)
    return FamilyData(
        glitches=glitches,
        chosen=glitches[glitches["event_time"].isin(even_sample(times, max_glitches))],
        quiet=intervals_of(rows[rows["kind"] == "quiet"]),
        segments=spans,
        table=table,
        features=family_features(source.features(ifo, quick_channels(table), spans), live),
    )


def couple_family(
    members: str | Path,
    segments: str | Path,
    out: str | Path,
    *,
    source: ChannelSource,
    settings: Settings,
) -> None:
    """Write the witnesses of one family in each detector.

    Parameters
    ----------
    members
        Table "members" of the family; the file's name is the family's.
    segments
        Table "segments".
    out
        Folder for the tables of `TABLES` and `notes.json`, by detector a list of codes with facts.
    source, settings
        Source of the channels, and how the family is tested.

    Raises
    ------
    UserError, SourceFault
        When a channel list or a source cannot be used, or a server does not answer.
    """
    family, folder = Path(members).stem, Path(out)
    analysed = tables.read(SEGMENTS, segments)
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    notes: dict[str, list[Note]] = {}
    for ifo, rows in tables.read(MEMBERS, members).groupby("ifo", sort=True):
        results, notes[str(ifo)] = _in_detector(
            family, str(ifo), rows, segments=analysed, source=source, settings=settings
        )
        for name, part in results.items():
            parts[name].append(part)
    for name, schema in TABLES.items():
        tables.write(schema, tables.joined(schema, parts[name]), folder / f"{name}.parquet")
    files.write_json(folder / "notes.json", notes)


def _in_detector(
    family: str,
    ifo: str,
    rows: pd.DataFrame,
    *,
    segments: pd.DataFrame,
    source: ChannelSource,
    settings: Settings,
) -> tuple[dict[str, pd.DataFrame], list[Note]]:
    """Compute one detector's tables and notes."""
    count = len(timed_glitches(rows))
    if count < LEAST_GLITCHES:
        return {}, [too_few(count, count)]
    data = family_data(rows, ifo, segments=segments, source=source, max_glitches=settings.max_glitches)
    result = find_witnesses(
        data.features,
        data.chosen,
        data.quiet,
        data.segments,
        data.table,
        slides=settings.time_slides,
        most_slides=settings.max_time_slides,
        pseudo=settings.pseudo_families,
        seed=settings.seed,
        threads=settings.threads,
    )
    live = data.features.live.intervals
    moving = data.table[data.table["kind"] == "displacement"]
    scattering, fringes = family_fringes(
        data.chosen,
        live,
        moving,
        source.reader(ifo, moving, live),
        slides=settings.time_slides,
        seed=settings.seed,
    )
    key = {"family": family, "ifo": ifo}
    parts = {
        "witnesses": result.table,
        "lag_profiles": result.profiles,
        "pseudo_families": result.pseudo,
        "coverage": data.features.coverage,
        "scattering": scattering,
        "fringes": fringes,
    }
    slow = len(data.table) - len(quick_channels(data.table))
    listed = [*result.notes, *([slow_channels(slow)] if slow else [])]
    return {name: part.assign(**key)[TABLES[name].names] for name, part in parts.items()}, listed

"""One family's own job: fetch, features, witnesses and scattered light, detector by detector."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from glitch_explorer.core import files, tables
from glitch_explorer.core.arrays import Float64
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.intervals import union
from glitch_explorer.core.job import project_file
from glitch_explorer.coupling.channels.bands import CELL_S
from glitch_explorer.coupling.channels.features import FeatureSet
from glitch_explorer.coupling.channels.fetch import ChannelReader
from glitch_explorer.coupling.channels.lists import channel_table, open_patterns
from glitch_explorer.coupling.channels.live_time import drawn, family_features, live_intervals
from glitch_explorer.coupling.channels.store import FeatureStore
from glitch_explorer.coupling.schemas import (
    CHANNEL_COVERAGE,
    FAMILY_WITNESSES,
    FRINGES,
    LAG_PROFILES,
    PSEUDO_FAMILIES,
    SCATTERING,
)
from glitch_explorer.coupling.witnesses import notes
from glitch_explorer.coupling.witnesses.fringes import family_fringes
from glitch_explorer.coupling.witnesses.search import find_witnesses
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES
from glitch_explorer.map.schemas import MEMBERS
from glitch_explorer.sources.locate import Locator, open_locator
from glitch_explorer.sources.retry import RetryPolicy
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
GIB = 2**30
#: Where jobs keep what families share.
STORE = "results/coupling/store"
#: A server may take long to find channels on tape.
_POLICY = RetryPolicy(retries=3, timeout_s=300.0)
#: Frames opened at most to see which channels there are: some may be missing or damaged.
_FRAMES_TRIED = 30

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ChannelSource:
    """Where channels come from and how their features are made."""

    locator: Locator
    #: What tells this source from another in the store's key.
    name: str
    lists: Sequence[str | Path]
    safety: Sequence[str | Path]
    store: str | Path
    store_gib: float
    bands: Sequence[tuple[float, float]]
    #: Strain channel that the glitches were found in.
    strain: str

    def table(self, ifo: str, times: Float64) -> pd.DataFrame:
        """Give the table "channels" of a detector, as it was when the glitches happened."""
        return channel_table(
            lists=self.lists,
            ifo=ifo,
            gps=float(np.median(times)),
            safety=self.safety,
            strain=self.strain,
            available=self._available(ifo, times),
        )

    def _available(self, ifo: str, times: Float64) -> dict[str, float]:
        """Look into a frame of each third of the glitches, where the lists leave anything open.

        One frame would miss the channels that another part of a run has.
        """
        patterns = open_patterns(self.lists, ifo)
        found: dict[str, float] = {}
        for third in np.array_split(drawn(times, _FRAMES_TRIED), 3) if patterns else ():
            for frame in (frame for at in third for frame in self.locator.frames(ifo, at, at + CELL_S)):
                try:
                    held = self.locator.channel_rates(frame, patterns)
                except UserError as problem:
                    _LOG.warning("no channels listed: %s", problem)
                    continue
                found = held | found
                break
        return found

    def reader(self, ifo: str, table: pd.DataFrame, segments: Float64) -> ChannelReader:
        """Open the data of a detector."""
        return ChannelReader(self.locator, ifo=ifo, table=table, segments=segments)

    def features(
        self,
        ifo: str,
        table: pd.DataFrame,
        segments: Float64,
        *,
        bands: Sequence[tuple[float, float]] | None = None,
    ) -> FeatureStore:
        """Open the store of a detector's features, in other bands than this source's where given."""
        return FeatureStore(
            self.store,
            ifo=ifo,
            table=table,
            bands=self.bands if bands is None else bands,
            reader=self.reader(ifo, table, segments),
            source=self.name,
            size_limit_bytes=int(self.store_gib * GIB),
        )


def open_source(
    source: str,
    *,
    frames: str | None,
    frame_type: str | None,
    host: str | None,
    lists: Sequence[str | Path],
    safety: Sequence[str | Path],
    store: str | Path,
    store_gib: float,
    bands: Sequence[tuple[float, float]],
    strain: str,
) -> ChannelSource:
    """Open the source of auxiliary channels: options as those of `sources.locate.open_locator`."""
    locator = open_locator(
        source, frames=frames, frame_type=frame_type, host=host, sample_rate_hz=None, policy=_POLICY
    )
    name = " ".join([source, *(part or "" for part in (frames, frame_type, host))])
    return ChannelSource(locator, name, lists, safety, store, store_gib, bands, strain)


def job_source(
    wanted: Any, *, safety: Sequence[str | Path], scripts: str | Path, store_gib: float
) -> ChannelSource:
    """Open the source that a job's rule asks for.

    Parameters
    ----------
    wanted
        The rule's params: source, frames, frame_type, host, lists, shipped, bands and strain.
    safety
        Safety tables beside the shipped one.
    scripts
        The project's folder of scripts.
    store_gib
        Size limit of the store of features, GiB.
    """
    return open_source(
        wanted.source,
        frames=wanted.frames,
        frame_type=wanted.frame_type,
        host=wanted.host,
        lists=[project_file(path, scripts) for path in wanted.lists],
        safety=[project_file(wanted.shipped, scripts), *safety],
        store=STORE,
        store_gib=store_gib,
        bands=wanted.bands,
        strain=wanted.strain,
    )


@dataclass(frozen=True)
class Settings:
    """How a family is tested; see config/README.md."""

    slides: int
    pseudo_families: int
    max_glitches: int
    seed: int
    threads: int


def segments_of(segments: pd.DataFrame, ifo: str, times: Float64, pad_s: float = 600.0) -> Float64:
    """Give a detector's analysis segments (k, 2), disjoint; around the glitches where none are known."""
    if not len(segments):
        return union(np.column_stack([times - pad_s, times + pad_s]))
    own = segments[segments["ifo"] == ifo]
    return union(own[["start", "end"]].to_numpy(dtype=float))


@dataclass(frozen=True)
class FamilyData:
    """What a family's jobs start from in one detector.

    Attributes
    ----------
    glitches, chosen
        Rows of table "members": all glitches with a time, and those that the live time is drawn around.
    quiet, segments, live
        ``(k, 2)`` quiet stretches, analysis segments and live time, GPS seconds.
    table
        Table "channels".
    features
        Features over the live time.
    """

    glitches: pd.DataFrame
    chosen: pd.DataFrame
    quiet: Float64
    segments: Float64
    live: Float64
    table: pd.DataFrame
    features: FeatureSet


def timed_glitches(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the glitches with a time, each once, of rows of table "members"."""
    return rows[(rows["kind"] == "glitch") & rows["event_time"].notna()].drop_duplicates("glitch_id")


def family_data(
    rows: pd.DataFrame, ifo: str, *, segments: pd.DataFrame, source: ChannelSource, max_glitches: int
) -> FamilyData:
    """Fetch a family's features in one detector.

    Parameters
    ----------
    rows
        The detector's rows of table "members".
    segments
        Table "segments".
    source
        Where channels come from.
    max_glitches
        The live time is drawn around so many glitches.
    """
    glitches = timed_glitches(rows)
    times = glitches["event_time"].to_numpy(dtype=float)
    stretches = rows[rows["kind"] == "quiet"]
    quiet = np.column_stack([stretches["event_time"], stretches["event_time"] + stretches["duration_s"]])
    spans = segments_of(segments, ifo, times)
    live = live_intervals(times, spans, max_glitches=max_glitches)
    table = source.table(ifo, times)
    return FamilyData(
        glitches=glitches,
        chosen=glitches[glitches["event_time"].isin(drawn(times, max_glitches))],
        quiet=quiet,
        segments=spans,
        live=live,
        table=table,
        features=family_features(source.features(ifo, table, spans), live),
    )


def couple_family(
    members: str | Path,
    segments: str | Path,
    out: str | Path,
    *,
    source: ChannelSource,
    settings: Settings,
) -> None:
    """Find the witnesses of one family in each detector.

    Parameters
    ----------
    members
        Table "members" of the family; its name is the family's.
    segments
        Table "segments".
    out
        Folder for the tables of `TABLES` and `notes.json`, what is to be said in words.
    source, settings
        Where the data are, and how they are tested.

    Raises
    ------
    UserError, SourceFault
        When a channel list or a source cannot be used, or a server stays away.
    """
    family = Path(members).stem
    rows = tables.read(MEMBERS, members)
    known = tables.read(SEGMENTS, segments)
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    said: dict[str, list[str]] = {}
    for ifo, own in rows.groupby("ifo", sort=True):
        found, said[str(ifo)] = _in_detector(
            family, str(ifo), own, segments=known, source=source, settings=settings
        )
        for name, part in found.items():
            parts[name].append(part)
    folder = Path(out)
    for name, schema in TABLES.items():
        tables.write(schema, tables.joined(schema, parts[name]), folder / f"{name}.parquet")
    files.write_json(folder / "notes.json", said)


def _in_detector(
    family: str,
    ifo: str,
    rows: pd.DataFrame,
    *,
    segments: pd.DataFrame,
    source: ChannelSource,
    settings: Settings,
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Give one detector's tables and notes."""
    glitches = timed_glitches(rows)
    if len(glitches) < LEAST_GLITCHES:
        return {}, [notes.too_few(len(glitches))]
    data = family_data(rows, ifo, segments=segments, source=source, max_glitches=settings.max_glitches)
    features, table = data.features, data.table
    key = {"family": family, "ifo": ifo}
    result = find_witnesses(
        features,
        data.chosen,
        data.quiet,
        data.segments,
        table,
        family_id=family,
        ifo=ifo,
        slides=settings.slides,
        pseudo=settings.pseudo_families,
        seed=settings.seed,
        threads=settings.threads,
        groups={},  # once a detector, and joined to all families' witnesses
    )
    moving = table[table["kind"] == "displacement"]
    answer, fringes = family_fringes(
        data.chosen,
        data.live,
        moving,
        source.reader(ifo, moving, data.live),
        slides=settings.slides,
        seed=settings.seed,
    )
    made = {
        "witnesses": result.table.drop(columns="group"),
        "lag_profiles": result.profiles,
        "pseudo_families": result.pseudo,
        "coverage": features.coverage.assign(**key),
        "scattering": answer.assign(**key),
        "fringes": fringes.assign(**key),
    }
    return made, result.notes

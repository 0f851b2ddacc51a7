"""The source of a detector's auxiliary channels: which there are, their samples, and their features."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Float64
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.job import project_file
from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.coupling.channels.fetch import ChannelReader
from glitch_explorer.coupling.channels.lists import channel_table
from glitch_explorer.coupling.channels.live_time import even_sample
from glitch_explorer.coupling.channels.store import FeatureStore
from glitch_explorer.sources.locate import Locator, open_locator
from glitch_explorer.sources.retry import RetryPolicy

GIB = 2**30
#: Folder of the features that jobs share.
STORE = "results/coupling/store"
#: A server may take long to find channels on tape.
_POLICY = RetryPolicy(retries=3, timeout_s=300.0)
#: Largest number of frames that are opened to list the channels: some may be missing or damaged.
_FRAMES_TRIED = 30

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ChannelSource:
    """Where channels come from and how their features are computed."""

    locator: Locator
    #: Identifies the source in the store's key.
    name: str
    #: Channel lists, and safety tables (`lists.read_list`).
    lists: Sequence[str | Path]
    safety: Sequence[str | Path]
    #: Folder of the feature store, and its largest size in GiB.
    store: str | Path
    store_gib: float
    #: Band edges in Hz.
    bands: Sequence[tuple[float, float]]
    #: Strain channel of the glitches.
    strain: str

    def table(self, ifo: str, times: Float64) -> pd.DataFrame:
        """Return table "channels" of a detector, as it was when the glitches happened."""
        return channel_table(
            lists=self.lists,
            ifo=ifo,
            gps=float(np.median(times)),
            safety=self.safety,
            strain=self.strain,
            available=partial(self._available, ifo, times),
        )

    def _available(self, ifo: str, times: Float64, patterns: Sequence[str]) -> dict[str, float]:
        """List the channels that match patterns in a frame of each third of the glitches.

        A single frame would miss the channels that exist in another part of a run only.
        """
        rates: dict[str, float] = {}
        for third in np.array_split(even_sample(times, _FRAMES_TRIED), 3):
            for frame in (frame for gps in third for frame in self.locator.frames(ifo, gps, gps + BIN_S)):
                try:
                    listed = self.locator.channel_rates(frame, patterns)
                except UserError as problem:
                    _LOG.warning("no channels listed: %s", problem)
                    continue
                rates = listed | rates
                break
        return rates

    def reader(self, ifo: str, table: pd.DataFrame, segments: Float64) -> ChannelReader:
        """Open the data of a detector, of the channels of `table` inside segments ``(k, 2)``."""
        return ChannelReader(self.locator, ifo=ifo, table=table, segments=segments)

    def features(
        self,
        ifo: str,
        table: pd.DataFrame,
        segments: Float64,
        *,
        bands: Sequence[tuple[float, float]] | None = None,
    ) -> FeatureStore:
        """Open the store of a detector's features.

        Parameters
        ----------
        ifo, table, segments
            Detector, table "channels", and segments ``(k, 2)`` in GPS seconds.
        bands
            Band edges in Hz, where they are not those of this source.
        """
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
    """Open the source of auxiliary channels.

    Parameters
    ----------
    source, frames, frame_type, host
        As in `sources.locate.open_locator`.
    lists, safety, store, store_gib, bands, strain
        As in `ChannelSource`.
    """
    locator = open_locator(
        source, frames=frames, frame_type=frame_type, host=host, sample_rate_hz=None, policy=_POLICY
    )
    name = " ".join([source, *(part or "" for part in (frames, frame_type, host))])
    return ChannelSource(
        locator=locator,
        name=name,
        lists=lists,
        safety=safety,
        store=store,
        store_gib=store_gib,
        bands=bands,
        strain=strain,
    )


class SourceOptions(TypedDict):
    """Options of a source that a project's config sets, see `open_source`."""

    source: str
    frames: str | None
    frame_type: str | None
    host: str | None
    store_gib: float
    bands: Sequence[tuple[float, float]]
    strain: str


def project_source(
    *, lists: Sequence[str], safety: Sequence[str], scripts: str | Path, **options: Unpack[SourceOptions]
) -> ChannelSource:
    """Open the source of a project's jobs, with the store that they share.

    Parameters
    ----------
    lists, safety
        Channel lists and safety tables; those under `resources/` ship with the project.
    scripts
        The project's folder of scripts.
    options
        The other parameters of `open_source`.
    """
    return open_source(
        lists=[project_file(path, scripts) for path in lists],
        safety=[project_file(path, scripts) for path in safety],
        store=STORE,
        **options,
    )

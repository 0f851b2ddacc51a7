"""What is computed once a detector: groups of correlated channels, and the rates of all families."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Float32, Float64, Int64
from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.coupling.channels.feature_set import family_features, stored_values
from glitch_explorer.coupling.channels.features import quick_channels
from glitch_explorer.coupling.channels.live_time import LiveTime, live_intervals
from glitch_explorer.coupling.channels.source import ChannelSource
from glitch_explorer.coupling.family import analysed_segments, intervals_of, timed_glitches
from glitch_explorer.coupling.rates.drivers import GROUND_BANDS, RateTables, rate_tables
from glitch_explorer.coupling.rates.schemas import RATE_TABLES
from glitch_explorer.coupling.rates.trends import live_minutes, trend_levels
from glitch_explorer.coupling.schemas import CHANNEL_GROUPS
from glitch_explorer.coupling.witnesses.groups import correlated_groups
from glitch_explorer.map.members import quiet_stretches
from glitch_explorer.map.schemas import MEMBERS

#: A minute counts where at least this share of it has data.
_MINUTE_SHARE = 0.5
_MINUTE_BINS = round(60 / BIN_S)
#: A level is averaged over at least this many periods of its band's lower edge.
_PERIODS = 3


def group_channels(
    glitches: pd.DataFrame, segments: pd.DataFrame, *, ifo: str, source: ChannelSource, max_glitches: int
) -> pd.DataFrame:
    """Group a detector's channels by their correlation in quiet time.

    Parameters
    ----------
    glitches, segments
        Tables "glitches" and "segments".
    ifo
        Detector.
    source
        Source of the channels.
    max_glitches
        Largest number of glitches around which quiet time is used; they are selected evenly in time.

    Returns
    -------
    DataFrame
        Table "channel_groups": the channels with their groups and the columns of the channel lists; empty
        where no glitch of the detector has a time.
    """
    rows = glitches[(glitches["ifo"] == ifo) & glitches["event_time"].notna()]
    if rows.empty:
        return tables.empty(CHANNEL_GROUPS)
    times = rows["event_time"].to_numpy(dtype=float)
    spans = analysed_segments(segments, ifo, times)
    table = source.table(ifo, times)
    live = live_intervals(times, spans, max_glitches=max_glitches)
    features = family_features(source.features(ifo, quick_channels(table), spans), live)
    mask = features.live.within(intervals_of(quiet_stretches(rows, rows, spans)))
    groups = correlated_groups(features.values[mask], features.columns["channel"])
    group = table["channel"].map(groups).fillna(table["channel"])
    return table.assign(ifo=ifo, group=group)


def minute_levels(live: LiveTime, logs: Float32, widths: Sequence[int]) -> tuple[Int64, Float64]:
    """Average logarithms of RMS by minute.

    Parameters
    ----------
    live
        Live time, n bins.
    logs
        ``(n, m)``, NaN where there is no data.
    widths
        ``(m,)`` minutes that each column is averaged over, up to and including the minute itself.

    Returns
    -------
    minute
        ``(k,)`` GPS minutes that are live throughout, ascending.
    levels
        ``(k, m)``, NaN where less than half a minute has data.
    """
    key = np.stack([live.stretch.astype(np.int64), live.bins // _MINUTE_BINS])
    first = np.flatnonzero(np.any(np.diff(key, axis=1, prepend=-1), axis=0))
    counts = np.diff(np.append(first, len(live)))
    known = np.add.reduceat(np.isfinite(logs), first, axis=0)
    sums = np.add.reduceat(np.nan_to_num(logs, posinf=0, neginf=0).astype(np.float64), first, axis=0)
    levels = np.where(known >= _MINUTE_SHARE * _MINUTE_BINS, sums / np.maximum(known, 1), np.nan)
    whole = counts == _MINUTE_BINS
    (stretch, minute), levels = key[:, first][:, whole], levels[whole]
    for column, width in enumerate(widths):
        series = pd.Series(levels[:, column]).groupby(stretch)
        levels[:, column] = series.rolling(width).mean().droplevel(0).to_numpy()
    return minute, levels


def detector_slow_drivers(
    members: Sequence[str | Path],
    segments: pd.DataFrame,
    channels: pd.DataFrame,
    *,
    ifo: str,
    source: ChannelSource,
    ground: Sequence[str],
    seed: int,
) -> RateTables:
    """Model every family's rate by ground motion over all live time of a detector.

    Channels with long samples, such as minute trends, are read in the time between segments too, so that
    it is known what the end of a lock leaves out.

    Parameters
    ----------
    members
        Member files of all families.
    segments
        Table "segments".
    channels
        Table "channels" of the detector; that of `group_channels` has all its columns.
    ifo
        Detector.
    source
        Source of the channels; bands are `drivers.GROUND_BANDS`, not the source's.
    ground
        Names of ground motion channels, with wildcards as in a shell.
    seed
        Seed of the surrogates.

    Returns
    -------
    RateTables
        Tables "slow_drivers", "rate_curves", "rate_days" and "driver_pairs".
    """
    times = {Path(path).stem: _times(path, ifo) for path in members}
    all_times = np.concatenate([np.empty(0), *times.values()])
    if not len(all_times):
        return _joined([], ifo)
    moving = channels["channel"].map(lambda name: any(fnmatchcase(name, pattern) for pattern in ground))
    table = channels[moving & (channels["safety"] != "unsafe")].reset_index(drop=True)
    if table.empty:
        return _joined([], ifo)
    spans = analysed_segments(segments, ifo, all_times)
    minute = live_minutes(spans)
    if not len(minute):
        return _joined([], ifo)
    every = np.arange(minute[0], minute[-1] + 1)
    quick = quick_channels(table)
    slow = table.drop(index=quick.index)
    parts = [trend_levels(source, ifo, slow, every)] if len(slow) else []
    if len(quick):
        parts.append(_stored_levels(source, ifo, quick, spans, every))
    columns = pd.concat([columns for columns, _ in parts], ignore_index=True)
    levels = np.concatenate([levels for _, levels in parts], axis=1)
    rates = rate_tables(times, every, np.isin(every, minute), levels, columns, ifo=ifo, seed=seed)
    return _joined(list(rates.items()), ifo)


def _stored_levels(
    source: ChannelSource, ifo: str, table: pd.DataFrame, spans: Float64, every: Int64
) -> tuple[pd.DataFrame, Float64]:
    """Return the features of channels and their levels ``(n, m)`` by minute, from the store of features."""
    seconds = np.column_stack([np.ceil(spans[:, 0]), np.floor(spans[:, 1])])
    live = LiveTime.of(seconds[seconds[:, 1] > seconds[:, 0]])
    store = source.features(ifo, table, spans, bands=tuple(GROUND_BANDS.values()))
    logs, _, _ = stored_values(store, live)
    low = store.logs["low_hz"].to_numpy(dtype=float)
    # The RMS of an unknown band, such as a wind speed's, is averaged over one minute.
    widths = np.ceil(_PERIODS / np.where(low > 0, low, np.inf) / 60).astype(int).clip(1)
    minute, levels = minute_levels(live, logs, widths.tolist())
    grid = np.full((len(every), levels.shape[1]), np.nan)
    grid[minute - every[0]] = levels
    return store.logs[["channel", "band"]], grid


def _joined(parts: Sequence[tuple[str, RateTables]], ifo: str) -> RateTables:
    """Concatenate the tables of all families."""
    return RateTables(
        *(
            tables.joined(
                kind,
                [part[number].assign(family=family, ifo=ifo) for family, part in parts if len(part[number])],
            )
            for number, kind in enumerate(RATE_TABLES)
        )
    )


def _times(members: str | Path, ifo: str) -> Float64:
    """Read the times of a family's glitches in a detector."""
    rows = tables.read(MEMBERS, members)
    return np.asarray(timed_glitches(rows[rows["ifo"] == ifo])["event_time"], dtype=float)

"""What is asked once a detector: which channels say the same, and what moves with a family for hours."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Bool, Float32, Float64, Int32, Int64
from glitch_explorer.coupling.channels.bands import CELL_S
from glitch_explorer.coupling.channels.live_time import family_features, grid, live_intervals, stored_values
from glitch_explorer.coupling.family import ChannelSource, segments_of
from glitch_explorer.coupling.schemas import SLOW_DRIVERS
from glitch_explorer.coupling.witnesses.groups import correlated_groups
from glitch_explorer.coupling.witnesses.slow_drivers import GROUND_BANDS, slow_drivers
from glitch_explorer.map.members import quiet_stretches
from glitch_explorer.map.schemas import MEMBERS

#: A minute counts where at least this share of it has data.
_LEAST_SHARE = 0.5
_CELLS_A_MINUTE = round(60 / CELL_S)
#: A level is averaged over at least so many periods of its band's lower edge.
_PERIODS = 3


def in_stretches(cells: Int64, stretches: Float64) -> Bool:
    """Say which cells lie wholly in sorted, disjoint stretches (k, 2), GPS seconds."""
    start, end = cells * CELL_S, (cells + 1) * CELL_S
    place = np.searchsorted(stretches[:, 0], start, side="right") - 1
    ends = np.append(stretches[:, 1], -np.inf)
    inside: Bool = (place >= 0) & (ends[place] >= end)
    return inside


def group_channels(
    glitches: pd.DataFrame, segments: pd.DataFrame, *, ifo: str, source: ChannelSource, max_glitches: int
) -> pd.DataFrame:
    """Group a detector's channels by what they show when there is no glitch.

    Parameters
    ----------
    glitches, segments
        Tables of these names.
    ifo
        Detector.
    source
        Where channels come from.
    max_glitches
        The quiet time around so many glitches, drawn evenly in time, is looked at.

    Returns
    -------
    DataFrame
        Table "channel_groups": the channels, their groups and all that the lists say of them.
    """
    own = glitches[(glitches["ifo"] == ifo) & glitches["event_time"].notna()]
    times = own["event_time"].to_numpy(dtype=float)
    spans = segments_of(segments, ifo, times)
    table = source.table(ifo, times)
    live = live_intervals(times, spans, max_glitches=max_glitches)
    features = family_features(source.features(ifo, table, spans), live)
    quiet = quiet_stretches(own, own, spans)
    stretches = np.column_stack([quiet["event_time"], quiet["event_time"] + quiet["duration_s"]])
    mask = in_stretches(features.cells, stretches)
    groups = correlated_groups(features.values[mask], features.columns["channel"])
    group = table["channel"].map(groups).fillna(table["channel"])
    return table.assign(ifo=ifo, group=group)


def minute_levels(
    cells: Int64, block: Int32, logs: Float32, widths: Sequence[int]
) -> tuple[Int64, Int64, Float64]:
    """Average logarithms of RMS by minute.

    Parameters
    ----------
    cells, block
        (n,) grid indices and the number of the segment of each.
    logs
        (n, m), NaN where there is no data.
    widths
        (m,) minutes that each column is averaged over, the minute itself the last.

    Returns
    -------
    minute, segment
        (k,) GPS minute and segment.
    levels
        (k, m), NaN where less than half a minute has data.
    """
    minute = cells // _CELLS_A_MINUTE
    key = np.stack([block.astype(np.int64), minute])
    first = np.flatnonzero(np.any(np.diff(key, axis=1, prepend=-1), axis=0))
    counts = np.diff(np.append(first, len(cells)))
    known = np.add.reduceat(np.isfinite(logs), first, axis=0)
    sums = np.add.reduceat(np.nan_to_num(logs, posinf=0, neginf=0).astype(np.float64), first, axis=0)
    levels = np.where(known >= _LEAST_SHARE * _CELLS_A_MINUTE, sums / np.maximum(known, 1), np.nan)
    whole = counts == _CELLS_A_MINUTE
    minute, segment, levels = minute[first][whole], key[0, first][whole], levels[whole]
    for column, width in enumerate(widths):
        series = pd.Series(levels[:, column]).groupby(segment)
        levels[:, column] = series.rolling(width).mean().droplevel(0).to_numpy()
    return minute, segment, levels


def detector_slow_drivers(
    members: Sequence[str | Path],
    segments: pd.DataFrame,
    *,
    ifo: str,
    source: ChannelSource,
    ground: Sequence[str],
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """Correlate every family's rate with ground motion over all analysed time of a detector.

    Parameters
    ----------
    members
        Member files of all families.
    segments
        Table "segments".
    ifo
        Detector.
    source
        Where channels come from; its bands are not used, but `slow.GROUND_BANDS`.
    ground
        Names of ground motion channels, with wildcards as of a shell.
    draws, seed
        Draws of the null and their seed.

    Returns
    -------
    DataFrame
        Table "slow_drivers".
    """
    times = {Path(path).stem: _times(path, ifo) for path in members}
    everything = np.concatenate([np.empty(0), *times.values()])
    if not len(everything):
        return tables.empty(SLOW_DRIVERS)
    table = source.table(ifo, everything)
    moving = table["channel"].map(lambda name: any(fnmatchcase(name, pattern) for pattern in ground))
    table = table[moving & (table["safety"] != "unsafe")].reset_index(drop=True)
    spans = segments_of(segments, ifo, everything)
    if table.empty:
        return tables.empty(SLOW_DRIVERS)
    cells, block = grid(np.column_stack([np.ceil(spans[:, 0]), np.floor(spans[:, 1])]))
    store = source.features(ifo, table, spans, bands=tuple(GROUND_BANDS.values()))
    logs, _, _ = stored_values(store, cells)
    low = store.logs["low_hz"].to_numpy(dtype=float)
    # An RMS of a band that its name does not tell, such as a wind speed's, is taken minute by minute.
    widths = np.ceil(_PERIODS / np.where(low > 0, low, np.inf) / 60).astype(int).clip(1)
    minute, segment, levels = minute_levels(cells, block, logs, widths.tolist())
    columns = store.logs[["channel", "band"]]
    parts = []
    for family, own in times.items():
        if len(own):
            counts = _per_minute(own, minute)
            found = slow_drivers(counts, levels, segment, columns, draws=draws, seed=seed)
            parts.append(found.assign(family=family, ifo=ifo))
    return tables.joined(SLOW_DRIVERS, parts)


def _per_minute(times: Float64, minute: Int64) -> Float64:
    """Count the glitches at `times`, GPS seconds, in each of the minutes, numbered by GPS time / 60 s."""
    own = np.floor(times / 60)
    places = np.searchsorted(minute, own[np.isin(own, minute)])
    counts: Float64 = np.bincount(places, minlength=len(minute)).astype(float)
    return counts


def _times(members: str | Path, ifo: str) -> Float64:
    """Read the times of a family's glitches in a detector."""
    rows = tables.read(MEMBERS, members)
    own = rows[(rows["kind"] == "glitch") & (rows["ifo"] == ifo) & rows["event_time"].notna()]
    times: Float64 = own.drop_duplicates("glitch_id")["event_time"].to_numpy(dtype=float)
    return times

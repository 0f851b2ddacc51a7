"""Levels of slow channels, such as minute trends, in every minute: also where the detector is not live."""

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Float64, Int64
from glitch_explorer.core.intervals import MINUTE_S
from glitch_explorer.coupling.channels.features import native_band
from glitch_explorer.coupling.channels.source import ChannelSource
from glitch_explorer.coupling.rates.levels import driver_levels, scale_of


def live_minutes(segments: Float64) -> Int64:
    """Return the whole GPS minutes (seconds / 60) in segments ``(k, 2)``, which are sorted and disjoint."""
    edges = np.column_stack([np.ceil(segments[:, 0] / MINUTE_S), np.floor(segments[:, 1] / MINUTE_S)])
    parts = [np.arange(start, end, dtype=np.int64) for start, end in edges]
    return np.concatenate([np.empty(0, np.int64), *parts])


def trend_levels(
    source: ChannelSource, ifo: str, table: pd.DataFrame, minute: Int64
) -> tuple[pd.DataFrame, Float64]:
    """Read the levels of channels in every minute.

    Parameters
    ----------
    source
        Source of the channels.
    ifo, table
        Detector, and rows of table "channels".
    minute
        ``(n,)`` consecutive GPS minutes.

    Returns
    -------
    columns
        Columns channel and band, in the order of `table`.
    levels
        ``(n, m)`` mean of the levels (`levels.driver_levels`) of a minute's samples; of longer samples the
        one that covers the middle of the minute. NaN without data.

    Raises
    ------
    UserError, SourceFault
        When data cannot be opened, or a server does not answer.
    """
    levels = pd.DataFrame(index=minute)
    start, end = MINUTE_S * minute[0], MINUTE_S * (minute[-1] + 1)
    for rate in table["rate_hz"].astype(float).unique().tolist():
        rows = table[table["rate_hz"] == rate]
        # Samples lie at multiples of their length.
        first, last = np.floor(start * rate + 1e-6) / rate, np.ceil(end * rate - 1e-6) / rate
        reader = source.reader(ifo, rows, np.array([[first, last]]))
        reader.advance(first, last)
        values, _ = reader.samples(list(rows["channel"]), first, last)
        for channel, samples in zip(rows["channel"], values, strict=True):
            level = driver_levels(samples, scale_of(channel))
            levels[channel] = _by_minute(level, float(first), rate, minute)
    columns = pd.DataFrame(
        {"channel": table["channel"], "band": [native_band(name)[0] for name in table["channel"]]}
    ).reset_index(drop=True)
    return columns, levels[list(table["channel"])].to_numpy(dtype=float)


def _by_minute(level: Float64, first: float, rate: float, minute: Int64) -> Float64:
    """Return the level of each minute ``(n,)`` from samples at `rate` in Hz, the first at GPS `first`."""
    if rate * MINUTE_S < 1:
        index = np.floor(((minute + 0.5) * MINUTE_S - first) * rate).astype(int)
        return np.asarray(level[index])
    number = np.floor((first + np.arange(len(level)) / rate) / MINUTE_S + 1e-9).astype(np.int64)
    return np.asarray(pd.Series(level).groupby(number).mean().reindex(minute), dtype=float)

"""Blocks of time of a rate model: long enough to be independent, whole days where there are enough."""

import numpy as np

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.core.intervals import DAY_S, MINUTE_S

#: A block is at least this many correlation times of the driver, and two days where eight of these fit.
CORRELATION_TIMES, DAYS, BLOCKS = 2.0, 2, 8
#: With fewer blocks there is no error.
LEAST_BLOCKS = 5
#: Autocorrelation below which minutes count as independent.
_INDEPENDENT = 0.2


def correlation_time(level: Float64) -> float:
    """Compute the correlation time of a driver in seconds: the first lag with an autocorrelation below 0.2.

    Parameters
    ----------
    level
        ``(n,)`` consecutive minutes, NaN without data. Lags without pairs of data are passed over; the whole
        span is returned where no lag is below.
    """
    known = ~np.isnan(level)
    n = len(level)
    if not known.any():
        return n * MINUTE_S
    deviation = np.where(known, level - np.nanmean(level), 0.0)
    size = 2 ** int(np.ceil(np.log2(2 * n)))

    def lagged(values: Float64) -> Float64:
        return np.asarray(np.fft.irfft(np.abs(np.fft.rfft(values, size)) ** 2, size)[:n])

    pairs = np.round(lagged(known.astype(float)))
    products = lagged(deviation) / np.maximum(pairs, 1)
    below = (pairs > 0) & (products < _INDEPENDENT * products[0])
    return float((np.argmax(below) if below.any() else n) * MINUTE_S)


def block_length(correlation_s: float, span_s: float) -> float:
    """Return the length of blocks in seconds.

    Two days or two correlation times, rounded up to whole days; if fewer than eight of these fit, an eighth
    of the span, but no less than two correlation times. The multiples were chosen with surrogates on 27 days
    of real counts (docs/explanation/methods.md#slow-drivers).

    Parameters
    ----------
    correlation_s
        Correlation time of the driver, s.
    span_s
        From the first live minute to the last, s.
    """
    least = CORRELATION_TIMES * correlation_s
    whole = np.ceil(max(least, DAYS * DAY_S) / DAY_S) * DAY_S
    return float(whole if span_s / whole >= BLOCKS else max(least, span_s / BLOCKS))


def block_numbers(minute: Int64, length_s: float) -> Int64:
    """Return the block ``(n,)`` of each minute ``(n,)``, counted from 0 without the empty ones.

    Blocks of `length_s` seconds follow each other from the first minute.
    """
    number = np.floor((minute - minute[0]) * MINUTE_S / length_s)
    return np.asarray(np.unique(number, return_inverse=True)[1], dtype=np.int64)


def informative(counts: Float64, block: Int64) -> Bool:
    """Return which minutes ``(n,)`` are in a block with a glitch; a block without any has no weight."""
    return np.asarray((np.bincount(block, counts) > 0)[block])

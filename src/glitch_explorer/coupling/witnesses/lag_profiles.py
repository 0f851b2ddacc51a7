"""The lag profile: when a feature lights up, and whether that is before the glitch begins."""

from dataclasses import dataclass

import numpy as np

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int64
from glitch_explorer.coupling.channels.bands import CELL_S
from glitch_explorer.coupling.witnesses.nulls import standardise
from glitch_explorer.coupling.witnesses.ranks import STEP, sum_at
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES, Slid

#: A feature has lit up where it first reaches this share of its highest excess: the delay that is taken
#: off (`ranks.delays_s`) is that of the highest, so what comes before it is the filter's rise.
RISEN = 0.9
#: Scores count up to this: one silent stretch must not make a mean.
_LARGEST = np.float32(20.0)
#: A glitch is alone where no other of its family lies in so many seconds before it.
ALONE_S = 60.0


@dataclass(frozen=True)
class Timing:
    """When a feature lights up."""

    #: Numbers of the lag that it lights up at, and of the lag with the largest abs(T).
    lag: int
    peak: int
    #: leads, co-moves, follows; empty where no lag survives.
    relation: str
    #: Glitches that 'leads' rests on at its lag; 0 where none was enough.
    n_leading: int


def alone(times: Float64) -> Bool:
    """Say which glitches ``(n,)`` have no other of the family in the minute before them."""
    order = np.argsort(times, kind="stable")
    made = np.ones(len(times), dtype=bool)
    made[order[1:]] = np.diff(times[order]) > ALONE_S
    return made


def excess(held: Float32, quiet: Bool, slid: Slid) -> Float64:
    """Give the mean of one feature's windows ``(n,)`` at each lag less the background's mean ``(L,)``.

    In z, not in ranks: a loud burst saturates the ranks of every window that it touches.
    """
    known = ~np.isnan(held)
    held = np.clip(np.nan_to_num(held), -_LARGEST, _LARGEST)
    grid, train = slid.grid, slid.train
    lags, first = len(grid.lags), slid.starts[:1]
    count = sum_at(known.astype(np.float32)[grid.rows], first, train.low, train.high, lags)[0]
    total = sum_at(held[grid.rows], first, train.low, train.high, lags)[0]
    rest = held[known & quiet]
    base = float(rest.mean()) if len(rest) else 0.0
    made: Float64 = np.where(count > 0, total / np.maximum(count, 1), base) - base
    return made


def onset(t: Float64, surviving: Bool, raised: Float64) -> int:
    """Find the lag at which a feature lights up.

    A feature of a low band stays up for its window's length, so its largest T may come late: the
    onset is what is timed. It is the first lag, in the run of surviving lags around the
    largest T, whose excess reaches 90 % of the run's highest. Where the run begins at the
    first lag of all its beginning was not seen: the largest T is taken.
    """
    peak = int(np.argmax(np.abs(t)))
    first = last = peak
    while first > 0 and surviving[first - 1] and t[first - 1] * t[peak] > 0:
        first -= 1
    while last < len(t) - 1 and surviving[last + 1] and t[last + 1] * t[peak] > 0:
        last += 1
    if first == 0:
        return peak
    up = raised[first : last + 1] * np.sign(t[peak])
    return first + int(np.argmax(up >= RISEN * up.max()))


def leading(
    placed: Float32,
    slid: Slid,
    window_end: Float64,
    before: Float64,
) -> tuple[Float64, Float32, Int64]:
    """Give T of glitches whose windows end early enough to lead, ``(L,)``, its slides' peaks and counts.

    Parameters
    ----------
    placed
        ``(n,)`` placement values less 0.5 of one feature, NaN where there is none.
    window_end
        ``(n,)`` GPS end of each glitch's window at lag 0.
    before
        ``(n,)`` GPS time by which a leading window has ended.
    """
    grid, train, starts = slid.grid, slid.train, slid.starts
    latest = np.floor((before - window_end) / (STEP * CELL_S)).astype(np.int64) - grid.lags[0] + 1
    high = np.clip(np.minimum(train.high, latest), train.low, None)
    known = (~np.isnan(placed)).astype(np.float32)[grid.rows]
    count = sum_at(known, starts, train.low, high, len(grid.lags))
    sums = sum_at(np.nan_to_num(placed)[grid.rows], starts, train.low, high, len(grid.lags))
    scores = (sums / np.sqrt(np.maximum(count, 1.0))).astype(float)
    t, peaks = standardise(scores[0], scores[1:], count[0] >= LEAST_GLITCHES, slid.near)
    return t, peaks, count[0].astype(np.int64)


def relation(lag: int, surviving: Bool, lead: Bool, lags: Int64, half_duration_s: float) -> str:
    """Name the relation of a feature that lights up at lag number `lag`.

    It leads where that lag leads (`lead`), follows where all surviving windows begin
    after the glitch has ended, and co-moves otherwise.
    """
    if not surviving.any():
        return ""
    if lead[lag]:
        return "leads"
    ends = np.flatnonzero(surviving)
    # Windows are placed to half a cell's precision.
    starts_after = lags[ends] - STEP * CELL_S / 2 - CELL_S / 2 >= half_duration_s
    return "follows" if starts_after.all() else "co-moves"

"""Effect sizes of coincidences: efficiency, excess with interval, deadtime, and hveto's significance."""

from dataclasses import dataclass

import numpy as np

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.core.intervals import contains, intersect, lengths, union
from glitch_explorer.coupling.coincidence.rings import Rings
from glitch_explorer.coupling.coincidence.scan import Auxiliary, Cell, Scan
from glitch_explorer.coupling.coincidence.segments import AuxiliarySegments, active_share
from glitch_explorer.coupling.coincidence.statistic import coincidence_statistic
from glitch_explorer.coupling.coincidence.trends import AuxiliaryTrend
from glitch_explorer.coupling.coincidence.triggers import AuxiliaryTriggers
from glitch_explorer.coupling.witnesses.blocks import bootstrap_blocks
from glitch_explorer.coupling.witnesses.effects import (
    OVERSTATED,
    hveto_significance,
    mean_excess,
)


@dataclass(frozen=True)
class Coincidences:
    """Coincidences of glitches that have a ring, in all cells of one channel.

    Attributes
    ----------
    hits
        ``(n, cells)`` the glitch is coincident.
    expected
        ``(n, cells)`` probability of that at a uniform time of the glitch's ring, where the channel is known.
    known
        ``(n,)`` the channel is known at the glitch.
    """

    hits: Bool
    expected: Float64
    known: Bool

    def excess(self, cell: int) -> Float64:
        """Return hit minus expectation of each glitch in one cell, ``(n,)``; NaN where unknown."""
        return np.where(self.known, self.hits[:, cell] - self.expected[:, cell], np.nan)


def coincidences(
    times: Float64, auxiliary: Auxiliary, rings: Rings, hits: Bool, probability: Float64
) -> Coincidences:
    """Build the coincidences of one channel from those of the scan.

    Parameters
    ----------
    times
        ``(n,)`` GPS times of glitches, each in a ring.
    auxiliary
        The channel.
    rings
        r rings.
    hits, probability
        ``(n, cells)`` and ``(r, cells)``, as `scan.coincident` and `scan.chance` return them.
    """
    share = active_share(auxiliary.known, rings)
    # Part of a ring may be unknown; there is nothing to be coincident with in it.
    within = probability / np.maximum(share, 1e-12)[:, None]
    return Coincidences(hits, np.minimum(within[rings.of(times)], 1.0), contains(auxiliary.known, times))


def cross_fitted(of_channel: Coincidences, blocks: Int64) -> Float64:
    """Return each glitch's excess in the cell that is best on the blocks of the other parity.

    The cell with the largest statistic is flattered by the choice; this excess is not.

    Parameters
    ----------
    of_channel
        Coincidences of n glitches.
    blocks
        ``(n,)`` block of each glitch.

    Returns
    -------
    ``(n,)``, NaN where the channel is unknown.
    """
    even = np.unique(blocks, return_inverse=True)[1] % 2 == 0
    excess = np.full(len(blocks), np.nan)
    for half in (even, ~even):
        rest = ~half & of_channel.known
        if not rest.any():
            rest = of_channel.known
        hits, expected = of_channel.hits[rest].sum(axis=0), of_channel.expected[rest].sum(axis=0)
        count = int(np.count_nonzero(rest))
        best = int(coincidence_statistic(hits, expected, count, np.ones(len(hits))).argmax())
        excess[half] = of_channel.excess(best)[half]
    return excess


def known_blocks(times: Float64, auxiliary: Auxiliary, segments: Float64) -> Int64:
    """Return the block of each glitch, of the live time in which the channel is known.

    A channel that is known on one day of many has blocks within that day.

    Parameters
    ----------
    times
        ``(n,)`` GPS times of glitches.
    auxiliary
        Data of a channel, known at some of the glitches.
    segments
        ``(k, 2)`` sorted, disjoint analysis segments.
    """
    live, _, _ = intersect(auxiliary.known, segments)
    return bootstrap_blocks(times, union(live))


def flagged_time(auxiliary: Auxiliary, cell: Cell, segments: Float64) -> tuple[float, float]:
    """Return the flagged and the known seconds within the analysis segments.

    Parameters
    ----------
    auxiliary
        Data of a channel.
    cell
        Window and SNR threshold of triggers, measure and threshold of a trend.
    segments
        ``(k, 2)`` sorted, disjoint GPS seconds.
    """
    live, _, _ = intersect(auxiliary.known, segments)
    live = union(live)
    if isinstance(auxiliary, AuxiliarySegments):
        flagged = auxiliary.active
    elif isinstance(auxiliary, AuxiliaryTrend):
        flagged = auxiliary.active(cell.measure, cell.top_share)
    else:
        times = auxiliary.above(cell.snr_threshold)
        flagged = union(np.column_stack([times - cell.window_s / 2, times + cell.window_s / 2]))
    pieces, _, _ = intersect(flagged, live)
    return float(lengths(pieces).sum()), float(lengths(live).sum())


def flagged_count(auxiliary: Auxiliary, cell: Cell, segments: Float64) -> int:
    """Count what flags time: triggers within `segments` ``(k, 2)``, segments, or samples of a trend."""
    if isinstance(auxiliary, AuxiliarySegments):
        return len(auxiliary.active)
    if isinstance(auxiliary, AuxiliaryTrend):
        seconds = float(lengths(auxiliary.active(cell.measure, cell.top_share)).sum())
        return round(seconds / auxiliary.sample_s)
    return int(contains(segments, auxiliary.above(cell.snr_threshold)).sum())


def effect_row(
    of_channel: Coincidences, cell: int, flagged: tuple[float, float], blocks: Int64
) -> dict[str, float]:
    """Return efficiency, expected efficiency, excess with interval, deadtime and AUC of one cell.

    Parameters
    ----------
    of_channel
        Coincidences of n glitches.
    cell
        Index of the cell.
    flagged
        Flagged and known seconds, as `flagged_time` returns them.
    blocks
        ``(n,)`` block of each glitch.
    """
    known = of_channel.known
    mean, low, high = mean_excess(of_channel.excess(cell), blocks)
    efficiency = float(of_channel.hits[known, cell].mean())
    deadtime = flagged[0] / flagged[1] if flagged[1] else 0.0
    return {
        "efficiency": efficiency,
        "expected_efficiency": float(of_channel.expected[known, cell].mean()),
        "excess_efficiency": mean,
        "excess_low": low,
        "excess_high": high,
        "deadtime": deadtime,
        "auc": 0.5 + (efficiency - deadtime) / 2,
        "live_time_s": flagged[1],
        "n_glitches": int(np.count_nonzero(known)),
    }


def nearest(times: Float64, triggers: AuxiliaryTriggers, cell: Cell) -> Float64:
    """Return the time of the nearest trigger relative to each glitch.

    Parameters
    ----------
    times
        ``(n,)`` GPS times of glitches.
    triggers
        The channel.
    cell
        Lag, window and SNR threshold; the nearest is that to the window's middle.

    Returns
    -------
    ``(n,)`` seconds, negative before the glitch; NaN where no trigger lies in the window.
    """
    loud = np.concatenate([[-np.inf], triggers.above(cell.snr_threshold), [np.inf]])
    middle = times + cell.lag_s
    after = np.searchsorted(loud, middle)
    before = after - 1
    closest = np.where(middle - loud[before] <= loud[after] - middle, loud[before], loud[after])
    return np.where(np.abs(closest - middle) <= cell.window_s / 2, closest - times, np.nan)


def hveto_row(
    hits: Bool, triggers: AuxiliaryTriggers, scan: Scan, *, live_s: float
) -> dict[str, float | bool]:
    """Compute hveto's largest significance over the cells at lag 0 (Smith et al. 2011).

    Parameters
    ----------
    hits
        ``(n, cells)`` coincidences of all glitches in the live time.
    triggers
        The channel.
    scan
        Cells. Without lag 0 the significance is 0.
    live_s
        Live time in seconds.

    Returns
    -------
    dict
        Columns hveto_significance and hveto_overstated of table "coincidences".
    """
    best: dict[str, float | bool] = {"hveto_significance": 0.0, "hveto_overstated": False}
    for count, cell in zip(hits.sum(axis=0), scan.cells(triggers), strict=True):
        cover = len(triggers.above(cell.snr_threshold)) * cell.window_s / live_s
        significance = float(hveto_significance(int(count), len(hits) * cover))
        if cell.lag_s == 0 and significance > best["hveto_significance"]:
            best = {"hveto_significance": significance, "hveto_overstated": cover > OVERSTATED}
    return best

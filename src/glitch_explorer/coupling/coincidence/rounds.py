"""hveto's rounds: the winner's glitches and time are removed, then the others are compared again.

The method is that of Smith et al. (2011), with the choices of hveto 2.1.9. Its only null is the Poisson tail,
and the scan is not paid for: it stands beside our statistic, not in its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from glitch_explorer.core.arrays import Bool, Float64
from glitch_explorer.core.intervals import complement, intersect, lengths, union
from glitch_explorer.coupling.coincidence.counts import levels_of, loudest_levels
from glitch_explorer.coupling.coincidence.scan import Scan
from glitch_explorer.coupling.coincidence.triggers import AuxiliaryTriggers
from glitch_explorer.coupling.witnesses.effects import hveto_significance

#: hveto's significance below which no round is won.
LEAST_SIGNIFICANCE = 5.0


@dataclass(frozen=True)
class HvetoRound:
    """The winner of a round, and what its vetoes remove.

    Attributes
    ----------
    channel, window_s, snr_threshold
        The winner.
    significance, mean
        -log10 of the Poisson tail, and the expected number of coincidences.
    coincident
        Number of glitches with a trigger in the window.
    vetoed, glitches
        Glitches that the vetoes remove, and those that the round began with.
    deadtime_s, live_time_s
        Time that the vetoes remove, and that the round began with.
    """

    channel: str
    window_s: float
    snr_threshold: float
    significance: float
    mean: float
    coincident: int
    vetoed: int
    glitches: int
    deadtime_s: float
    live_time_s: float


def hveto_rounds(
    times: Float64,
    segments: Float64,
    auxiliary: Sequence[AuxiliaryTriggers],
    *,
    scan: Scan,
    least_significance: float = LEAST_SIGNIFICANCE,
    most_rounds: int = 20,
) -> list[HvetoRound]:
    """Rank channels of triggers by hveto's rounds (Smith et al. 2011).

    Parameters
    ----------
    times
        ``(n,)`` GPS times of glitches within the segments.
    segments
        ``(k, 2)`` analysis segments, GPS seconds.
    auxiliary
        Channels, their triggers within the segments, not clustered, as in hveto.
    scan
        Windows and SNR thresholds; lags are not scanned.
    least_significance, most_rounds
        Where the rounds end.

    Returns
    -------
    list
        Rounds, in order. They also end when no glitch is left.

    Notes
    -----
    The significance of n coincident glitches is -log10 of P(N ≥ n) of a Poisson distribution with mean
    μ = N_glitches · N_triggers · window / live time. As in hveto 2.1.9, the vetoes are the winner's windows,
    their ends included; glitches and triggers of all channels in them are removed, and their time is not live
    any more. Unlike there, each glitch is compared with all triggers in its window: hveto's search ends at
    the next glitch, which loses coincidences in bursts of glitches closer than half the window.
    """
    glitches, live, left = np.sort(times), union(segments), list(auxiliary)
    rounds: list[HvetoRound] = []
    while len(glitches) and len(live) and len(rounds) < most_rounds:
        winner = _winner(glitches, left, scan, float(lengths(live).sum()))
        if winner is None or winner.significance < least_significance:
            break
        loud = left[winner.number].above(winner.snr_threshold)
        vetoes = union(np.column_stack([loud - winner.window_s / 2, loud + winner.window_s / 2]))
        vetoed = _inside(vetoes, glitches)
        rounds.append(_round(winner, left[winner.number].channel, vetoed, vetoes, live))
        glitches = glitches[~vetoed]
        left = [channel.part(~_inside(vetoes, channel.times)) for channel in left]
        live = _without(live, vetoes)
    return rounds


class _Winner(NamedTuple):
    """The channel, by its number, and the cell with the highest significance."""

    significance: float
    number: int
    window_s: float
    snr_threshold: float
    mean: float
    coincident: int


def _round(winner: _Winner, channel: str, vetoed: Bool, vetoes: Float64, live: Float64) -> HvetoRound:
    """Return the round of a winner that removes the glitches `vetoed` ``(n,)`` and the time of `vetoes`."""
    dead, _, _ = intersect(vetoes, live)
    return HvetoRound(
        channel=channel,
        window_s=winner.window_s,
        snr_threshold=winner.snr_threshold,
        significance=winner.significance,
        mean=winner.mean,
        coincident=winner.coincident,
        vetoed=int(np.count_nonzero(vetoed)),
        glitches=len(vetoed),
        deadtime_s=float(lengths(dead).sum()),
        live_time_s=float(lengths(live).sum()),
    )


def _winner(
    glitches: Float64, auxiliary: Sequence[AuxiliaryTriggers], scan: Scan, live_s: float
) -> _Winner | None:
    """Compute the significance of every channel and cell, and return the highest."""
    # Of equal significances hveto's first is that of the widest window and the lowest threshold.
    windows, thresholds = np.array(scan.windows_s)[::-1], np.array(scan.snr_thresholds)
    best: _Winner | None = None
    for k, channel in enumerate(auxiliary):
        levels = levels_of(channel.snr, thresholds)
        highest = loudest_levels(glitches, channel.times, levels, windows[::-1], 0.0)[:, ::-1]
        counts = np.stack([(highest > level).sum(axis=0) for level in range(len(thresholds))], axis=1)
        n_triggers = (levels[:, None] > np.arange(len(thresholds))).sum(axis=0)
        means = len(glitches) * n_triggers * windows[:, None] / live_s
        significance = hveto_significance(counts, means)
        w, t = np.unravel_index(int(significance.argmax()), significance.shape)
        if best is None or significance[w, t] > best.significance:
            cell = float(windows[w]), float(thresholds[t])
            best = _Winner(float(significance[w, t]), k, *cell, float(means[w, t]), int(counts[w, t]))
    return best


def _inside(intervals: Float64, times: Float64) -> Bool:
    """Return which times ``(n,)`` lie in sorted, disjoint intervals, their ends included."""
    after = np.searchsorted(intervals[:, 0], times, side="right") - 1
    ends = np.append(intervals[:, 1], -np.inf)
    return np.asarray(times <= ends[after], dtype=bool)


def _without(live: Float64, vetoes: Float64) -> Float64:
    """Return the live time outside the vetoes."""
    return union(intersect(live, complement(vetoes))[0])

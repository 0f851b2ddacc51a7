"""Vetoes made from a family's best witness."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int64
from glitch_explorer.core.intervals import intersect, lengths, union
from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.coupling.channels.feature_set import FeatureSet
from glitch_explorer.coupling.channels.live_time import LiveTime
from glitch_explorer.coupling.schemas import ALPHA
from glitch_explorer.coupling.witnesses.background import family_background
from glitch_explorer.coupling.witnesses.effects import QUANTILE
from glitch_explorer.coupling.witnesses.ranks import align, delays_s, window_mask, windows
from glitch_explorer.impact.gates import gate_intervals
from glitch_explorer.impact.reasons import Reason

#: Seconds added on both sides of a time bin's veto, because lags are whole seconds.
PAD_S = 0.5


@dataclass(frozen=True)
class Veto:
    """Veto segments ``(k, 2)`` in the live time ``(j, 2)``, GPS seconds, and the row of table "vetoes"."""

    segments: Float64
    live: Float64
    row: dict[str, object]


def best_witness(witnesses: pd.DataFrame) -> pd.Series | None:
    """Return the row of table "family_witnesses" with the lowest p_fwer, then the largest abs(T).

    Unsafe channels are not considered. None if no p_fwer is at most `ALPHA`.
    """
    ranked = witnesses[(witnesses["p_fwer"] <= ALPHA) & (witnesses["safety"] != "unsafe")]
    if ranked.empty:
        return None
    order = ranked.assign(size=-ranked["t_peak"].abs()).sort_values(["p_fwer", "size", "channel", "band"])
    best: pd.Series = ranked.loc[order.index[0]]
    return best


def family_veto(
    features: FeatureSet, family: pd.DataFrame, times: Float64, quiet: Float64, witnesses: pd.DataFrame
) -> Veto:
    """Compute the veto of one family in one detector.

    Parameters
    ----------
    features
        Features over the family's live time.
    family
        The family's glitches in this detector, with columns event_time and duration_s.
    times
        GPS times of the glitches that the witnesses are based on; their background sets the threshold.
    quiet
        ``(k, 2)`` stretches without any glitch.
    witnesses
        Rows of table "family_witnesses" of this detector.
    """
    live = features.live.intervals
    best = best_witness(witnesses)
    if best is None:
        return no_veto(live, family, Reason.NO_WITNESS)
    background = family_background(features.live, times, quiet)
    if background is None:
        return no_veto(live, family, Reason.NO_BACKGROUND)
    same = (features.columns["channel"] == best["channel"]) & (features.columns["band"] == best["band"])
    column = np.flatnonzero(same.to_numpy())[:1]
    score = np.float32(1.0 if best["t_peak"] >= 0 else -1.0) * features.values[:, column]
    align(score, features.live, delays_s(features.columns["settling_s"].to_numpy(dtype=float)[column]))
    limit = threshold(score, features.live, background.mask)
    segments = veto_segments(features.live.bins[score[:, 0] >= limit], float(best["lag"]), live)
    witness = {name: best[name] for name in ("channel", "band", "lag")}
    row = {**witness, "threshold": limit, **effect(segments, live, family), "reason": ""}
    return Veto(segments, live, row)


def no_veto(live: Float64, family: pd.DataFrame, reason: Reason) -> Veto:
    """Return an empty veto with the reason for it."""
    segments = np.empty((0, 2))
    row = {"channel": "", "band": "", "lag": np.nan, "threshold": np.nan, **effect(segments, live, family)}
    return Veto(segments, live, row | {"efficiency": np.nan, "deadtime": np.nan, "reason": reason})


def threshold(score: Float32, live: LiveTime, background: Bool) -> float:
    """Return the background's 99 % quantile of the windows of a score ``(n, 1)``."""
    values = windows(score, live)[0][window_mask(background)]
    return float(np.quantile(values[~np.isnan(values)], QUANTILE))


def veto_segments(flagged: Int64, lag: float, live: Float64) -> Float64:
    """Return the time in which glitches are expected.

    A time bin at or above the threshold is `lag` seconds after a glitch (before it, if negative). It
    vetoes the time from its start to its end, minus the lag, with `PAD_S` on both sides.

    Parameters
    ----------
    flagged
        ``(k,)`` grid indices of the time bins at or above the threshold.
    lag
        Seconds relative to the glitch.
    live
        ``(j, 2)`` sorted, disjoint; the veto is cut to it.
    """
    start = flagged * BIN_S - lag
    segments, _, _ = intersect(union(np.column_stack([start - PAD_S, start + BIN_S + PAD_S])), live)
    return segments


def effect(segments: Float64, live: Float64, family: pd.DataFrame) -> dict[str, object]:
    """Return columns n_segments … efficiency_over_deadtime of table "vetoes".

    A glitch is vetoed if its gate touches a segment.
    """
    times = family["event_time"].to_numpy(dtype=float)
    gates = gate_intervals(times, family["duration_s"].to_numpy(dtype=float))
    inside = _touches(times, times, live)
    n, n_vetoed = int(inside.sum()), int(_touches(gates[:, 0], gates[:, 1], segments)[inside].sum())
    live_s, vetoed_s = float(lengths(live).sum()), float(lengths(segments).sum())
    efficiency, deadtime = n_vetoed / n if n else np.nan, vetoed_s / live_s if live_s else np.nan
    return {
        "n_segments": len(segments),
        "vetoed_s": vetoed_s,
        "live_time_s": live_s,
        "n_timed": len(times),
        "n_glitches": n,
        "n_vetoed": n_vetoed,
        "efficiency": efficiency,
        "deadtime": deadtime,
        "efficiency_over_deadtime": efficiency / deadtime if vetoed_s else np.nan,
    }


def _touches(start: Float64, end: Float64, intervals: Float64) -> Bool:
    """Return which [start, end] share a point with sorted, disjoint intervals."""
    first = np.searchsorted(intervals[:, 1], start, side="left")
    return np.asarray(np.append(intervals[:, 0], np.inf)[first] <= end)

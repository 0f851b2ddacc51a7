"""Scattered light: a family's frequencies against the speed of a moving surface.

Light that scatters off a surface moving with speed v returns with fringes at
f = 2 m |v| / lambda, m = 1, 2, … for each round trip (Accadia 2010; Soni 2021).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Float64, Int64
from glitch_explorer.coupling.witnesses.p_values import fit_tail

#: Laser wavelength, m.
WAVELENGTH_M = 1.064e-6
#: Round trips looked at.
HARMONICS = (1, 2, 3, 4)
#: A fringe frequency within this factor of the observed one is a match.
MATCH_FACTOR = 1.2
#: Mismatch is cut here, so that a glitch of another kind counts once and no more.
_WORST = float(np.log(2.0))
#: The speed is the largest within half the duration, and at least this, of the event, s.
_LEAST_REACH_S = 0.5
#: Seconds: offsets of slides are larger, or a slide would keep the phase of slow motion.
LEAST_OFFSET_S = 61.0
_LEAST_GLITCHES = 8


@dataclass(frozen=True)
class Displacement:
    """A contiguous stretch of a displacement channel."""

    #: GPS seconds of the first sample.
    start: float
    rate_hz: float
    #: ``(n,)`` metres; NaN where there are no data.
    metres: Float64


def fringe_hz(displacement_m: Float64, rate_hz: float, *, harmonic: int = 1) -> Float64:
    """Predict the fringe frequency f = 2 m |v| / lambda at each sample ``(n,)``."""
    speed = np.gradient(displacement_m) * rate_hz
    predicted: Float64 = 2.0 * harmonic * np.abs(speed) / WAVELENGTH_M
    return predicted


def predicted_hz(stretch: Displacement, times: Float64, durations: Float64) -> Float64:
    """Give the highest first-harmonic fringe frequency around each event ``(n,)``; NaN without samples."""
    fringe = fringe_hz(stretch.metres, stretch.rate_hz)
    reach = np.maximum(np.nan_to_num(durations) / 2, _LEAST_REACH_S)
    made = np.full(len(times), np.nan)
    first = np.ceil((times - reach - stretch.start) * stretch.rate_hz).astype(np.int64)
    last = np.floor((times + reach - stretch.start) * stretch.rate_hz).astype(np.int64) + 1
    inside = np.flatnonzero((first >= 0) & (first < last) & (last <= len(fringe)))
    # Every other maximum is a window's; NaN wins. The zero at the end is where the last window may end.
    edges = np.column_stack([first[inside], last[inside]]).ravel()
    made[inside] = np.maximum.reduceat(np.append(fringe, 0.0), edges)[::2] if len(edges) else []
    return made


def mismatch(observed_hz: Float64, predicted: Float64) -> tuple[Float64, Int64]:
    """Give |ln(observed / predicted)| of the best harmonic, at most ln 2, and that harmonic."""
    harmonics = np.array(HARMONICS)
    with np.errstate(divide="ignore"):
        away = np.abs(np.log(observed_hz)[..., None] - np.log(predicted[..., None] * harmonics))
    away = np.where(np.isnan(away), np.inf, away)
    best = np.where(np.isnan(predicted), np.nan, np.minimum(away.min(axis=-1), _WORST))
    return best, harmonics[away.argmin(axis=-1)]


def _reach_table(stretch: Displacement, reach_s: float, step_s: float) -> Float64:
    """Give the predicted frequency around times every `step_s` from the stretch's start."""
    times = stretch.start + np.arange(0.0, len(stretch.metres) / stretch.rate_hz, step_s)
    return predicted_hz(stretch, times, np.full(len(times), 2 * reach_s))


def _turned(
    stretch: Displacement, times: Float64, durations: Float64, *, slides: int, rng: np.random.Generator
) -> Float64:
    """Predict at slid times ``(slides, n)``: the train turned in the stretch by one offset a slide."""
    length = len(stretch.metres) / stretch.rate_hz
    step = _LEAST_REACH_S / 2
    offsets = rng.uniform(LEAST_OFFSET_S, length - LEAST_OFFSET_S, slides)
    made = np.empty((slides, len(times)))
    reach = np.maximum(np.nan_to_num(durations) / 2, _LEAST_REACH_S)
    rounded = np.exp2(np.round(np.log2(reach) * 2) / 2)  # a few lengths serve all glitches
    for value in np.unique(rounded):
        table = _reach_table(stretch, float(value), step)
        mine = rounded == value
        at = ((times[mine] - stretch.start + offsets[:, None]) % length) / step
        made[:, mine] = table[np.minimum(np.rint(at).astype(np.int64), len(table) - 1)]
    return made


@dataclass(frozen=True)
class Scattering:
    """What a displacement channel says about a family."""

    #: One row a glitch with data: time, observed_hz, predicted_hz, harmonic, mismatch, match.
    glitches: pd.DataFrame
    #: Share of the glitches that match, and of their slides.
    matched: float
    matched_slides: float
    #: Mean mismatch at least as small by slides; NaN below eight glitches.
    p_value: float


def scattering(
    times: Float64,
    durations: Float64,
    observed_hz: Float64,
    stretches: Sequence[Displacement],
    *,
    slides: int,
    seed: int,
) -> Scattering:
    """Hold a family's peak frequencies against the fringes of one displacement channel.

    Parameters
    ----------
    times, durations, observed_hz
        ``(n,)`` GPS seconds, seconds (NaN where unknown), Hz; others than positive take no part.
    stretches
        The channel's contiguous data; those shorter than three least offsets are left
        out, as nothing can be slid in them.
    slides, seed
        Slides of the train, each stretch by an offset of its own, and their seed.
    """
    rng = np.random.default_rng(seed)
    parts, nulls = [], []
    for stretch in stretches:
        length = len(stretch.metres) / stretch.rate_hz
        mine = (times >= stretch.start) & (times < stretch.start + length) & (observed_hz > 0)
        if length < 3 * LEAST_OFFSET_S or not mine.any():
            continue
        predicted = predicted_hz(stretch, times[mine], durations[mine])
        best, harmonic = mismatch(observed_hz[mine], predicted)
        slid = _turned(stretch, times[mine], durations[mine], slides=slides, rng=rng)
        known = ~np.isnan(best)
        nulls.append(mismatch(np.broadcast_to(observed_hz[mine], slid.shape), slid)[0][:, known])
        frame = pd.DataFrame(
            {
                "event_time": times[mine],
                "observed_hz": observed_hz[mine],
                "predicted_hz": predicted * harmonic,
                "harmonic": harmonic,
                "mismatch": best,
                "match": best <= np.log(MATCH_FACTOR),
            }
        )
        parts.append(frame[known])
    if not parts or sum(map(len, parts)) < _LEAST_GLITCHES:
        columns = ["event_time", "observed_hz", "predicted_hz", "harmonic", "mismatch", "match"]
        empty = pd.DataFrame({name: [] for name in columns})
        return Scattering(pd.concat(parts) if parts else empty, np.nan, np.nan, np.nan)
    table = pd.concat(parts, ignore_index=True)
    null = np.concatenate(nulls, axis=1)
    tail = fit_tail(-np.nanmean(null, axis=1), seed=seed)
    p = float(tail.p_value(np.array([-table["mismatch"].mean()]))[0])
    # A comparison with NaN is false: slides without data are no matches, and are few.
    return Scattering(table, float(table["match"].mean()), float((null <= np.log(MATCH_FACTOR)).mean()), p)

"""Cost of the planted glitches, from the plan and independent of the method under test."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Bool
from glitch_explorer.core.intervals import YEAR_S
from glitch_explorer.observatory import ranges
from glitch_explorer.observatory.plan import Injection, Plan

#: Least half width of a gate, s, and the grid on which gates are marked.
LEAST_GATE_S, STEP_S = 0.5, 0.002
#: Number of loud rankings above which a search's threshold is set: ten in the live time.
LOUDEST = 10
#: Signals a year that contamination is counted for, and the chirp mass of 1.4 + 1.4 solar masses, s.
SIGNALS_PER_YEAR, CHIRP_MASS_S = 10.0, 1.4 * 2.0**-0.2 * 4.925491e-6
#: Frequencies that a search looks at, Hz.
SEARCHED_HZ = (10.0, 2048.0)


def _gates(plan: Plan, injections: Sequence[Injection], index: int, duration_s: dict[str, float]) -> Bool:
    """Mark the gates of each class of a segment's glitches on a grid, ``(classes, steps)``."""
    segment = plan.segments[index]
    n = round((segment.end - segment.start) / STEP_S)
    names = sorted({injection.name for injection in injections})
    marked = np.zeros((len(names), n), bool)
    for injection in injections:
        if injection.segment == index:
            half = max(0.5 * duration_s[injection.glitch_id], LEAST_GATE_S)
            middle = injection.time - segment.start
            first, last = round((middle - half) / STEP_S), round((middle + half) / STEP_S)
            marked[names.index(injection.name), max(first, 0) : max(last, 0)] = True
    return marked


def _deadtimes(plan: Plan, ifo: str, duration_s: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Compute the deadtime and the exclusive deadtime of each class, s."""
    injections = [injection for injection in plan.of(ifo) if not injection.event]
    names = sorted({injection.name for injection in injections})
    deadtime, exclusive = np.zeros(len(names)), np.zeros(len(names))
    for index, segment in enumerate(plan.segments):
        if segment.ifo == ifo:
            marked = _gates(plan, injections, index, duration_s)
            once = marked.sum(axis=0) == 1
            deadtime += marked.sum(axis=1) * STEP_S
            exclusive += (marked & once).sum(axis=1) * STEP_S
    return {name: (float(deadtime[k]), float(exclusive[k])) for k, name in enumerate(names)}


def _range_losses(plan: Plan, ifo: str) -> tuple[dict[str, float], float]:
    """Compute the planted range loss of each class, Mpc^3 yr, and the mean volume, Mpc^3.

    The loss of a minute is split among its glitches by the logarithms of the shares that they keep.
    """
    lost: dict[str, float] = {}
    volume = live = 0.0
    for index, segment in enumerate(plan.segments):
        if segment.ifo != ifo:
            continue
        minutes = ranges.minutes(plan, index)
        whole, left = (4.0 / 3.0 * np.pi * reach**3 for reach in (minutes.without_mpc, minutes.with_mpc))
        volume += float(whole @ minutes.live_s)
        live += float(minutes.live_s.sum())
        here = [injection for injection in plan.injections if injection.segment == index]
        minute = [int((injection.time - minutes.start[0]) // ranges.MINUTE_S) for injection in here]
        share = -np.log1p([-ranges.loss(plan, injection) for injection in here])
        total = np.bincount(minute, share, minlength=len(minutes.start))
        for injection, row, part in zip(here, minute, share, strict=True):
            if part > 0.0:
                volume_time = (whole - left)[row] * minutes.live_s[row] / YEAR_S
                lost[injection.name] = lost.get(injection.name, 0.0) + float(volume_time * part / total[row])
    return lost, volume / live


def _threshold(ranking: pd.Series, name: pd.Series, family: str) -> float:
    """Compute 1 - (threshold without a class / threshold)^3; the threshold is the tenth largest ranking.

    NaN where there are fewer than ten rankings, with or without the class.
    """
    if len(ranking) < LOUDEST or (name != family).sum() < LOUDEST:
        return float("nan")
    every, others = (
        np.sort(values)[-LOUDEST] for values in (ranking.to_numpy(), ranking[name != family].to_numpy())
    )
    return float(1.0 - (others / every) ** 3)


def _signal_s(low_hz: float, high_hz: float) -> float:
    """Compute the time that the reference signal takes between two frequencies, to leading order."""
    low, high = np.clip((low_hz, high_hz), *SEARCHED_HZ)
    scale = 5.0 / 256.0 * CHIRP_MASS_S ** (-5.0 / 3.0)
    return float(scale * ((np.pi * low) ** (-8.0 / 3.0) - (np.pi * high) ** (-8.0 / 3.0)))


def planted_costs(plan: Plan, catalogue: pd.DataFrame, detectors: Sequence[str]) -> list[dict[str, Any]]:
    """Compute the cost of each class in each detector, part by part (docs/explanation/cost.md).

    Parameters
    ----------
    plan : Plan
        The plan.
    catalogue : DataFrame
        The observatory's catalogue: gravityspy_id, duration, peak_frequency, bandwidth and ranking.
    detectors : sequence of str
        Detectors.

    Returns
    -------
    list of dict
        `class`, `ifo`, `n`, (a) `deadtime_s` and `marginal_deadtime_s` with every glitch gated,
        (b) `range_loss_mpc3_yr` as planted, (c) `threshold_loss` with no glitch gated, None under ten
        rankings, (d) `contamination_per_yr` for 10 signals of 1.4 + 1.4 solar masses per year,
        `volume_mpc3`, and `cost_mpc3_yr`: volume times exclusive gated time, plus (b).
    """
    rows = catalogue.drop_duplicates("gravityspy_id").set_index("gravityspy_id")
    duration_s = {str(key): float(value) for key, value in rows["duration"].items()}
    costs: list[dict[str, Any]] = []
    for ifo in detectors:
        injections = [injection for injection in plan.of(ifo) if not injection.event]
        ranking = rows["ranking"].reindex([injection.glitch_id for injection in injections])
        name = pd.Series([injection.name for injection in injections], index=ranking.index)
        live = float(sum(segment.end - segment.start for segment in plan.segments if segment.ifo == ifo))
        lost, volume = _range_losses(plan, ifo)
        for kind, (deadtime, exclusive) in _deadtimes(plan, ifo, duration_s).items():
            n = int((name == kind).sum())
            usual = rows.loc[name.index[name == kind], ["duration", "peak_frequency", "bandwidth"]].median()
            half = 0.5 * usual["bandwidth"]
            length = _signal_s(usual["peak_frequency"] - half, usual["peak_frequency"] + half)
            met = SIGNALS_PER_YEAR * -np.expm1(-n / live * (length + usual["duration"]))
            raised = _threshold(ranking, name, kind)
            costs.append(
                {
                    "class": kind,
                    "ifo": ifo,
                    "n": n,
                    "deadtime_s": round(deadtime, 3),
                    "marginal_deadtime_s": round(exclusive, 3),
                    "range_loss_mpc3_yr": round(lost.get(kind, 0.0), 6),
                    "threshold_loss": None if np.isnan(raised) else round(raised, 6),
                    "contamination_per_yr": round(float(met), 6),
                    "volume_mpc3": round(volume, 1),
                    "cost_mpc3_yr": round(volume * exclusive / YEAR_S + lost.get(kind, 0.0), 6),
                }
            )
    return costs

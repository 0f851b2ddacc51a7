"""Alarms of precursor models over the held-out live time. See docs/explanation/drivers.md#precursor-skill."""

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.impact.drivers.training import ModelName
from glitch_explorer.impact.drivers.trials import Case, Trial
from glitch_explorer.impact.drivers.windows import BINS_S, Material, feature_windows, segment_numbers
from glitch_explorer.impact.reasons import Reason

#: Nominal rates of false alarms, 1/h.
FALSE_ALARMS = (0.5, 1.0, 2.0, 5.0)
#: Seconds before its start within which an alarm warns of a glitch. An alarm that no glitch follows within
#: them is false, and no other is raised during them.
WARNING_S = 60.0
#: Seconds between probabilities.
STEP_S = 1.0

_STEP = round(STEP_S / BIN_S)
#: Windows computed at once.
_CHUNK = 20_000
#: Candidate thresholds: shares of the probabilities above them, from rare to common.
_SHARES = np.geomspace(1e-5, 0.5, 80)


@dataclass(frozen=True)
class Series:
    """Probabilities of a glitch over held-out live time, by the models that it was held out from.

    Attributes
    ----------
    times
        ``(n,)`` GPS seconds at which each is known, with all delays of its data.
    run
        ``(n,)`` number of the piece without gaps.
    fold, probability
        ``(n,)``
    """

    times: Float64
    run: Int64
    fold: Int64
    probability: Float64

    def part(self, selected: Bool) -> "Series":
        """Return the selected ``(n,)`` probabilities."""
        return Series(
            self.times[selected], self.run[selected], self.fold[selected], self.probability[selected]
        )


def held_out_series(case: Case, trial: Trial, name: ModelName) -> Series:
    """Compute the probability at every second of the held-out live time."""
    material, sample = case.material, trial.sample
    steps = np.flatnonzero(material.live.bins % _STEP == 0)
    rows = steps[material.has_window(steps)]
    times = material.live.times[rows]
    fold = sample.segment_fold[segment_numbers(times, case.segments)]
    probability = np.zeros(len(rows))
    for number, model in enumerate(trial.models[name]):
        held_out = np.flatnonzero(fold == number)
        columns = sample.columns[model.columns]
        for first in range(0, len(held_out), _CHUNK):
            part = held_out[first : first + _CHUNK]
            probability[part] = model.probability(feature_windows(material, rows[part], columns))
        times[held_out] += complete_s(material, columns)
    breaks = (np.diff(rows, prepend=-_STEP) != _STEP) | (np.diff(fold, prepend=-1) != 0)
    return Series(times, np.cumsum(breaks), fold, probability)


def complete_s(material: Material, columns: Int64) -> float:
    """Return when the data of a window are complete, in seconds relative to its centre."""
    ends = np.array(BINS_S)[columns // len(material.columns), 1]
    delays = material.columns["delay_s"].to_numpy(dtype=float)[columns % len(material.columns)]
    return float((ends + delays).max())


def alarms(series: Series, threshold: float) -> Float64:
    """Return the times at which the probability rises to the threshold, none within 60 s of another."""
    return series.times[_rises(series.times, series.run, series.probability, threshold, WARNING_S)]


@numba.njit(nogil=True, cache=True)
def _rises(times: Float64, run: Int64, values: Float64, threshold: float, dead_s: float) -> Bool:
    """Return where values rise to the threshold, or a run begins above it, outside the dead time."""
    raised = np.zeros(times.size, dtype=np.bool_)
    last = -np.inf
    for i in range(times.size):
        if values[i] < threshold or times[i] < last + dead_s:
            continue
        if i == 0 or run[i] != run[i - 1] or values[i - 1] < threshold:
            raised[i] = True
            last = times[i]
    return raised


def false_alarms(raised: Float64, starts: Float64) -> int:
    """Count the alarms that no start of a glitch (sorted) follows within the warning time."""
    after = np.append(starts, np.inf)[np.searchsorted(starts, raised, side="right")]
    return int((after - raised > WARNING_S).sum())


def leads(raised: Float64, starts: Float64) -> Float64:
    """Return the seconds from the last alarm before each start to it; NaN without one in the warning time."""
    before = np.concatenate([[-np.inf], raised])[np.searchsorted(raised, starts, side="left")]
    return np.where(starts - before <= WARNING_S, starts - before, np.nan)


def thresholds(series: Series, starts: Float64) -> Float64:
    """Return the lowest thresholds ``(r,)`` with no more false alarms per hour than each of `FALSE_ALARMS`.

    Thresholds are lowered until there are more; NaN if the highest already has more.
    """
    allowed = np.array(FALSE_ALARMS) * (len(series.times) * STEP_S / 3600)
    lowest = np.full(len(allowed), np.nan)
    reached = np.ones(len(allowed), dtype=bool)
    for threshold in np.quantile(series.probability, 1 - _SHARES):
        reached &= false_alarms(alarms(series, float(threshold)), starts) <= allowed
        if not reached.any():
            break
        lowest[reached] = threshold
    return lowest


def precursor_skill(
    case: Case, trial: Trial, name: ModelName, times: Float64, starts: Float64
) -> pd.DataFrame:
    """Measure the share of glitches with a warning, and the warning time, at nominal rates of false alarms.

    The threshold of each fold is the one with the nominal rate on the held-out time of the other folds.

    Parameters
    ----------
    case, trial, name
        Precursor model.
    times, starts
        ``(t,)`` GPS times of the events and starts of all the family's glitches, sorted by event.

    Returns
    -------
    DataFrame
        Rows of table "precursor_skill", one per rate, without family, ifo and model.
    """
    series = held_out_series(case, trial, name)
    used, rows = case.material.window_rows(times)
    fold = trial.sample.segment_fold[segment_numbers(case.material.live.times[rows], case.segments)]
    ordered = np.sort(starts)
    parts = [
        _Fold(
            thresholds(series.part(series.fold != number), ordered),
            series.part(series.fold == number),
            np.flatnonzero(fold == number),
        )
        for number in np.unique(series.fold)
    ]
    skill = [_skill_at(k, parts, ordered, starts[used]) for k in range(len(FALSE_ALARMS))]
    return pd.DataFrame(skill)


@dataclass(frozen=True)
class _Fold:
    """Held-out probabilities of one fold, and the thresholds that the other folds set."""

    #: ``(r,)``, one per nominal rate.
    thresholds: Float64
    series: Series
    #: Indices of the fold's glitches among those in the series.
    glitches: Int64


def _skill_at(k: int, folds: Sequence[_Fold], starts: Float64, covered: Float64) -> dict[str, object]:
    """Return the row of the nominal rate number `k`.

    Parameters
    ----------
    k
        Number of the rate in `FALSE_ALARMS`.
    folds
        Held-out probabilities.
    starts
        Sorted starts of all glitches.
    covered
        Starts of the glitches in the series.
    """
    lead, chance = np.full(len(covered), np.nan), np.zeros(len(covered))
    known = [fold for fold in folds if not np.isnan(fold.thresholds[k])]
    n_false = 0
    for fold in known:
        raised = alarms(fold.series, fold.thresholds[k])
        n_false += false_alarms(raised, starts)
        lead[fold.glitches] = leads(raised, covered[fold.glitches])
        chance[fold.glitches] = by_chance(fold.series.times, covered[fold.glitches], len(raised))
    live_s = sum(len(fold.series.times) for fold in folds) * STEP_S
    row = dict.fromkeys(("threshold", "measured_per_hour", "warned", "warned_chance"), np.nan)
    if known:
        row = {
            "threshold": float(np.median([fold.thresholds[k] for fold in known])),
            "measured_per_hour": n_false / (live_s / 3600),
            "warned": float((~np.isnan(lead)).mean()),
            "warned_chance": float(chance.mean()),
        }
    quartiles = np.full(3, np.nan) if np.isnan(lead).all() else np.nanquantile(lead, (0.25, 0.5, 0.75))
    return {
        "false_alarms_per_hour": FALSE_ALARMS[k],
        **row,
        **dict(zip(("lead_low_s", "lead_s", "lead_high_s"), quartiles.tolist(), strict=True)),
        "live_time_s": live_s,
        "n_glitches": len(covered),
        "reason": "" if known else Reason.NO_ALARM_RATE,
    }


def by_chance(times: Float64, starts: Float64, count: int) -> Float64:
    """Return the chance that one of `count` alarms at random times of a series precedes each start.

    1 - (1 - w / T)^count, with w the seconds of the series within the warning time before the start.
    """
    ordered = np.sort(times)
    near = np.searchsorted(ordered, starts) - np.searchsorted(ordered, starts - WARNING_S)
    return np.asarray(1 - (1 - near / max(len(times), 1)) ** count)

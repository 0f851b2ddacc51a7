"""What a precursor model would have warned of: alarms over all the held-out live time."""

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

#: Alarms per hour that no glitch of the family follows.
FALSE_ALARMS = (0.5, 1.0, 2.0, 5.0)
#: A glitch is warned of where an alarm comes so many seconds before its start or less; an alarm that no
#: glitch follows by then is false, and no other is raised meanwhile.
WARNING_S = 60.0
#: Seconds from one look to the next.
STEP_S = 1.0

_STEP = round(STEP_S / BIN_S)
#: Windows made at a time.
_CHUNK = 20_000
#: Thresholds tried: shares of the looks that lie above, from rare to common.
_SHARES = np.geomspace(1e-5, 0.5, 80)


@dataclass(frozen=True)
class Series:
    """Probabilities of a glitch over held-out live time, by the model that has not seen it.

    Attributes
    ----------
    times
        ``(n,)`` GPS seconds at which each is known: all its data have come, delays included.
    run
        ``(n,)`` number of the stretch without gaps.
    fold, probability
        ``(n,)``
    """

    times: Float64
    run: Int64
    fold: Int64
    probability: Float64


def held_out_series(case: Case, trial: Trial, name: ModelName) -> Series:
    """Look at every second of the held-out live time."""
    material, sample = case.material, trial.sample
    every = np.flatnonzero(material.live.bins % _STEP == 0)
    rows = every[material.centred(every)]
    fold = sample.of_segment[segment_numbers(material.times[rows], case.segments)]
    probability, times = np.zeros(len(rows)), material.times[rows]
    for number, model in enumerate(trial.fitted[name]):
        mine = np.flatnonzero(fold == number)
        columns = sample.columns[model.columns]
        for first in range(0, len(mine), _CHUNK):
            part = mine[first : first + _CHUNK]
            probability[part] = model.probability(feature_windows(material, rows[part], columns))
        times[mine] += known_s(material, columns)
    breaks = (np.diff(rows, prepend=-_STEP) != _STEP) | (np.diff(fold, prepend=-1) != 0)
    return Series(times, np.cumsum(breaks), fold, probability)


def known_s(material: Material, columns: Int64) -> float:
    """Give when the last of a window's data have come, seconds relative to its centre."""
    ends = np.array(BINS_S)[columns // len(material.columns), 1]
    delays = material.columns["delay_s"].to_numpy(dtype=float)[columns % len(material.columns)]
    return float((ends + delays).max())


def alarms(series: Series, threshold: float) -> Float64:
    """Give the times of alarms: where the probability rises to the threshold, none within 60 s of another."""
    return series.times[_rises(series.times, series.run, series.probability, threshold, WARNING_S)]


@numba.njit(nogil=True, cache=True)
def _rises(times: Float64, run: Int64, values: Float64, threshold: float, dead_s: float) -> Bool:
    """Say where values rise to the threshold, or a run begins above it, outside the dead time."""
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
    """Give the seconds from the last alarm before each start to it; NaN where none is near enough."""
    before = np.concatenate([[-np.inf], raised])[np.searchsorted(raised, starts, side="left")]
    away: Float64 = starts - before
    return np.where(away <= WARNING_S, away, np.nan)


def threshold_for(series: Series, starts: Float64, rate: float) -> float:
    """Find the lowest threshold with no more false alarms per hour than stated.

    Thresholds are lowered until there are more; NaN where the rarest already gives more.
    """
    hours = len(series.times) * STEP_S / 3600
    found = np.nan
    for threshold in np.quantile(series.probability, 1 - _SHARES):
        if false_alarms(alarms(series, float(threshold)), starts) > rate * hours:
            break
        found = float(threshold)
    return found


def precursor_skill(
    case: Case, trial: Trial, name: ModelName, times: Float64, starts: Float64
) -> pd.DataFrame:
    """Count warned glitches and seconds of warning at stated false alarms per hour.

    The threshold of each fold is the one that gives the stated rate on the other folds' held-out time.

    Parameters
    ----------
    times, starts
        ``(t,)`` GPS times of the events and starts of all the family's glitches, sorted by event.

    Returns
    -------
    DataFrame
        Rows of table "precursor_skill", one a stated rate, without family, ifo and model.
    """
    series = held_out_series(case, trial, name)
    used, rows = case.material.rows_of(times)
    own = trial.sample.of_segment[segment_numbers(case.material.times[rows], case.segments)]
    ordered, heard = np.sort(starts), starts[used]
    return pd.DataFrame(
        [
            {"false_alarms_per_hour": rate, **_at_rate(series, ordered, heard, own, rate)}
            for rate in FALSE_ALARMS
        ]
    )


def _at_rate(series: Series, starts: Float64, heard: Float64, own: Int64, rate: float) -> dict[str, object]:
    """Answer for one rate; `heard` are the starts of glitches in the series, `own` their folds."""
    lead, chance = np.full(len(heard), np.nan), np.zeros(len(heard))
    thresholds, false = [], 0
    for fold in np.unique(series.fold):
        held = series.fold == fold
        threshold = threshold_for(_part(series, ~held), starts, rate)
        if np.isnan(threshold):
            continue
        thresholds.append(threshold)
        part, mine = _part(series, held), np.flatnonzero(own == fold)
        raised = alarms(part, threshold)
        false += false_alarms(raised, starts)
        lead[mine] = leads(raised, heard[mine])
        chance[mine] = by_chance(part.times, heard[mine], len(raised))
    live = len(series.times) * STEP_S
    row: dict[str, object] = {
        "threshold": float(np.median(thresholds)) if thresholds else np.nan,
        "measured_per_hour": false / (live / 3600) if thresholds else np.nan,
        "warned": float((~np.isnan(lead)).mean()) if thresholds else np.nan,
        "warned_chance": float(chance.mean()) if thresholds else np.nan,
        "lead_s": np.nan,
        "lead_low_s": np.nan,
        "lead_high_s": np.nan,
        "live_time_s": live,
        "n_glitches": len(heard),
        "reason": "" if thresholds else Reason.NO_ALARM_RATE,
    }
    if not np.isnan(lead).all():
        row["lead_low_s"], row["lead_s"], row["lead_high_s"] = np.nanquantile(
            lead, (0.25, 0.5, 0.75)
        ).tolist()
    return row


def _part(series: Series, chosen: Bool) -> Series:
    """Keep some of a series."""
    return Series(series.times[chosen], series.run[chosen], series.fold[chosen], series.probability[chosen])


def by_chance(times: Float64, starts: Float64, count: int) -> Float64:
    """Give the chance that one of so many alarms at random times of a series comes before each start.

    1 - (1 - w / T)^count, with w the seconds of the series within the warning time before the start.
    """
    ordered = np.sort(times)
    near = np.searchsorted(ordered, starts) - np.searchsorted(ordered, starts - WARNING_S)
    chance: Float64 = 1 - (1 - near / max(len(times), 1)) ** count
    return chance

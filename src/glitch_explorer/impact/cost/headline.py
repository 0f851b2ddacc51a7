"""Cost of each family in a detector: its contributions, confidence interval and daily values.

The headline cost is the total sensitive time-volume lost. See docs/explanation/cost.md.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Bool, Float64, Object, sum_by_index
from glitch_explorer.core.intervals import DAY_S, YEAR_S, lengths
from glitch_explorer.coupling.witnesses.blocks import LEAST_BLOCKS
from glitch_explorer.impact.cost.bootstrap import block_intervals, chance_first
from glitch_explorer.impact.cost.contamination import contamination
from glitch_explorer.impact.cost.detector import (
    RANKING,
    Detector,
    Gated,
    Thresholds,
    gate,
    raise_threshold,
)
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.cost.threshold import allowed_alarms, losses_without_blocks
from glitch_explorer.impact.reasons import Reason
from glitch_explorer.map.schemas import UNASSIGNED


@dataclass(frozen=True)
class Headline:
    """Costs of the families ``(k,)`` of a detector, Mpc^3 yr; NaN where unknown."""

    settings: CostSettings
    detector: Detector
    gated: Gated
    thresholds: Thresholds
    #: Contributions to the cost ``(k,)``, Mpc^3 yr: from deadtime, from range loss (NaN where no minute of
    #: the family has a known loss), and from the raised search threshold.
    deadtime: Float64
    by_range: Float64
    by_threshold: Float64

    @property
    def is_costed(self) -> Bool:
        """Families ``(k,)`` with a gated glitch, or with a threshold loss from a search's ranking."""
        ranked = (self.thresholds.source == RANKING) & np.isfinite(self.thresholds.loss)
        return np.asarray((self.detector.per_family(self.gated.is_gated) > 0) | ranked)

    @property
    def total(self) -> Float64:
        """Headline cost C_k; NaN for a family that nothing gates and no search has ranked.

        An unknown range loss counts as 0; column `reason` then has its code.
        """
        cost = self.deadtime + np.nan_to_num(self.by_range) + self.by_threshold
        return np.where(self.is_costed, cost, np.nan)


def headline(detector: Detector, settings: CostSettings, *, excursions: bool = False) -> Headline:
    """Compute the cost of each family of a detector. See docs/explanation/cost.md.

    V is the mean sensitive volume, T the live time, dT the exclusive gated time, delta the relative threshold
    loss, and R the range loss ("(b)" in cost.md). The cost is V dT + R. Where the catalogue has a search's
    ranking statistic, it is V T [1 - (1 - dT / T)(1 - delta)] + R = V dT + V (T - dT) delta + R.
    With `excursions`, gates are at excursions of the whitened strain.
    """
    gated = gate(detector, settings, excursions=excursions)
    thresholds = raise_threshold(detector, gated, settings)
    n = len(detector.families)
    marginal = gated.marginal_s
    by_threshold = np.zeros(n)
    if thresholds.source == RANKING:
        left = detector.volume_mpc3 * (detector.live_s - marginal) / YEAR_S
        by_threshold = left * np.nan_to_num(thresholds.loss)
    return Headline(
        settings=settings,
        detector=detector,
        gated=gated,
        thresholds=thresholds,
        deadtime=np.where(detector.per_family() > 0, detector.volume_mpc3 * marginal / YEAR_S, np.nan),
        by_range=np.where(detector.attribution.minutes > 0, detector.attribution.charge, np.nan),
        by_threshold=by_threshold,
    )


def block_deviations(result: Headline) -> Float64:
    """Return the contribution ``(k, b)`` of each block to the costs, minus that expected from its length."""
    detector, n = result.detector, len(result.detector.families)
    live_s = sum_by_index(detector.block, detector.blocks, lengths(detector.pieces))
    exclusive_s = np.zeros((n, detector.blocks))
    index = (result.gated.family, detector.block[result.gated.piece])
    np.add.at(exclusive_s, index, result.gated.exclusive_s)
    added = detector.volume_mpc3 * exclusive_s / YEAR_S + detector.attribution.by_block
    deviation = added - added.sum(axis=1, keepdims=True) * (live_s / detector.live_s)
    if result.thresholds.source == RANKING:
        deviation = deviation + _threshold_by_block(result, live_s)
    return np.asarray(deviation)


def intervals(result: Headline, deviation: Float64) -> tuple[Float64, Float64]:
    """Return the lower and upper ends ``(k,)`` of the 95 % confidence intervals of the headline costs.

    They are estimated from the scatter `deviation` between blocks of live time, see `block_deviations`.
    """
    detector, n = result.detector, len(result.detector.families)
    occupied = np.zeros((n, detector.blocks), bool)
    occupied[detector.glitches["number"], detector.block[detector.piece_of(detector.glitches)]] = True
    low, high = block_intervals(result.total, deviation, occupied.sum(axis=1))
    return np.where(np.isnan(result.total), np.nan, low), np.where(np.isnan(result.total), np.nan, high)


def _threshold_by_block(result: Headline, live_s: Float64) -> Float64:
    """Return the jackknife deviations ``(k, b)``, by block, of the cost of the raised threshold, Mpc^3 yr."""
    detector, thresholds, n = result.detector, result.thresholds, len(result.detector.families)
    without = losses_without_blocks(
        thresholds.ranking,
        thresholds.family,
        thresholds.block,
        live_s,
        n,
        alarms=allowed_alarms(result.settings.false_alarm_rate_per_yr, detector.live_s),
    )
    change = np.nan_to_num(thresholds.loss[:, None] - without)
    change = (change - change.mean(axis=1, keepdims=True)) * (1.0 - live_s / detector.live_s)
    left = detector.volume_mpc3 * (detector.live_s - result.gated.marginal_s) / YEAR_S
    return np.asarray(left[:, None] * change)


def cost_rows(result: Headline) -> pd.DataFrame:
    """Return table "cost" of a detector, one row per family, without the columns of ranks and witnesses.

    Unassigned glitches are treated as one family: they are gated, and a cost is attributed to them.
    """
    detector, gated = result.detector, result.gated
    count = detector.per_family()
    low, high, first = _uncertainty(result)
    median = _medians(detector)
    live = detector.live_s if detector.live_s > 0 else np.nan
    hours = 1000.0 * YEAR_S / (detector.volume_mpc3 * live)
    rate = count * DAY_S / live
    ranked = result.thresholds.source == RANKING
    return pd.DataFrame(
        {
            "family": detector.families,
            "ifo": detector.ifo,
            "n": count.astype(np.int64),
            "n_gated": detector.per_family(gated.is_gated).astype(np.int64),
            "cost_mpc3_yr": result.total,
            "cost_low": low,
            "cost_high": high,
            "chance_first": first,
            "hours_per_1000h": result.total * hours,
            "hours_low": low * hours,
            "hours_high": high * hours,
            "deadtime_s": gated.deadtime_s,
            "marginal_deadtime_s": gated.marginal_s,
            "deadtime_loss_mpc3_yr": result.deadtime,
            "range_loss_mpc3_yr": result.by_range,
            "range_minutes": detector.attribution.minutes,
            "threshold_loss": np.where(count > 0, result.thresholds.loss, np.nan),
            "threshold_source": result.thresholds.source,
            "threshold_in_cost": ranked & np.isfinite(result.thresholds.loss) & (count > 0),
            "contamination_per_yr": contamination(
                count,
                live,
                duration_s=median["duration_s"],
                peak_hz=median["peak_frequency_hz"],
                bandwidth_hz=median["bandwidth_hz"],
                cbc_rate_per_yr=result.settings.cbc_rate_per_yr,
            ),
            "live_s": detector.live_s,
            "volume_mpc3": detector.volume_mpc3,
            "rate_per_day": rate,
            "rate_times_snr": rate * median["snr"],
            "blocks": detector.blocks,
            "reason": _reasons(result),
        }
    )


def _uncertainty(result: Headline) -> tuple[Float64, Float64, Float64]:
    """Return the ends of the intervals, and the chance of each family to cost most, each ``(k,)``.

    They are NaN with fewer than 10 blocks; the unassigned are not compared.
    """
    n = len(result.detector.families)
    if result.detector.blocks < LEAST_BLOCKS:
        return np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    deviation = block_deviations(result)
    assigned = np.array(result.detector.families) != UNASSIGNED
    chance = chance_first(result.total, deviation, assigned, result.settings.seed)
    return *intervals(result, deviation), chance


def _medians(detector: Detector) -> dict[str, Float64]:
    """Return medians ``(k,)`` of each family's glitches; NaN where unknown."""
    names = ["duration_s", "peak_frequency_hz", "bandwidth_hz", "snr"]
    grouped = detector.glitches.groupby("number")[names].median().reindex(range(len(detector.families)))
    return {name: grouped[name].to_numpy(dtype=float) for name in names}


def _reasons(result: Headline) -> Object:
    """Return for each family the code of the reason why its cost is missing or incomplete, else empty."""
    detector, n = result.detector, len(result.detector.families)
    if not detector.live_s > 0:
        return np.full(n, Reason.NO_LIVE_TIME, object)
    reasons = np.full(n, Reason.FEW_BLOCKS if detector.blocks < LEAST_BLOCKS else "", object)
    reasons[np.isnan(result.by_range)] = Reason.NO_RANGE_LOSS
    reasons[~result.is_costed] = Reason.NOT_GATED
    if np.isnan(detector.volume_mpc3):
        reasons[:] = Reason.NO_RANGE
    reasons[detector.per_family() == 0] = Reason.NO_LIVE_GLITCH
    return reasons


def daily(result: Headline) -> pd.DataFrame:
    """Return table "cost_by_day" of a detector: days on which a family has glitches or a cost.

    Deadtime is assigned to the day of the gates and range loss to the day of its minute. The loss from the
    raised threshold is spread over days in proportion to the live time outside the family's exclusive gates.
    Summed over days, `cost_mpc3_yr` is the headline cost.
    """
    detector, gated, n = result.detector, result.gated, len(result.detector.families)
    days, number = np.unique(detector.day, return_inverse=True)
    live_s = sum_by_index(number, len(days), lengths(detector.pieces))
    count, exclusive_s, range_loss = (np.zeros((n, len(days))) for _ in range(3))
    np.add.at(count, (detector.glitches["number"], number[detector.piece_of(detector.glitches)]), 1)
    np.add.at(exclusive_s, (gated.family, number[gated.piece]), gated.exclusive_s)
    charges = detector.attribution
    minute = detector.minutes["minute"].to_numpy(dtype=float)[charges.minute]
    np.add.at(range_loss, (charges.family, np.searchsorted(days, minute, side="right") - 1), charges.part)
    cost = detector.volume_mpc3 * exclusive_s / YEAR_S + range_loss
    left = live_s - exclusive_s
    cost += result.by_threshold[:, None] * left / np.maximum(left.sum(axis=1, keepdims=True), 1e-9)
    family, day = np.nonzero((count > 0) | (cost != 0))
    return pd.DataFrame(
        {
            "family": np.array(detector.families, object)[family],
            "ifo": detector.ifo,
            "day": days[day],
            "n": count[family, day].astype(np.int64),
            "live_s": live_s[day],
            "cost_mpc3_yr": np.where(np.isnan(result.total[family]), np.nan, cost[family, day]),
        }
    )

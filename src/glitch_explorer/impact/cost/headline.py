"""The headline cost of each family in a detector, its parts, its interval and its days."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from glitch_explorer.core import intervals as gps_intervals
from glitch_explorer.core.arrays import Float64, sum_by_index
from glitch_explorer.impact.cost.bootstrap import LEAST_BLOCKS, block_intervals
from glitch_explorer.impact.cost.contamination import contamination
from glitch_explorer.impact.cost.detector import (
    RANKING,
    Detector,
    Gated,
    Thresholds,
    gate,
    raise_threshold,
)
from glitch_explorer.impact.cost.minutes import DAY_S, YEAR_S
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.cost.threshold import allowed_alarms, losses_without_blocks
from glitch_explorer.impact.reasons import Reason


@dataclass(frozen=True)
class Headline:
    """What the families (k,) of a detector cost, Mpc^3 yr; NaN where there is no answer."""

    settings: CostSettings
    detector: Detector
    gated: Gated
    thresholds: Thresholds
    #: (k,) by deadtime, by range (NaN where no minute of the family has a known loss), by threshold.
    deadtime: Float64
    by_range: Float64
    by_threshold: Float64

    @property
    def total(self) -> Float64:
        """The headline C_k; a loss of range that is not known adds nothing, and the reason says so."""
        return np.asarray(self.deadtime + np.nan_to_num(self.by_range) + self.by_threshold)


def headline(detector: Detector, settings: CostSettings) -> Headline:
    """Add up what each family of a detector costs.

    With V the mean volume, T the live time, dT the marginal deadtime and delta the loss by
    the threshold, that is V dT + (b), and with a search's own ranking
    V T [1 - (1 - dT / T)(1 - delta)] + (b) = V dT + V (T - dT) delta + (b).
    """
    gated = gate(detector, settings)
    thresholds = raise_threshold(detector, gated, settings)
    n = len(detector.families)
    marginal = gated.marginal_s(n)
    threshold = np.zeros(n)
    if thresholds.source == RANKING:
        left = detector.volume_mpc3 * (detector.live_s - marginal) / YEAR_S
        threshold = left * np.nan_to_num(thresholds.loss)
    some = detector.per_family() > 0
    return Headline(
        settings=settings,
        detector=detector,
        gated=gated,
        thresholds=thresholds,
        deadtime=np.where(some, detector.volume_mpc3 * marginal / YEAR_S, np.nan),
        by_range=np.where(detector.attribution.minutes > 0, detector.attribution.charge, np.nan),
        by_threshold=threshold,
    )


def intervals(found: Headline) -> tuple[Float64, Float64]:
    """Give the 95 % intervals (k,) of the headline costs, over blocks of the live time."""
    detector, n = found.detector, len(found.detector.families)
    if detector.blocks < LEAST_BLOCKS:
        return np.full(n, np.nan), np.full(n, np.nan)
    lived = sum_by_index(detector.block, detector.blocks, gps_intervals.lengths(detector.cells))
    share = lived / detector.live_s
    place = (found.gated.family, detector.block[found.gated.cell])
    alone = np.zeros((n, detector.blocks))
    np.add.at(alone, place, found.gated.alone_s)
    added = detector.volume_mpc3 * alone / YEAR_S + detector.attribution.by_block
    away = added - added.sum(axis=1, keepdims=True) * share
    if found.thresholds.source == RANKING:
        away = away + _threshold_by_block(found, lived)
    held = np.zeros((n, detector.blocks), bool)
    held[detector.glitches["number"], detector.block[detector.cell_of(detector.glitches)]] = True
    low, high = block_intervals(found.total, away, held.sum(axis=1))
    return np.where(np.isnan(found.total), np.nan, low), np.where(np.isnan(found.total), np.nan, high)


def _threshold_by_block(found: Headline, lived: Float64) -> Float64:
    """Give what each block adds to the threshold's loss (k, b): what changes without it, by the jackknife."""
    detector, thresholds, n = found.detector, found.thresholds, len(found.detector.families)
    without = losses_without_blocks(
        thresholds.ranking,
        thresholds.family,
        thresholds.block,
        lived,
        n,
        alarms=allowed_alarms(found.settings.false_alarm_rate_per_yr, detector.live_s),
    )
    change = np.nan_to_num(thresholds.loss[:, None] - without)
    change = (change - change.mean(axis=1, keepdims=True)) * (1.0 - lived / detector.live_s)
    left = detector.volume_mpc3 * (detector.live_s - found.gated.marginal_s(n)) / YEAR_S
    return np.asarray(left[:, None] * change)


def cost_rows(found: Headline) -> pd.DataFrame:
    """Give table "cost" of a detector, less rank, witnesses and what follows from them, one row a family.

    Unassigned glitches are gated and charged like a family, and have no row.
    """
    detector, gated = found.detector, found.gated
    n = len(detector.families)
    count = detector.per_family()
    low, high = intervals(found)
    usual = _medians(detector)
    live = detector.live_s if detector.live_s > 0 else np.nan
    hours = 1000.0 * YEAR_S / (detector.volume_mpc3 * live)
    rate = count * DAY_S / live
    ranked = found.thresholds.source == RANKING
    return pd.DataFrame(
        {
            "family": detector.families,
            "ifo": detector.ifo,
            "n": count.astype(np.int64),
            "n_gated": detector.per_family(gated.chosen).astype(np.int64),
            "cost_mpc3_yr": found.total,
            "cost_low": low,
            "cost_high": high,
            "hours_per_1000h": found.total * hours,
            "hours_low": low * hours,
            "hours_high": high * hours,
            "deadtime_s": gated.deadtime_s,
            "marginal_deadtime_s": gated.marginal_s(n),
            "deadtime_loss_mpc3_yr": found.deadtime,
            "range_loss_mpc3_yr": found.by_range,
            "range_minutes": detector.attribution.minutes,
            "threshold_loss": np.where(count > 0, found.thresholds.loss, np.nan),
            "threshold_source": found.thresholds.source,
            "threshold_in_cost": ranked & np.isfinite(found.thresholds.loss) & (count > 0),
            "contamination_per_yr": contamination(
                count,
                live,
                duration_s=usual["duration_s"],
                peak_hz=usual["peak_frequency_hz"],
                bandwidth_hz=usual["bandwidth_hz"],
                cbc_rate_per_yr=found.settings.cbc_rate_per_yr,
            ),
            "live_s": detector.live_s,
            "volume_mpc3": detector.volume_mpc3,
            "rate_per_day": rate,
            "rate_times_snr": rate * usual["snr"],
            "blocks": detector.blocks,
            "reason": _reasons(found),
        }
    )


def _medians(detector: Detector) -> dict[str, Float64]:
    """Give medians (k,) of each family's glitches; NaN where nothing is known."""
    names = ["duration_s", "peak_frequency_hz", "bandwidth_hz", "snr"]
    grouped = detector.glitches.groupby("number")[names].median().reindex(range(len(detector.families)))
    return {name: grouped[name].to_numpy(dtype=float) for name in names}


def _reasons(found: Headline) -> np.ndarray:
    """Return for each family the code of the reason why its cost is missing or incomplete, else empty."""
    detector, n = found.detector, len(found.detector.families)
    if not detector.live_s > 0:
        return np.full(n, Reason.NO_LIVE_TIME, object)
    reasons = np.full(n, Reason.FEW_BLOCKS if detector.blocks < LEAST_BLOCKS else "", object)
    reasons[np.isnan(found.by_range)] = Reason.NO_RANGE_LOSS
    if np.isnan(detector.volume_mpc3):
        reasons[:] = Reason.NO_RANGE
    reasons[detector.per_family() == 0] = Reason.NO_LIVE_GLITCH
    return reasons


def daily(found: Headline) -> pd.DataFrame:
    """Give table "cost_by_day" of a detector: days on which a family has glitches or a cost.

    Deadtime falls on the day of the gates, range on that of the minute, and the threshold's loss on
    all live time alike. The days add up to the headline.
    """
    detector, gated, n = found.detector, found.gated, len(found.detector.families)
    days, number = np.unique(detector.day, return_inverse=True)
    lived = sum_by_index(number, len(days), gps_intervals.lengths(detector.cells))
    count, alone, lost = (np.zeros((n, len(days))) for _ in range(3))
    np.add.at(count, (detector.glitches["number"], number[detector.cell_of(detector.glitches)]), 1)
    np.add.at(alone, (gated.family, number[gated.cell]), gated.alone_s)
    charged = detector.attribution
    minute = detector.minutes["minute"].to_numpy(dtype=float)[charged.minute]
    np.add.at(lost, (charged.family, np.searchsorted(days, minute, side="right") - 1), charged.part)
    cost = detector.volume_mpc3 * alone / YEAR_S + lost
    left = lived - alone
    cost += found.by_threshold[:, None] * left / np.maximum(left.sum(axis=1, keepdims=True), 1e-9)
    family, day = np.nonzero((count > 0) | (cost != 0))
    return pd.DataFrame(
        {
            "family": np.array(detector.families, object)[family],
            "ifo": detector.ifo,
            "day": days[day],
            "n": count[family, day].astype(np.int64),
            "live_s": lived[day],
            "cost_mpc3_yr": np.where(np.isnan(found.total[family]), np.nan, cost[family, day]),
        }
    )

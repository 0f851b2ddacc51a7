"""Slow drivers of a family: its rate against every driver, adjusted for local time, jointly, and in pairs.

See docs/explanation/methods.md#slow-drivers.
"""

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.coupling.rates.clock import clock_terms
from glitch_explorer.coupling.rates.effects import Effects, Question, driver_effects
from glitch_explorer.coupling.rates.joint import FAMILY_DRAWS, pair_effects, remaining_drivers
from glitch_explorer.coupling.rates.levels import Scale, censored_shares, scale_of, unit_changes
from glitch_explorer.coupling.rates.nulls import DRAWS, Estimate, corrected_p
from glitch_explorer.coupling.rates.pictures import curve_rows, day_rows, shifted_ratios
from glitch_explorer.coupling.rates.problem import Driver, Fitted, Rates, Reason, make_driver
from glitch_explorer.coupling.schemas import ALPHA

_LOG = logging.getLogger(__name__)

#: Ground-motion bands in Hz, by source ("human": anthropogenic).
GROUND_BANDS = {"earthquake": (0.03, 0.1), "microseism": (0.1, 0.3), "human": (1.0, 6.0)}
#: A family that shows no effect is "too short" where a rate ratio of this would not have been seen.
VISIBLE_RATIO = 2.0

_DRIVER = [
    *("channel", "band", "n_glitches", "live_min", "level_median", "level_high", "ratio", "ratio_low"),
    *("ratio_high", "p_value", "p_fwer", "least_ratio", "blocks", "block_s", "correlation_s"),
    *("clock_ratio", "clock_low", "clock_high", "clock_p", "clock_p_fwer", "clock_least_ratio"),
    *("overall_ratio", "overall_low", "overall_high", "overall_p", "overall_p_fwer", "overall_least_ratio"),
    *("joint_step", "joint_ratio", "joint_low", "joint_high", "joint_p"),
    *("shifts", "shifts_above", "shift_low", "shift_high", "not_live", "not_live_top"),
    *("answer", "clock_answer", "overall_answer", "reason", "clock_reason"),
]
#: Names of the ratio, its interval, p, corrected p, smallest visible ratio, and answer.
_NAMES = {
    Question.WITHIN: ("ratio", "ratio_low", "ratio_high", "p_value", "p_fwer", "least_ratio", "answer"),
    **{
        question: tuple(
            f"{question}_{name}" for name in ("ratio", "low", "high", "p", "p_fwer", "least_ratio", "answer")
        )
        for question in (Question.CLOCK, Question.OVERALL)
    },
}
_PAIR = [
    *("channel_a", "band_a", "channel_b", "band_b", "ratio", "ratio_low", "ratio_high", "p_value"),
    *("p_fwer", "only_together"),
]


class RateTables(NamedTuple):
    """Tables "slow_drivers", "rate_curves", "rate_days" and "driver_pairs" without family and ifo."""

    drivers: pd.DataFrame
    curves: pd.DataFrame
    days: pd.DataFrame
    pairs: pd.DataFrame


def _driver(channel: str, level: Float64, live: Bool) -> Driver | Reason:
    """Prepare a driver; where its unit changes, its levels cannot be compared."""
    if scale_of(channel) is not Scale.SIGNED and unit_changes(level):
        _LOG.warning("the values of %s jump by more than a factor of ten and stay there: not used", channel)
        return Reason.UNIT_CHANGES
    return make_driver(level, live)


def _family_tables(
    rates: Rates,
    drivers: list[Driver | Reason],
    effects: Mapping[Question, Effects],
    columns: pd.DataFrame,
    *,
    seed: int,
    draws: int,
) -> RateTables:
    """Return the tables of a family; columns has one row per driver, with channel and band."""
    usable = {number: driver for number, driver in enumerate(drivers) if isinstance(driver, Driver)}
    rows = [
        _empty_row(channel, band, drivers[number])
        for number, (channel, band) in enumerate(zip(columns["channel"], columns["band"], strict=True))
    ]
    for number, driver in usable.items():
        rows[number] |= _facts(rates, driver)
    for question, names in _NAMES.items():
        _enter_effects(rows, effects[question], names)
    for number, result in effects[Question.WITHIN].items():
        rows[number]["reason"] = str(result) if isinstance(result, Reason) else ""
    for number, result in effects[Question.CLOCK].items():
        rows[number]["clock_reason"] = str(result) if isinstance(result, Reason) else ""
    tested = {number: driver for number, driver in usable.items() if not rows[number]["reason"]}
    curves = _enter_curves(rows, rates, tested, effects[Question.WITHIN])
    decisive = effects[Question.WITHIN if rates.clock is None else Question.CLOCK]
    _enter_joint(rows, rates, tested, decisive, seed=seed, draws=draws)
    return RateTables(
        drivers=pd.DataFrame(rows, columns=_DRIVER).astype({"joint_step": "Int64"}),
        curves=pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(),
        days=_days(rates, tested, decisive, rows),
        pairs=_pairs(rows, rates, tested, seed=seed, draws=draws),
    )


def _empty_row(channel: str, band: str, driver: Driver | Reason) -> dict[str, Any]:
    """Return the row of a driver that was not tested."""
    reason = str(driver) if isinstance(driver, Reason) else ""
    return {
        **dict.fromkeys(_DRIVER),
        "channel": channel,
        "band": band,
        "reason": reason,
        "clock_reason": reason,
        **dict.fromkeys(("n_glitches", "live_min", "blocks", "shifts", "shifts_above"), 0),
    }


def _enter_effects(rows: list[dict[str, Any]], effects: Effects, names: tuple[str, ...]) -> None:
    """Enter the effects of one question, and its answers."""
    estimates = {number: result for number, result in effects.items() if isinstance(result, Estimate)}
    corrected = dict(zip(estimates, corrected_p(list(estimates.values())).tolist(), strict=True))
    for number, estimate in estimates.items():
        results = (np.exp(estimate.value), *estimate.interval, estimate.p_value, corrected[number])
        rows[number] |= dict(zip(names, (*results, estimate.least_ratio), strict=False))
    ratio, p_fwer, least, answer = names[0], *names[-3:]
    for row in rows:
        row[answer] = _answer(row[ratio], row[p_fwer], row[least])


def _enter_curves(
    rows: list[dict[str, Any]], rates: Rates, drivers: Mapping[int, Driver], effects: Effects
) -> list[pd.DataFrame]:
    """Enter blocks and shifts of each driver, and return its curve."""
    curves = []
    for number, driver in drivers.items():
        row, estimate = rows[number], effects[number]
        fitted = rates.fit([driver.terms], driver.block_s)
        if isinstance(fitted, Fitted) and isinstance(estimate, Estimate):
            row |= {"blocks": fitted.blocks, **_shift_row(rates, driver)}
            curve = curve_rows(rates, driver, fitted, estimate)
            curves.append(curve.assign(channel=row["channel"], band=row["band"]))
    return curves


def _facts(rates: Rates, driver: Driver) -> dict[str, Any]:
    """Return what is known of a driver before any fit."""
    known = rates.live & ~np.isnan(driver.level)
    not_live, not_live_top = censored_shares(driver.level, rates.live)
    return {
        "n_glitches": int(rates.counts[known].sum()),
        "live_min": int(known.sum()),
        "level_median": driver.median,
        "level_high": driver.high,
        "block_s": driver.block_s,
        "correlation_s": driver.correlation_s,
        "not_live": not_live,
        "not_live_top": not_live_top,
    }


def _shift_row(rates: Rates, driver: Driver) -> dict[str, Any]:
    """Return how the effect compares with those of the driver shifted by whole days."""
    ratio, shifted = shifted_ratios(rates, driver)
    if not len(shifted):
        return {}
    above = np.abs(np.log(shifted)) >= abs(np.log(ratio))
    return {
        "shifts": len(shifted),
        "shifts_above": int(above.sum()),
        "shift_low": shifted.min(),
        "shift_high": shifted.max(),
    }


def _answer(ratio: float | None, p: float | None, least_ratio: float | None) -> str:
    """Return rises, falls, nothing found, or too short."""
    if ratio is not None and p is not None and p <= ALPHA:
        return "rises" if ratio > 1 else "falls"
    visible = least_ratio is not None and least_ratio <= VISIBLE_RATIO
    return "nothing found" if visible else "too short"


def _enter_joint(
    rows: list[dict[str, Any]],
    rates: Rates,
    drivers: Mapping[int, Driver],
    decisive: Effects,
    *,
    seed: int,
    draws: int,
) -> None:
    """Enter the order and the effects of the drivers that remain in one model."""
    alone = {number: decisive[number] for number in drivers}
    estimates = {number: result for number, result in alone.items() if isinstance(result, Estimate)}
    remaining = remaining_drivers(rates, drivers, estimates, seed=seed, draws=draws)
    for step, (number, estimate) in enumerate(remaining.items(), start=1):
        low, high = estimate.interval
        rows[number] |= {
            "joint_step": step,
            "joint_ratio": np.exp(estimate.value),
            "joint_low": low,
            "joint_high": high,
            "joint_p": estimate.p_value,
        }


def _days(
    rates: Rates, drivers: Mapping[int, Driver], decisive: Effects, rows: list[dict[str, Any]]
) -> pd.DataFrame:
    """Return the days of the driver with the clearest effect, adjusted for local time if that was tested."""
    if not drivers:
        return pd.DataFrame()

    def clearness(number: int) -> float:
        result = decisive[number]
        return result.size if isinstance(result, Estimate) else -1.0

    clearest = max(drivers, key=lambda number: (clearness(number), -number))
    days = day_rows(rates, drivers[clearest])
    return days.assign(channel=rows[clearest]["channel"], band=rows[clearest]["band"])


def _pairs(
    rows: list[dict[str, Any]], rates: Rates, drivers: Mapping[int, Driver], *, seed: int, draws: int
) -> pd.DataFrame:
    """Return the pairs of drivers of different bands, the one with the smallest p for each band."""
    by_band: dict[str, int] = {}
    for number in sorted(drivers, key=lambda number: (rows[number]["p_value"], number)):
        by_band.setdefault(rows[number]["band"], number)
    chosen = {number: drivers[number] for number in sorted(by_band.values())}
    effects = pair_effects(rates, chosen, seed=seed, draws=draws)
    table = []
    for ((a, b), together), p in zip(effects.items(), corrected_p(list(effects.values())), strict=True):
        row = {f"{name}_a": rows[a][name] for name in ("channel", "band")}
        row |= {f"{name}_b": rows[b][name] for name in ("channel", "band")}
        low, high = together.interval
        row |= {"ratio": np.exp(together.value), "ratio_low": low, "ratio_high": high}
        row |= {"p_value": together.p_value, "p_fwer": float(p)}
        idle = all(rows[number]["answer"] not in ("rises", "falls") for number in (a, b))
        row["only_together"] = bool(p <= ALPHA and together.value > 0 and idle)
        table.append(row)
    return pd.DataFrame(table, columns=_PAIR)


def rate_tables(
    times: Mapping[str, Float64],
    minute: Int64,
    live: Bool,
    levels: Float64,
    columns: pd.DataFrame,
    *,
    ifo: str,
    seed: int,
    draws: int = DRAWS,
    family_draws: int = FAMILY_DRAWS,
) -> dict[str, RateTables]:
    """Model the rates of all families of a detector by its slow drivers.

    Parameters
    ----------
    times
        Family to the GPS times ``(k,)`` of its glitches.
    minute
        ``(n,)`` consecutive GPS minutes: GPS seconds / 60, rounded down.
    live
        ``(n,)`` which of them are live.
    levels
        ``(n, m)`` levels of the drivers (`levels.driver_levels`), also in minutes that are not live where
        there is data; NaN without data.
    columns
        One row per column of `levels`, with channel and band.
    ifo
        Detector, for local time.
    seed
        Seed of the surrogates.
    draws, family_draws
        Surrogates of each driver, and those of the joint model and of pairs, which are drawn for each family.

    Returns
    -------
    dict of str to RateTables
        For every family with a glitch: one row per driver; the curve of each; the days of the one with the
        clearest effect; pairs of drivers of different bands, one driver (that with the smallest p) for each
        band.
    """
    drivers = [
        _driver(channel, level, live) for channel, level in zip(columns["channel"], levels.T, strict=True)
    ]
    clock = clock_terms(minute, ifo)
    families = {}
    for family, seconds in times.items():
        number = np.floor(seconds / 60.0).astype(np.int64) - minute[0]
        inside = number[(number >= 0) & (number < len(minute))]
        if len(seconds):
            counts = np.bincount(inside, minlength=len(minute)).astype(float)
            families[family] = Rates(minute, live, counts, clock)
    if not families:
        return {}
    usable = {number: driver for number, driver in enumerate(drivers) if isinstance(driver, Driver)}
    effects = driver_effects(list(families.values()), usable, seed=seed, draws=draws)
    return {
        family: _family_tables(rates, drivers, results, columns, seed=seed, draws=family_draws)
        for (family, rates), results in zip(families.items(), effects, strict=True)
    }

"""What is drawn of a driver: its curve with band, counts by tenth, whole-day shifts, and its days."""

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Float64, sum_by_index
from glitch_explorer.core.intervals import DAY_S, MINUTE_S
from glitch_explorer.coupling.rates.blocks import block_numbers, informative
from glitch_explorer.coupling.rates.model import first_step
from glitch_explorer.coupling.rates.nulls import Estimate
from glitch_explorer.coupling.rates.problem import Driver, Fitted, Rates

#: Points of a curve, between these quantiles of the driver; parts of the counts.
_POINTS, _ENDS, _TENTHS = 25, (0.01, 0.99), 10
_DAY_MIN = round(DAY_S / MINUTE_S)
#: Whole-day shifts are drawn from so many days on, where at least this share of the live minutes has data.
_LEAST_DAYS, _LEAST_SHARE = 8, 0.5
#: Quantiles of a driver's day.
_QUARTILES = (0.25, 0.5, 0.75)


def curve_rows(rates: Rates, driver: Driver, fitted: Fitted, estimate: Estimate) -> pd.DataFrame:
    """Return a driver's curve with its band, and the counts in each tenth of its minutes.

    Parameters
    ----------
    rates, driver
        Counts and driver.
    fitted, estimate
        The model with the driver's terms alone, and its effect, which widens the band.

    Returns
    -------
    DataFrame
        part (curve or tenth), level, ratio (rate over that at the driver's median), low, high (95 %, NaN for
        tenths), n_glitches, minutes (0 for the curve). The ratio of a tenth is its count over what the model
        expects there with the driver at its median.
    """
    level = driver.level[fitted.rows]
    first, last = np.quantile(level, _ENDS)
    levels = np.linspace(first, last, _POINTS)
    middle = driver.curve.terms(np.array([driver.median]))
    values, errors = fitted.fit.log_ratios(driver.curve.terms(levels) - middle)
    half = estimate.half_width(errors)
    curve = pd.DataFrame(
        {
            "part": "curve",
            "level": levels,
            "ratio": np.exp(values),
            "low": np.exp(values - half),
            "high": np.exp(values + half),
            "n_glitches": 0,
            "minutes": 0,
        }
    )
    edges = np.unique(np.quantile(level, np.linspace(0, 1, _TENTHS + 1)))
    tenth = np.clip(np.searchsorted(edges, level, side="right") - 1, 0, max(len(edges) - 2, 0))
    effect = (driver.curve.terms(level) - middle) @ fitted.fit.coefficients
    n = int(tenth.max()) + 1
    glitches = sum_by_index(tenth, n, rates.counts[fitted.rows])
    minutes = sum_by_index(tenth, n)
    expected = sum_by_index(tenth, n, fitted.fit.expected * np.exp(-effect))
    tenths = pd.DataFrame(
        {
            "part": "tenth",
            "level": sum_by_index(tenth, n, level) / np.maximum(minutes, 1),
            "ratio": glitches / expected,
            "low": np.nan,
            "high": np.nan,
            "n_glitches": glitches.astype(np.int64),
            "minutes": minutes.astype(np.int64),
        }
    )
    return pd.concat([curve, tenths[minutes > 0]], ignore_index=True)


def shifted_ratios(rates: Rates, driver: Driver) -> tuple[float, Float64]:
    """Compute a driver's effect again with the driver shifted by whole days, circularly.

    A driver that only shares the daily cycle has a similar effect when it is shifted. The effect is the first
    Newton step from none, which is close to the fit and fast.

    Returns
    -------
    ratio : float
        Effect without shift.
    shifted : Float64
        ``(s,)`` the same for each whole day; empty with fewer than eight days.
    """
    days = len(rates.minute) // _DAY_MIN
    if days < _LEAST_DAYS:
        return np.nan, np.empty(0)
    n = days * _DAY_MIN
    live = int(rates.live[:n].sum())
    ratios = []
    basis = driver.terms[:n]
    for shift in range(days):
        terms = np.roll(basis, shift * _DAY_MIN, axis=0)
        rows = np.flatnonzero(rates.live[:n] & np.isfinite(terms).all(axis=1))
        if len(rows) < _LEAST_SHARE * live:
            ratios.append(np.nan)
            continue
        block = block_numbers(rates.minute[rows], driver.block_s)
        kept = informative(rates.counts[rows], block)
        rows, block = rows[kept], np.unique(block[kept], return_inverse=True)[1]
        if not len(rows):
            ratios.append(np.nan)
            continue
        step = first_step(rates.counts[rows], block, terms[rows])
        ratios.append(float(np.exp(driver.contrast @ step)))
    shifted = np.array(ratios[1:])
    return float(ratios[0]), shifted[np.isfinite(shifted)]


def day_rows(rates: Rates, driver: Driver) -> pd.DataFrame:
    """Return by day of GPS time: day_gps (its start, s), live_min, n_glitches, and quartiles of the level."""
    day = rates.minute // _DAY_MIN
    frame = pd.DataFrame(
        {
            "day": day,
            "live": rates.live,
            "n": np.where(rates.live, rates.counts, 0.0),
            "level": driver.level,
        }
    )
    groups = frame.groupby("day", sort=True)
    low, median, high = (groups["level"].quantile(share).to_numpy() for share in _QUARTILES)
    return pd.DataFrame(
        {
            "day_gps": np.unique(day) * DAY_S,
            "live_min": groups["live"].sum().to_numpy(dtype=np.int64),
            "n_glitches": groups["n"].sum().to_numpy().astype(np.int64),
            "level_low": low,
            "level_median": median,
            "level_high": high,
        }
    )

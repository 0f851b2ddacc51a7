"""A family's counts in consecutive minutes, and the drivers that its rate is held against."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.core.intervals import MINUTE_S
from glitch_explorer.coupling.rates.blocks import (
    LEAST_BLOCKS,
    block_length,
    block_numbers,
    correlation_time,
    informative,
)
from glitch_explorer.coupling.rates.curve import Curve, curve_of, effect_levels
from glitch_explorer.coupling.rates.model import Fit, fit_rates

#: With fewer glitches in live minutes with data no curve is fitted.
LEAST_GLITCHES = 30


class Reason(StrEnum):
    """Why there is no rate ratio."""

    NO_DATA = "no_data"
    CONSTANT = "constant"
    UNIT_CHANGES = "unit_changes"
    FEW_GLITCHES = "few_glitches"
    FEW_BLOCKS = "few_blocks"
    FEW_DAYS = "few_days"
    NO_FIT = "no_fit"


@dataclass(frozen=True)
class Driver:
    """A driver's level in every minute of a grid.

    Attributes
    ----------
    level
        ``(n,)``, NaN without data.
    curve
        Basis of its curve, from the live minutes.
    median, high
        Levels that the effect compares.
    contrast
        ``(p,)`` weights of the coefficients in the log ratio of `high` over `median`.
    correlation_s, block_s
        Correlation time and length of the blocks, s.
    """

    level: Float64
    curve: Curve
    median: float
    high: float
    contrast: Float64
    correlation_s: float
    block_s: float

    @property
    def terms(self) -> Float64:
        """The basis ``(n, p)`` in every minute, NaN without data; not stored, which saves memory."""
        return self.curve.terms(self.level)


def make_driver(level: Float64, live: Bool) -> Driver | Reason:
    """Prepare a driver from its levels in consecutive minutes and the mask of live minutes, both ``(n,)``."""
    used = level[live & ~np.isnan(level)]
    if not len(used):
        return Reason.NO_DATA
    curve = curve_of(used)
    if curve is None:
        return Reason.CONSTANT
    median, high = effect_levels(used)
    ends = curve.terms(np.array([median, high]))
    minutes = np.flatnonzero(live)
    correlation_s = correlation_time(level)
    return Driver(
        level=level,
        curve=curve,
        median=median,
        high=high,
        contrast=ends[1] - ends[0],
        correlation_s=correlation_s,
        block_s=block_length(correlation_s, float(minutes[-1] + 1 - minutes[0]) * MINUTE_S),
    )


def product_of(a: Driver, b: Driver, live: Bool) -> Driver | Reason:
    """Return the product of two drivers' standardised levels, with a straight line as its curve.

    Its effect is the rate with both at their 90th percentile, over what their separate effects make of it.
    """
    product = make_driver(a.curve.standard(a.level) * b.curve.standard(b.level), live)
    if isinstance(product, Reason):
        return product
    steps = (a.high - a.median) / a.curve.scale * (b.high - b.median) / b.curve.scale
    curve = Curve(np.empty(0), product.curve.centre, product.curve.scale)
    contrast = np.array([steps / curve.scale])
    return replace(product, curve=curve, contrast=contrast, block_s=max(a.block_s, b.block_s))


def used_minutes(live: Bool, parts: Sequence[Float64]) -> Int64:
    """Return the indices of the live minutes in which all terms ``(n, p)`` are known."""
    known = [np.isfinite(part).all(axis=1) for part in parts]
    return np.flatnonzero(np.logical_and.reduce([live, *known]))


@dataclass(frozen=True)
class Fitted:
    """A fitted model and the minutes that it uses.

    Attributes
    ----------
    fit
        The model; its coefficients are in the order of the terms.
    rows
        ``(k,)`` indices of the minutes.
    blocks
        Number of blocks.
    """

    fit: Fit
    rows: Int64
    blocks: int


@dataclass(frozen=True)
class Rates:
    """Counts of a family in consecutive minutes of a detector.

    Attributes
    ----------
    minute
        ``(n,)`` GPS minutes, each one more than the last.
    live
        ``(n,)`` whether the minute is live.
    counts
        ``(n,)`` glitches of the family.
    clock
        ``(n, q)`` terms of local time; None with too few days.
    """

    minute: Int64
    live: Bool
    counts: Float64
    clock: Float64 | None

    def fit(self, parts: Sequence[Float64], block_s: float | None) -> Fitted | Reason:
        """Fit the rate in live minutes with data.

        Parameters
        ----------
        parts
            Terms ``(n, p)``, NaN without data.
        block_s
            Length of the blocks, s; None to compare all minutes.
        """
        rows = used_minutes(self.live, parts)
        if self.counts[rows].sum() < LEAST_GLITCHES:
            return Reason.FEW_GLITCHES
        block = np.zeros(len(rows), dtype=np.int64)
        if block_s is not None:
            block = block_numbers(self.minute[rows], block_s)
            kept = informative(self.counts[rows], block)
            rows, block = rows[kept], np.unique(block[kept], return_inverse=True)[1]
            if block[-1] + 1 < LEAST_BLOCKS:
                return Reason.FEW_BLOCKS
        fit = fit_rates(self.counts[rows], block, np.concatenate([part[rows] for part in parts], axis=1))
        return Reason.NO_FIT if fit is None else Fitted(fit, rows, int(block[-1]) + 1)

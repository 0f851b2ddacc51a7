"""Pseudo-families: the whole procedure on sets of times with no coupling.

See docs/explanation/methods.md#pseudo-families.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Bool, Float64
from glitch_explorer.core.statistics import share_above
from glitch_explorer.coupling.witnesses.background import family_background
from glitch_explorer.coupling.witnesses.nulls import Measured
from glitch_explorer.coupling.witnesses.ranks import make_grid, window_mask
from glitch_explorer.coupling.witnesses.slides import (
    LEAST_GLITCHES,
    TimeSlides,
    make_triggers,
    quiet_slides,
    shifted_times,
    time_slides,
)

#: Time slides of a pseudo-family: they resolve a p of 0.005, and the smallest level checked is 0.01.
SLIDES = 199


@dataclass(frozen=True)
class PseudoFamily:
    """A pseudo-family: shifted or quiet, its number, and its triggers."""

    kind: str
    number: int
    slides: TimeSlides


def _shifted(
    family: TimeSlides, times: Float64, quiet: Float64, *, rng: np.random.Generator
) -> TimeSlides | None:
    """Shift the real triggers by an offset; None where no background or too few glitches remain.

    The offset is larger than the largest lag, and slides of the pseudo-family start from it:
    the triggers of the real family are no slide of its null.
    """
    live = family.grid.live
    shifted = shifted_times(times, family.triggers, family.grid, rng=rng)
    background = family_background(live, shifted, quiet)
    if background is None:
        return None
    grid = make_grid(live, background.lags_s)
    triggers = make_triggers(shifted, grid)
    if len(triggers.used) < LEAST_GLITCHES:
        return None
    return time_slides(triggers, grid, slides=SLIDES, rng=rng)


def _quiet(family: TimeSlides, background: Bool, *, rng: np.random.Generator) -> TimeSlides | None:
    """Draw as many quiet times as the family has triggers; None where there is too little quiet time."""
    windows, count = window_mask(background), len(family.triggers.used)
    if int(windows.sum()) < 4 * count:
        return None
    return quiet_slides(windows, family.grid, count=count, slides=SLIDES, rng=rng)


def pseudo_families(
    family: TimeSlides, times: Float64, background: Bool, quiet: Float64, *, count: int, seed: int
) -> list[PseudoFamily]:
    """Build `count` pseudo-families of both kinds in turn; those that cannot be built are left out.

    Parameters
    ----------
    family
        Time slides of the real family.
    times
        GPS times of the real family.
    background
        ``(n,)`` the real family's background.
    quiet
        ``(k, 2)`` quiet time, GPS seconds.
    count, seed
        Number of pseudo-families, and seed of the random stream.
    """
    families = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        if number % 2:
            kind, slides = "quiet", _quiet(family, background, rng=rng)
        else:
            kind, slides = "shifted", _shifted(family, times, quiet, rng=rng)
        if slides is not None:
            families.append(PseudoFamily(kind, number, slides))
    return families


def pseudo_p_values(families: Sequence[PseudoFamily], measured: Sequence[Measured]) -> pd.DataFrame:
    """Compute the family-wise p of each pseudo-family's largest abs(T): kind, number and p_value.

    `measured` has the features that are ranked; where there are none, there is no p.
    """
    rows = []
    for family, statistics in zip(families, measured, strict=True):
        if not len(statistics.t):
            continue
        largest = np.abs(statistics.t).max(initial=0.0)
        null = statistics.peaks.max(axis=0, initial=0.0).astype(float)
        rows.append((family.kind, family.number, float(share_above(np.array([largest]), null)[0])))
    return pd.DataFrame(rows, columns=["kind", "number", "p_value"])

"""Pseudo-families: what the whole procedure says where there is nothing to find."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Bool, Float64, Int32, Int64
from glitch_explorer.coupling.witnesses.background import family_background
from glitch_explorer.coupling.witnesses.nulls import Measured, share_above
from glitch_explorer.coupling.witnesses.ranks import Grid, make_grid, window_mask
from glitch_explorer.coupling.witnesses.slides import (
    LEAST_GLITCHES,
    Slid,
    Train,
    make_train,
    quiet_train,
    shifted,
    slide,
)

#: Slides of a pseudo-family: they resolve a p of 0.005, and 0.01 is the smallest level asked about.
SLIDES = 199


@dataclass(frozen=True)
class Pseudo:
    """A pseudo-family: shifted or quiet, its number, and its train."""

    kind: str
    number: int
    slid: Slid


def shifted_train(
    train: Train,
    grid: Grid,
    *,
    cells: Int64,
    block: Int32,
    quiet: Float64,
    family_times: Float64,
    rng: np.random.Generator,
) -> Slid | None:
    """Turn the real train by an offset; None where no background or too few glitches are left.

    The offset is larger than the largest lag, and slides of the pseudo-family start from it:
    no slide of the real family's null is its train.
    """
    times = shifted(family_times, train, cells, grid, rng=rng)
    found = family_background(cells, times, quiet)
    if found is None:
        return None
    own = make_grid(cells, block, found.lags_s)
    moved = make_train(times, cells, own)
    if len(moved.used) < LEAST_GLITCHES:
        return None
    return slide(moved, own, slides=SLIDES, rng=rng)


def quiet_times(background: Bool, grid: Grid, count: int, *, rng: np.random.Generator) -> Slid | None:
    """Draw `count` quiet times, slid within quiet time; None where there are too few of them."""
    quiet = window_mask(background)
    if int(quiet.sum()) < 4 * count:
        return None
    return quiet_train(quiet, grid, count=count, slides=SLIDES, rng=rng)


def pseudo_trains(
    train: Train,
    grid: Grid,
    background: Bool,
    *,
    cells: Int64,
    block: Int32,
    quiet: Float64,
    family_times: Float64,
    count: int,
    seed: int,
) -> list[Pseudo]:
    """Make `count` pseudo-families of both kinds in turn; those that cannot be made are left out.

    Parameters
    ----------
    train, grid, background
        What the real family is measured with.
    cells, block
        ``(n,)`` live time: grid indices, and the number of each one's interval.
    quiet, family_times
        ``(k, 2)`` quiet stretches, and the real family's times, GPS seconds.
    """
    made = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        if number % 2:
            kind, slid = "quiet", quiet_times(background, grid, len(train.used), rng=rng)
        else:
            kind = "shifted"
            slid = shifted_train(
                train, grid, cells=cells, block=block, quiet=quiet, family_times=family_times, rng=rng
            )
        if slid is not None:
            made.append(Pseudo(kind, number, slid))
    return made


def pseudo_p_values(made: Sequence[Pseudo], measured: Sequence[Measured]) -> pd.DataFrame:
    """Give the family-wise p of each pseudo-family's largest abs(T): kind, number and p_value.

    Features that are not ranked take no part: `measured` is without them. Without any there is no p.
    """
    rows = []
    for one, found in zip(made, measured, strict=True):
        if not len(found.t):
            continue
        most = np.abs(found.t).max(initial=0.0)
        null = found.peaks.max(axis=0, initial=0.0).astype(float)
        rows.append((one.kind, one.number, float(share_above(np.array([most]), null)[0])))
    return pd.DataFrame(rows, columns=["kind", "number", "p_value"])

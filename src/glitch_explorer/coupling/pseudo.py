"""Pseudo-families: what the whole procedure says where there is nothing to find."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from glitch_explorer.coupling.background import family_background
from glitch_explorer.coupling.nulls import measure, share_above
from glitch_explorer.coupling.ranks import Bool, Float32, Float64, Grid, Int32, Int64, make_grid, window_mask
from glitch_explorer.coupling.trains import (
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
class Null:
    """Live time, features that can be ranked, and quiet stretches: what pseudo-families are made from."""

    cells: Int64
    block: Int32
    values: Float32
    quiet: Float64
    threads: int


def _p_value(null: Null, slid: Slid) -> float:
    """Give the family-wise p of the largest abs(T)."""
    found = measure(null.values, null.cells, null.block, slid, threads=null.threads)
    most = np.abs(found.t).max(initial=0.0)
    return float(share_above(np.array([most]), found.peaks.max(axis=0).astype(float))[0])


def shifted_p(null: Null, family_times: Float64, train: Train, grid: Grid, *, seed: list[int]) -> float:
    """Test the real train turned by an offset; NaN where no background or too few glitches are left.

    The offset is larger than the largest lag, and slides of the pseudo-family start from it:
    no slide of the real family's null is its train.
    """
    rng = np.random.default_rng(seed)
    times = shifted(family_times, train, null.cells, grid, rng=rng)
    found = family_background(null.cells, times, null.quiet)
    if found is None:
        return np.nan
    own = make_grid(null.cells, null.block, found.lags_s)
    moved = make_train(times, null.cells, own)
    if len(moved.used) < LEAST_GLITCHES:
        return np.nan
    return _p_value(null, slide(moved, own, slides=SLIDES, rng=rng))


def quiet_p(null: Null, background: Bool, grid: Grid, count: int, *, seed: list[int]) -> float:
    """Test `count` quiet times, slid within quiet time; NaN where there are too few of them."""
    rng = np.random.default_rng(seed)
    quiet = window_mask(background)
    if int(quiet.sum()) < 4 * count:
        return np.nan
    slid = quiet_train(quiet, grid, count=count, slides=SLIDES, rng=rng)
    return _p_value(null, slid)


def pseudo_families(
    null: Null, family_times: Float64, train: Train, grid: Grid, background: Bool, *, count: int, seed: int
) -> pd.DataFrame:
    """Test pseudo-families of both kinds in turn.

    Returns
    -------
    kind (shifted or quiet), number and p_value; those that could not be made are left out.
    """
    rows = []
    for number in range(count):
        if number % 2:
            p = quiet_p(null, background, grid, len(train.used), seed=[seed, number])
        else:
            p = shifted_p(null, family_times, train, grid, seed=[seed, number])
        rows.append(("quiet" if number % 2 else "shifted", number, p))
    table = pd.DataFrame(rows, columns=["kind", "number", "p_value"])
    return table[table["p_value"].notna()].reset_index(drop=True)

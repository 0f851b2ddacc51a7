"""p-values counted among time slides, and q-values.

A p-value is (1 + slides at least as high) / (1 + slides), and enters every claim as it is counted. Where
few slides are as high, more are drawn by a rule that is fixed beforehand (Besag & Clifford 1991).
q-values: families first, channels within them (Benjamini & Bogomolov 2014). A family's p-value is that of
its largest T over channel x band x lag; within a selected family a channel's is the same family-wise p.
There are then as many tests as families, not 10 000, and the correlation between channels costs nothing.
See docs/explanation/methods.md#family-wise-p and docs/explanation/methods.md#q-value.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from glitch_explorer.core.arrays import Bool, Float64, Int64

#: No more slides are drawn once this many are at least as high as the family's largest statistic.
ENOUGH = 10


def counted_p_values(
    above: Int64, slides: int, most: int, more: Callable[[int], Int64]
) -> tuple[Float64, int]:
    """Count p-values, with more slides while fewer than `ENOUGH` reach the largest statistic.

    The number of slides doubles until `ENOUGH` are at least as high or `most` are drawn. Each stage's size
    is fixed beforehand and a stage that ends with `ENOUGH` has p > `ENOUGH` / slides, so that the p-value
    of the largest statistic is valid at every level, whatever stage it ends in.

    Parameters
    ----------
    above
        ``(m,)`` slides of the first stage that are at least as high as each statistic.
    slides
        Slides of the first stage.
    most
        Largest number of slides.
    more
        Draws that many more slides and returns how many of them are as high, ``(m,)``.

    Returns
    -------
    p_values
        ``(m,)``.
    slides
        Slides that were drawn.
    """
    above = above.copy()
    while len(above) and above.min() < ENOUGH and slides < most:
        size = min(slides, most - slides)
        above += more(size)
        slides += size
    return np.asarray((1.0 + above) / (1.0 + slides), dtype=float), slides


def at_floor(p_values: pd.Series, slides: pd.Series) -> Bool:
    """Return which counted p-values ``(n,)`` have no slide as high: they are upper limits."""
    return np.asarray(p_values.to_numpy(dtype=float) * (1 + slides.to_numpy()) < 1.5)


def q_values(families: npt.NDArray[np.integer], p_values: Float64) -> Float64:
    """Compute q-values over families and channels, families first (Benjamini & Bogomolov 2014).

    With K families of which R are selected by Benjamini & Hochberg at level q (each by its
    smallest p), a channel counts where p <= q R / K. The expected share of selected families
    with any false channel is then at most q.

    Parameters
    ----------
    families
        ``(n,)`` number of each row's family and detector. Families without any row that could be
        tested do not count.
    p_values
        ``(n,)`` family-wise p of each row; NaN for unsafe channels.

    Returns
    -------
    numpy.ndarray
        ``(n,)`` smallest level at which the row counts, at most 1; NaN where p is.
    """
    q = np.full(len(p_values), np.nan)
    known = ~np.isnan(p_values)
    if not known.any():
        return q
    ordered = pd.Series(p_values).groupby(families).min().dropna().sort_values().to_numpy()
    k = np.arange(1, len(ordered) + 1)
    needed = np.maximum(ordered[None, :], p_values[known][:, None]) * len(ordered) / k
    q[known] = np.minimum(needed.min(axis=1), 1.0)
    return q


def joint_q_values(table: pd.DataFrame, others: pd.DataFrame) -> Float64:
    """Compute the q-values of one kind of evidence, with the families that another kind tested.

    Witnesses among channels that are read, and among triggers, flags and trends, are two searches of the same
    families: a family that both tested has two chances, and its p-values count twice (Bonferroni).

    Parameters
    ----------
    table, others
        Rows of the two kinds, with family, ifo and p_fwer; one channel may be in both.

    Returns
    -------
    numpy.ndarray
        ``(n,)`` q-values of `table`, over all families and detectors of both.
    """
    both = pd.concat(
        [part[["family", "ifo", "p_fwer"]].assign(kind=kind) for kind, part in enumerate((table, others))],
        ignore_index=True,
    )
    both["p_fwer"] = both["p_fwer"].astype(float)
    tested = both["kind"].where(both["p_fwer"].notna())
    family = [both["family"], both["ifo"]]
    p_values = (both["p_fwer"] * tested.groupby(family).transform("nunique")).clip(upper=1)
    number = both.groupby(["family", "ifo"]).ngroup().to_numpy()
    return q_values(number, p_values.to_numpy())[: len(table)]

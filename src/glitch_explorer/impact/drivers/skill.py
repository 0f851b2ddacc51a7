"""Skill of probabilities against a baseline. See docs/explanation/drivers.md#folds-models-baseline."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.coupling.schemas import ALPHA
from glitch_explorer.coupling.witnesses.blocks import DRAWS, LEAST_BLOCKS, PERCENTILES

#: Differences below this are rounding errors.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Gain:
    """Average precision and Brier skill of a model against its baseline, with 95 % intervals and a p-value.

    Intervals and p-value are NaN with fewer than `LEAST_BLOCKS` blocks.
    """

    ap: float
    baseline: float
    #: Interval of `ap` minus `baseline`.
    low: float
    high: float
    #: NaN where the baseline makes no error.
    brier_skill: float
    brier_low: float
    brier_high: float
    #: Larger of the p-values of the two differences.
    p_value: float
    #: Number of blocks that contain windows.
    blocks: int

    @property
    def beats(self) -> bool:
        """Whether the p-value is at most `ALPHA`."""
        return self.p_value <= ALPHA


def average_precision(probability: Float64, glitch: Bool, weights: Float64) -> Float64:
    """Return the average precision for each set of weights.

    Average precision is the sum, over thresholds on the probability, of precision times the increase in
    recall; windows of equal probability share one threshold.

    Parameters
    ----------
    probability, glitch
        ``(n,)`` predicted probability of each window, and whether it contains a glitch.
    weights
        ``(w, n)``, 0 or more.

    Returns
    -------
    ndarray
        ``(w,)``, NaN where no glitch has weight.
    """
    order = np.argsort(-probability, kind="stable")
    last = np.flatnonzero(np.append(np.diff(probability[order]) != 0, True))
    ordered = weights[:, order]
    hits = np.cumsum(ordered * glitch[order], axis=1)[:, last]
    flagged = np.cumsum(ordered, axis=1)[:, last]
    precision = hits / np.maximum(flagged, 1e-300)
    with np.errstate(invalid="ignore"):
        return np.asarray((np.diff(hits, axis=1, prepend=0.0) * precision).sum(axis=1) / hits[:, -1])


def gain(probability: Float64, baseline: Float64, glitch: Bool, blocks: Int64, *, seed: int) -> Gain:
    """Compare a model with its baseline on the same held-out windows, block by block.

    The intervals are those of a block bootstrap. The p-value is the larger of those of `exchange_p_values`,
    because a model has to be better by both scores (intersection-union test; Berger 1982).

    Parameters
    ----------
    probability, baseline, glitch
        ``(n,)`` probability of each window by the model and by the baseline, and whether it contains a
        glitch.
    blocks
        ``(n,)`` block of each window; whole blocks are drawn.
    seed
        Seed of the draws.
    """
    once = np.ones((1, len(glitch)))
    ap, base = (float(average_precision(p, glitch, once)[0]) for p in (probability, baseline))
    skill = float(brier_skill(probability, baseline, glitch, once)[0])
    _, number = np.unique(blocks, return_inverse=True)
    count = int(number.max()) + 1
    if count < LEAST_BLOCKS:
        return Gain(ap, base, np.nan, np.nan, skill, np.nan, np.nan, np.nan, count)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(count, np.full(count, 1 / count), DRAWS)[:, number].astype(float)
    drawn, drawn_base = (average_precision(p, glitch, weights) for p in (probability, baseline))
    low, high = np.nanpercentile(drawn - drawn_base, PERCENTILES)
    brier_low, brier_high = np.nanpercentile(brier_skill(probability, baseline, glitch, weights), PERCENTILES)
    return Gain(
        ap=ap,
        baseline=base,
        low=float(low),
        high=float(high),
        brier_skill=skill,
        brier_low=float(brier_low),
        brier_high=float(brier_high),
        p_value=max(exchange_p_values(probability, baseline, glitch, number, rng=rng)),
        blocks=count,
    )


def exchange_p_values(
    probability: Float64, baseline: Float64, glitch: Bool, blocks: Int64, *, rng: np.random.Generator
) -> tuple[float, float]:
    """Compute one-sided p-values of the differences in average precision and in Brier score.

    A model without skill and its baseline could be exchanged in any block. Both differences are therefore
    compared with those after exchanges in a random half of the blocks; p = (1 + exceedances) / (1 + draws)
    (Phipson & Smyth 2010). For average precision, both are replaced by their ranks first. This leaves the
    average precision as it is, and makes blocks comparable in which one or the other is used.

    Parameters
    ----------
    probability, baseline, glitch
        ``(n,)`` as in `gain`.
    blocks
        ``(n,)`` number of each window's block, from 0.
    rng
        Generator of the exchanges.
    """
    exchanged = rng.integers(0, 2, (DRAWS, blocks.max() + 1)).astype(bool)
    exchanged[0] = False  # as observed; it stands for the 1 in (1 + exceedances) / (1 + draws)
    windows = exchanged[:, blocks].astype(float)
    ranks = np.concatenate([rankdata(probability), rankdata(baseline)])
    twice = np.tile(glitch, 2)
    one, other = (
        average_precision(ranks, twice, np.hstack(weights))
        for weights in ((1 - windows, windows), (windows, 1 - windows))
    )
    precision = one - other
    brier = (1 - 2 * windows) @ ((baseline - glitch) ** 2 - (probability - glitch) ** 2)
    return (
        float(np.mean(precision >= precision[0] - _ROUNDING)),
        float(np.mean(brier >= brier[0] - _ROUNDING)),
    )


def brier_skill(probability: Float64, baseline: Float64, glitch: Bool, weights: Float64) -> Float64:
    """Return 1 - Brier score / that of the baseline (Brier 1950) for each set of weights.

    Parameters
    ----------
    probability, baseline, glitch
        ``(n,)`` as in `gain`.
    weights
        ``(w, n)``, 0 or more.

    Returns
    -------
    ndarray
        ``(w,)``, NaN where the baseline makes no error.
    """
    score, reference = (weights @ (p - glitch) ** 2 for p in (probability, baseline))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(reference > 0, 1 - score / reference, np.nan))


def roc_auc(probability: Float64, glitch: Bool) -> float:
    """Return the share of (glitch, background) pairs in the right order; ties count half."""
    ordered = np.sort(probability[~glitch])
    below = np.searchsorted(ordered, probability[glitch], side="left")
    upto = np.searchsorted(ordered, probability[glitch], side="right")
    return float((below + upto).mean() / (2 * len(ordered)))

"""Skill of probabilities against a baseline. See docs/explanation/drivers.md#folds-models-baseline."""

from dataclasses import dataclass

import numpy as np

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.coupling.witnesses.blocks import DRAWS, LEAST_BLOCKS, PERCENTILES


@dataclass(frozen=True)
class Gain:
    """Average precision of a model and of its baseline, and the interval of the difference."""

    ap: float
    baseline: float
    low: float
    high: float
    #: Number of blocks that contain windows.
    blocks: int

    @property
    def beats(self) -> bool:
        """Whether the lower end of the interval is above 0."""
        return self.low > 0


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
    """Compare a model with its baseline on the same held-out windows, by a block bootstrap.

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
    _, number = np.unique(blocks, return_inverse=True)
    count = int(number.max()) + 1
    if count < LEAST_BLOCKS:
        return Gain(ap, base, np.nan, np.nan, count)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(count, np.full(count, 1 / count), DRAWS)[:, number].astype(float)
    drawn, drawn_base = (average_precision(p, glitch, weights) for p in (probability, baseline))
    low, high = np.nanpercentile(drawn - drawn_base, PERCENTILES)
    return Gain(ap, base, float(low), float(high), count)


def brier_skill(probability: Float64, baseline: Float64, glitch: Bool) -> float:
    """Return 1 - Brier score / that of the baseline (Brier 1950); NaN if the baseline makes no error."""
    score, reference = (float(((p - glitch) ** 2).mean()) for p in (probability, baseline))
    return 1 - score / reference if reference > 0 else np.nan


def roc_auc(probability: Float64, glitch: Bool) -> float:
    """Return the share of (glitch, background) pairs in the right order; ties count half."""
    ordered = np.sort(probability[~glitch])
    below = np.searchsorted(ordered, probability[glitch], side="left")
    upto = np.searchsorted(ordered, probability[glitch], side="right")
    return float((below + upto).mean() / (2 * len(ordered)))

"""Gradient-boosted trees and random forests: small, with fixed parameters, independent of threads.

Every model is fitted on one thread; folds run in parallel. Hyper-parameters are not searched: a family has
tens of glitches, and a search would need a fold of its own. Glitches have no larger weight: it raises the
held-out Brier score (docs/explanation/drivers.md#folds-models-baseline).

A model is fitted to the features that, each alone, separate its windows best. Among 2,000 features without
information, 200 glitches cannot identify a few with it, and a fold takes one second instead of ten.
"""

import warnings
from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np
import xgboost
from sklearn.ensemble import RandomForestClassifier

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int64

ModelName = Literal["xgboost", "random_forest"]
MODELS: tuple[ModelName, ...] = ("xgboost", "random_forest")
#: Unit of a model's SHAP values.
UNITS: dict[ModelName, str] = {"xgboost": "log-odds", "random_forest": "probability"}
#: How SHAP removes features: by the share of fitted windows on each side of a split.
PERTURBATION = "tree path dependent"
#: Features that a model is fitted to.
SCREENED = 100
_ROUNDS = 100
_BOOSTING = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_depth": 3,
    "eta": 0.1,
    "subsample": 0.8,
    "colsample_bytree": 0.5,
    "min_child_weight": 2.0,
    "max_bin": 64,
    "nthread": 1,
}
_TREES, _DEPTH, _LEAF = 100, 8, 3


@dataclass(frozen=True)
class Model:
    """Gradient-boosted trees (Chen & Guestrin 2016) or a random forest (Breiman 2001).

    Attributes
    ----------
    columns
        ``(k,)`` columns that the model is fitted to.
    trees
        Fitted booster or forest.
    medians
        ``(k,)`` values that replace missing ones in a forest; None for a booster, which needs none.
    """

    columns: Int64
    trees: xgboost.Booster | RandomForestClassifier
    medians: Float32 | None = None

    def probability(self, windows: Float32) -> Float64:
        """Return the probability of a glitch for windows ``(n, k)`` of the model's columns."""
        if isinstance(self.trees, xgboost.Booster):
            return np.asarray(self.trees.inplace_predict(windows), dtype=np.float64)
        return np.asarray(self.trees.predict_proba(imputed(windows, self.medians))[:, 1], dtype=np.float64)

    def shapley(self, windows: Float32) -> tuple[Float64, float]:
        """Return SHAP values ``(n, k)`` and their base value (Lundberg 2020).

        Their unit is log-odds for a booster and probability for a forest.
        """
        import shap  # with its plots; a model that does not beat its baseline is not explained

        explainer = shap.TreeExplainer(self.trees)
        values = np.asarray(explainer.shap_values(imputed(windows, self.medians)), dtype=float)
        base = np.atleast_1d(np.asarray(explainer.expected_value, dtype=float))
        return (values[..., 1] if values.ndim == 3 else values), float(base[-1])


def imputed(windows: Float32, medians: Float32 | None) -> Float32:
    """Return windows with missing values replaced by medians, if there are any."""
    return windows if medians is None else np.where(np.isnan(windows), medians, windows)


def separation(windows: Float32, glitch: Bool) -> Float64:
    """Return how well each column ``(n, k)`` alone separates glitches from background.

    Returns
    -------
    ndarray
        ``(k,)`` larger of two standard scores of the rank sum (Mann & Whitney 1947), of values and of their
        sizes (a burst can have either sign); 0 where glitches or background have no value.
    """
    score = np.zeros(windows.shape[1])
    for values in (windows, np.abs(windows)):
        ours, others = (np.sort(values[side].T, axis=1) for side in (glitch, ~glitch))  # NaN come last
        sizes = [np.count_nonzero(~np.isnan(side), axis=1) for side in (ours, others)]
        n, m = sizes
        known = (n > 0) & (m > 0)
        distance = np.abs(_pairs_above(ours, others, n, m) - n * m) / 2
        n, m, distance = n[known], m[known], distance[known]
        score[known] = np.maximum(score[known], distance / np.sqrt(n * m * (n + m + 1) / 12))
    return score


@numba.njit(nogil=True, cache=True)
def _pairs_above(ours: Float32, others: Float32, n: Int64, m: Int64) -> Int64:
    """Count for each row the pairs in which one of ours is above one of the others, twice; ties count once.

    Rows are sorted, of which the first `n` values of ours and the first `m` of the others count.
    """
    pairs = np.zeros(len(ours), np.int64)
    for k in range(len(ours)):
        below = upto = 0
        for i in range(n[k]):
            while below < m[k] and others[k, below] < ours[k, i]:
                below += 1
            while upto < m[k] and others[k, upto] <= ours[k, i]:
                upto += 1
            pairs[k] += below + upto
    return pairs


def screened(windows: Float32, glitch: Bool) -> Int64:
    """Select the columns with the best separation, in ascending order."""
    best = np.argsort(-separation(windows, glitch), kind="stable")[:SCREENED]
    return np.sort(best).astype(np.int64)


def fit(name: ModelName, windows: Float32, glitch: Bool, columns: Int64, *, seed: int) -> Model:
    """Fit a model to some columns of windows ``(n, k)``."""
    chosen = np.ascontiguousarray(windows[:, columns])
    if name == "xgboost":
        data = xgboost.DMatrix(chosen, glitch.astype(np.float32), nthread=1)
        return Model(columns, xgboost.train(_BOOSTING | {"seed": seed}, data, _ROUNDS))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="All-NaN slice")
        medians = np.nan_to_num(np.nanmedian(chosen, axis=0)).astype(np.float32)
    forest = RandomForestClassifier(
        _TREES, max_depth=_DEPTH, min_samples_leaf=_LEAF, max_features="sqrt", n_jobs=1, random_state=seed
    )
    return Model(columns, forest.fit(imputed(chosen, medians), glitch), medians)

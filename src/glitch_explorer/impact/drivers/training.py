"""Gradient-boosted trees and random forests: small, fixed, and the same with any number of threads.

Every model trains on one thread; folds run beside each other. Hyper-parameters are not searched: a family
has tens of glitches, and a search over them would need a fold of its own. Glitches are not weighted
up: it raises the held-out Brier score (docs/explanation/drivers.md).

A model is trained on the features that tell its training windows apart best, one by one: of
2,000 that say nothing 200 glitches cannot find a few that do, and a fold takes a second instead of ten.
"""

import warnings
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import shap
import xgboost
from sklearn.ensemble import RandomForestClassifier

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int64

ModelName = Literal["xgboost", "random_forest"]
MODELS: tuple[ModelName, ...] = ("xgboost", "random_forest")
#: Unit that a model's SHAP values have.
UNITS: dict[ModelName, str] = {"xgboost": "log-odds", "random_forest": "probability"}
#: How SHAP takes features away: by the share of training windows on each side of a split.
PERTURBATION = "tree path dependent"
#: Features that a model is trained on.
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


class Model(Protocol):
    """What is common to both kinds of model."""

    @property
    def columns(self) -> Int64:
        """Numbers of the columns that it was trained on."""
        ...

    def probability(self, windows: Float32) -> Float64:
        """Give the probability of a glitch for windows ``(n, k)`` of the model's columns."""
        ...

    def shapley(self, windows: Float32) -> tuple[Float64, float]:
        """Give SHAP values ``(n, k)`` of the model's columns, and what they are added to."""
        ...


@dataclass(frozen=True)
class Boosted:
    """Gradient-boosted trees (Chen & Guestrin 2016); SHAP values in log-odds."""

    columns: Int64
    booster: xgboost.Booster

    def probability(self, windows: Float32) -> Float64:
        """Give the probability of a glitch for windows ``(n, k)`` of the model's columns."""
        return np.asarray(self.booster.inplace_predict(windows), dtype=float)

    def shapley(self, windows: Float32) -> tuple[Float64, float]:
        """Give SHAP values ``(n, k)``, and what they are added to (Lundberg 2020)."""
        return _explained(shap.TreeExplainer(self.booster), windows)


@dataclass(frozen=True)
class Forest:
    """A random forest (Breiman 2001), medians where windows lack data; SHAP values in probability."""

    columns: Int64
    forest: RandomForestClassifier
    medians: Float32

    def probability(self, windows: Float32) -> Float64:
        """Give the probability of a glitch for windows ``(n, k)`` of the model's columns."""
        return np.asarray(self.forest.predict_proba(imputed(windows, self.medians))[:, 1], dtype=float)

    def shapley(self, windows: Float32) -> tuple[Float64, float]:
        """Give SHAP values ``(n, k)``, and what they are added to (Lundberg 2020)."""
        return _explained(shap.TreeExplainer(self.forest), imputed(windows, self.medians))


def _explained(explainer: shap.TreeExplainer, windows: Float32) -> tuple[Float64, float]:
    """Explain windows; of two classes the glitches' values are taken."""
    values = np.asarray(explainer.shap_values(windows), dtype=float)
    base = np.atleast_1d(np.asarray(explainer.expected_value, dtype=float))
    return (values[..., 1] if values.ndim == 3 else values), float(base[-1])


def imputed(windows: Float32, medians: Float32) -> Float32:
    """Fill what is missing with the columns' medians."""
    filled: Float32 = np.where(np.isnan(windows), medians, windows)
    return filled


def separation(windows: Float32, glitch: Bool) -> Float64:
    """Say how well each column ``(n, k)`` alone tells glitches from other times.

    Returns
    -------
    ``(k,)`` larger of the two standard scores of the rank sum (Mann & Whitney 1947), of values and of
    their sizes (a burst may go either way); 0 where either side has none.
    """
    found = np.zeros(windows.shape[1])
    for values in (windows, np.abs(windows)):
        ours, others = (np.sort(values[side].T, axis=1) for side in (glitch, ~glitch))  # NaN come last
        sizes = [np.count_nonzero(~np.isnan(side), axis=1) for side in (ours, others)]
        for k, (n, m) in enumerate(zip(*sizes, strict=True)):
            if n and m:
                rest, these = others[k, :m], ours[k, :n]
                below, upto = (np.searchsorted(rest, these, side=end) for end in ("left", "right"))
                away = abs((below + upto).sum() - n * m) / 2
                found[k] = max(found[k], away / np.sqrt(n * m * (n + m + 1) / 12))
    return found


def screened(windows: Float32, glitch: Bool) -> Int64:
    """Choose the columns that a model is trained on: those that separate best, in their order."""
    best = np.argsort(-separation(windows, glitch), kind="stable")[:SCREENED]
    return np.sort(best).astype(np.int64)


def fit(name: ModelName, windows: Float32, glitch: Bool, columns: Int64, *, seed: int) -> Model:
    """Train a model on the columns of windows ``(n, k)``."""
    chosen = np.ascontiguousarray(windows[:, columns])
    if name == "xgboost":
        data = xgboost.DMatrix(chosen, glitch.astype(np.float32), nthread=1)
        return Boosted(columns, xgboost.train(_BOOSTING | {"seed": seed}, data, _ROUNDS))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="All-NaN slice")
        medians = np.nan_to_num(np.nanmedian(chosen, axis=0)).astype(np.float32)
    forest = RandomForestClassifier(
        _TREES, max_depth=_DEPTH, min_samples_leaf=_LEAF, max_features="sqrt", n_jobs=1, random_state=seed
    )
    forest.fit(imputed(chosen, medians), glitch)
    return Forest(columns, forest, medians)

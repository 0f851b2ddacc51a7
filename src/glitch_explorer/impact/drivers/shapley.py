"""SHAP values of models that beat their baseline: each glitch by the model that it was held out from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Float32, Float64
from glitch_explorer.impact.drivers.training import ModelName
from glitch_explorer.impact.drivers.trials import Trial
from glitch_explorer.impact.drivers.windows import BINS_S, Material


@dataclass(frozen=True)
class Explained:
    """SHAP values of the glitches of one cross-validation (`trials.Trial`).

    Attributes
    ----------
    values
        ``(g, c)`` of each glitch and column of the sample; 0 where a model does not have the column.
    base
        ``(g,)`` base values.
    windows
        ``(g, c)`` windows of the glitches.
    """

    values: Float64
    base: Float64
    windows: Float32


def explain_glitches(trial: Trial, name: ModelName) -> Explained:
    """Compute SHAP values of each glitch by the model that its segment was held out from."""
    sample = trial.sample
    glitches = np.flatnonzero(sample.glitch)
    values = np.zeros((len(glitches), len(sample.columns)))
    base = np.zeros(len(glitches))
    for fold, model in enumerate(trial.models[name]):
        rows = np.flatnonzero(sample.fold[glitches] == fold)
        if len(rows):
            phi, base[rows] = model.shapley(sample.windows[np.ix_(glitches[rows], model.columns)])
            values[np.ix_(rows, model.columns)] = phi
    return Explained(values, base, sample.windows[glitches])


def by_channel(material: Material, trial: Trial, explained: Explained) -> pd.DataFrame:
    """Sum SHAP values with their sign over channels.

    Returns
    -------
    DataFrame
        Columns number (of the glitch), channel, shap, and value: the channel's score with the largest
        absolute value. Channels that no model uses are left out.
    """
    features = trial.sample.columns % len(material.columns)
    channels = material.columns["channel"].to_numpy()[features]
    parts = [pd.DataFrame(columns=["number", "channel", "shap", "value"])]
    for channel in np.unique(channels[np.any(explained.values != 0, axis=0)]):
        windows = explained.windows[:, channels == channel]
        size = np.where(np.isnan(windows), np.float32(-1), np.abs(windows))
        strongest = np.take_along_axis(windows, size.argmax(axis=1)[:, None], axis=1)[:, 0]
        columns = {
            "number": trial.sample.number,
            "channel": channel,
            "shap": explained.values[:, channels == channel].sum(axis=1),
            "value": strongest.astype(float),
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def by_feature(material: Material, trial: Trial, explained: Explained) -> pd.DataFrame:
    """Return the mean absolute SHAP value of each feature and bin of lags that a model uses."""
    columns = trial.sample.columns
    used = np.flatnonzero(np.any(explained.values != 0, axis=0))
    features = material.columns.iloc[columns[used] % len(material.columns)]
    bins = np.array(BINS_S)[columns[used] // len(material.columns)]
    return pd.DataFrame(
        {
            "channel": features["channel"].to_numpy(),
            "band": features["band"].to_numpy(),
            "lag_low": bins[:, 0],
            "lag_high": bins[:, 1],
            "mean_abs_shap": np.abs(explained.values[:, used]).mean(axis=0),
        }
    ).sort_values(["channel", "band", "lag_low"], ignore_index=True)

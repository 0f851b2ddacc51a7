"""SHAP of models that beat their baseline: each glitch by the model that did not see it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Float32, Float64
from glitch_explorer.impact.drivers.training import ModelName
from glitch_explorer.impact.drivers.trials import Trial
from glitch_explorer.impact.drivers.windows import BINS_S, Material


@dataclass(frozen=True)
class Explained:
    """SHAP values of the glitches of one trial.

    Attributes
    ----------
    values
        ``(g, c)`` of each glitch and column of the sample; 0 where a model does not know the column.
    base
        ``(g,)`` what they are added to.
    windows
        ``(g, c)`` what the models saw.
    """

    values: Float64
    base: Float64
    windows: Float32


def explain_glitches(trial: Trial, name: ModelName) -> Explained:
    """Explain each glitch by the model that its segment was held out from."""
    sample = trial.sample
    glitches = np.flatnonzero(sample.glitch)
    values = np.zeros((len(glitches), len(sample.columns)))
    base = np.zeros(len(glitches))
    for fold, model in enumerate(trial.fitted[name]):
        mine = np.flatnonzero(sample.fold[glitches] == fold)
        if len(mine):
            phi, base[mine] = model.shapley(sample.windows[np.ix_(glitches[mine], model.columns)])
            values[np.ix_(mine, model.columns)] = phi
    return Explained(values, base, sample.windows[glitches])


def by_channel(material: Material, trial: Trial, found: Explained) -> pd.DataFrame:
    """Sum SHAP values with their sign to channels.

    Returns
    -------
    DataFrame
        number (of the glitch), channel, shap and value: the score of the channel's that is largest in size.
        Channels that no model knows are left out.
    """
    features = trial.sample.columns % len(material.columns)
    channels = material.columns["channel"].to_numpy()[features]
    parts = []
    for channel in np.unique(channels[np.any(found.values != 0, axis=0)]):
        mine = channels == channel
        seen = found.windows[:, mine]
        size = np.where(np.isnan(seen), np.float32(-1), np.abs(seen))
        strongest = np.take_along_axis(seen, size.argmax(axis=1)[:, None], axis=1)[:, 0]
        parts.append(
            pd.DataFrame(
                {
                    "number": trial.sample.number,
                    "channel": channel,
                    "shap": found.values[:, mine].sum(axis=1),
                    "value": strongest.astype(float),
                }
            )
        )
    names = ["number", "channel", "shap", "value"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)


def by_feature(material: Material, trial: Trial, found: Explained) -> pd.DataFrame:
    """Give the mean size of the SHAP values of each feature and bin of lags that a model knows."""
    columns = trial.sample.columns
    known = np.flatnonzero(np.any(found.values != 0, axis=0))
    named = material.columns.iloc[columns[known] % len(material.columns)]
    bins = np.array(BINS_S)[columns[known] // len(material.columns)]
    return pd.DataFrame(
        {
            "channel": named["channel"].to_numpy(),
            "band": named["band"].to_numpy(),
            "lag_low": bins[:, 0],
            "lag_high": bins[:, 1],
            "mean_abs_shap": np.abs(found.values[:, known]).mean(axis=0),
        }
    ).sort_values(["channel", "band", "lag_low"], ignore_index=True)

"""The features that are tested: those with data that vary."""

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Float32
from glitch_explorer.coupling.channels.feature_set import FeatureSet, varying
from glitch_explorer.coupling.witnesses.ranks import align, delays_s

#: A feature with data in less of the live time than this is not tested.
LEAST_COVERAGE = 0.2


def usable_features(
    features: FeatureSet, channels: pd.DataFrame, *, unsafe: bool = True
) -> tuple[pd.DataFrame, Float32]:
    """Select the features that have data and vary, and shift them back by their delays.

    Parameters
    ----------
    features
        Features over the family's live time.
    channels
        Columns channel and safety.
    unsafe
        Whether unsafe channels are selected too.

    Returns
    -------
    columns
        One row per feature: the columns of `features.columns`, safety, coverage (share of the live time with
        data) and delay_s.
    values
        float32 ``(n, m)``, rows are times of the channel.
    """
    columns = features.columns.reset_index(drop=True)
    columns = columns.merge(channels[["channel", "safety"]], on="channel", how="left", validate="many_to_one")
    columns["safety"] = columns["safety"].fillna("unknown")
    columns["coverage"] = (~np.isnan(features.values)).mean(axis=0)
    usable = (columns["coverage"] >= LEAST_COVERAGE) & varying(features.values)
    if not unsafe:
        usable &= columns["safety"] != "unsafe"
    columns, values = columns[usable].reset_index(drop=True), features.values[:, usable.to_numpy()]
    columns["delay_s"] = delays_s(columns["settling_s"].to_numpy(dtype=float))
    align(values, features.live, columns["delay_s"].to_numpy())
    return columns, values

"""Features of a detector's channels on a uniform grid."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True)
class FeatureSet:
    """Features over the live time of one family in one detector."""

    #: ``(n,)`` int64, grid indices in ascending order.
    cells: npt.NDArray[np.int64]
    #: ``(n,)`` int32, number of the contiguous live interval.
    block: npt.NDArray[np.int32]
    #: One row a feature: channel, band, low_hz, high_hz, settling_s.
    columns: pd.DataFrame
    #: ``(n, m)`` float32, robust z-scores against the past, NaN where there are no data.
    values: npt.NDArray[np.float32]
    #: channel, reason, share of the live time with data.
    coverage: pd.DataFrame

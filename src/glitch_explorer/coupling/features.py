"""Band-limited RMS of channels on a uniform grid, and its robust z-scores."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

#: Length of a grid cell in seconds; cell i covers [i * CELL_S, (i + 1) * CELL_S) GPS.
CELL_S = 0.5


@dataclass(frozen=True)
class FeatureSet:
    """Features of one family's live time in one detector.

    Attributes
    ----------
    cells
        int64 (n,), grid indices in ascending order.
    block
        int32 (n,), number of the contiguous live interval of each cell.
    columns
        One row a feature: channel, band, low_hz, high_hz, settling_s.
    values
        float32 (n, m), robust z-scores against the past, NaN where there is no data.
    coverage
        One row a channel and reason: channel, reason, share (of the live time with data).
    """

    cells: np.ndarray
    block: np.ndarray
    columns: pd.DataFrame
    values: np.ndarray
    coverage: pd.DataFrame

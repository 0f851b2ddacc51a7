"""Features over a live time: read from the store, scored, and with what is missing counted."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Bool, Float, Float32, Float64
from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.coupling.channels.coverage import coverage
from glitch_explorer.coupling.channels.features import SLOPE, robust_scores, slopes
from glitch_explorer.coupling.channels.fetch import Missing
from glitch_explorer.coupling.channels.live_time import LiveTime
from glitch_explorer.coupling.channels.store import CHUNK_BINS, FeatureStore

#: Chunks of features in memory at a time.
_CHUNKS_AT_ONCE = 64
#: Least scatter of a logarithm: 0.01 % of an RMS, so that rounding is no event.
_LEAST_SCATTER = 1e-4


@dataclass(frozen=True)
class FeatureSet:
    """Features of one family's live time in one detector.

    Attributes
    ----------
    live
        The live time, n bins.
    columns
        One row per feature: channel, band, low_hz, high_hz, settling_s.
    values
        float32 ``(n, m)``, robust z-scores against the past, NaN where there is no data.
    coverage
        Table "channel_coverage" without family and ifo.
    """

    live: LiveTime
    columns: pd.DataFrame
    values: Float32
    coverage: pd.DataFrame


def varying(values: Float) -> Bool:
    """Return which features ``(n, m)`` have more than one value; NaN is none."""
    with np.errstate(invalid="ignore"):
        low = np.fmin.reduce(values, axis=0, initial=np.inf)
        high = np.fmax.reduce(values, axis=0, initial=-np.inf)
    return np.asarray(high > low)


def stored_values(store: FeatureStore, live: LiveTime) -> tuple[Float32, Float64, list[Missing]]:
    """Read the features of a live time before any scoring; chunks that the store lacks are computed.

    Returns
    -------
    logs
        Logarithms of RMS, float32 ``(n, l)``, columns `store.logs`.
    means
        Means in the channels' units, float64 ``(n, k)``, columns `store.means`.
    missing
        What has no data, and why.
    """
    logs = np.full((len(live), len(store.logs)), np.nan, np.float32)
    means = np.full((len(live), len(store.means)), np.nan)
    return logs, means, _fill(store, live, logs, means)


def _fill(store: FeatureStore, live: LiveTime, logs: Float32, means: Float64) -> list[Missing]:
    """Write the features of a live time into arrays of NaN."""
    missing: list[Missing] = []
    chunk_of = live.bins // CHUNK_BINS
    numbers = np.unique(chunk_of)
    for first in range(0, len(numbers), _CHUNKS_AT_ONCE):
        for number, chunk in store.chunks(int(n) for n in numbers[first : first + _CHUNKS_AT_ONCE]).items():
            low, high = np.searchsorted(chunk_of, [number, number + 1])
            rows = live.bins[low:high] - number * CHUNK_BINS
            logs[low:high], means[low:high] = chunk.logs[rows], chunk.means[rows]
            missing += chunk.missing
    return missing


def family_features(store: FeatureStore, intervals: Float64) -> FeatureSet:
    """Compute the features of a family's live time: robust z-scores of bands, means and slopes.

    Takes about 40 bytes a bin and channel of six bands, 32 of which are the result.

    Parameters
    ----------
    store
        Feature store of the detector.
    intervals
        ``(k, 2)`` live time, from `live_intervals`.

    Returns
    -------
    FeatureSet
        Scores are NaN in the first 60 s of each stretch, which have too little past.
        A feature that never changes counts as no data.

    Raises
    ------
    UserError, SourceFault
        When data cannot be opened, or a server does not answer.
    """
    live = LiveTime.of(intervals)
    n_logs, n_means = len(store.logs), len(store.means)
    scores = np.full((len(live), n_logs + 2 * n_means), np.nan, np.float32)
    means = np.full((len(live), n_means), np.nan)
    # Scored in place, one column at a time: with many channels this is most of a job's memory.
    logs = scores[:, :n_logs]
    missing = _fill(store, live, logs, means)
    for values in (logs, means):
        values[:, ~varying(values)] = np.nan
    table = coverage(store, logs, means, live, missing)
    for i in range(n_logs):
        logs[:, i : i + 1] = robust_scores(logs[:, i : i + 1], live.stretch, least_scatter=_LEAST_SCATTER)
    # The mean of a channel settles within one sample, or one bin.
    held = np.ceil(store.means["settling_s"].to_numpy(dtype=float) / BIN_S - 1e-9).astype(int)
    for i in range(n_means):
        mean, column = means[:, i : i + 1], n_logs + i
        scores[:, column : column + 1] = robust_scores(mean, live.stretch)
        change = slopes(mean, live.stretch, bins=held[i])
        scores[:, column + n_means : column + n_means + 1] = robust_scores(change, live.stretch)
    parts = [store.logs, store.means, store.means.assign(band=SLOPE)]
    columns = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return FeatureSet(live, columns, scores, table)

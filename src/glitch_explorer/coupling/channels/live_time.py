"""The live time of a family, and its features there."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from glitch_explorer.core.arrays import Bool, Float64, Int32, Int64
from glitch_explorer.core.intervals import complement, subtract, union
from glitch_explorer.coupling.channels.bands import CELL_S
from glitch_explorer.coupling.channels.coverage import coverage
from glitch_explorer.coupling.channels.features import SLOPE, FeatureSet, robust_scores, slopes
from glitch_explorer.coupling.channels.fetch import Missing
from glitch_explorer.coupling.channels.store import BLOCK_CELLS, FeatureStore

#: Blocks of features held at a time.
_BLOCKS_AT_ONCE = 64
#: Least scatter of a logarithm that is believed: 0.01 % of an RMS; rounding makes no events.
_LEAST_SCATTER = 1e-4


def drawn(times: npt.ArrayLike, max_glitches: int) -> Float64:
    """Draw at most `max_glitches` of the times, evenly in their order; sorted."""
    ordered: Float64 = np.sort(np.asarray(times, np.float64))
    if len(ordered) <= max_glitches:
        return ordered
    places = ((np.arange(max_glitches) + 0.5) * len(ordered) / max_glitches).astype(int)
    return np.take(ordered, places)


def live_intervals(
    times: npt.ArrayLike, segments: npt.ArrayLike, *, pad_s: float = 600.0, max_glitches: int = 200
) -> Float64:
    """Give the live time of a family: around its glitches, inside the segments.

    Parameters
    ----------
    times
        GPS times (n,) of the family's glitches in one detector.
    segments
        Analysis segments (k, 2) of that detector.
    pad_s
        Seconds before and after each glitch.
    max_glitches
        Of more, this many are drawn, evenly in time.

    Returns
    -------
    ndarray
        (j, 2), sorted, disjoint, on whole cells, each within one segment.
    """
    at = drawn(times, max_glitches)
    around = union(np.column_stack([at - pad_s, at + pad_s]))
    blocked = complement(np.asarray(segments, np.float64).reshape(-1, 2))
    parts = [np.empty((0, 2)), *(subtract(a, b, blocked) for a, b in around)]
    cut = np.concatenate(parts)
    cut = np.column_stack([np.ceil(cut[:, 0] / CELL_S), np.floor(cut[:, 1] / CELL_S)]) * CELL_S
    whole: Float64 = cut[cut[:, 1] > cut[:, 0]]
    return whole


def grid(intervals: Float64) -> tuple[Int64, Int32]:
    """Give the cells (n,) of intervals (k, 2), and the number of the interval of each."""
    edges = np.rint(intervals / CELL_S).astype(np.int64)
    cells = [np.empty(0, np.int64), *(np.arange(a, b) for a, b in edges)]
    numbers = np.repeat(np.arange(len(edges), dtype=np.int32), np.diff(edges, axis=1).ravel())
    return np.concatenate(cells), numbers


def stored_values(store: FeatureStore, cells: Int64) -> tuple[np.ndarray, np.ndarray, list[Missing]]:
    """Give the features of cells as they are, before any score, and what is missing.

    Logarithms of RMS, float32 (n, l), columns `store.logs`, as slow drivers want them;
    means in the channels' units, float64 (n, k), columns `store.means`, as learnt values
    of oscillators do. Missing blocks are made, in order of time.
    """
    logs = np.full((len(cells), len(store.logs)), np.nan, np.float32)
    means = np.full((len(cells), len(store.means)), np.nan)
    return logs, means, _fill(store, cells, logs, means)


def _fill(store: FeatureStore, cells: Int64, logs: np.ndarray, means: np.ndarray) -> list[Missing]:
    """Put the cells' features into arrays of NaN."""
    missing: list[Missing] = []
    owner = cells // BLOCK_CELLS
    wanted = np.unique(owner)
    for first in range(0, len(wanted), _BLOCKS_AT_ONCE):
        for number, block in store.blocks(int(n) for n in wanted[first : first + _BLOCKS_AT_ONCE]).items():
            low, high = np.searchsorted(owner, [number, number + 1])
            rows = cells[low:high] - number * BLOCK_CELLS
            logs[low:high], means[low:high] = block.logs[rows], block.means[rows]
            missing += block.missing
    return missing


def family_features(store: FeatureStore, intervals: Float64) -> FeatureSet:
    """Make the features of a family's live time: robust z-scores of bands, means and slopes.

    Takes about 40 bytes a cell and channel of six bands, 32 of which are the answer.

    Parameters
    ----------
    store
        Where blocks of features are kept or made.
    intervals
        Live time, from `live_intervals`.

    Returns
    -------
    FeatureSet
        Scores are NaN in the first 60 s of each interval, which have too little past.
        A feature that never changes is no data either.

    Raises
    ------
    UserError, SourceFault
        When data cannot be opened, or a server stays away.
    """
    cells, block = grid(intervals)
    n_logs, n_means = len(store.logs), len(store.means)
    scores = np.full((len(cells), n_logs + 2 * n_means), np.nan, np.float32)
    means = np.full((len(cells), n_means), np.nan)
    # Scored in place, one column at a time: with many channels this is most of a job's memory.
    logs = scores[:, :n_logs]
    missing = _fill(store, cells, logs, means)
    for values in (logs, means):
        values[:, _flat(values)] = np.nan
    table = coverage(store, logs, means, cells, missing)
    for i in range(n_logs):
        logs[:, i : i + 1] = robust_scores(logs[:, i : i + 1], block, least_scatter=_LEAST_SCATTER)
    for i in range(n_means):
        one, at = means[:, i : i + 1], n_logs + i
        scores[:, at : at + 1] = robust_scores(one, block)
        scores[:, at + n_means : at + n_means + 1] = robust_scores(slopes(one, block), block)
    parts = [store.logs, store.means, store.means.assign(band=SLOPE)]
    columns = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return FeatureSet(cells=cells, block=block, columns=columns, values=scores, coverage=table)


def _flat(values: np.ndarray) -> Bool:
    """Tell which columns (n, m) hold one value only."""
    flat = np.zeros(values.shape[1], bool)
    for column in range(values.shape[1]):
        there = values[np.isfinite(values[:, column]), column]
        flat[column] = there.size > 0 and bool(np.all(there == there[0]))
    return flat

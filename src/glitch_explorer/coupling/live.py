"""The live time of a family, and its features there."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from glitch_explorer.coupling.bands import CELL_S
from glitch_explorer.coupling.features import MEAN, SLOPE, FeatureSet, robust_scores, slopes
from glitch_explorer.coupling.fetch import Missing
from glitch_explorer.coupling.store import BLOCK_CELLS, BLOCK_S, FeatureStore
from glitch_explorer.map.members import merge, outside, subtract

#: Blocks of features held at a time.
_BLOCKS_AT_ONCE = 64
#: Least scatter of a logarithm that is believed: 0.01 % of an RMS; rounding makes no events.
_LEAST_SCATTER = 1e-4


def drawn(times: npt.ArrayLike, max_glitches: int) -> npt.NDArray[np.float64]:
    """Draw at most `max_glitches` of the times, evenly in their order; sorted."""
    ordered = np.sort(np.asarray(times, np.float64))
    if len(ordered) <= max_glitches:
        return ordered
    return ordered[((np.arange(max_glitches) + 0.5) * len(ordered) / max_glitches).astype(int)]


def live_intervals(
    times: npt.ArrayLike, segments: npt.ArrayLike, *, pad_s: float = 600.0, max_glitches: int = 200
) -> npt.NDArray[np.float64]:
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
    around = merge(np.column_stack([at - pad_s, at + pad_s]))
    blocked = outside(np.asarray(segments, np.float64).reshape(-1, 2))
    parts = [np.empty((0, 2)), *(subtract(a, b, blocked) for a, b in around)]
    cut = np.concatenate(parts)
    cut = np.column_stack([np.ceil(cut[:, 0] / CELL_S), np.floor(cut[:, 1] / CELL_S)]) * CELL_S
    return cut[cut[:, 1] > cut[:, 0]]


def grid(intervals: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Give the cells (n,) of intervals (k, 2), and the number of the interval of each."""
    edges = np.rint(intervals / CELL_S).astype(np.int64)
    cells = [np.empty(0, np.int64), *(np.arange(a, b) for a, b in edges)]
    numbers = np.repeat(np.arange(len(edges), dtype=np.int32), np.diff(edges, axis=1).ravel())
    return np.concatenate(cells), numbers


def stored_values(
    store: FeatureStore, cells: npt.NDArray[np.int64]
) -> tuple[np.ndarray, list[Missing]]:
    """Give the features (n, m) of cells, columns as `store.columns` has them, and what is missing.

    Logarithms of RMS and means in the channels' units, as slow drivers and learnt
    values of oscillators want them. Missing blocks are made, in order of time.
    """
    values = np.full((len(cells), len(store.columns)), np.nan)
    missing: list[Missing] = []
    owner = cells // BLOCK_CELLS
    wanted = np.unique(owner)
    for first in range(0, len(wanted), _BLOCKS_AT_ONCE):
        for number, block in store.blocks(int(n) for n in wanted[first : first + _BLOCKS_AT_ONCE]).items():
            low, high = np.searchsorted(owner, [number, number + 1])
            values[low:high] = block.values[cells[low:high] - number * BLOCK_CELLS]
            missing += block.missing
    return values, missing


def family_features(store: FeatureStore, intervals: npt.NDArray[np.float64]) -> FeatureSet:
    """Make the features of a family's live time: robust z-scores of bands, means and slopes.

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
    """
    cells, block = grid(intervals)
    values, missing = stored_values(store, cells)
    is_mean = (store.columns["band"] == MEAN).to_numpy()
    scores = np.empty((len(cells), len(store.columns) + int(is_mean.sum())), np.float32)
    whole = len(store.columns)
    scores[:, :whole][:, ~is_mean] = robust_scores(values[:, ~is_mean], block, least_scatter=_LEAST_SCATTER)
    scores[:, :whole][:, is_mean] = robust_scores(values[:, is_mean], block)
    scores[:, whole:] = robust_scores(slopes(values[:, is_mean], block), block)
    changed = store.columns[is_mean].assign(band=SLOPE)
    columns = pd.concat([store.columns, changed], ignore_index=True)
    table = coverage(store.columns, values, cells, missing)
    return FeatureSet(cells=cells, block=block, columns=columns, values=scores, coverage=table)


def coverage(
    columns: pd.DataFrame, values: np.ndarray, cells: npt.NDArray[np.int64], missing: Sequence[Missing]
) -> pd.DataFrame:
    """Say of each channel what share of the cells it has data in, and why not in the rest.

    A channel counts where any of its features has a value. `reason` names each reason
    with the share of the live time that it took; a channel whose values never change
    is said to be constant.
    """
    spans: dict[str, dict[str, float]] = {}
    for one in missing:
        low, high = np.searchsorted(cells, [np.floor(one.start / CELL_S), np.ceil(one.end / CELL_S)])
        if high > low:
            reasons = spans.setdefault(one.channel, {})
            reasons[one.reason] = reasons.get(one.reason, 0.0) + float(high - low)
    rows = []
    n = max(len(cells), 1)
    for channel, places in columns.groupby("channel", sort=False).indices.items():
        there = np.isfinite(values[:, places]).any(axis=1)
        last = values[there, places[-1]]
        said = [f"{reason} ({taken / n:.1%})" for reason, taken in sorted(spans.get(channel, {}).items())]
        if len(last) and np.all(last == last[0]):
            said.append("constant")
        rows.append((channel, "; ".join(said), float(there.sum()) / n))
    return pd.DataFrame(rows, columns=["channel", "reason", "share"])

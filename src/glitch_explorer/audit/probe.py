"""The detector probe: how well a glitch's vector predicts its detector within a family.

If families follow detector noise, a logistic regression on the vectors of one family finds
the detector on times that it has not seen. Glitches of the two detectors are compared within
blocks of time only, because across blocks their shares and the vectors can both change.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import rankdata
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from glitch_explorer.audit.rows import map_rows
from glitch_explorer.audit.schemas import FEW_BLOCKS, LEAST, LEAST_BLOCKS, PROBE
from glitch_explorer.core import files, tables
from glitch_explorer.core.arrays import Bool, Float, Float64, Int64, evenly
from glitch_explorer.core.intervals import DAY_S
from glitch_explorer.map.schemas import UNASSIGNED
from glitch_explorer.sources.schemas import SEGMENTS

#: Members of each of the two detectors that are used at most.
MOST = 200
#: Folds of whole blocks of time.
FOLDS = 5
#: Inverse strength of the ridge, as in scikit-learn, for vectors of mean square length 1.
RIDGE = 10.0
#: Steps of the fit; it has converged long before.
STEPS = 100


def logistic_scores(train: Float64, truth: Float64, test: Float64) -> Float64:
    """Fit a ridge-penalised logistic regression to each of several labellings at once.

    Parameters
    ----------
    train, test
        ``(n, d)`` and ``(m, d)``.
    truth
        ``(n, p)`` of 0 and 1: p labellings of the same rows.

    Returns
    -------
    numpy.ndarray
        ``(m, p)`` log-odds of the test rows.

    Notes
    -----
    Newton steps with the fixed bound XᵀX/4 of the curvature (Böhning & Lindsay 1988): one
    inverse serves all labellings. The intercept is not penalised.
    """
    ones = np.ones((len(train), 1))
    features = np.hstack([ones, train])
    penalty = np.full(features.shape[1], 1 / RIDGE)
    penalty[0] = 1e-9
    inverse = np.linalg.inv(features.T @ features / 4 + np.diag(penalty))
    weights = np.zeros((features.shape[1], truth.shape[1]))
    for _ in range(STEPS):
        slope = features.T @ (truth - expit(features @ weights)) - penalty[:, np.newaxis] * weights
        weights += inverse @ slope
    return np.asarray(np.hstack([np.ones((len(test), 1)), test]) @ weights)


def stratified_area(scores: Float64, truth: Bool, blocks: Int64) -> Float64:
    """Compute the area under the ROC curve within blocks, for several labellings at once.

    It is the mean over blocks of the area in the block, weighted with n1 n2 / (n1 + n2 + 1)
    (van Elteren 1960); ties count half.

    Parameters
    ----------
    scores, truth
        ``(n, p)`` scores, and whether the row counts as the second detector.
    blocks
        ``(n,)``; each has rows of both kinds in every labelling.
    """
    weighted, total = np.zeros(truth.shape[1]), np.zeros(truth.shape[1])
    for block in np.unique(blocks):
        rows = blocks == block
        positive = truth[rows].sum(axis=0)
        pairs = positive * (rows.sum() - positive)
        ranks = (rankdata(scores[rows], axis=0) * truth[rows]).sum(axis=0)
        weight = 1 / (rows.sum() + 1)
        weighted += weight * (ranks - positive * (positive + 1) / 2)
        total += weight * pairs
    return np.asarray(weighted / total)


def _scaled(vectors: Float) -> Float64:
    """Centre, scale to mean square length 1, and rotate into at most n columns."""
    centred = np.asarray(vectors, dtype=np.float64)
    centred = centred - centred.mean(axis=0)
    values, axes = np.linalg.eigh(centred @ centred.T)
    large = values > 1e-9 * max(float(values[-1]), 1e-300)
    total = max(float(values[large].sum()), 1e-300)
    return np.asarray(axes[:, large] * np.sqrt(values[large] * len(centred) / total))


def probe(
    vectors: Float,
    second: Bool,
    blocks: Int64,
    *,
    permutations: int,
    seed: int,
) -> tuple[float, float, float, float]:
    """Test whether the vectors of a family identify the detector.

    Parameters
    ----------
    vectors
        ``(n, d)``.
    second
        ``(n,)``, whether a row is of the second detector.
    blocks
        ``(n,)`` blocks of time, at least two, each with rows of both detectors; none is in both
        training and test.
    permutations
        Number of permutations, at least 40; each exchanges the two detectors in a random half of
        the blocks.
    seed
        Seed of the permutations.

    Returns
    -------
    auc, low, high, p_value : float
        Area under the ROC curve within blocks that the model was not fitted to, its 95 % interval,
        and the share of permutations with as high an area.

    Notes
    -----
    The unit of exchange is all glitches of a detector in a block, so that glitches of one burst
    may resemble each other. Given the model, fitted to other blocks, the mean of a block's area is
    0.5 without a difference, however unequal the shares are. The interval inverts the permutation
    test: it lies above 0.5 where p is at most 0.025.
    """
    rng = np.random.default_rng(seed)
    names, block = np.unique(blocks, return_inverse=True)
    exchanged = rng.random((len(names), permutations)) < 0.5
    truth = np.column_stack([second, second[:, np.newaxis] ^ exchanged[block]])
    sizes = np.bincount(block)[:, np.newaxis]
    sums = np.zeros((len(names), vectors.shape[1]))
    np.add.at(sums, block, vectors)
    features = _scaled(vectors - (sums / sizes)[block])
    scores = np.empty(truth.shape)
    with threadpool_limits(1, "blas"):
        for train, test in GroupKFold(min(FOLDS, len(names))).split(features, second, block):
            scores[test] = logistic_scores(features[train], truth[train].astype(float), features[test])
    areas = stratified_area(scores.round(9), truth, block)
    auc, null = float(areas[0]), np.sort(areas[1:])
    p_value = (1 + int((null >= auc).sum())) / (1 + permutations)
    tail = int(0.025 * (permutations + 1))
    low, high = auc - (null[-tail] - 0.5), auc - (null[tail - 1] - 0.5)
    return auc, max(float(low), 0.0), min(float(high), 1.0), p_value


def time_blocks(event_time: Float64, segments: pd.DataFrame) -> Int64:
    """Return the block ``(n,)`` of each time: its segment, else its day; a missing time is its own block."""
    starts = np.sort(segments["start"].to_numpy(dtype=float))
    timed = np.isfinite(event_time)
    blocks = -1 - np.arange(len(event_time))
    known = event_time[timed]
    blocks[timed] = (
        np.searchsorted(starts, known, side="right") if len(starts) else np.floor(known / DAY_S).astype(int)
    )
    return blocks.astype(np.int64)


def probe_table(
    rows: pd.DataFrame,
    vectors: Float,
    segments: pd.DataFrame,
    *,
    permutations: int,
    seed: int,
) -> pd.DataFrame:
    """Compute table "probe": one row per family with enough members of two detectors.

    Blocks with members of one detector only are left out.

    Parameters
    ----------
    rows
        One row per row of the map: `family`, `ifo`, `event_time`.
    vectors
        ``(n, d)`` of the same rows.
    segments
        Table `segments`.
    permutations, seed
        See `probe`.
    """
    records = []
    blocks = time_blocks(rows["event_time"].to_numpy(dtype=float), segments)
    for family, members in rows[rows["family"] != UNASSIGNED].groupby("family", sort=True):
        counts = members["ifo"].value_counts()
        first, second = [*sorted(counts.index[:2]), "", ""][:2]
        if counts.get(second, 0) < LEAST or counts[first] < LEAST:
            continue
        sides = [_thinned(members.index[members["ifo"] == ifo].to_numpy()) for ifo in (first, second)]
        common = np.intersect1d(blocks[sides[0]], blocks[sides[1]])
        sides = [side[np.isin(blocks[side], common)] for side in sides]
        result, reason = (np.nan,) * 4, FEW_BLOCKS
        if len(common) >= LEAST_BLOCKS:
            index = np.concatenate(sides)
            is_second = np.repeat([False, True], [len(side) for side in sides])
            result = probe(vectors[index], is_second, blocks[index], permutations=permutations, seed=seed)
            reason = ""
        sizes = (len(sides[0]), len(sides[1]), len(common))
        records.append((family, f"{first} {second}", *sizes, *result, reason))
    return pd.DataFrame(records, columns=PROBE.names) if records else tables.empty(PROBE)


def _thinned(rows: Int64) -> Int64:
    """Select at most `MOST` rows, evenly spaced."""
    return np.asarray(rows[evenly(len(rows), MOST)])


def make_probe(
    *,
    glitches: str | Path,
    families: str | Path,
    vectors: str | Path,
    segments: str | Path,
    out: str | Path,
    permutations: int,
    seed: int,
) -> None:
    """Write the table `probe` of a map to `out`.

    Parameters
    ----------
    glitches, families, segments : path
        Files of tables "glitches", "families" and "segments".
    vectors : path
        Array (n, v * d), rows as in `families`.
    permutations, seed : int
        See `probe`.
    """
    rows = map_rows(glitches, families, ["ifo", "event_time"])
    table = probe_table(
        rows,
        files.read_array(vectors),
        tables.read(SEGMENTS, segments),
        permutations=permutations,
        seed=seed,
    )
    tables.write(PROBE, table, out)

"""The detector probe: how well a glitch's vector predicts its detector within a family.

If families follow detector noise, a logistic regression on the vectors of one family finds
the detector on times that it has not seen.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import rankdata
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from glitch_explorer.audit.rows import map_rows
from glitch_explorer.audit.schemas import PROBE
from glitch_explorer.core import files, tables
from glitch_explorer.core.arrays import Bool, Float, Float64, Int64, evenly
from glitch_explorer.core.intervals import DAY_S
from glitch_explorer.map.schemas import UNASSIGNED
from glitch_explorer.sources.schemas import SEGMENTS

#: Members that each of the two detectors must have, and at most takes.
LEAST, MOST = 20, 200
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


def area(scores: Float64, truth: Bool) -> float:
    """Compute the area under the ROC curve; ties count half."""
    positive = int(truth.sum())
    ranks = rankdata(scores)[truth].sum() - positive * (positive + 1) / 2
    return float(ranks / (positive * (len(truth) - positive)))


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
) -> tuple[float, float, float, float] | None:
    """Test whether the vectors of a family identify the detector.

    Parameters
    ----------
    vectors
        ``(n, d)``.
    second
        ``(n,)``, whether a row is of the second detector.
    blocks
        ``(n,)`` blocks of time; none is in both training and test.
    permutations
        Number of permutations of the detectors within blocks, and of resamples of blocks.
    seed
        Seed of both.

    Returns
    -------
    auc, low, high, p_value : float
        Area under the ROC curve on held-out blocks, its 95 % interval, and the share of permutations
        with as high an area. None instead where fewer than two folds are possible.
    """
    n_folds = min(FOLDS, len(np.unique(blocks)))
    if n_folds < 2:
        return None
    rng = np.random.default_rng(seed)
    truth = np.column_stack([second, *(_within(second, blocks, rng) for _ in range(permutations))])
    features = _scaled(vectors)
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    scores = np.empty(truth.shape)
    with threadpool_limits(1, "blas"):
        for train, test in splitter.split(features, second, blocks):
            scores[test] = logistic_scores(features[train], truth[train].astype(float), features[test])
    areas = [area(scores[:, i].round(9), truth[:, i]) for i in range(truth.shape[1])]
    p_value = (1 + sum(null >= areas[0] for null in areas[1:])) / (1 + permutations)
    resampled = list(_resampled(scores[:, 0].round(9), second, blocks, permutations, rng))
    low, high = np.quantile(resampled, [0.025, 0.975]) if resampled else (0.0, 1.0)
    return areas[0], float(low), float(high), p_value


def _within(second: Bool, blocks: Int64, rng: np.random.Generator) -> Bool:
    """Permute the detectors within each block."""
    order = np.lexsort((rng.random(len(blocks)), blocks))
    permuted = np.empty_like(second)
    permuted[np.argsort(blocks, kind="stable")] = second[order]
    return permuted


def _resampled(
    scores: Float64, second: Bool, blocks: Int64, draws: int, rng: np.random.Generator
) -> Iterator[float]:
    """Compute the AUC of resamples of whole blocks."""
    members = [np.flatnonzero(blocks == block) for block in np.unique(blocks)]
    for _ in range(draws):
        rows = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        if 0 < second[rows].sum() < len(rows):
            yield area(scores[rows], second[rows])


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
        index = np.concatenate(sides)
        is_second = np.repeat([False, True], [len(part) for part in sides])
        result = probe(vectors[index], is_second, blocks[index], permutations=permutations, seed=seed)
        if result is not None:
            n_blocks = len(np.unique(blocks[index]))
            sizes = (len(sides[0]), len(sides[1]), n_blocks)
            records.append((family, f"{first} {second}", *sizes, *result))
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

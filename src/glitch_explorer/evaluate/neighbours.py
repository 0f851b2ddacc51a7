"""Ranks of the nearest neighbour of the same class, with chance and confusion.

A glitch is never compared with its own views.
"""

from dataclasses import dataclass

import numpy as np

from glitch_explorer.core.arrays import Bool, Float32, Int64, Object
from glitch_explorer.core.statistics import wilson_interval
from glitch_explorer.map.quality import cosine_distances

#: Rows whose distances are in memory at the same time.
BATCH = 1024


@dataclass(frozen=True)
class Ranks:
    """Nearest neighbours of rows.

    Attributes
    ----------
    queries
        ``(m,)`` rows whose class another glitch has, too.
    rank
        ``(m,)`` rank of the nearest row of the same class, from 1; ties count before it.
    nearest
        ``(m,)`` the nearest row: of the same class for rank 1, else of another one.
    """

    queries: Int64
    rank: Int64
    nearest: Int64


def _codes(texts: Object) -> Int64:
    """Return texts ``(n,)`` as numbers from 0, in alphabetical order."""
    return np.unique(texts.astype(str), return_inverse=True)[1]


def _rows_of_others(glitch: Int64, label: Int64) -> tuple[Int64, Int64]:
    """Return for each row the rows of other glitches ``(n,)``, those of its class and all of them."""
    pair = np.unique(np.stack([label, glitch]), axis=1, return_inverse=True)[1].ravel()
    same = np.bincount(label)[label] - np.bincount(pair)[pair]
    return same, len(glitch) - np.bincount(glitch)[glitch]


def rank_neighbours(
    values: Float32, mask: Bool, ids: Object, labels: Object, *, queries: Bool | None = None
) -> Ranks:
    """Rank the neighbours of each row.

    Parameters
    ----------
    values, mask
        ``(n, v * d)`` and ``(n, v)`` of `map.vectors.fuse`.
    ids, labels
        ``(n,)``: glitch and class of each row.
    queries
        ``(n,)`` rows to rank neighbours of; all by default.
    """
    glitch, label = _codes(ids), _codes(labels)
    answerable = _rows_of_others(glitch, label)[0] > 0
    chosen = np.flatnonzero(answerable if queries is None else answerable & queries)
    rank, nearest = np.empty(len(chosen), np.int64), np.empty(len(chosen), np.int64)
    for start in range(0, len(chosen), BATCH):
        batch = slice(start, start + BATCH)
        rows = chosen[batch]
        distances = cosine_distances(values, mask, rows)
        distances[glitch[rows][:, np.newaxis] == glitch] = np.inf
        same_class = label[rows][:, np.newaxis] == label
        same = np.where(same_class, distances, np.inf)
        other = np.where(same_class, np.inf, distances)
        before = (other <= same.min(axis=1, keepdims=True)) & np.isfinite(other)
        rank[batch] = 1 + before.sum(axis=1)
        nearest[batch] = np.where(rank[batch] == 1, same.argmin(axis=1), other.argmin(axis=1))
    return Ranks(chosen, rank, nearest)


@dataclass(frozen=True)
class Score:
    """Accuracy and mean reciprocal rank of `n` glitches of `n_classes`, with 95 % intervals."""

    n: int
    n_classes: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    mrr: float
    mrr_low: float
    mrr_high: float
    chance: float
    p_value: float


def score(ranks: Ranks, ids: Object, labels: Object, *, draws: int, seed: int) -> Score:
    """Score ranks by glitch: the views of a glitch count together as one.

    Accuracy has a Wilson interval (Wilson 1927) of n glitches, mean reciprocal rank one from
    `draws` resamples of glitches. `chance` is the accuracy of a random neighbour, `p_value` the
    share of `draws` random labellings of the glitches that do as well, (1 + k) / (1 + draws).

    Parameters
    ----------
    ranks
        Ranks of `rank_neighbours`.
    ids, labels
        ``(n,)``: glitch and class of each row.
    draws, seed
        Number of resamples and labellings, and their seed.
    """
    queries = ranks.queries
    if not len(queries):
        return Score(0, 0, *([float("nan")] * 8))
    rng = np.random.default_rng(seed)
    glitch, label = _codes(ids), _codes(labels)
    _, unit = np.unique(glitch[queries], return_inverse=True)
    n_rows = np.bincount(unit)
    hits = np.bincount(unit, ranks.rank == 1) / n_rows
    reciprocal = np.bincount(unit, 1 / ranks.rank) / n_rows
    n = len(n_rows)
    resampled = reciprocal[rng.integers(0, n, (draws, n))].mean(axis=1)
    low, high = np.quantile(resampled, [0.025, 0.975])
    glitch_label = np.empty(glitch.max() + 1, np.int64)
    glitch_label[glitch] = label
    as_good = 0
    for _ in range(draws):
        shuffled = rng.permutation(glitch_label)[glitch]
        right = shuffled[queries] == shuffled[ranks.nearest]
        as_good += (np.bincount(unit, right) / n_rows).mean() >= hits.mean() - 1e-12
    same, others = _rows_of_others(glitch, label)
    return Score(
        n,
        len(np.unique(label[queries])),
        float(hits.mean()),
        *wilson_interval(float(hits.sum()), n),
        float(reciprocal.mean()),
        float(low),
        float(high),
        float((same[queries] / others[queries]).mean()),
        float((1 + as_good) / (1 + draws)),
    )


@dataclass(frozen=True)
class Confusion:
    """Number of errors, their share on pairs that experts confuse, and that share by chance."""

    errors: int
    confusable: float
    confusable_chance: float


def confusion(ranks: Ranks, labels: Object, pairs: set[frozenset[str]]) -> Confusion:
    """Count the errors, and those on pairs of classes that experts call confusable.

    By chance an error falls on a random row of another class.

    Parameters
    ----------
    ranks
        Ranks of `rank_neighbours`.
    labels
        ``(n,)`` class of each row.
    pairs
        Confusable pairs of classes.
    """
    wrong = ranks.rank > 1
    if not wrong.any():
        return Confusion(0, float("nan"), float("nan"))
    true, nearest = labels[ranks.queries[wrong]], labels[ranks.nearest[wrong]]
    hits = [frozenset(pair) in pairs for pair in zip(true, nearest, strict=True)]
    size = dict(zip(*np.unique(labels.astype(str), return_counts=True), strict=True))
    chance = {
        name: sum(size[other] for other in size if frozenset((name, other)) in pairs)
        / max(len(labels) - size[name], 1)
        for name in set(true)
    }
    return Confusion(len(hits), float(np.mean(hits)), float(np.mean([chance[name] for name in true])))

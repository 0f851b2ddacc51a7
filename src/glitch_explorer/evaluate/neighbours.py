"""Is the nearest other glitch of the same class? Ranks, chance and confusion.

All views of the glitch that asks are left out of what it is compared with.
"""

from dataclasses import dataclass

import numpy as np

from glitch_explorer.audit.gradient import wilson_interval
from glitch_explorer.core.arrays import Bool, Float32, Int64, Object
from glitch_explorer.map.quality import cosine_distances

#: Rows whose distances are in memory at the same time.
BLOCK = 1024


@dataclass(frozen=True)
class Answers:
    """What those that ask found.

    Attributes
    ----------
    asks
        ``(m,)`` rows that ask: those whose class another glitch has too.
    rank
        ``(m,)`` rank of the nearest row of the same class, from 1; equals count before it.
    nearest
        ``(m,)`` the nearest row; for rank 1 of the same class, else of another.
    """

    asks: Int64
    rank: Int64
    nearest: Int64


def ask(values: Float32, mask: Bool, ids: Object, labels: Object, *, asking: Bool | None = None) -> Answers:
    """Let rows ask for their nearest neighbours.

    Parameters
    ----------
    values, mask
        ``(n, v * d)`` and ``(n, v)``, as `map.vectors.fuse` gives them.
    ids, labels
        ``(n,)``: the glitch of each row, left out when it asks itself, and its class.
    asking
        ``(n,)`` which rows ask; all where not given.
    """
    _, glitch = np.unique(ids.astype(str), return_inverse=True)
    _, label = np.unique(labels.astype(str), return_inverse=True)
    others = np.array([np.any((label == label[i]) & (glitch != glitch[i])) for i in range(len(label))], bool)
    asks = np.flatnonzero(others if asking is None else others & asking)
    rank, nearest = np.empty(len(asks), np.int64), np.empty(len(asks), np.int64)
    for start in range(0, len(asks), BLOCK):
        rows = asks[start : start + BLOCK]
        distances = cosine_distances(values, mask, rows)
        same = label[rows][:, np.newaxis] == label
        distances[glitch[rows][:, np.newaxis] == glitch] = np.inf
        friend = np.where(same, distances, np.inf)
        other = np.where(same, np.inf, distances)
        before = (other <= friend.min(axis=1, keepdims=True)) & np.isfinite(other)
        place = slice(start, start + len(rows))
        rank[place] = 1 + before.sum(axis=1)
        nearest[place] = np.where(rank[place] == 1, friend.argmin(axis=1), other.argmin(axis=1))
    return Answers(asks, rank, nearest)


@dataclass(frozen=True)
class Score:
    """Accuracy and mean reciprocal rank with 95 % intervals; `n` glitches of `n_classes` asked."""

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


def score(answers: Answers, ids: Object, labels: Object, *, draws: int, seed: int) -> Score:
    """Score answers, the glitch being the unit: its views count together as one.

    Accuracy has a Wilson interval (Wilson 1927) of n glitches, mean reciprocal rank one from
    `draws` resamples of glitches. `chance` is the accuracy of a random neighbour, `p_value` the
    share of `draws` random labellings of the glitches that do as well, (1 + k) / (1 + draws).
    """
    if not len(answers.asks):
        return Score(0, 0, *([float("nan")] * 8))
    rng = np.random.default_rng(seed)
    names, glitch = np.unique(ids.astype(str), return_inverse=True)
    _, label = np.unique(labels.astype(str), return_inverse=True)
    own = glitch[answers.asks]
    asked, unit = np.unique(own, return_inverse=True)
    rows = np.bincount(unit)
    hits = np.bincount(unit, answers.rank == 1) / rows
    reciprocal = np.bincount(unit, 1 / answers.rank) / rows
    n = len(asked)
    resampled = reciprocal[rng.integers(0, n, (draws, n))].mean(axis=1)
    low, high = np.quantile(resampled, [0.025, 0.975])
    of_glitch = np.empty(len(names), np.int64)
    of_glitch[glitch] = label
    random = [_share(rng.permutation(of_glitch), glitch, answers, unit, rows) for _ in range(draws)]
    as_good = int(np.sum(np.array(random) >= hits.mean() - 1e-12))
    return Score(
        n,
        len(np.unique(label[answers.asks])),
        float(hits.mean()),
        *wilson_interval(float(hits.sum()), n),
        float(reciprocal.mean()),
        float(low),
        float(high),
        _chance(answers, glitch, label),
        (1 + as_good) / (1 + draws),
    )


def _share(of_glitch: Int64, glitch: Int64, answers: Answers, unit: Int64, rows: Int64) -> float:
    """Give the accuracy when the glitches have these classes."""
    right = of_glitch[glitch[answers.asks]] == of_glitch[glitch[answers.nearest]]
    return float((np.bincount(unit, right) / rows).mean())


def _chance(answers: Answers, glitch: Int64, label: Int64) -> float:
    """Give the share of the same class among all rows of other glitches, on average."""
    shares = []
    for row in answers.asks:
        others = glitch != glitch[row]
        shares.append((label[others] == label[row]).mean())
    return float(np.mean(shares))


@dataclass(frozen=True)
class Confusion:
    """Errors: how many, the share on pairs that experts confuse, and that share by chance."""

    errors: int
    confusable: float
    confusable_chance: float


def confusion(answers: Answers, labels: Object, pairs: set[frozenset[str]]) -> Confusion:
    """Hold errors against the pairs of classes that experts call confusable.

    By chance: each error falls on a random row of another class.
    """
    wrong = answers.rank > 1
    if not wrong.any():
        return Confusion(0, float("nan"), float("nan"))
    own, found = labels[answers.asks[wrong]], labels[answers.nearest[wrong]]
    hit = [frozenset(pair) in pairs for pair in zip(own, found, strict=True)]
    names, counts = np.unique(labels.astype(str), return_counts=True)
    size = dict(zip(names, counts.tolist(), strict=True))
    chance = {
        name: sum(size[other] for other in size if frozenset((name, other)) in pairs)
        / max(sum(size.values()) - size[name], 1)
        for name in set(own)
    }
    return Confusion(int(wrong.sum()), float(np.mean(hit)), float(np.mean([chance[name] for name in own])))

"""Ranks, chance and confusion, by hand."""

import numpy as np
import pytest

from glitch_explorer.core.statistics import wilson_interval
from glitch_explorer.evaluate import neighbours
from glitch_explorer.map.vectors import fuse


def directions(degrees):
    """Unit vectors at these angles, as one view."""
    at = np.radians(degrees)
    return fuse(np.stack([np.cos(at), np.sin(at)], axis=1)[:, None, :].astype(np.float32))


def texts(words):
    return np.array(words.split(), dtype=object)


def test_ranks_and_mrr_by_hand():
    # On a circle: a 0, b 10, a 25, b 90, c 170. c is alone in its class.
    values, mask = directions([0, 10, 25, 90, 170])
    labels = texts("a b a b c")
    ranks = neighbours.rank_neighbours(values, mask, texts("1 2 3 4 5"), labels)
    assert ranks.queries.tolist() == [0, 1, 2, 3]
    # From 0: b, then a. From 10: a, a, then b. From 25: b, then a. From 90: a, and b as far as c.
    assert ranks.rank.tolist() == [2, 3, 2, 3]
    assert labels[ranks.nearest].tolist() == ["b", "a", "b", "a"]
    score = neighbours.score(ranks, texts("1 2 3 4 5"), labels, draws=99, seed=1)
    assert (score.n, score.n_classes, score.accuracy) == (4, 2, 0.0)
    assert score.mrr == pytest.approx((1 / 2 + 1 / 3 + 1 / 2 + 1 / 3) / 4)
    assert score.chance == pytest.approx(1 / 4)
    assert score.mrr_low <= score.mrr <= score.mrr_high


def test_a_glitch_is_not_compared_with_its_own_views():
    # Two views of each glitch lie together; the next glitch is of another class.
    values, mask = directions([0, 1, 20, 21, 60, 61, 90, 91])
    ids, labels = texts("1 1 2 2 3 3 4 4"), texts("a a b b a a b b")
    ranks = neighbours.rank_neighbours(values, mask, ids, labels)
    assert (ranks.rank > 1).all()
    score = neighbours.score(ranks, ids, labels, draws=99, seed=1)
    assert score.n == 4
    single = neighbours.rank_neighbours(values, mask, texts("1 2 3 4 5 6 7 8"), labels)
    assert (single.rank == 1).all()


def test_a_glitch_counts_once_however_many_views_it_has():
    values, mask = directions([0, 1, 2, 3, 5, 80, 85])
    ids, labels = texts("1 1 1 1 2 3 4"), texts("a a a a a b c")
    score = neighbours.score(
        neighbours.rank_neighbours(values, mask, ids, labels), ids, labels, draws=99, seed=1
    )
    assert (score.n, score.accuracy) == (2, 1.0)
    assert (score.accuracy_low, score.accuracy_high) == pytest.approx(wilson_interval(2, 2))


def test_a_tie_with_another_class_is_no_hit():
    values, mask = directions([0, 30, -30, 180])
    ranks = neighbours.rank_neighbours(values, mask, texts("1 2 3 4"), texts("a a b c"))
    assert ranks.rank[0] == 2


def test_planted_classes_beat_random_labels_and_noise_does_not():
    rng = np.random.default_rng(0)
    labels = np.repeat(texts("a b c d"), 10)
    ids = np.arange(40).astype(str).astype(object)
    centres = np.repeat(rng.normal(size=(4, 20)), 10, axis=0)
    for spread, planted in ((0.3, True), (1e3, False)):
        values, mask = fuse((centres + spread * rng.normal(size=(40, 20)))[:, None].astype(np.float32))
        score = neighbours.score(
            neighbours.rank_neighbours(values, mask, ids, labels), ids, labels, draws=199, seed=1
        )
        assert (score.p_value == 1 / 200) == planted
        assert score.chance == pytest.approx(9 / 39)
    assert score.p_value > 0.05


def test_a_missing_view_takes_no_part():
    vectors = np.array([[[1, 0], [1, 0]], [[1, 0], [0, 1]], [[1, 0], [np.nan, np.nan]]], np.float32)
    values, mask = fuse(vectors)
    ranks = neighbours.rank_neighbours(values, mask, texts("1 2 3"), texts("a b a"))
    assert ranks.rank[0] == 1


def test_share_of_confusable_pairs():
    # Errors: a -> b (confusable), b -> c (not), of the rows a a b b c c c c.
    labels = texts("a a b b c c c c")
    ranks = neighbours.Ranks(np.array([0, 1, 2]), np.array([2, 1, 3]), np.array([2, 0, 4]))
    errors = neighbours.confusion(ranks, labels, {frozenset("ab")})
    assert (errors.errors, errors.confusable) == (2, 0.5)
    # At random: a falls on b with 2 of 6, b on a with 2 of 6.
    assert errors.confusable_chance == pytest.approx((2 / 6 + 2 / 6) / 2)
    right = neighbours.Ranks(np.array([0]), np.array([1]), np.array([1]))
    assert neighbours.confusion(right, labels, {frozenset("ab")}).errors == 0

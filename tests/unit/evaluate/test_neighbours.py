"""Ranks, chance and confusion, by hand."""

import numpy as np
import pytest

from glitch_explorer.audit.gradient import wilson_interval
from glitch_explorer.evaluate import neighbours
from glitch_explorer.map.vectors import fuse


def turned(degrees):
    """Unit vectors at these angles, as one view: distances are known by heart."""
    at = np.radians(degrees)
    return fuse(np.stack([np.cos(at), np.sin(at)], axis=1)[:, None, :].astype(np.float32))


def texts(words):
    return np.array(words.split(), dtype=object)


def test_wilson_interval_of_8_in_10():
    # Newcombe 1998: 8 of 10 gives 0.490 to 0.943.
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson_interval(0, 5)[0] == 0.0
    assert wilson_interval(5, 5)[1] == 1.0


def test_ranks_and_mrr_by_hand():
    # On a circle: a 0, b 10, a 25, b 90, c 170. c has no fellow and does not ask.
    values, mask = turned([0, 10, 25, 90, 170])
    labels = texts("a b a b c")
    answers = neighbours.ask(values, mask, texts("1 2 3 4 5"), labels)
    assert answers.asks.tolist() == [0, 1, 2, 3]
    # From 0: b, then a. From 10: a, a, then b. From 25: b, then a. From 90: a, and b as far as c.
    assert answers.rank.tolist() == [2, 3, 2, 3]
    assert labels[answers.nearest].tolist() == ["b", "a", "b", "a"]
    found = neighbours.score(answers, texts("1 2 3 4 5"), labels, draws=99, seed=1)
    assert (found.n, found.n_classes, found.accuracy) == (4, 2, 0.0)
    assert found.mrr == pytest.approx((1 / 2 + 1 / 3 + 1 / 2 + 1 / 3) / 4)
    assert found.chance == pytest.approx(1 / 4)
    assert found.mrr_low <= found.mrr <= found.mrr_high


def test_all_views_of_the_glitch_that_asks_are_left_out():
    # Two views of each glitch lie together; the next glitch is of another class.
    values, mask = turned([0, 1, 20, 21, 60, 61, 90, 91])
    ids, labels = texts("1 1 2 2 3 3 4 4"), texts("a a b b a a b b")
    answers = neighbours.ask(values, mask, ids, labels)
    assert (answers.rank > 1).all()
    found = neighbours.score(answers, ids, labels, draws=99, seed=1)
    assert found.n == 4
    own = neighbours.ask(values, mask, texts("1 2 3 4 5 6 7 8"), labels)
    assert (own.rank == 1).all()


def test_a_glitch_counts_once_however_many_views_it_has():
    values, mask = turned([0, 1, 2, 3, 5, 80, 85])
    ids, labels = texts("1 1 1 1 2 3 4"), texts("a a a a a b c")
    found = neighbours.score(neighbours.ask(values, mask, ids, labels), ids, labels, draws=99, seed=1)
    assert (found.n, found.accuracy) == (2, 1.0)
    assert (found.accuracy_low, found.accuracy_high) == pytest.approx(wilson_interval(2, 2))


def test_equals_of_another_class_are_no_hit():
    values, mask = turned([0, 30, -30, 180])
    answers = neighbours.ask(values, mask, texts("1 2 3 4"), texts("a a b c"))
    assert answers.rank[0] == 2


def test_planted_classes_beat_random_labels_and_noise_does_not():
    rng = np.random.default_rng(0)
    labels = np.repeat(texts("a b c d"), 10)
    ids = np.arange(40).astype(str).astype(object)
    centres = np.repeat(rng.normal(size=(4, 20)), 10, axis=0)
    for spread, planted in ((0.3, True), (1e3, False)):
        values, mask = fuse((centres + spread * rng.normal(size=(40, 20)))[:, None].astype(np.float32))
        found = neighbours.score(neighbours.ask(values, mask, ids, labels), ids, labels, draws=199, seed=1)
        assert (found.p_value == 1 / 200) == planted
        assert found.chance == pytest.approx(9 / 39)
    assert found.p_value > 0.05


def test_a_missing_view_takes_no_part():
    vectors = np.array([[[1, 0], [1, 0]], [[1, 0], [0, 1]], [[1, 0], [np.nan, np.nan]]], np.float32)
    values, mask = fuse(vectors)
    answers = neighbours.ask(values, mask, texts("1 2 3"), texts("a b a"))
    assert answers.rank[0] == 1


def test_share_of_confusable_pairs():
    # Errors: a -> b (confusable), b -> c (not), of the rows a a b b c c c c.
    labels = texts("a a b b c c c c")
    answers = neighbours.Answers(np.array([0, 1, 2]), np.array([2, 1, 3]), np.array([2, 0, 4]))
    found = neighbours.confusion(answers, labels, {frozenset("ab")})
    assert (found.errors, found.confusable) == (2, 0.5)
    # At random: a falls on b with 2 of 6, b on a with 2 of 6.
    assert found.confusable_chance == pytest.approx((2 / 6 + 2 / 6) / 2)
    right = neighbours.Answers(np.array([0]), np.array([1]), np.array([1]))
    assert neighbours.confusion(right, labels, {frozenset("ab")}).errors == 0

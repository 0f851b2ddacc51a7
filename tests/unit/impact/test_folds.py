"""Folds are whole segments with about as many glitches each, and an embargo between them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from glitch_explorer.impact.drivers.folds import EMBARGO_S, FOLDS, is_fitted, make_folds


def test_segments_are_dealt_out_by_their_glitches():
    assert make_folds(np.array([8, 1, 4, 3, 0, 5, 2])).tolist() == [0, 4, 2, 3, 3, 1, 4]
    # Four segments with glitches make no fifth fold; the empty ones are shared out.
    assert make_folds(np.array([2, 0, 2, 0, 2, 2])).tolist() == [0, 0, 1, 1, 2, 3]


@given(st.lists(st.integers(0, 40), min_size=1, max_size=40))
def test_every_fold_has_glitches_and_none_has_many_more(counts):
    counts = np.array(counts)
    fold = make_folds(counts)
    n = min(FOLDS, int((counts > 0).sum()))
    glitches = np.bincount(fold, counts, minlength=max(n, 1))
    assert fold.max() < max(n, 1)
    if n:
        assert (glitches > 0).all()
        assert glitches.max() - glitches.min() <= counts.max()


def test_nothing_is_fitted_within_the_embargo_of_a_held_out_segment():
    segments = np.array([[0.0, 1000.0], [1010.0, 2000.0], [5000.0, 6000.0]])
    segment_fold = np.array([0, 1, 1])
    times = np.array([500.0, 1000.0 - 1, 1060.0, 1000 + EMBARGO_S + 1, 5500.0])
    fold = np.array([0, 0, 1, 1, 1])
    assert is_fitted(times, fold, 0, segments, segment_fold).tolist() == [False, False, False, True, True]
    assert is_fitted(times, fold, 1, segments, segment_fold).tolist() == [True, False, False, False, False]


@given(st.integers(0, 2**31), st.integers(2, 12))
def test_fitted_and_held_out_windows_share_no_data(seed, n):
    rng = np.random.default_rng(seed)
    edges = np.sort(rng.uniform(0, 5000, 2 * n)).reshape(n, 2)
    segment_fold = make_folds(rng.integers(0, 5, n))
    owner = rng.integers(0, n, 200)
    times = rng.uniform(edges[owner, 0], edges[owner, 1])
    fold = segment_fold[owner]
    for number in range(int(segment_fold.max()) + 1):
        fitted = is_fitted(times, fold, number, edges, segment_fold)
        assert not (fitted & (fold == number)).any()
        if fitted.any() and (fold == number).any():
            assert np.abs(times[fitted][:, None] - times[fold == number]).min() > 70

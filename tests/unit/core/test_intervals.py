"""Interval algebra, held against loops over a fine grid, and gates around glitches."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glitch_explorer.core import intervals as gps_intervals
from glitch_explorer.core.arrays import sum_by_index
from glitch_explorer.impact import gates

#: Whole halves of a second, so that sums are exact.
HALVES = st.integers(0, 200).map(lambda k: k / 2)
SPANS = st.lists(st.tuples(HALVES, st.integers(1, 40).map(lambda k: k / 2), st.integers(0, 4)), max_size=25)


def arrays(spans):
    """Return intervals (n, 2) and owners (n,) of drawn (start, length, owner)."""
    intervals = np.array([(start, start + length) for start, length, _ in spans]).reshape(-1, 2)
    return intervals, np.array([owner for *_, owner in spans], np.int64)


def painted(intervals):
    """Cover half-second steps by hand."""
    steps = np.zeros(1000, bool)
    for start, end in intervals:
        steps[round(2 * start) : round(2 * end)] = True
    return steps


def deadtime(spans, without=None):
    intervals, owner = arrays(spans)
    kept = intervals[owner != without] if without is not None else intervals
    united, _ = gps_intervals.union_by_owner(kept, np.zeros(len(kept), np.int64))
    return float(gps_intervals.lengths(united).sum())


def marginal(spans):
    intervals, owner = arrays(spans)
    single, whose = gps_intervals.exclusive(*gps_intervals.union_by_owner(intervals, owner))
    return sum_by_index(whose, 5, gps_intervals.lengths(single))


def test_windows_are_half_the_duration_or_the_least():
    intervals = gates.gate_intervals(np.array([10.0, 20.0, 30.0]), np.array([0.2, 4.0, np.nan]), 0.5)
    np.testing.assert_array_equal(intervals, [[9.5, 10.5], [18.0, 22.0], [29.5, 30.5]])


def test_marginal_deadtime_by_hand():
    # A [0, 4] and [3, 6], B [5, 8], C [7, 7.5]: A alone to 5, B alone from 6 to 7 and 7.5 to 8.
    spans = [(0.0, 4.0, 0), (3.0, 3.0, 0), (5.0, 3.0, 1), (7.0, 0.5, 2)]
    united, owner = gps_intervals.union_by_owner(*arrays(spans))
    np.testing.assert_array_equal(united, [[0, 6], [5, 8], [7, 7.5]])
    np.testing.assert_array_equal(owner, [0, 1, 2])
    np.testing.assert_array_equal(marginal(spans)[:3], [5.0, 1.5, 0.0])
    assert deadtime(spans) == 8.0
    assert deadtime(spans, without=0) == 3.0


def test_what_touches_is_one_and_nothing_is_nothing():
    united, _ = gps_intervals.union_by_owner(*arrays([(0.0, 1.0, 0), (1.0, 1.0, 0)]))
    np.testing.assert_array_equal(united, [[0, 2]])
    for intervals in (gps_intervals.union_by_owner(*arrays([])), gps_intervals.exclusive(*arrays([]))):
        assert intervals[0].shape == (0, 2)
        assert intervals[1].shape == (0,)


def test_cutting_at_cells_by_hand():
    cells = np.array([[0.0, 2.0], [2.0, 3.0], [10.0, 12.0]])
    pieces, origin, cell = gps_intervals.intersect(np.array([[1.0, 11.0], [4.0, 5.0], [-1.0, 0.5]]), cells)
    np.testing.assert_array_equal(pieces, [[1, 2], [2, 3], [10, 11], [0, 0.5]])
    np.testing.assert_array_equal(origin, [0, 0, 0, 2])
    np.testing.assert_array_equal(cell, [0, 1, 2, 0])


@settings(deadline=None)
@given(SPANS)
def test_unions_cover_what_their_owner_covers(spans):
    united, owner = gps_intervals.union_by_owner(*arrays(spans))
    intervals, whose = arrays(spans)
    for k in range(5):
        own = united[owner == k]
        np.testing.assert_array_equal(painted(own), painted(intervals[whose == k]))
        assert (own[1:, 0] > own[:-1, 1]).all()


@settings(deadline=None)
@given(SPANS)
def test_marginal_deadtime_is_what_goes_without_the_family(spans):
    found = marginal(spans)
    for k in range(5):
        assert found[k] == deadtime(spans) - deadtime(spans, without=k)


@settings(deadline=None)
@given(SPANS)
def test_marginals_are_at_most_own_deadtimes_and_all_of_them_at_most_the_union(spans):
    intervals, owner = arrays(spans)
    united, whose = gps_intervals.union_by_owner(intervals, owner)
    own = sum_by_index(whose, 5, gps_intervals.lengths(united))
    assert (marginal(spans) <= own).all()
    assert marginal(spans).sum() <= deadtime(spans) <= own.sum()


@settings(deadline=None)
@given(SPANS, st.randoms(use_true_random=False))
def test_order_changes_nothing(spans, random):
    other = list(spans)
    random.shuffle(other)
    np.testing.assert_array_equal(marginal(other), marginal(spans))
    assert deadtime(other) == deadtime(spans)


@settings(deadline=None)
@given(SPANS)
def test_a_gate_apart_adds_its_length_and_a_repeated_one_nothing(spans):
    apart = [*spans, (300.0, 2.5, 3)]
    assert deadtime(apart) == deadtime(spans) + 2.5
    assert marginal(apart)[3] == marginal(spans)[3] + 2.5
    assert deadtime(spans + spans) == deadtime(spans)
    np.testing.assert_array_equal(marginal(spans + spans), marginal(spans))


@settings(deadline=None)
@given(SPANS)
def test_another_familys_gate_never_adds_to_a_marginal(spans):
    before = marginal(spans)
    after = marginal([*spans, (40.0, 20.0, 4)])
    assert (after[:4] <= before[:4]).all()


@settings(deadline=None)
@given(SPANS, st.sets(st.integers(0, 120), min_size=2, max_size=12))
def test_pieces_in_cells_add_up(spans, edges):
    grid = np.array(sorted(edges), float)
    cells = np.column_stack([grid[:-1], grid[1:]])
    intervals, _ = arrays(spans)
    pieces, origin, cell = gps_intervals.intersect(intervals, cells)
    inside = np.clip(intervals, grid[0], grid[-1])
    assert sum_by_index(origin, len(intervals), gps_intervals.lengths(pieces)) == pytest.approx(
        gps_intervals.lengths(inside)
    )
    assert (pieces[:, 0] >= cells[cell, 0]).all()
    assert (pieces[:, 1] <= cells[cell, 1]).all()

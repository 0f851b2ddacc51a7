"""The plain counting of docs/explanation/real-data.md, on cases that can be counted by hand."""

import numpy as np
import pytest

from docs.real_data import counting

SEGMENTS = np.array([[0.0, 10.0], [20.0, 30.0]])


def test_inside_has_the_start_and_not_the_end():
    assert counting.inside(SEGMENTS, np.array([-1.0, 0.0, 10.0, 25.0, 30.0])).tolist() == [0, 1, 0, 1, 0]


def test_only_whole_minutes_are_live():
    segments = np.array([[30.0, 180.0]])
    assert counting.live_minutes(segments, 60.0 * np.arange(4)).tolist() == [False, True, True, False]


def test_a_trigger_at_the_edge_of_the_window_counts():
    near = counting._near(np.array([10.0]), np.array([9.4, 9.5, 10.5, 10.6]))
    assert near.tolist() == [False, True, True, False]


def test_segments_that_overlap_are_joined():
    segments = np.array([[0.0, 5.0], [1.0, 2.0], [4.0, 6.0], [6.5, 7.0]])
    assert counting._joined(segments).tolist() == [[0, 6], [6.5, 7]]


def test_overlap_and_covered_share():
    assert counting._overlap(SEGMENTS, np.array([[5.0, 22.0]])).tolist() == [[5, 10], [20, 22]]
    assert counting.covered(SEGMENTS, np.array([0.0, 5, 25, 40])).tolist() == [1, 0.5, pytest.approx(1 / 3)]


def test_shifted_glitches_that_leave_the_segments_do_not_count():
    segments = np.array([[0.0, 25.0]])
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning, match="empty slice"):
        shares = counting.shifted_shares(np.array([1.0, 2.0]), segments, lambda times: times > 21.5)
    by_shift = dict(zip(counting.SHIFTS.tolist(), shares.tolist(), strict=True))
    assert by_shift[20] == 0.5
    assert np.isnan(by_shift[-20])


def test_densest_stretch():
    assert counting.densest_start(np.array([0.0, 50.5, 51, 52, 90]), 10.0) == 50

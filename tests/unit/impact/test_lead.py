"""Alarms, warnings and false alarms by hand, and the threshold for a nominal rate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glitch_explorer.impact.drivers.lead import (
    FALSE_ALARMS,
    WARNING_S,
    Series,
    alarms,
    by_chance,
    false_alarms,
    leads,
    thresholds,
)


def series(probability, start=0.0, run=None):
    n = len(probability)
    run = np.zeros(n, dtype=np.int64) if run is None else np.array(run)
    return Series(start + np.arange(n, dtype=float), run, np.zeros(n, dtype=np.int64), np.array(probability))


def peaks(n, at, height=0.9):
    values = np.full(n, 0.1)
    values[list(at)] = height
    return values


def test_alarms_are_rises_apart_from_the_dead_time():
    curve = series(peaks(300, [10, 11, 50, 71, 200]))
    assert alarms(curve, 0.5).tolist() == [10.0, 71.0, 200.0]
    assert alarms(curve, 0.95).tolist() == []
    # Already high where a run begins is a rise; staying high is none.
    high = series(np.full(200, 0.9), run=[0] * 100 + [1] * 100)
    assert alarms(high, 0.5).tolist() == [0.0, 100.0]


def test_warnings_and_false_alarms_by_hand():
    raised = np.array([10.0, 100.0, 300.0])
    starts = np.array([10.0, 70.0, 160.5, 165.0, 400.0])
    # 10 s: not before the first start, but 60 s before the second. 100: 60.5 s before the third. 300: 100 s.
    assert np.isnan(leads(raised, starts)).tolist() == [True, False, True, True, True]
    assert leads(raised, starts)[1] == 60.0
    assert false_alarms(raised, starts) == 2
    assert false_alarms(raised, np.empty(0)) == 3
    assert np.isnan(leads(np.empty(0), starts)).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=400), st.floats(0, 1))
def test_no_two_alarms_are_nearer_than_the_dead_time(values, threshold):
    curve = series(np.array(values))
    raised = alarms(curve, threshold)
    assert (np.diff(raised) >= WARNING_S).all()
    assert (curve.probability[np.searchsorted(curve.times, raised)] >= threshold).all()


def test_the_threshold_gives_no_more_false_alarms_than_stated():
    rng = np.random.default_rng(3)
    values = rng.uniform(size=36_000)  # ten hours
    starts = np.sort(rng.uniform(0, 36_000, 20))
    for before in (2, 3, 4):
        values[np.floor(starts).astype(int) - before] = 0.999_999
    curve = series(values)
    lowest = thresholds(curve, starts)
    for rate, threshold in zip(FALSE_ALARMS, lowest, strict=True):
        assert false_alarms(alarms(curve, threshold), starts) <= rate * 10
    assert (np.diff(lowest) <= 0).all()
    assert np.isnan(thresholds(series(values[:100]), np.empty(0))).all()


def test_chance_by_hand_and_against_draws():
    times = np.arange(1000.0)
    starts = np.array([30.0, 500.0, 3000.0])
    # 30, 60 and no seconds of the series lie in the minute before.
    assert by_chance(times, starts, 3) == pytest.approx([1 - 0.97**3, 1 - 0.94**3, 0.0])
    rng = np.random.default_rng(0)
    drawn = [~np.isnan(leads(np.sort(rng.choice(times, 3)), starts)) for _ in range(4000)]
    assert np.mean(drawn, axis=0) == pytest.approx(by_chance(times, starts, 3), abs=0.03)

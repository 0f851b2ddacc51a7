"""Known answers of the statistics that several stages use, and of even samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from glitch_explorer.core.arrays import evenly
from glitch_explorer.core.statistics import binomial_tail, share_above, wilson_interval


def test_evenly_keeps_first_and_last() -> None:
    assert evenly(100, 4).tolist() == [0, 33, 66, 99]
    assert evenly(2, 4).tolist() == [0, 1]
    assert evenly(0, 4).tolist() == []


def test_the_share_above_counts_equals_and_the_value_itself() -> None:
    null = np.array([3.0, 1.0, 2.0, 2.0])
    assert share_above(np.array([0.0, 2.0, 2.5, 9.0]), null).tolist() == [1.0, 0.8, 0.4, 0.2]


@given(
    st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.001, 0.999)
)
def test_the_binomial_tail_is_that_of_scipy(pair: tuple[int, int], p: float) -> None:
    k, n = pair
    assert binomial_tail(k, n, p) == pytest.approx(binom.sf(k - 1, n, p), rel=1e-12)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(8, 10, 0.49016, 0.94332), (0, 10, 0.0, 0.27753), (50, 100, 0.40383, 0.59617)],
)
def test_wilson_interval_known_values(hits: int, n: int, low: float, high: float) -> None:
    assert wilson_interval(hits, n) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_the_share(pair: tuple[int, int]) -> None:
    low, high = wilson_interval(*pair)
    assert 0 <= low <= pair[0] / pair[1] <= high <= 1

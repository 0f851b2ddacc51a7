"""Average precision, Brier skill, ROC area and the gate, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from glitch_explorer.impact.drivers.skill import average_precision, brier_skill, gain, roc_auc

GLITCH = np.array([True, False, True, False, False])
#: In order: glitch (1/1), other, glitch (2/3), others.
PROBABILITY = np.array([0.9, 0.8, 0.7, 0.2, 0.1])


def test_average_precision_by_hand():
    once = np.ones((1, 5))
    assert average_precision(PROBABILITY, GLITCH, once)[0] == pytest.approx((1 + 2 / 3) / 2)
    # All share one threshold: the prevalence.
    assert average_precision(np.full(5, 0.3), GLITCH, once)[0] == pytest.approx(2 / 5)
    weights = np.array([[0, 1, 1, 1, 1], [0, 1, 0, 1, 1.0]])
    result = average_precision(PROBABILITY, GLITCH, weights)
    assert result[0] == pytest.approx(1 / 2)
    assert np.isnan(result[1])


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3)), min_size=1, max_size=30))
def test_weights_are_repetitions(rows):
    score, glitch, times = (np.array(column) for column in zip(*rows, strict=True))
    result = average_precision(score.astype(float), glitch, times[None].astype(float))[0]
    again, score = np.repeat(glitch, times), np.repeat(score, times)
    if again.any():
        assert result == pytest.approx(average_precision_score(again, score))
    else:
        assert np.isnan(result)


def test_brier_skill_and_roc_area_by_hand():
    baseline = np.full(5, 0.4)
    score = (0.1**2 + 0.8**2 + 0.3**2 + 0.2**2 + 0.1**2) / 5
    assert brier_skill(PROBABILITY, baseline, GLITCH) == pytest.approx(1 - score / 0.24)
    assert np.isnan(brier_skill(PROBABILITY, GLITCH.astype(float), GLITCH))
    assert roc_auc(PROBABILITY, GLITCH) == pytest.approx(5 / 6)
    tied = np.round(np.random.default_rng(0).uniform(size=200), 1)
    glitch = np.random.default_rng(1).uniform(size=200) < 0.3
    assert roc_auc(tied, glitch) == pytest.approx(roc_auc_score(glitch, tied))


def draws(seed, blocks, lift):
    rng = np.random.default_rng(seed)
    glitch = rng.uniform(size=400) < 0.15
    block = rng.integers(0, blocks, 400)
    return rng.normal(size=400) + lift * glitch, rng.normal(size=400), glitch, block


def test_a_model_that_knows_beats_and_one_that_does_not_does_not():
    result = gain(*draws(1, 20, 2.0), seed=1)
    assert result.beats
    assert 0 < result.low < result.ap - result.baseline < result.high
    assert sum(gain(*draws(k, 20, 0.0), seed=1).beats for k in range(40)) <= 3


def test_under_ten_blocks_nothing_beats():
    result = gain(*draws(1, 9, 3.0), seed=1)
    assert result.blocks == 9
    assert np.isnan(result.low)
    assert not result.beats

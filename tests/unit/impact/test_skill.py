"""Average precision, Brier skill, ROC area and p-values: by hand, and without skill."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from glitch_explorer.impact.drivers.skill import (
    average_precision,
    brier_skill,
    exchange_p_values,
    gain,
    roc_auc,
)

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
    weights = np.array([np.ones(5), [1, 0, 1, 0, 0]])
    result = brier_skill(PROBABILITY, baseline, GLITCH, weights)
    assert result == pytest.approx([1 - score / 0.24, 1 - (0.1**2 + 0.3**2) / (2 * 0.6**2)])
    assert np.isnan(brier_skill(PROBABILITY, GLITCH.astype(float), GLITCH, weights)).all()
    assert roc_auc(PROBABILITY, GLITCH) == pytest.approx(5 / 6)
    tied = np.round(np.random.default_rng(0).uniform(size=200), 1)
    glitch = np.random.default_rng(1).uniform(size=200) < 0.3
    assert roc_auc(tied, glitch) == pytest.approx(roc_auc_score(glitch, tied))


def draws(seed, *, lift=0.0, blocks=15, noise=0.8):
    """Draw probabilities of a model and of its baseline, glitches (one of eleven) and unequal blocks."""
    rng = np.random.default_rng(seed)
    sizes = np.bincount(rng.choice(blocks, 30, p=rng.dirichlet(np.full(blocks, 3.0))), minlength=blocks)
    block = np.repeat(np.arange(blocks), 11 * np.maximum(sizes, 1))
    glitch = rng.permuted(np.arange(len(block)) % 11 == 0)
    model = -2.4 + noise * rng.normal(size=len(block)) + lift * glitch
    baseline = -2.4 + 0.2 * rng.normal(size=blocks)[block] + 0.2 * rng.normal(size=len(block))
    return 1 / (1 + np.exp(-model)), 1 / (1 + np.exp(-baseline)), glitch, block


def test_a_model_with_skill_beats_its_baseline():
    result = gain(*draws(1, lift=4.0), seed=1)
    assert result.beats
    assert result.p_value < 0.01
    assert 0 < result.low < result.ap - result.baseline < result.high
    assert 0 < result.brier_low < result.brier_skill < result.brier_high


@pytest.mark.slow
def test_without_skill_one_p_value_in_twenty_is_at_most_005():
    values = []
    for seed in range(200):
        *data, block = draws(seed)
        _, number = np.unique(block, return_inverse=True)
        values.append(exchange_p_values(*data, number, rng=np.random.default_rng(seed)))
    precision, both = np.array(values)[:, 0], np.max(values, axis=1)
    # 200 draws at 0.05: at most 16 with a probability of 0.98.
    assert (precision <= 0.05).sum() <= 16
    assert (both <= 0.05).sum() <= 16
    assert np.mean(precision <= 0.5) == pytest.approx(0.5, abs=0.12)


def test_a_model_that_only_ranks_better_does_not_beat():
    probability, baseline, glitch, block = draws(2, lift=3.0)
    # The same order, but far too sure of a glitch everywhere.
    result = gain(0.5 + probability / 2, baseline, glitch, block, seed=1)
    assert result.low > 0
    assert result.brier_high < 0
    assert not result.beats


def test_a_model_that_is_only_calmer_does_not_beat():
    rng = np.random.default_rng(3)
    _, _, glitch, block = draws(3)
    baseline = np.clip(1 / 11 + rng.normal(0, 0.2, len(glitch)), 0, 1)
    result = gain(rng.normal(1 / 11, 0.001, len(glitch)), baseline, glitch, block, seed=1)
    assert result.brier_low > 0
    assert not result.beats


def test_with_fewer_than_ten_blocks_there_is_no_p_value():
    result = gain(*draws(1, blocks=9, lift=4.0), seed=1)
    assert result.blocks == 9
    assert np.isnan([result.low, result.brier_low, result.p_value]).all()
    assert result.brier_skill > 0
    assert not result.beats

"""The detector probe: finds what is planted, and nothing where there is nothing."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, kstest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from glitch_explorer.audit import probe
from glitch_explorer.audit.schemas import PROBE
from glitch_explorer.core import tables
from glitch_explorer.sources.schemas import SEGMENTS


def test_fit_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(60, 12)) / 4, rng.normal(size=(20, 12)) / 4
    truth = rng.random((60, 3)) < 0.5
    found = probe.logistic_scores(train, truth.astype(float), test)
    for i in range(3):
        model = LogisticRegression(C=probe.RIDGE, tol=1e-10, max_iter=10000).fit(train, truth[:, i])
        assert found[:, i] == pytest.approx(model.decision_function(test), abs=1e-3)


def test_area_is_the_weighted_mean_of_scikit_learn_s_over_blocks():
    rng = np.random.default_rng(0)
    scores, truth = rng.integers(0, 5, (50, 2)).astype(float), rng.random((50, 2)) < 0.4
    blocks = np.repeat([3, 7], [30, 20])
    expected = []
    for i in range(2):
        parts = [(truth[blocks == b, i], scores[blocks == b, i]) for b in (3, 7)]
        weights = [t.sum() * (~t).sum() / (len(t) + 1) for t, _ in parts]
        expected.append(np.average([roc_auc_score(*part) for part in parts], weights=weights))
    assert probe.stratified_area(scores, truth, blocks) == pytest.approx(expected)


def family(shift, *, n=60, seed=0):
    """Vectors of a family in two detectors, over 12 blocks of time; the second's are shifted."""
    rng = np.random.default_rng(seed)
    second = np.arange(n) % 2 == 1
    vectors = rng.normal(size=(n, 64))
    vectors[second, :3] += shift
    return vectors, second, np.arange(n) * 12 // n


def test_a_detector_that_shows_is_found():
    auc, low, high, p_value = probe.probe(*family(2.0), permutations=99, seed=1)
    assert auc > 0.85
    assert 0.5 < low < auc <= high
    assert p_value == 0.01


def world(kind, seed, shift=0.0):
    """Vectors of a family in two detectors over 16 blocks of time; the second's are shifted."""
    rng = np.random.default_rng(seed)
    counts = 1 + rng.poisson(2, (16, 2))
    if kind == "bursts":
        counts = 1 + rng.poisson(rng.gamma(0.5, 6, (16, 2)))
    elif kind == "unequal":
        counts[:, 1] += 5
    elif kind == "shares follow drift":
        counts += np.where(rng.random((16, 1)) < 0.5, [6, 0], [0, 6])
    block = np.repeat(np.arange(16), counts.sum(axis=1))
    second = np.concatenate([np.repeat([False, True], pair) for pair in counts])
    vectors = rng.normal(size=(len(block), 20))
    if kind == "bursts":  # glitches of one detector in one block resemble each other
        vectors += rng.normal(size=(32, 20))[2 * block + second]
    elif kind == "shares follow drift":
        vectors[:, 0] += 4 * np.sign(counts[:, 0] - counts[:, 1])[block]
    elif kind == "drift":
        vectors[:, :3] += np.cumsum(3 * rng.normal(size=(16, 3)), axis=0)[block]
    vectors[second, :2] += shift
    return vectors, second, block


KINDS = ("plain", "bursts", "unequal", "shares follow drift", "drift")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_without_a_difference_p_is_uniform_and_the_interval_covers(kind):
    runs = [probe.probe(*world(kind, seed), permutations=79, seed=seed) for seed in range(80)]
    auc, low, high, p_value = np.array(runs).T
    assert abs(auc.mean() - 0.5) < 0.03
    assert kstest(p_value, "uniform").pvalue > 0.001
    assert binomtest(int((p_value <= 0.05).sum()), 80, 0.05).pvalue > 0.001
    assert binomtest(int(((low <= 0.5) & (high >= 0.5)).sum()), 80, 0.95).pvalue > 0.001
    assert ((low > 0.5) == (p_value <= 0.025)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_difference_is_identified(kind):
    runs = [probe.probe(*world(kind, seed, shift=2.0), permutations=79, seed=seed) for seed in range(10)]
    assert sum(low > 0.5 for _, low, _, _ in runs) >= 8


def test_blocks_are_segments_else_days_else_none():
    times = np.array([10.0, 95.0, 100.0, np.nan, np.nan])
    segments = pd.DataFrame({"start": [0.0, 90.0]})
    found = probe.time_blocks(times, segments)
    assert found[1] == found[2] != found[0]
    assert len(set(found)) == 4
    days = probe.time_blocks(times, tables.empty(SEGMENTS))
    assert days[0] == days[1] == days[2]


def test_the_table_takes_families_of_two_detectors_only():
    vectors, second, blocks = family(0.0)
    rows = pd.DataFrame(
        {"family": ["F001"] * 60 + ["F002"] * 60 + ["-1"] * 60,
         "ifo": [*np.where(second, "L1", "H1"), *["H1"] * 50, *["L1"] * 10, *np.where(second, "L1", "H1")],
         "event_time": np.tile(blocks * 100.0 + 5, 3)}
    )  # fmt: skip
    segments = pd.DataFrame({"start": np.arange(12) * 100.0})
    table = probe.probe_table(rows, np.tile(vectors, (3, 1)), segments, permutations=99, seed=1)
    assert table["family"].tolist() == ["F001"]
    assert table.iloc[0][["detectors", "n_first", "n_second", "n_blocks"]].tolist() == ["H1 L1", 30, 30, 12]
    assert tables.conform(PROBE, table).num_rows == 1
    nobody = probe.probe_table(
        rows.assign(ifo="H1"), np.tile(vectors, (3, 1)), segments, permutations=99, seed=1
    )
    assert nobody.empty


def test_detectors_that_share_few_blocks_cannot_be_told():
    vectors, second, _ = family(3.0)
    blocks = np.where(second, 40, 0) + np.arange(60) // 6
    blocks[:14] = np.arange(14) // 2  # seven blocks with both
    rows = pd.DataFrame({"family": "F001", "ifo": np.where(second, "L1", "H1"), "event_time": blocks * 100.0})
    segments = pd.DataFrame({"start": np.arange(60) * 100.0})
    table = probe.probe_table(rows, vectors, segments, permutations=99, seed=1)
    assert table[["n_blocks", "reason"]].to_numpy().tolist() == [[7, probe.FEW_BLOCKS]]
    assert table[["auc", "auc_low", "auc_high", "p_value"]].isna().all(axis=None)
    assert tables.conform(PROBE, table).num_rows == 1

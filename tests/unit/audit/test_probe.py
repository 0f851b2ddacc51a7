"""The detector probe: finds what is planted, and nothing where there is nothing."""

import numpy as np
import pandas as pd
import pytest
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


def test_area_is_that_of_scikit_learn_with_ties():
    rng = np.random.default_rng(0)
    scores, truth = rng.integers(0, 5, 50).astype(float), rng.random(50) < 0.4
    assert probe.area(scores, truth) == pytest.approx(roc_auc_score(truth, scores))


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
    assert 0.5 < low < auc < high
    assert p_value == 0.01


def test_where_nothing_is_nothing_is_found():
    found = [probe.probe(*family(0.0, seed=seed), permutations=99, seed=1) for seed in range(12)]
    assert abs(np.mean([auc for auc, *_ in found]) - 0.5) < 0.06
    assert sum(p_value <= 0.05 for *_, p_value in found) <= 3


def test_drift_over_time_is_not_the_detector():
    # Both the vectors and the detectors' shares follow time, block by block.
    rng = np.random.default_rng(3)
    blocks = np.arange(120) // 10
    level = rng.normal(size=12)[blocks]
    second = rng.random(120) < np.where(level > 0, 0.8, 0.2)
    vectors = rng.normal(size=(120, 30))
    vectors[:, 0] += 4 * level
    *_, p_value = probe.probe(vectors, second, blocks, permutations=199, seed=1)
    assert p_value > 0.05


def test_permutations_keep_the_counts_of_each_block():
    rng = np.random.default_rng(0)
    second, blocks = rng.random(40) < 0.3, rng.integers(0, 4, 40)
    permuted = probe._within(second, blocks, rng)
    for block in range(4):
        assert permuted[blocks == block].sum() == second[blocks == block].sum()
    assert (permuted != second).any()


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

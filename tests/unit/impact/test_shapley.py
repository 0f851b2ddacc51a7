"""SHAP values against an independent sum over all subsets, and their additivity."""

from functools import cache, partial
from itertools import combinations
from math import factorial

import numpy as np
import pytest

from glitch_explorer.impact.drivers import training
from glitch_explorer.impact.drivers.training import SCREENED, fit, imputed, screened, separation

COLUMNS = np.arange(4)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(training, "_TREES", 12)
    monkeypatch.setattr(training, "_ROUNDS", 25)


def windows(n=300, *, missing=0.0, seed=0):
    """Return windows and labels: in glitches two features rise, one falls, and one is noise."""
    rng = np.random.default_rng(seed)
    glitch = np.arange(n) % 4 == 0
    values = rng.normal(size=(n, 4)).astype(np.float32)
    values[glitch, :2] += 1.5
    values[glitch, 2] -= values[glitch, 0]
    values[rng.uniform(size=values.shape) < missing] = np.nan
    return values, glitch


def by_subsets(expectation, features=4):
    """Return the Shapley values of a game `expectation(known features)`."""
    phis = np.zeros(features)
    expectation = cache(expectation)
    for i in range(features):
        rest = [j for j in range(features) if j != i]
        for size in range(features):
            weight = factorial(size) * factorial(features - size - 1) / factorial(features)
            for known in combinations(rest, size):
                phis[i] += weight * (expectation(frozenset({*known, i})) - expectation(frozenset(known)))
    return phis


def boosted_expectation(table, x, known):
    """Sum over the trees; a split on what is not known averages by the hessian on each side."""

    def down(tree, node):
        row = table[tree, node]
        if row["Feature"] == "Leaf":
            return row["Gain"]
        yes, no, missing = (int(row[side].split("-")[1]) for side in ("Yes", "No", "Missing"))
        feature = int(row["Feature"][1:])
        if feature in known:
            if np.isnan(x[feature]):
                return down(tree, missing)
            return down(tree, yes if x[feature] < np.float32(row["Split"]) else no)
        weights = [table[tree, side]["Cover"] for side in (yes, no)]
        return np.average([down(tree, yes), down(tree, no)], weights=weights)

    return sum(down(tree, 0) for tree in {key[0] for key in table})


def forest_expectation(forest, x, known):
    """Average the trees; a split on what is not known averages by the training windows on each side."""

    def down(tree, node):
        if tree.children_left[node] < 0:
            return tree.value[node, 0, 1] / tree.value[node, 0].sum()
        sides = [tree.children_left[node], tree.children_right[node]]
        if tree.feature[node] in known:
            return down(tree, sides[0] if x[tree.feature[node]] <= tree.threshold[node] else sides[1])
        return np.average([down(tree, s) for s in sides], weights=tree.weighted_n_node_samples[sides])

    return np.mean([down(first.tree_, 0) for first in forest.estimators_])


def test_boosted_trees_against_all_subsets():
    values, glitch = windows(missing=0.1)
    model = fit("xgboost", values, glitch, COLUMNS, seed=1)
    rows = model.trees.trees_to_dataframe().to_dict("records")
    table = {(row["Tree"], row["Node"]): row for row in rows}
    phis, base = model.shapley(values[:6])
    for x, phi in zip(values[:6], phis, strict=True):
        game = partial(boosted_expectation, table, x)
        assert phi == pytest.approx(by_subsets(game), abs=1e-4)
        full, empty = game(set(range(4))), game(set())
        assert phi.sum() == pytest.approx(full - empty, abs=1e-4)
    assert base < 0  # log-odds of a quarter


def test_the_forest_against_all_subsets():
    values, glitch = windows(missing=0.1, seed=3)
    model = fit("random_forest", values, glitch, COLUMNS, seed=1)
    phis, base = model.shapley(values[:4])
    for x, phi in zip(imputed(values[:4], model.medians), phis, strict=True):
        game = partial(forest_expectation, model.trees, x)
        assert phi == pytest.approx(by_subsets(game), abs=1e-4)
        assert base == pytest.approx(game(set()), abs=1e-6)


@pytest.mark.parametrize("name", ["xgboost", "random_forest"])
def test_shap_values_add_up_to_what_the_model_says(name):
    values, glitch = windows(400, missing=0.05, seed=2)
    model = fit(name, values, glitch, COLUMNS, seed=5)
    phi, base = model.shapley(values)
    probability, total = model.probability(values), phi.sum(axis=1) + base
    if name == "xgboost":
        probability = np.log(probability / (1 - probability))
    assert total == pytest.approx(probability, abs=1e-4)


@pytest.mark.parametrize("name", ["xgboost", "random_forest"])
def test_the_same_seed_is_the_same_model(name):
    values, glitch = windows()
    first, second, third = (
        fit(name, values, glitch, COLUMNS, seed=seed).probability(values) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, third)


def test_separation_is_the_standardised_rank_sum():
    values = np.array([[1, 5], [2, -5], [3, 1], [4, 0], [np.nan, 2]], dtype=np.float32)
    glitch = np.array([True, True, False, False, False])
    # First column: 1 and 2 below 3 and 4, U = 0 of 4. Second: sizes 5 and 5 above 0, 1 and 2, U = 6 of 6.
    first = 2 / np.sqrt(4 * 5 / 12)
    second = 3 / np.sqrt(6 * 6 / 12)
    assert separation(values, glitch) == pytest.approx([first, second])
    assert separation(values[:2], glitch[:2]).tolist() == [0.0, 0.0]


def test_the_columns_that_separate_best_are_taken_in_their_order():
    rng = np.random.default_rng(0)
    values, glitch = rng.normal(size=(200, 3 * SCREENED)).astype(np.float32), np.arange(200) < 20
    values[glitch, 250] += 5
    values[glitch, 17] *= 9  # either way
    chosen = screened(values, glitch)
    assert len(chosen) == SCREENED
    assert {17, 250} <= set(chosen)
    assert (np.diff(chosen) > 0).all()

"""Rate models of slow drivers: known answers, properties, planted effects, and drivers that do not act."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from glitch_explorer.coupling.rates import (
    blocks,
    clock,
    curve,
    drivers,
    effects,
    model,
    nulls,
    problem,
    score,
    surrogates,
)
from tests.fixtures.trends import DAY, FIRST, slow_series


def rates_of(counts, live=None, *, ifo=None):
    minute = FIRST + np.arange(len(counts))
    live = np.ones(len(counts), dtype=bool) if live is None else live
    terms = None if ifo is None else clock.clock_terms(minute, ifo)
    return problem.Rates(minute, live, np.asarray(counts, dtype=float), terms)


def modelled(counts, level, live=None, *, ifo="L1"):
    """Model a family; `level` has one column per driver, each of another band."""
    live = np.ones(len(counts), dtype=bool) if live is None else live
    minute = FIRST + np.arange(len(counts))
    times = np.repeat(minute * 60.0 + 30, counts.astype(int))
    columns = pd.DataFrame({"channel": [f"D{k}" for k in range(level.shape[1])]})
    columns["band"] = columns["channel"]
    draws = {"draws": 79, "family_draws": 39}
    tables = drivers.rate_tables({"F": times}, minute, live, level, columns, ifo=ifo, seed=1, **draws)
    return tables["F"]


# The model


def example():
    """Return counts, blocks and terms of which statsmodels has the answers."""
    i = np.arange(240)
    x = np.sin(i / 7.0) + i / 240
    counts = np.floor(1.5 + np.sin(i * 1.7) + np.exp(0.4 * x)).clip(0)
    return counts, i // 40, np.column_stack([x, np.cos(i / 3.0)])


def test_the_fit_is_that_of_a_poisson_regression_with_a_constant_for_each_block():
    # statsmodels 0.15.0, GLM(counts, indicators of blocks and terms, Poisson()).
    counts, block, terms = example()
    fit = model.fit_rates(counts, block, terms)
    np.testing.assert_allclose(fit.coefficients, [0.22999432, 0.00726794], atol=1e-7)
    np.testing.assert_allclose(fit.expected[:3], [2.10611923, 2.17744022, 2.24797485], atol=1e-7)


def test_errors_without_memory_are_those_of_the_full_information():
    counts, block, terms = example()
    fit = model.fit_rates(counts, block, terms)
    columns = np.column_stack([block[:, None] == np.arange(6), terms]).astype(float)
    covariance = np.linalg.inv(columns.T @ (columns * fit.expected[:, None]))[-2:, -2:]
    contrasts = np.array([[1.0, 0.0], [1.0, -2.0]])
    values, errors = fit.log_ratios(contrasts)
    np.testing.assert_allclose(values, contrasts @ fit.coefficients)
    np.testing.assert_allclose(errors, np.sqrt(np.diag(contrasts @ covariance @ contrasts.T)))


def test_one_block_compares_all_minutes():
    # statsmodels 0.15.0, GLM(counts, constant and terms, Poisson()).
    counts, block, terms = example()
    fit = model.fit_rates(counts, np.zeros_like(block), terms)
    np.testing.assert_allclose(fit.coefficients, [0.22610849, 0.00768243], atol=1e-7)
    assert fit.expected.sum() == pytest.approx(counts.sum())


def test_what_is_constant_within_blocks_changes_nothing():
    counts, block, terms = example()
    fit = model.fit_rates(counts, block, terms)
    moved = model.fit_rates(counts, block, terms + np.array([3.0, -1, 0, 2, 5, 9])[block][:, None])
    np.testing.assert_allclose(moved.coefficients, fit.coefficients, atol=1e-8)


def test_terms_without_an_answer_have_no_fit():
    counts, block, terms = example()
    assert model.fit_rates(counts, block, np.column_stack([terms, terms[:, 0]])) is None
    assert model.fit_rates(counts, block, block[:, None].astype(float)) is None
    only = np.where(np.arange(240) % 40 == 39, 3.0, 0.0)  # glitches in the last minute of a block only
    assert model.fit_rates(only, block, (only > 0)[:, None].astype(float)) is None


# Surrogates and scores


def test_surrogates_have_the_values_and_nearly_the_spectrum_and_no_gaps():
    level = np.exp(slow_series(np.random.default_rng(5), 20 * DAY, 3))
    level[500:900] = np.nan
    filled = np.interp(np.arange(len(level)), np.flatnonzero(~np.isnan(level)), level[~np.isnan(level)])
    line = curve.Curve(np.empty(0), 0.0, 1.0)
    phases = surrogates.random_phases(len(level), 0, 1)
    drawn = surrogates.surrogates_of(level, line).draw(phases)[:, 0]
    np.testing.assert_array_equal(np.sort(drawn), np.sort(filled))
    times = [blocks.correlation_time(np.log(values)) for values in (level, drawn)]
    assert times[1] == pytest.approx(times[0], rel=0.35)
    assert abs(np.corrcoef(filled, drawn)[0, 1]) < 0.3


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=40), st.integers(0, 60))
def test_surrogates_are_ordered_as_by_argsort_however_near_their_values_are(values, ulps):
    drawn = np.array(values)
    drawn = np.unique(np.append(drawn, drawn + ulps * np.spacing(drawn)))
    drawn = np.random.default_rng(0).permutation(drawn)
    order = surrogates._order(drawn, drawn.view(np.uint64))
    np.testing.assert_array_equal(order, np.argsort(drawn))


def test_surrogates_of_one_draw_keep_the_correlation_of_drivers():
    rng = np.random.default_rng(6)
    first = slow_series(rng, 20 * DAY, 3)
    second = 0.8 * first + 0.6 * slow_series(rng, 20 * DAY, 3)
    line = curve.Curve(np.empty(0), 0.0, 1.0)
    phases = surrogates.random_phases(len(first), 3, 1)
    drawn = [surrogates.surrogates_of(level, line).draw(phases)[:, 0] for level in (first, second)]
    expected = np.corrcoef(first, second)[0, 1]
    assert np.corrcoef(*drawn)[0, 1] == pytest.approx(expected, abs=0.03)


def test_equal_levels_do_not_rise_with_time_among_surrogates():
    level = np.append(np.zeros(3000), np.ones(3000))
    transform = surrogates.surrogates_of(level, curve.Curve(np.empty(0), 0.0, 1.0)).transform
    assert len(np.unique(np.round(np.fft.irfft(transform, 6000), 9))) == 2


def test_the_score_is_that_of_the_full_model():
    counts, block, terms = example()
    rates = rates_of(counts)
    level = terms[:, 0]
    driver = problem.Driver(level, curve.Curve(np.empty(0), 0.0, 1.0), 0.0, 1.0, np.ones(1), 1.0, 2400.0)
    test = score.comparison([rates], driver, [], driver.block_s)
    expected = (np.bincount(block, counts) / 40)[block]
    columns = np.column_stack([block[:, None] == np.arange(6), level]).astype(float)
    information = columns.T @ (columns * expected[:, None])
    z = (counts - expected) @ level / np.sqrt(1 / np.linalg.inv(information)[-1, -1])
    # U / sqrt(I) of the last term, with the blocks swept out: U / sqrt(1 / inverse).
    assert test.scores(driver.terms, driver.contrast)[0] == pytest.approx(z, rel=1e-6)
    # For a weak effect it is the ratio of estimate and error.
    values, errors = model.fit_rates(counts, block, level[:, None]).log_ratios(np.ones((1, 1)))
    assert z == pytest.approx(values[0] / errors[0], rel=0.2)


def test_a_term_beside_the_driver_takes_its_part_of_the_score():
    counts, _, terms = example()
    rates = rates_of(counts)
    driver = problem.Driver(
        terms[:, 0], curve.Curve(np.empty(0), 0.0, 1.0), 0.0, 1.0, np.ones(1), 1.0, 2400.0
    )
    copy = score.comparison([rates], driver, [terms[:, :1] * 2 + 1], driver.block_s)
    assert abs(copy.residual[:, 0] @ terms[:, 0]) < 1e-4
    assert abs(copy.basis.T @ (terms[:, 0] - 5))[0] > 1


def test_an_estimate_has_p_interval_and_the_smallest_visible_ratio():
    null = np.concatenate([np.linspace(-3, 3, 98), [0.0]])
    estimate = nulls.Estimate(0.4, 0.2, 2.5, null)
    at_least = (np.abs(null) >= 2.5).sum()
    assert estimate.p_value == pytest.approx((1 + at_least) / 100)
    size = np.sort(np.abs(null))
    low, high = np.exp(0.4 + 0.2 * size[94] * np.array([-1, 1]))
    assert estimate.interval == pytest.approx((low, high))
    assert estimate.least_ratio == pytest.approx(np.exp(0.2 * (size[94] + size[59])))
    # A score beyond the quantile has p up to 0.05, and the interval is as wide.
    assert nulls.Estimate(0.0, 1.0, size[94] + 1e-9, null).p_value <= 0.05
    assert nulls.Estimate(0.0, 1.0, size[93], null).p_value > 0.05


def test_correction_costs_nothing_for_copies_and_the_number_for_independent_drivers():
    rng = np.random.default_rng(3)
    null = rng.normal(size=(10, 4999))
    z = 2.5758  # two-sided p of 0.01
    copies = nulls.corrected_p([nulls.Estimate(0.3, 0.1, z, null[0])] * 10)
    np.testing.assert_allclose(copies, 0.01, rtol=0.5)
    apart = nulls.corrected_p([nulls.Estimate(0.3, 0.1, z, one) for one in null])
    np.testing.assert_allclose(apart, 1 - 0.99**10, rtol=0.25)
    assert not len(nulls.corrected_p([]))


def test_correction_is_right_with_few_surrogates_too():
    draws = np.random.default_rng(4).normal(size=(500, 6, 20)) * np.arange(1, 7)[:, None]
    smallest = [
        nulls.corrected_p([nulls.Estimate(0.0, 1.0, test[0], test[1:]) for test in tests]).min()
        for tests in draws
    ]
    low, high = binom.ppf((0.01, 0.99), 500, 0.05)
    assert low <= (np.array(smallest) <= 0.05).sum() <= high


# Several drivers


def month(seed, days=20):
    """Draw a slow log rate with days that differ, and three drivers that do not act."""
    rng = np.random.default_rng(seed)
    n = days * DAY
    rate = 0.1 * np.exp(slow_series(rng, n, 60) + 0.5 * slow_series(rng, n, 1))
    level = np.column_stack([0.5 * slow_series(rng, n, hours) for hours in (3, 4, 2)])
    return rng, rate, level


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [2.0, 0.5])
def test_a_planted_ratio_is_recovered_and_idle_drivers_are_not(ratio):
    rng, rate, level = month(4)
    driver = problem.make_driver(level[:, 0], np.ones(len(rate), dtype=bool))
    planted = ratio ** ((level[:, 0] - driver.median) / (driver.high - driver.median))
    tables = modelled(rng.poisson(rate * planted), level)
    table = tables.drivers
    answer = "rises" if ratio > 1 else "falls"
    assert table["answer"].tolist() == [answer, "nothing found", "nothing found"]
    assert table["clock_answer"].tolist() == table["answer"].tolist()
    first = table.iloc[0]
    assert first["ratio_low"] < ratio < first["ratio_high"]
    assert first["clock_low"] < ratio < first["clock_high"]
    assert (first["joint_step"], first["reason"]) == (1, "")
    assert table["joint_step"].notna().sum() == 1
    assert first["shifts"] == 19
    assert first["shifts_above"] <= 1
    assert (table["p_fwer"] >= table["p_value"]).all()
    top = tables.curves.query("channel == 'D0' and part == 'curve'")
    assert (top["ratio"].iloc[-1] > 1) == (ratio > 1)
    assert set(tables.days["channel"]) == {"D0"}


@pytest.mark.slow
def test_a_noisy_copy_of_the_driver_leaves_the_joint_model():
    rng, rate, level = month(6)
    level[:, 1] = level[:, 0] + level[:, 2]
    table = modelled(rng.poisson(rate * np.exp(1.2 * level[:, 0])), level).drivers
    assert table["answer"].tolist()[:2] == ["rises", "rises"]
    assert table["joint_step"].isna().tolist() == [False, True, True]


def test_a_driver_of_the_daily_cycle_has_an_effect_but_not_beyond_the_clock():
    rng, rate, level = month(8)
    local = clock.local_seconds(FIRST + np.arange(len(rate)), "L1") / 86400
    cycle = np.cos(2 * np.pi * local)
    level[:, 0] = cycle + 0.3 * level[:, 0]
    row = modelled(rng.poisson(rate * np.exp(0.7 * cycle)), level[:, :1]).drivers.iloc[0]
    assert row["ratio"] > 1.5
    assert row["clock_answer"] != "rises"
    # Whole-day shifts have the same phase.
    assert row["shift_low"] > 1.3


def test_two_drivers_may_act_only_together():
    rng, rate, level = month(10)
    a, b = level[:, 0], level[:, 1]
    # The squares take away nearly all that the product does on average over the other driver.
    together = np.exp(2 * a * b - (a**2 + b**2) / 2)
    pairs = modelled(rng.poisson(rate * together), level).pairs
    assert pairs[["channel_a", "channel_b"]].iloc[0].tolist() == ["D0", "D1"]
    assert pairs["only_together"].tolist() == [True, False, False]
    assert pairs["ratio"].iloc[0] > 1.5


def test_drivers_that_are_never_known_together_make_no_pair():
    rng, rate, level = month(18, days=24)
    level[: 12 * DAY, 0] = np.nan
    level[12 * DAY :, 1] = np.nan
    tables = modelled(rng.poisson(2 * rate), level)
    assert (tables.drivers["reason"] == "").all()
    assert ("D0", "D1") not in set(zip(tables.pairs["channel_a"], tables.pairs["channel_b"], strict=True))


def test_pictures_count_every_live_minute_once():
    rng, rate, level = month(12, days=10)
    live = rng.random(len(rate)) < 0.8
    counts = rng.poisson(rate)
    tables = modelled(counts, level[:, :1], live)
    tenths = tables.curves.query("part == 'tenth'")
    assert tenths["minutes"].sum() == live.sum() == tables.days["live_min"].sum()
    assert tenths["n_glitches"].sum() == counts[live].sum() == tables.days["n_glitches"].sum()
    assert tables.drivers["n_glitches"].tolist() == [counts[live].sum()]
    assert tables.drivers["not_live"].iloc[0] == pytest.approx(1 - live.mean())


@pytest.mark.parametrize(
    ("reason", "counts", "level"),
    [
        ("no_data", 0.1, lambda level: np.full_like(level, np.nan)),
        ("constant", 0.1, np.zeros_like),
        ("unit_changes", 0.1, lambda level: level + 20 * (np.arange(len(level))[:, None] > 5 * DAY)),
        ("few_glitches", 0.0005, lambda level: level),
        ("few_blocks", 0.1, lambda level: np.linspace(0, 1, len(level))[:, None]),
    ],
)
def test_a_driver_without_an_answer_has_a_reason(reason, counts, level):
    rng, rate, idle = month(14, days=10)
    tables = modelled(rng.poisson(np.full(len(rate), counts)), level(idle[:, :1]))
    assert tables.drivers["reason"].tolist() == [reason]
    assert tables.drivers["answer"].tolist() == ["too short"]
    assert tables.pairs.empty


def test_too_short_is_what_could_not_show_a_ratio_of_two():
    rng, _, level = month(16, days=10)
    table = modelled(rng.poisson(0.003, size=len(level)), level[:, :1]).drivers
    assert table["answer"].tolist() == ["too short"]
    assert table["least_ratio"].iloc[0] > 2
    three_days = modelled(rng.poisson(0.1, size=3 * DAY), level[: 3 * DAY, :1]).drivers
    assert three_days["clock_reason"].tolist() == ["few_days"]


@pytest.mark.slow
def test_drivers_that_do_not_act_are_significant_as_often_as_chance_allows():
    p = {question: [] for question in effects.Question}
    families = {question: [] for question in effects.Question}
    for seed in range(100, 140):
        rng, rate, level = month(seed, days=22)
        rates = rates_of(rng.poisson(rate), ifo="L1")
        usable = {k: problem.make_driver(column, rates.live) for k, column in enumerate(level.T)}
        results = effects.driver_effects([rates], usable, seed=seed, draws=39)[0]
        for question, by_driver in results.items():
            p[question] += [estimate.p_value for estimate in by_driver.values()]
            families[question].append(nulls.corrected_p(list(by_driver.values())).min())
    for values in (*p.values(), *families.values()):
        assert (np.array(values) <= 0.05).sum() <= binom.ppf(0.977, len(values), 0.05)

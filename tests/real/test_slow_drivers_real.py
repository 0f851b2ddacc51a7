"""Scattered light at Livingston in January and February 2020, and 16 slow drivers."""

import numpy as np
import pytest
from scipy.stats import binom

from glitch_explorer.coupling.rates.clock import clock_terms
from glitch_explorer.coupling.rates.drivers import RateTables, rate_tables
from glitch_explorer.coupling.rates.effects import Question, driver_effects
from glitch_explorer.coupling.rates.levels import scale_of
from glitch_explorer.coupling.rates.nulls import Estimate
from glitch_explorer.coupling.rates.problem import Driver, Rates, make_driver
from tests.fixtures.trends import TRENDS, daily_profiles, process_levels, read_month, thinned


@pytest.fixture(scope="module")
def month(shared_data):
    if not (shared_data / TRENDS).exists():
        pytest.skip(f"no {TRENDS} in the shared data")
    return read_month(shared_data)


@pytest.fixture(scope="module")
def tables(month) -> RateTables:
    return rate_tables(
        {"Scattered_Light": month.times},
        month.minute,
        month.live,
        month.levels,
        month.columns,
        ifo="L1",
        seed=1,
        draws=59,
        family_draws=39,
    )["Scattered_Light"]


def row(tables, name):
    return tables.drivers[tables.drivers["channel"].str.contains(name)].iloc[0]


def test_the_month(month):
    # Rows that share their exact time are one glitch.
    assert len(month.times) == 8969
    assert month.levels.shape == (38880, 16)
    assert (month.live.sum(), month.counts[month.live].sum()) == (28375, 8879)
    wind = month.levels[:, -1]
    assert scale_of(month.columns["channel"].iloc[-1]) == "calm"
    assert (wind == np.nanmin(wind)).mean() == pytest.approx(0.5, abs=0.02)


def test_every_driver_has_a_result_and_a_ratio_of_two_would_have_been_seen(tables):
    table = tables.drivers
    assert len(table) == 16
    assert (table["reason"] == "").all()
    assert (table["answer"] != "too short").all()
    assert table["least_ratio"].max() < 2


def test_over_the_whole_time_the_ratios_are_those_of_plain_counting(tables):
    # Plain counting, the top tenth over the lower half: 1.74, 1.42, 0.38 and 0.84.
    assert row(tables, "ETMX_Z_BLRMS_3_10")["overall_ratio"] == pytest.approx(1.4, abs=0.2)
    assert row(tables, "ETMX_X_BLRMS_1_3")["overall_ratio"] == pytest.approx(1.15, abs=0.2)
    assert row(tables, "ETMY_Y_BLRMS_100M_300M")["overall_ratio"] == pytest.approx(0.51, abs=0.15)
    assert row(tables, "WIND")["overall_ratio"] == pytest.approx(0.8, abs=0.15)


def test_ground_motion_of_1_to_3_hz_raises_the_rate_also_beyond_the_clock(tables):
    strongest = row(tables, "ITMY_Z_BLRMS_1_3")
    for prefix, low in (("", "ratio_low"), ("clock_", "clock_low"), ("overall_", "overall_low")):
        assert strongest[f"{prefix}answer"] == "rises"
        assert strongest[f"{prefix}ratio"] == pytest.approx(1.25, abs=0.1)
        assert strongest[low] > 1
    assert strongest["joint_step"] == 1
    assert strongest["shifts_above"] == 0
    rising = tables.drivers[tables.drivers["answer"] == "rises"]
    assert set(rising["band"]) <= {"1-3", "3-10"}
    assert (tables.drivers["answer"] != "falls").all()
    assert not tables.pairs["only_together"].any()


def test_the_loudest_microseism_is_mostly_not_live(tables):
    microseism = row(tables, "ETMY_Y_BLRMS_100M_300M")
    assert microseism["not_live"] == pytest.approx(0.27, abs=0.01)
    assert microseism["not_live_top"] > 0.6


def rates_of(month) -> Rates:
    counts = np.where(month.live, month.counts, 0).astype(float)
    return Rates(month.minute, month.live, counts, clock_terms(month.minute, "L1"))


def idle_drivers(month, seed, columns):
    """Draw drivers that do not act, with the real daily cycle."""
    levels = month.levels[:, columns]
    profile = daily_profiles(levels, month.minute, "L1")
    rng = np.random.default_rng(seed)
    moved = process_levels(levels - profile, rng) + profile
    drivers = [make_driver(level, month.live) for level in moved.T]
    return rng, {k: driver for k, driver in enumerate(drivers) if isinstance(driver, Driver)}


@pytest.mark.slow
def test_drivers_with_the_real_daily_cycle_do_not_act_beyond_the_clock(month):
    rates = rates_of(month)
    hits = []
    for seed in range(20):
        _, drivers = idle_drivers(month, seed, [0, 4, 15])
        effects = driver_effects([rates], drivers, seed=seed, draws=19)[0][Question.CLOCK].values()
        hits += [effect.p_value <= 0.05 for effect in effects if isinstance(effect, Estimate)]
    assert sum(hits) <= binom.ppf(0.977, len(hits), 0.05)


@pytest.mark.slow
def test_a_planted_ratio_of_two_is_seen_within_blocks(month):
    rates = rates_of(month)
    seen = []
    rng, drivers = idle_drivers(month, 99, range(16))
    for number, driver in drivers.items():
        form = np.clip((driver.level - driver.median) / (driver.high - driver.median), -1.5, 1.5)
        fewer = thinned(rates.counts.astype(int), form, 2.0, rng).astype(float)
        planted = Rates(rates.minute, rates.live, fewer, None)
        results = driver_effects([planted], {number: driver}, seed=1, draws=39)[0]
        effect = results[Question.WITHIN][number]
        seen.append(isinstance(effect, Estimate) and effect.p_value <= 0.05 and effect.value > 0)
    assert np.mean(seen) >= 0.9

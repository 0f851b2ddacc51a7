"""Known answers of thresholds, contamination, intervals, references and the ranking."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from glitch_explorer.core.errors import UserError
from glitch_explorer.impact.cost import bootstrap as intervals
from glitch_explorer.impact.cost import contamination, minutes, ranking, threshold
from glitch_explorer.impact.cost.settings import CostSettings


def test_threshold_loss_by_hand():
    # Rankings 20 (A), 19 (A), 18 (B), 10 (B), 8 (C): with two alarms the threshold is 19; without A it is
    # 10, without B 19, without C 19.
    values, family = np.array([10.0, 20.0, 8.0, 19.0, 18.0]), np.array([1, 0, 2, 0, 1])
    result = threshold.threshold_losses(values, family, 4, 2)
    np.testing.assert_allclose(result, [1 - (10 / 19) ** 3, 0, 0, 0])


def test_threshold_is_as_if_the_family_were_not_there():
    rng = np.random.default_rng(0)
    values, family = rng.pareto(3, 500), rng.integers(0, 6, 500)
    result = threshold.threshold_losses(values, family, 6, 40)
    for k in range(6):
        without, every = (np.sort(x)[-40] for x in (values[family != k], values))
        assert result[k] == pytest.approx(1 - (without / every) ** 3)


def test_threshold_without_enough_left_is_bounded_by_the_lowest_ranking():
    values, family = np.array([9.0, 8.0, 7.0, 5.0]), np.array([0, 0, 0, 1])
    assert threshold.threshold_losses(values, family, 2, 3)[0] == pytest.approx(1 - (5 / 7) ** 3)
    assert np.isnan(threshold.threshold_losses(values, family, 2, 5)).all()


@pytest.mark.parametrize(
    ("rate", "days", "alarms"), [(1.0, 30.0, 10), (365.25, 30.0, 30), (1e4, 36.525, 1000)]
)
def test_alarms_allowed(rate, days, alarms):
    assert threshold.allowed_alarms(rate, days * 86400) == alarms


def test_signal_time_of_a_binary_by_hand():
    # 5/256 (1.2188 * 4.9255e-6 s)^(-5/3) (pi 10 Hz)^(-8/3): about 1000 s for 1.4 + 1.4 solar masses.
    whole = contamination.signal_time(np.array([1.0]), np.array([5000.0]))
    mass = 1.4 * 2**-0.2 * 4.925490947e-6
    coefficient = 5 / 256 * mass ** (-5 / 3) * np.pi ** (-8 / 3)
    assert whole[0] == pytest.approx(coefficient * (10.0 ** (-8 / 3) - 2048.0 ** (-8 / 3)))
    assert whole[0] == pytest.approx(1000, rel=0.01)
    assert contamination.signal_time(np.array([100.0]), np.array([100.0]))[0] == 0.0


def test_contamination_by_hand():
    # A glitch each 100 s, of 2 s, in no band at all: 10 (1 - exp(-0.02)).
    medians = {"duration_s": np.array([2.0]), "peak_hz": np.array([50.0]), "bandwidth_hz": np.array([0.0])}
    result = contamination.contamination(np.array([10.0]), 1000.0, **medians, cbc_rate_per_yr=10.0)
    assert result[0] == pytest.approx(10 * (1 - np.exp(-0.02)))


def test_interval_without_skewness_is_students():
    away = np.array([[1.0, -1.0] * 10])
    low, high = intervals.block_intervals(np.array([7.0]), away, np.array([20]))
    half = stats.t.ppf(0.975, 19) * np.sqrt(20 / 19 * 20)
    np.testing.assert_allclose([low[0], high[0]], [7 - half, 7 + half])


def deviations(counts):
    """Return sums of counts (k, b), and the contributions of equally long blocks less their mean."""
    return counts.sum(axis=1), counts - counts.mean(axis=1, keepdims=True)


def test_two_equal_families_have_the_same_chance_to_be_first():
    counts = np.random.default_rng(1).poisson(4.0, 24).astype(float)
    both = np.ones(2, bool)
    # The same blocks: every resample is a tie. Blocks in reverse: one chance each.
    same = intervals.chance_first(*deviations(np.stack([counts, counts])), both, 42)
    np.testing.assert_allclose(same, 0.5)
    independent = intervals.chance_first(*deviations(np.stack([counts, counts[::-1]])), both, 42)
    np.testing.assert_allclose(independent, 0.5, atol=0.02)
    assert independent.sum() == pytest.approx(1)


def test_a_family_far_above_is_first_and_others_are_not_compared():
    rng = np.random.default_rng(2)
    total, deviation = deviations(rng.poisson([[40.0], [4.0], [4.0], [400.0]], (4, 24)).astype(float))
    total[2] = np.nan
    compared = np.array([True, True, True, False])
    chance = intervals.chance_first(total, deviation, compared, 42)
    np.testing.assert_allclose(chance, [1, 0, np.nan, np.nan])
    assert np.isnan(intervals.chance_first(total, deviation[:, :9], compared, 42)).all()


def test_what_families_have_in_common_cancels():
    """A family that always costs a little more is first, however much both scatter."""
    counts = 100.0 * np.random.default_rng(3).pareto(2.0, 24)
    total, deviation = deviations(np.stack([counts, counts + 1.0]))
    np.testing.assert_allclose(intervals.chance_first(total, deviation, np.ones(2, bool), 42), [0, 1])


def test_of_equal_families_one_is_rarely_surely_first():
    rng = np.random.default_rng(4)
    surely = [
        intervals.chance_first(
            *deviations(rng.poisson(3.0, (2, 24)).astype(float)), np.ones(2, bool), 42
        ).max()
        for _ in range(200)
    ]
    # A chance of 0.95 on either side is a test at 10 %.
    assert np.mean(np.array(surely) > 0.95) < 0.16


def test_interval_inverts_the_corrected_t_and_reaches_up_where_blocks_are_skew():
    away = np.append(-np.ones(19), 19.0)[None]
    low, high = intervals.block_intervals(np.array([20.0]), away, np.array([19]))
    skew = (away**3).mean() / (away**2).mean() ** 1.5 / np.sqrt(20)
    error = np.sqrt(20 / 19 * (away**2).sum())
    for end, sign in ((low[0], 1), (high[0], -1)):
        t = (20 - end) / error
        value = t + skew * t**2 / 3 + skew**2 * t**3 / 27 + skew / 6
        assert value == pytest.approx(sign * stats.t.ppf(0.975, 19))
    assert high[0] - 20 > 20 - low[0]


def test_no_interval_under_ten_blocks():
    low, high = intervals.block_intervals(np.ones(2), np.ones((2, 9)), np.array([3, 4]))
    assert np.isnan(low).all()
    assert np.isnan(high).all()


@pytest.mark.parametrize("noise", [0.0, 2.0])
def test_interval_covers_the_mean_of_few_clustered_glitches(noise):
    rng = np.random.default_rng(4)
    worlds, blocks = 3000, 24
    count = rng.poisson(8 / blocks * rng.gamma(0.7, 1 / 0.7, (worlds, blocks)))
    sums = rng.gamma(np.maximum(2.0 * count, 1e-9), 0.75) * (count > 0)
    sums = sums + noise * np.sqrt(count) * rng.standard_normal(count.shape)
    there = count.sum(axis=1) > 0
    total, occupied = sums.sum(axis=1), (count > 0).sum(axis=1)
    low, high = intervals.block_intervals(total, sums - sums.mean(axis=1, keepdims=True), occupied)
    covered = ((low <= 12.0) & (high >= 12.0))[there].mean()
    assert 0.91 <= covered <= 0.99


def test_minutes_are_whole_and_cut_at_segments():
    cells = minutes.minute_pieces(np.array([[30.0, 130.0], [170.0, 200.0]]))
    np.testing.assert_array_equal(cells, [[30, 60], [60, 120], [120, 130], [170, 180], [180, 200]])
    frame = minutes.minute_frame(
        np.array([[30.0, 130.0], [170.0, 200.0]]), np.array([[50.0, 65.0], [60, 70]])
    )
    np.testing.assert_array_equal(frame["minute"], [0, 60, 120, 180])
    np.testing.assert_array_equal(frame["live_s"], [30, 60, 20, 20])
    np.testing.assert_array_equal(frame["gated_s"], [10, 10, 0, 0])


def test_reference_is_the_median_of_each_half_hour():
    rng = np.random.default_rng(0)
    minute = 60.0 * np.cumsum(rng.integers(1, 4, 300))
    reach, clean = rng.normal(100, 5, 300), rng.uniform(size=300) < 0.7
    reach[rng.integers(0, 300, 20)] = np.nan
    result = minutes.reference_ranges(minute, reach, clean)
    for k in range(300):
        near = clean & np.isfinite(reach) & (np.abs(minute - minute[k]) <= 1800)
        assert result[k] == np.median(reach[near])


def test_reference_takes_the_nearest_of_a_day_where_half_an_hour_is_too_few():
    minute = np.array([0.0, *(7200.0 + 60.0 * np.arange(20)), 200000.0])
    reach = np.array([50.0, *(100.0 + np.arange(20)), 70.0])
    clean = np.append(False, np.ones(21, bool))
    result = minutes.reference_ranges(minute, reach, clean)
    assert result[0] == np.median(reach[1:21])
    assert np.isnan(result[-1])  # one clean minute within a day: itself
    few = minutes.reference_ranges(minute[:10], reach[:10], clean[:10])
    assert np.isnan(few).all()


def test_losses_are_signed_and_null_where_nothing_is_known():
    frame = pd.DataFrame({"minute": 60.0 * np.arange(15), "live_s": 60.0, "gated_s": 0.0})
    frame.loc[14, "live_s"] = 30.0
    reach = np.full(15, 100.0)
    reach[3], reach[4], reach[14] = 90.0, np.nan, 110.0
    table = minutes.with_losses(frame, reach, ifo="H1", source="x")
    lost = table["loss_mpc3_yr"].to_numpy()
    volume = 4 / 3 * np.pi
    year = 365.25 * 86400
    assert lost[3] == pytest.approx(volume * (100**3 - 90**3) * 60 / year)
    assert lost[14] == pytest.approx(volume * (100**3 - 110**3) * 30 / year)
    assert np.isnan(lost[4])
    assert lost[0] == 0.0
    assert minutes.mean_volume(table) == pytest.approx(volume * 100**3)
    assert np.isnan(minutes.mean_volume(table.iloc[:0]))


def test_ranks_and_their_agreement_by_hand():
    cost = pd.Series([1.0, np.nan, 3.0, 2.0, 5.0])
    assert ranking.ranks(cost).tolist()[2:] == [2, 3, 1]
    assert pd.isna(ranking.ranks(cost)[1])
    # Of the six pairs of four, one is turned: (5 - 1) / 6.
    tau, n = ranking.rank_agreement(cost, pd.Series([2.0, 4.0, 3.0, 1.0, 5.0]))
    assert (tau, n) == (pytest.approx(4 / 6), 4)
    tau, n = ranking.rank_agreement(cost[:3], cost[:3])
    assert n == 2
    assert np.isnan(tau)


@pytest.mark.parametrize(
    "wrong", [{"min_gate_s": 0.0}, {"gate_snr": -1.0}, {"cbc_rate_per_yr": np.nan}, {"gate_snr": np.inf}]
)
def test_settings_that_are_not_positive_and_finite_are_refused(wrong):
    with pytest.raises(UserError, match=f"{next(iter(wrong))} must be above 0 and finite"):
        CostSettings(**wrong)

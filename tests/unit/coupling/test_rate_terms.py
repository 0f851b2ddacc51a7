"""Terms of the rate models: scales of levels, blocks of time, curves, and local time."""

import numpy as np
import pytest

from glitch_explorer.coupling.rates import blocks, clock, curve, levels
from glitch_explorer.coupling.rates.levels import Scale
from tests.fixtures.trends import DAY, FIRST, slow_series

# Levels


@pytest.mark.parametrize(
    ("channel", "scale"),
    [
        ("L1:PEM-EY_WIND_WEATHER_MPH.mean", Scale.CALM),
        ("L1:ISI-GND_STS_ETMX_X_BLRMS_1_3.mean", Scale.POSITIVE),
        ("L1:PEM-EX_TEMP_F", Scale.SIGNED),
        ("L1:CDS-SENSEMON_CAL_L1_SNSW_EFFECTIVE_RANGE_MPC.mean", Scale.POSITIVE),
    ],
)
def test_the_scale_of_a_channel_is_in_its_name(channel, scale):
    assert levels.scale_of(channel) is scale


def test_zero_is_calm_for_wind_and_no_data_for_ground_motion():
    values = np.array([0.0, -1.0, 2.0, 4.0, np.nan, np.inf])
    positive = [np.nan, np.nan, np.log(2), np.log(4), np.nan, np.nan]
    np.testing.assert_allclose(levels.driver_levels(values, Scale.POSITIVE), positive)
    calm = [np.log(3), np.nan, np.log(5), np.log(7), np.nan, np.nan]
    np.testing.assert_allclose(levels.driver_levels(values, Scale.CALM), calm)
    signed = [0, -1, 2, 4, np.nan, np.nan]
    np.testing.assert_allclose(levels.driver_levels(values, Scale.SIGNED), signed)
    assert np.isnan(levels.driver_levels(np.zeros(3), Scale.CALM)).all()


def test_a_change_of_the_unit_is_no_storm():
    level = slow_series(np.random.default_rng(5), 6 * DAY, hours=6)
    level[::7], level[2 * DAY : 2 * DAY + 300] = np.nan, np.nan
    assert not levels.unit_changes(level)
    changed = np.where(np.arange(len(level)) < 4 * DAY, level, level + np.log(1e9))
    assert levels.unit_changes(changed)
    assert levels.unit_changes(-changed)
    storm = level + np.where(np.abs(np.arange(len(level)) - 2 * DAY) < 900, 6.0, 0.0)
    assert not levels.unit_changes(storm)
    assert not levels.unit_changes(level + np.linspace(0, 8, len(level)))
    first_hours = level + np.where(np.arange(len(level)) < 600, 9.0, 0.0)
    assert not levels.unit_changes(first_hours)


def test_the_minutes_that_loud_ground_takes_are_counted():
    level = np.append(np.arange(1.0, 101), np.nan)
    live = level < 96
    assert levels.censored_shares(level, live) == (pytest.approx(0.05), pytest.approx(0.5))
    level[~live] = np.nan
    assert np.isnan(levels.censored_shares(level, live)).all()


# Blocks


def test_correlation_time_of_an_exponential_correlation_with_and_without_gaps():
    level = slow_series(np.random.default_rng(1), 300 * DAY, 2.0)
    expected = -np.log(0.2) * 2 * 3600
    assert blocks.correlation_time(level) == pytest.approx(expected, rel=0.2)
    level[np.arange(len(level)) % 500 > 300] = np.nan
    assert blocks.correlation_time(level) == pytest.approx(expected, rel=0.3)
    assert blocks.correlation_time(np.full(7, np.nan)) == 7 * 60


@pytest.mark.parametrize(
    ("correlation_h", "span_days", "hours"),
    [(5, 27, 48), (32, 27, 72), (5, 8.4, 8.4 * 24 / 8), (60, 8.4, 120), (0.1, 0.125, 3 / 8)],
)
def test_blocks_are_whole_days_where_eight_fit_and_never_below_two_correlation_times(
    correlation_h, span_days, hours
):
    assert blocks.block_length(correlation_h * 3600, span_days * 86400) == pytest.approx(hours * 3600)


def test_blocks_are_numbered_without_the_empty_ones():
    minute = FIRST + np.array([0, 59, 60, 500, 501])
    np.testing.assert_array_equal(blocks.block_numbers(minute, 3600.0), [0, 0, 1, 2, 2])
    kept = blocks.informative(np.array([0.0, 1, 0, 0, 2]), np.array([0, 0, 1, 2, 2]))
    np.testing.assert_array_equal(kept, [True, True, False, True, True])


# Curves


def test_a_curve_is_linear_outside_its_outer_knots():
    level = np.random.default_rng(0).normal(3, 2, size=999)
    basis = curve.curve_of(level)
    assert basis.terms(level).shape == (999, 3)
    for outside in ([-50.0, -40, -30], [30.0, 40, 50]):
        first, second = np.diff(basis.terms(np.array(outside)), axis=0)
        np.testing.assert_allclose(first, second, rtol=1e-6, atol=1e-6)


def test_half_of_all_minutes_without_wind_leave_knots_for_the_other_half():
    level = np.append(np.zeros(500), np.linspace(0.1, 2, 500))
    basis = curve.curve_of(level)
    assert len(basis.knots) == 4
    assert basis.knots[0] == pytest.approx(basis.standard(0.0))
    assert curve.effect_levels(level)[0] == pytest.approx(0.05)


def test_a_constant_has_no_curve_and_two_values_a_line():
    assert curve.curve_of(np.full(10, 2.5)) is None
    assert curve.curve_of(np.tile([0.0, 1.0], 50)).terms(np.array([0.0, 1.0])).shape == (2, 1)


# Local time


def test_local_time_has_daylight_saving_where_the_site_has_it():
    unix = np.array([1583654340, 1583654460])  # 8 March 2020, 7:59 and 8:01 UTC
    minute = (unix - 315964800 + 18) // 60
    hours = {ifo: clock.local_seconds(minute, ifo) % 86400 / 3600 for ifo in ("L1", "H1", "K1", "X9")}
    np.testing.assert_allclose(hours["L1"], [1 + 59 / 60, 3 + 1 / 60], atol=0.02)
    np.testing.assert_allclose(hours["H1"], [23 + 59 / 60, 1 / 60], atol=0.02)
    np.testing.assert_allclose(hours["K1"], [16 + 59 / 60, 17 + 1 / 60], atol=0.02)
    np.testing.assert_allclose(hours["X9"], [7 + 59 / 60, 8 + 1 / 60], atol=0.02)


@pytest.mark.parametrize(("days", "terms"), [(3, None), (5, 4), (21, 10)])
def test_terms_of_local_time_need_days(days, terms):
    local = clock.clock_terms(FIRST + np.arange(days * DAY), "H1")
    assert (None if local is None else local.shape[1]) == terms

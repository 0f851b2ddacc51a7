from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glitch_explorer.coupling.channels.bands import BIN_S, WARM_UP_S, bands_of
from glitch_explorer.coupling.channels.features import columns_of, native_band, robust_scores, slopes
from glitch_explorer.coupling.channels.filters import chunk_features, log_rms, settling_s

EDGES = [0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 4000]
BANDS = list(pairwise(EDGES))
SKIP = round(WARM_UP_S / BIN_S)


def features(samples, rate, kind="raw", *, skip=SKIP):
    bins = int(samples.shape[1] / rate / BIN_S) - skip
    return chunk_features(samples, rate, kind, BANDS, before_s=skip * BIN_S, bins=bins)


def logs(samples, rate, *, skip=SKIP):
    return features(np.atleast_2d(samples), rate, skip=skip)[0]


@pytest.mark.parametrize("rate", [16, 256, 1000, 4096])
def test_a_sine_in_its_band_gives_its_rms_and_little_elsewhere(rate):
    bands = bands_of(rate, BANDS)
    t = np.arange(192 * rate) / rate
    for number, band in enumerate(bands):
        if band.high < 2 * band.low:
            continue
        samples = 5.0 + 3 * np.sin(2 * np.pi * np.sqrt(band.low * band.high) * t + 1)
        rms = np.exp(logs(samples, rate)[0].astype(float))
        mean = np.sqrt((rms**2).mean(axis=1))
        assert mean[number] == pytest.approx(3 / np.sqrt(2), rel=0.03), band
        far = [i for i in range(len(bands)) if abs(i - number) > 1]
        assert np.all(mean[far] < 0.03 * mean[number])


def test_bands_end_at_nyquist():
    assert [band.name for band in bands_of(256, BANDS)][-2:] == ["30-100", "100-128"]
    assert bands_of(2048, BANDS)[-1].high == 1000
    assert max(settling_s(band, 256) for band in bands_of(256, BANDS)) < WARM_UP_S
    with pytest.raises(ValueError, match=r"0\.03"):
        bands_of(256, [(0.01, 0.03)])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.floats(70, 185), st.sampled_from([16, 256, 1024]))
def test_a_burst_changes_no_bin_before_it(seed, at, rate):
    rng = np.random.default_rng(seed)
    quiet = rng.standard_normal((2, 192 * rate)).cumsum(axis=1)
    loud = quiet.copy()
    sample = round(at * rate)
    loud[:, sample:] += 1e3 * rng.standard_normal((2, 192 * rate - sample))
    for before, after in zip(features(quiet, rate), features(loud, rate), strict=True):
        first = int(sample / rate / BIN_S) - SKIP
        assert np.array_equal(before[..., :first], after[..., :first])
        assert not np.array_equal(before[..., first:], after[..., first:])


def test_a_sample_of_a_slow_trend_is_used_once_it_is_over():
    samples = np.arange(1.0, 9.0)[None]
    levels, means = features(samples, 1.0, "trend", skip=0)
    assert means.size == 0
    # The sample of [t, t + 1) is used from the bin that ends at t + 1 on.
    expected = [np.nan, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8]
    assert np.exp(levels[0, 0]) == pytest.approx(expected, nan_ok=True)
    gone, _ = features(-samples, 1.0, "trend", skip=0)
    assert np.isnan(gone).all()


def test_a_minute_trend_that_begins_between_bins_is_used_once_each_minute_is_over():
    samples = np.arange(1.0, 6.0)[None]
    # The first bin begins 100.25 s after the first sample.
    levels, _ = chunk_features(samples, 1 / 60, "trend", BANDS, before_s=100.25, bins=256)
    values = np.exp(levels[0, 0])
    assert values[:39] == pytest.approx(1)
    assert values[39 : 39 + 120] == pytest.approx(2)
    assert values[159:] == pytest.approx(3)


def test_a_gap_stays_a_gap_until_the_filter_has_settled():
    rate, rng = 256, np.random.default_rng(1)
    samples = rng.standard_normal((3, 192 * rate)) + 1e6
    samples[1, 100 * rate : 110 * rate] = np.nan
    samples[2] = np.nan
    levels, means = features(samples, rate)
    gap = slice(round((100 - 64) / BIN_S), round((110 - 64) / BIN_S))
    assert np.isfinite(levels[0]).all()
    assert np.isnan(levels[2]).all()
    assert np.isnan(means[1, 0, gap]).all()
    assert np.isfinite(means[1, 0]).sum() == 256 - 20
    for number, band in enumerate(bands_of(rate, BANDS)):
        interrupted = levels[1, number]
        assert np.isnan(interrupted[gap]).all()
        assert np.isnan(interrupted[gap.stop : gap.stop + int(settling_s(band, rate) / BIN_S)]).all()
        settled = interrupted[gap.stop + int(np.ceil(settling_s(band, rate) / BIN_S)) + 1 :]
        assert np.isfinite(settled).all()
        assert settled == pytest.approx(levels[0, number, -len(settled) :], abs=4)
    assert np.array_equal(interrupted[: gap.start], logs(samples[1], rate)[0, number, : gap.start])


def test_a_chunk_agrees_with_a_filter_that_has_run_for_long():
    rate, rng = 64, np.random.default_rng(2)
    samples = rng.standard_normal((2, 1024 * rate)).cumsum(axis=1)
    samples -= 0.01 * np.arange(1024 * rate) / rate
    whole = logs(samples, rate, skip=0)
    alone = logs(samples[:, (512 - WARM_UP_S) * rate : 640 * rate], rate)
    for number, _band in enumerate(bands_of(rate, BANDS)):
        apart = np.abs(whole[:, number, 1024:1280] - alone[:, number])
        assert np.median(apart) < 2e-3
        assert apart.max() < 0.2


def test_scores_are_against_the_past_alone():
    rng = np.random.default_rng(3)
    values, stretch = rng.standard_normal((2000, 2)), np.repeat([0, 1], [800, 1200])
    values[300:340, 1] = np.nan
    scores = robust_scores(values, stretch)
    for i, column in [(119, 0), (120, 0), (500, 1), (799, 0), (800, 0), (919, 1), (921, 1), (1999, 0)]:
        first = max(i - 600, 0 if i < 800 else 800)
        past = values[first:i, column]
        past = past[np.isfinite(past)]
        if len(past) < 120:
            assert np.isnan(scores[i, column])
            continue
        median = np.median(past)
        away = np.sort(np.abs(past - median))[(len(past) + 1) // 2 - 1]
        assert scores[i, column] == pytest.approx((values[i, column] - median) / (1.4826 * away), rel=1e-4)
    changed = values.copy()
    changed[1500:] = 1e6
    assert np.array_equal(robust_scores(changed, stretch)[:1500], scores[:1500], equal_nan=True)
    assert np.isnan(scores[300:340, 1]).all()
    assert np.nanmax(robust_scores(np.eye(300, 1, -200), np.zeros(300))) == 1e4


def test_slopes_end_with_a_stretch():
    change = slopes(np.array([[1.0], [3.0], [7.0], [8.0]]), np.array([0, 0, 1, 1]))
    assert change[:, 0] == pytest.approx([np.nan, 2, np.nan, 1], nan_ok=True)


def test_slopes_of_held_samples_are_changes_over_one_sample():
    held = np.repeat([1.0, 3.0, 3.5, 7.0, 8.0], 2)[:, None]
    change = slopes(held, np.repeat([0, 1], [6, 4]), bins=2)
    assert change[:, 0] == pytest.approx([np.nan, np.nan, 2, 2, 0.5, 0.5, np.nan, np.nan, 1, 1], nan_ok=True)


def test_columns_of_every_kind():
    table = pd.DataFrame(
        {
            "channel": ["H1:A-B", "H1:ISI-GND_STS_ITMY_Z_BLRMS_30M_100M", "H1:W-RMS"],
            "rate_hz": [16.0, 16.0, 1.0],
            "kind": ["raw", "rms", "trend"],
        }
    )
    logarithms, means = columns_of(table, BANDS[2:], settling_s)
    assert list(logarithms["band"]) == ["0.3-1", "1-3", "3-8", "0.03-0.1", "broadband"]
    assert list(means["channel"]) == ["H1:A-B"]
    assert native_band("L1:PEM_BLRMS_1_3.rms") == ("1-3", 1.0, 3.0)


@pytest.mark.parametrize("edges", [(0.1, 0.3), (0.3, 1.0), (1.0, 3.0), (10.0, 30.0)])
def test_a_burst_shows_late_but_never_early_and_within_the_settling_time(edges):
    rate, at = 256.0, 150.0
    (band,) = bands_of(rate, [edges])
    seconds = np.arange(int(300 * rate)) / rate
    impulse = np.where(seconds == at, 1.0, 0.0)
    centre = np.sqrt(band.low * band.high)
    burst = np.sin(2 * np.pi * centre * seconds) * np.exp(-2 * (centre * (seconds - at)) ** 2)
    rms = np.exp(log_rms(np.stack([impulse, burst]), rate, [band], skip=0)[:, 0].astype(float))
    starts = np.arange(rms.shape[1]) * BIN_S
    settled = starts >= at + settling_s(band, rate)
    heard = np.nansum(rms[0] ** 2)
    assert np.nansum(rms[0, starts + BIN_S <= at] ** 2) < 1e-20 * heard
    assert np.nansum(rms[0, settled] ** 2) < 0.01 * heard
    late = starts[np.nanargmax(rms[1])] + BIN_S - at
    assert 0 < late < settling_s(band, rate)

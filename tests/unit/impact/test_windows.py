"""Values of windows, which windows are whole, and which background is drawn."""

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.coupling.channels.feature_set import FeatureSet
from glitch_explorer.coupling.channels.live_time import LiveTime
from glitch_explorer.impact.drivers.baselines import baseline_features
from glitch_explorer.impact.drivers.windows import (
    BACKGROUND_RATIO,
    BINS_S,
    background_rows,
    feature_windows,
    leading_columns,
    make_material,
)

START = 1000
CHANNELS = pd.DataFrame({"channel": ["H1:A", "H1:B"], "safety": ["safe", "unknown"]})
SEGMENTS = np.array([[1000.0, 1600.0], [11_000.0, 11_600.0]])


def features(seconds=600, stretches=2, settling=(0.1, 0.1), seed=0):
    """Return features of stretches that begin at 1000 s, 11,000 s, …; two channels with one band."""
    rng = np.random.default_rng(seed)
    starts = START + 10_000 * np.arange(stretches)
    live = LiveTime.of(np.column_stack([starts, starts + seconds]))
    columns = CHANNELS[["channel"]].assign(band="10-30", low_hz=10.0, high_hz=30.0, settling_s=settling)
    values = rng.normal(size=(len(live), 2)).astype(np.float32)
    return FeatureSet(live, columns, values, pd.DataFrame())


def test_a_bin_holds_its_largest_score_with_its_sign():
    data = features()
    data.values[:] = 0.1 * np.sign(data.values)
    # The event is at 1200.1 s: the nearest edge of a time bin is 1200.0. Bins: -3 … -1 and -1 … +1.
    at = 2 * (1200 - START)
    data.values[at - 6, 0] = -5  # the first time bin of -3 … -1
    data.values[at - 2, 0] = 3  # the first time bin of -1 … +1
    data.values[at + 1, 0] = -4  # its last
    data.values[at + 2, 0] = 9  # no more of it
    material = make_material(data, CHANNELS)
    used, rows = material.window_rows(np.array([1200.1]))
    assert used.tolist() == [0]
    before, around, after = (2 * BINS_S.index(bin_s) for bin_s in ((-3, -1), (-1, 1), (1, 10)))
    windows = feature_windows(material, rows, np.array([before, around, after, around + 1]))[0]
    assert windows[:3].tolist() == [-5, -4, 9]
    assert abs(windows[3]) == np.float32(0.1)


def test_a_bin_with_a_gap_is_missing_and_no_other():
    data = features()
    data.values[2 * (1200 - START) - 40, 1] = np.nan  # 20 s before
    material = make_material(data, CHANNELS)
    _, rows = material.window_rows(np.array([1200.0]))
    windows = feature_windows(material, rows, np.arange(material.n_columns)).reshape(len(BINS_S), 2)
    assert np.argwhere(np.isnan(windows)).tolist() == [[1, 1]]


def test_windows_lie_whole_in_their_interval_after_the_scores_have_begun():
    material = make_material(features(), CHANNELS)
    # 60 s without scores, 0.1 s settling (a cell), 60 s of lags; 10 s after.
    times = np.array([1000.0, 1120.0, 1121.0, 1589.9, 1590.6, 5000.0, 11_300.0])
    used, rows = material.window_rows(times)
    assert used.tolist() == [2, 3, 6]
    assert material.live.times[rows].tolist() == [1121.0, 1590.0, 11_300.0]


def test_delays_are_taken_off_and_their_rows_left_out():
    data = features(settling=(5.5, 0.1))
    data.values[:] = 0.1 * np.sign(data.values)
    data.values[2 * (1202 - START), 0] = 7.0  # shows an event at 1200 s, 2 s late
    material = make_material(data, CHANNELS)
    assert material.columns["delay_s"].tolist() == [2.0, 0.0]
    assert material.columns["reach_s"].tolist() == [7.5, 0.1]
    _, rows = material.window_rows(np.array([1200.0]))
    assert feature_windows(material, rows, np.array([2 * 4]))[0, 0] == 7.0
    assert len(material.window_rows(np.array([1588.0, 1588.6]))[0]) == 1


def test_unsafe_silent_and_absent_channels_enter_no_model():
    unsafe = CHANNELS.assign(safety=["unsafe", "unknown"])
    assert make_material(features(), unsafe).columns["channel"].tolist() == ["H1:B"]
    silent = features()
    silent.values[:, 0] = 1.0
    silent.values[int(0.15 * len(silent.values)) :, 1] = np.nan
    assert make_material(silent, CHANNELS) is None
    assert make_material(features(), CHANNELS.assign(safety="unsafe")) is None
    assert make_material(features(stretches=0), CHANNELS) is None


def test_a_bin_leads_where_it_ends_before_nine_tenths_of_the_starts():
    material = make_material(features(settling=(5.5, 0.1)), CHANNELS)
    times = 1200 + 10.0 * np.arange(20)
    starts = times - 0.5
    starts[:2] -= 100  # two of twenty begin long before
    columns, early = leading_columns(material, times, starts)
    # -1 + 0.1 <= -0.5 leads; of the slow channel -10 + 7.5 does, -3 + 7.5 does not.
    assert sorted(columns) == [0, 1, 2, 3, 5, 7]
    assert early.tolist() == [False, False] + [True] * 18


def test_other_times_keep_away_from_the_family_and_near_its_glitches():
    material = make_material(features(seconds=3000), CHANNELS)
    segments = np.array([[1000.0, 4000.0], [11_000.0, 14_000.0]])
    family = np.array([1500.0, 1560.0, 12_000.0])
    _, rows = material.window_rows(family)
    drawn = background_rows(material, family, rows, segments, rng=np.random.default_rng(1))
    times = material.live.times[drawn]
    away = np.abs(times[:, None] - family).min(axis=1)
    assert away.min() >= 60
    assert away.max() <= 600
    assert (times < 5000).sum() == 2 * BACKGROUND_RATIO
    assert (times > 5000).sum() == BACKGROUND_RATIO
    assert len(np.unique(drawn)) == len(drawn)
    assert material.has_window(drawn).all()
    again = background_rows(material, family, rows, segments, rng=np.random.default_rng(1))
    assert np.array_equal(drawn, again)


def test_the_baseline_knows_rate_and_hour_by_hand():
    material = make_material(features(seconds=2000), CHANNELS)
    row = np.flatnonzero(material.live.times == 2500.0)
    family = np.array([1899.0, 1901.0, 2200.0, 2441.0])  # two lie 60 to 600 s before
    quiet = np.array([[1000.0, 1900.0], [2000.0, 2170.0], [2400.0, 2600.0]])  # 170 + 40 s of the 540
    windows = baseline_features(material, row, family, quiet)[0]
    angle = 2 * np.pi * 2500 / 86_400
    assert windows[:2] == pytest.approx([2 / 540, 1 - 210 / 540])
    assert windows[2:] == pytest.approx([np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(2 * angle)])
    # 200 s after the interval begins only its family past counts: 1000 … 1140 s.
    early = np.flatnonzero(material.live.times == 1200.0)
    assert baseline_features(material, early, np.array([1100.0, 1150.0]), quiet)[0, :2] == pytest.approx(
        [1 / 140, 0.0]
    )

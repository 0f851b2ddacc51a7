"""Minute trends as auxiliary data: what is flagged, counts, planted truth, drifts, calibration, files."""

import logging

import numpy as np
import pandas as pd
import pytest
from gwpy.timeseries import TimeSeries, TimeSeriesDict
from scipy.stats import binom

from glitch_explorer.core.errors import UserError
from glitch_explorer.core.intervals import contains, lengths
from glitch_explorer.coupling.auxiliary.trend_files import TrendSource, read_trends
from glitch_explorer.coupling.coincidence.overlap import flagged_groups
from glitch_explorer.coupling.coincidence.rings import draw_slides, make_rings
from glitch_explorer.coupling.coincidence.scan import (
    Cell,
    Scan,
    chance,
    coincident,
    coincident_in,
    slid,
)
from glitch_explorer.coupling.coincidence.search import find_coincidences
from glitch_explorer.coupling.coincidence.trends import (
    MEASURES,
    TOP_SHARES,
    flag_trend,
    top_shares,
    trend_values,
)
from glitch_explorer.coupling.coincidence.triggers import AuxiliaryTriggers

MINUTES = 1440
DAY = np.array([[0.0, 86400.0]])
LOCKS = np.array([[0.0, 30000.0], [30600.0, 52000.0], [53000.0, 86400.0]])
CLOCK = np.arange(MINUTES) * 60.0
SCAN = Scan()


def trend(name, values, live=LOCKS, start=0.0):
    return flag_trend(name, np.asarray(values, float), start=start, sample_s=60.0, live=live)


def find(times, trends, *, segments=LOCKS, slides=200, seed=5):
    safety = ["unknown"] * len(trends)
    options = {"slides": slides, "most_slides": slides, "seed": seed, "threads": 1}
    return find_coincidences(times, segments, trends, safety, scan=SCAN, **options)


def draw_times(rng, rate):
    """Draw glitches with a rate ``(1440,)`` per minute, within the locks."""
    counts = rng.poisson(rate)
    times = np.sort(np.repeat(CLOCK, counts) + rng.uniform(0, 60, counts.sum()))
    return times[contains(LOCKS, times)]


def test_shares_are_ranks_among_as_many_samples_before_as_after():
    values = np.arange(40.0)
    share = top_shares(values, np.zeros(40, np.int64), 10)
    assert np.isnan(share[[0, 4, 35, 39]]).all()
    # Of a level that only rises, each sample is the middle one, near the ends too.
    assert share[5] == share[34] == pytest.approx(6 / 11)
    assert share[20] == pytest.approx(11 / 21)
    values[20] = 100.0
    share = top_shares(values, np.zeros(40, np.int64), 10)
    assert share[20] == pytest.approx(1 / 21)
    # The value that it replaces was above, too.
    assert share[15] == pytest.approx(11 / 21)


def test_equal_values_are_not_high_and_gaps_do_not_count():
    assert (top_shares(np.ones(30), np.zeros(30, np.int64), 10)[5:25] == 1).all()
    values = np.where(np.arange(60) % 3 == 0, np.nan, np.arange(60.0))
    values[31] = 99.0
    share = top_shares(values, np.zeros(60, np.int64), 15)
    assert np.isnan(share[30])
    assert share[31] == pytest.approx(1 / np.isfinite(values[16:47]).sum())
    stretch = np.repeat([0, -1, 1], 20)
    assert np.isfinite(top_shares(np.arange(60.0), stretch, 15)).nonzero()[0].tolist() == [
        *range(5, 15),
        *range(45, 55),
    ]


def test_values_that_fill_gaps_are_no_data_unless_the_channel_has_both_signs():
    assert np.isnan(trend_values(np.array([3.0, 0, -1, np.inf, 4, 5, 6]), "L1:A")).tolist() == [
        False,
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    position = np.array([-3.0, 0, -1, 2, np.nan, 4])
    np.testing.assert_array_equal(trend_values(position, "L1:SUS-ETMX_L"), position)
    # A channel that is mostly 0 counts something rare.
    counts = np.array([0.0, 0, 0, 0, 5, 0, -1])
    assert np.isnan(trend_values(counts, "L1:ADC")).tolist() == [False] * 6 + [True]
    wind = np.array([0.0, 4, -1, 3, 2, 1])
    assert np.isnan(trend_values(wind, "L1:PEM-EX_WIND")).tolist() == [
        False,
        False,
        True,
        False,
        False,
        False,
    ]


def test_samples_are_flagged_by_level_and_by_change():
    rng = np.random.default_rng(1)
    values = rng.normal(10, 0.1, MINUTES)
    values[100:103] = 12.0
    values[200] = 8.0
    flagged = trend("L1:A", values)
    high, low, change = (flagged.active(measure, 0.05) for measure in MEASURES)
    middles = 60.0 * np.array([101, 200, 100, 103, 201]) + 30
    assert contains(high, middles)[:2].tolist() == [True, False]
    assert contains(low, middles)[:2].tolist() == [False, True]
    assert contains(change, middles).tolist() == [False, True, True, True, True]
    # A minute across the end of a lock, and the first five of the next, are not known.
    assert flagged.known[:2].tolist() == [[360.0, 29700.0], [30960.0, 51660.0]]
    for measure in MEASURES:
        for share in TOP_SHARES:
            assert (
                lengths(flagged.active(measure, share)).sum() / lengths(flagged.known).sum() <= share + 0.01
            )


def test_counts_of_trends_are_those_of_each_glitch_alone():
    rng = np.random.default_rng(2)
    channel = trend("L1:A", rng.normal(size=MINUTES))
    times = np.sort(rng.uniform(0, 29999, 80))
    rings = make_rings(LOCKS, reach_s=SCAN.reach_s)
    slides = draw_slides(rings, 30, rng)
    cells = SCAN.cells(channel)
    assert len(cells) == 3 * 3 * 4
    assert {cell.lag_s for cell in cells} == {-60.0, 0.0, 60.0}
    hits, counts = coincident(times, channel, SCAN), slid(times, channel, SCAN, rings, slides)
    probability = chance(channel, SCAN, rings)
    offset = np.empty(slides.offsets.shape)
    np.put_along_axis(offset, slides.order.astype(int), slides.offsets, axis=1)
    ring = rings.of(times)
    start, length = rings.bounds[ring, 0], rings.lengths_s[ring]
    for k, cell in enumerate(cells):
        active = channel.active(cell.measure, cell.top_share)
        assert (hits[:, k] == contains(active, times + cell.lag_s)).all()
        assert (hits[:, k] == coincident_in(times, channel, cell)).all()
        inside = np.clip(active, *rings.bounds[3])
        assert probability[3, k] == pytest.approx(lengths(inside).sum() / rings.lengths_s[3])
        for number in range(0, 30, 7):
            shifted = start + (times - start + offset[ring, number] + cell.lag_s) % length
            assert counts[number, k] == contains(active, shifted).sum()
    assert coincident_in(times, channel, Cell(0.0, 60.0, measure="low", top_share=0.2)).mean() < 0.4


@pytest.fixture(scope="module")
def daily():
    """Return 12 trends with a daily cycle and memory of some minutes, which do not act."""
    rng = np.random.default_rng(3)
    trends = []
    for k in range(12):
        noise = np.convolve(rng.normal(size=MINUTES + 10), np.exp(-np.arange(11) / 3), "valid")[:MINUTES]
        cycle = 2 * np.sin(2 * np.pi * (CLOCK / 86400 + rng.uniform()))
        trends.append(trend(f"L1:D-{k}.mean", np.exp(0.3 * noise + cycle)))
    return trends


@pytest.mark.parametrize("lag", [0, 1])
def test_a_level_that_rises_in_the_minutes_of_glitches_is_a_witness(daily, lag):
    rng = np.random.default_rng(4)
    times = draw_times(rng, np.full(MINUTES, 0.15))
    active = rng.uniform(size=len(times)) < 0.3
    minutes = (times[active] // 60).astype(int) - lag
    level = np.exp(rng.normal(0, 0.3, MINUTES)) * (2 + np.sin(2 * np.pi * CLOCK / 86400))
    level[minutes.clip(0)] *= 4
    # The maximum of a minute follows the mean, and both are one group.
    both = [trend("L1:X.mean", level), trend("L1:X.max", level * rng.uniform(1.99, 2.01, MINUTES))]
    result = find(times, [*both, *daily])
    significant = result.table[result.table["p_fwer"] <= 0.05]
    assert set(significant["channel"]) == {"L1:X.mean", "L1:X.max"}
    row = significant.iloc[0]
    assert (row["kind"], row["measure"], row["window"], row["lag"]) == ("trends", "high", 60.0, -60.0 * lag)
    assert row["top_share"] in TOP_SHARES
    assert np.isnan(row["snr_threshold"])
    assert row["efficiency"] > 0.2
    assert row["excess_low"] > 0.1
    assert row["coverage"] == pytest.approx(0.96, abs=0.02)
    assert row["deadtime"] == pytest.approx(row["expected_efficiency"], abs=0.05)
    assert flagged_groups([*both, daily[0]], LOCKS, times) == ["L1:X.max", "L1:X.max", "L1:D-0.mean"]


def test_a_step_of_the_level_is_seen_as_a_change():
    rng = np.random.default_rng(5)
    times = draw_times(rng, np.full(MINUTES, 0.03))
    position = np.cumsum(rng.normal(0, 0.05, MINUTES))
    for minute in (times // 60).astype(int):
        position[minute:] += rng.choice([-3.0, 3.0])
    row = find(times, [trend("L1:SUS-X.mean", position - position.mean())]).table.iloc[0]
    assert (row["measure"], row["lag"]) == ("change", 0.0)
    assert row["p_fwer"] < 0.01


def test_a_change_of_unit_and_filled_gaps_make_no_witness(daily):
    rng = np.random.default_rng(6)
    times = draw_times(rng, np.where(CLOCK > 43200, 0.3, 0.02))
    level = np.exp(rng.normal(0, 0.3, MINUTES))
    level[720:] *= 1000
    level[200:260], level[900:930] = 0.0, -1.0
    values = trend_values(level, "L1:U.mean")
    assert np.isnan(values).sum() == 90
    table = find(times, [trend("L1:U.mean", values), *daily]).table
    row = table[table["channel"] == "L1:U.mean"].iloc[0]
    assert row["p_fwer"] > 0.05
    assert row["coverage"] == pytest.approx(0.89, abs=0.02)


def drifting(rng):
    """Return a level that drifts over hours, nearly without noise, and a rate that follows it."""
    phases = rng.uniform(0, 2 * np.pi, 3)
    periods = np.array([86400.0, 30000.0, 18000.0])
    drift = np.sin(2 * np.pi * CLOCK[:, None] / periods + phases).sum(axis=1)
    level = np.exp(drift + 0.05 * rng.normal(size=MINUTES))
    rate = np.exp(1.5 * drift)
    return level, rate / rate.mean() * 0.3


def test_a_rate_that_follows_a_slow_drift_makes_no_witness():
    rng = np.random.default_rng(7)
    p_values = []
    for _ in range(40):
        level, rate = drifting(rng)
        table = find(draw_times(rng, rate), [trend("L1:D.mean", level)], slides=99).table
        p_values.append(table["p_fwer"].iloc[0])
    below = int((np.array(p_values) <= 0.05).sum())
    assert binom.sf(below - 1, 40, 0.05) > 0.01


def test_p_of_families_without_coupling_is_calibrated(daily):
    rng = np.random.default_rng(8)
    p_values = []
    for _ in range(60):
        bursts = np.exp(np.convolve(rng.normal(size=MINUTES + 30), np.ones(31) / 6, "valid")[:MINUTES])
        times = draw_times(rng, 0.12 * bursts)
        p_values.append(find(times, daily[:5], slides=99).table["p_fwer"].min())
    below = int((np.array(p_values) <= 0.05).sum())
    assert binom.sf(below - 1, 60, 0.05) > 0.01
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.15)


def test_trends_beside_triggers_share_the_slides(daily):
    rng = np.random.default_rng(9)
    times = draw_times(rng, np.full(MINUTES, 0.2))
    heard = AuxiliaryTriggers("L1:T", times[::2] + 0.01, np.full(len(times[::2]), 20, np.float32), DAY)
    table = find(times, [heard, *daily]).table
    assert table["kind"].tolist() == ["triggers"] + ["trends"] * 12
    assert table["measure"].iloc[0] == ""
    assert np.isnan(table["top_share"].iloc[0])
    assert (table["p_fwer"][1:] > 0.05).all()
    assert (table["slide_range_s"] == table["slide_range_s"].iloc[0]).all()


def write_trends(path, values, *, t0=6000.0, dx=60.0, ifo="L1"):
    series = TimeSeriesDict()
    for name, samples in values.items():
        series[f"{ifo}:{name}"] = TimeSeries(
            samples, t0=t0, dx=dx, name=f"{ifo}:{name}", channel=f"{ifo}:{name}"
        )
    series.write(str(path), format="hdf5", overwrite=True)
    return str(path)


def test_files_of_trends_are_joined_and_keep_the_times_of_their_samples(tmp_path, caplog):
    rng = np.random.default_rng(10)
    values = rng.normal(size=200)
    values[50] = 50.0
    first = write_trends(tmp_path / "a.hdf5", {"A.mean": values[:100], "B.max": values[:100] + 9}, t0=6013.0)
    table = pd.DataFrame({"time": 6013.0 + 60 * np.arange(100, 200), "L1:A.mean": values[100:]})
    table.to_csv(tmp_path / "b.csv", index=False)
    write_trends(tmp_path / "fast.hdf5", {"FAST": rng.normal(size=9000)}, dx=1.0)
    segments = np.array([[6000.0, 20000.0]])
    with caplog.at_level(logging.INFO):
        trends = read_trends(TrendSource([str(tmp_path)]), "L1", segments)
    assert [channel.channel for channel in trends] == ["L1:A.mean", "L1:B.max"]
    assert "trends of L1: 2 of 3 channels have samples of 10 to 60 s" in caplog.text
    a, b = trends
    assert a.known[0, 0] == 6013.0 + 6 * 60
    assert a.known[-1, 1] == 6013.0 + 195 * 60
    assert b.known[-1, 1] == 6013.0 + 95 * 60
    assert contains(a.active("high", 0.02), np.array([9013.0, 9072.9, 9012.9, 9073.0])).tolist() == [
        True,
        True,
        False,
        False,
    ]
    only = read_trends(TrendSource([first], ["{ifo}:*.max"]), "L1", segments)
    assert [channel.channel for channel in only] == ["L1:B.max"]
    assert read_trends(TrendSource([first]), "H1", segments) == []
    with pytest.raises(UserError, match=r"no channel that matches X\* .* correct coupling.trends"):
        read_trends(TrendSource([first], ["X*"]), "L1", segments)


def test_pieces_with_samples_between_those_of_the_first_are_left_out(tmp_path, caplog):
    values = np.random.default_rng(11).normal(size=100)
    write_trends(tmp_path / "a.hdf5", {"A.mean": values}, t0=6000.0)
    write_trends(tmp_path / "b.hdf5", {"A.mean": values}, t0=12030.0)
    channel = read_trends(TrendSource([str(tmp_path)]), "L1", np.array([[6000.0, 20000.0]]))[0]
    assert channel.known.max() <= 12000.0
    assert "L1:A.mean: 1 of 2 files have other samples" in caplog.text

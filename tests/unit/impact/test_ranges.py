"""The BNS range of minutes: from strain with gates, and from a channel."""

import numpy as np
import pandas as pd
import pytest
from gwpy.astro import sensemon_range
from gwpy.frequencyseries import FrequencySeries
from gwpy.timeseries import TimeSeries

from glitch_explorer.core import tables
from glitch_explorer.impact.cost import ranges
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.schemas import MINUTES
from glitch_explorer.sources.frames import Piece
from glitch_explorer.sources.strain import open_strain

T0, RATE = 1260000000, 1024
ASD = 1e-23


def white(n, seed=0):
    """Return white noise (n,) of one-sided density ASD^2."""
    return ASD * np.sqrt(RATE / 2) * np.random.default_rng(seed).standard_normal(n)


def true_range():
    frequency = np.arange(0, RATE / 2 + 0.25, 0.25)
    return sensemon_range(
        FrequencySeries(np.full(len(frequency), ASD**2), df=0.25, unit="1/Hz"), fmin=10
    ).value


@pytest.mark.parametrize("n", [5, 9, 29])
def test_the_mean_of_one_over_a_median(n):
    drawn = 1 / np.median(np.random.default_rng(n).exponential(size=(200_000, n)), axis=1)
    assert ranges.inverse_median(n) == pytest.approx(drawn.mean(), rel=0.01)


@pytest.mark.parametrize("seconds", [12.5, 20.5, 60.0])
def test_a_range_from_few_spectra_is_no_larger_than_from_many(seconds):
    minutes = []
    for seed in range(40):
        series = Piece(white(round(seconds * RATE), seed), t0=T0, rate=RATE, unit="")
        power = ranges.spectra(series, np.empty((0, 2)))
        assert len(power) == int((seconds - 4) // 2) + 1
        minutes.append(ranges.range_of_spectra(power) ** 2)
    # The mean of R^2, in which 1 / power is summed, from 5, 9 and 29 spectra alike.
    error = np.std(minutes) / np.sqrt(len(minutes))
    assert abs(np.mean(minutes) - true_range() ** 2) < 4 * error
    assert error < 0.05 * true_range() ** 2


def test_spectra_that_meet_a_gate_are_left_out():
    series = Piece(white(20 * RATE), t0=T0, rate=RATE, unit="")
    power = ranges.spectra(series, np.empty((0, 2)))
    # Stretches [0, 4), [2, 6), ... [16, 20): a gate in [5, 5.5) meets [2, 6) and [4, 8).
    gated = ranges.spectra(series, T0 + np.array([[5.0, 5.5]]))
    np.testing.assert_array_equal(gated, np.delete(power, [1, 2], axis=0))
    assert np.isnan(ranges.range_of_spectra(power[:4]))
    assert np.isnan(ranges.range_of_spectra(np.zeros((9, 50))))


def write(folder, values, rate, name, start=T0):
    series = TimeSeries(values, t0=start, sample_rate=rate, name=f"H1:{name}", channel=f"H1:{name}")
    path = folder / f"H-H1_{name}-{start}-{round(len(values) / rate)}.gwf"
    series.write(str(path), format="gwf")


def glitches(times, **more):
    table = pd.DataFrame(
        {"event_time": np.asarray(times, float), "ifo": "H1", "duration_s": 0.5, "snr": 20.0}
    )
    return table.assign(astrophysical="", **more)


def segments(*spans):
    return pd.DataFrame([("H1", float(a), float(b)) for a, b in spans], columns=["ifo", "start", "end"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write 20 minutes of strain with a loud burst every 7 s in the sixth, and a gap in the ninth."""
    path = tmp_path_factory.mktemp("frames")
    values = white(1200 * RATE, 1)
    for at in range(300, 360, 7):
        values[at * RATE + 100] += 1e-17
    values[480 * RATE : 530 * RATE] = np.nan
    write(path, values, RATE, "T")
    return path


def measured(folder, *, channel=None, name="T", times=(), spans=((T0, T0 + 1200),), **settings):
    return ranges.measure_minutes(
        glitches(times),
        segments(*spans),
        ifo="H1",
        source=open_strain(source="frames", channel="{ifo}:" + name, frames=str(folder)),
        range_channel=channel,
        settings=CostSettings(**settings),
    )


def test_gating_gives_back_the_range_of_the_time_that_remains(folder):
    loud = measured(folder)
    gated = measured(folder, times=T0 + np.arange(300, 360, 7) + 100 / RATE)
    tables.conform(MINUTES, gated)
    row = loud["minute"].searchsorted(T0 + 300)
    assert loud["range_mpc"][row] < 0.5 * true_range()
    assert gated["range_mpc"].median() == pytest.approx(true_range(), rel=0.02)
    # Gates of 1 s every 7 s leave one or two stretches of seven seconds.
    left = gated["range_mpc"][row]
    assert left == pytest.approx(true_range(), rel=0.15)
    assert gated["gated_s"][row] == pytest.approx(9.0, abs=0.5)


def test_minutes_without_enough_data_have_no_range(folder):
    minutes = measured(folder, spans=((T0 + 50, T0 + 1190),)).set_index("minute")
    start = 60 * (T0 // 60)
    assert start == T0
    assert np.isnan(minutes["range_mpc"][start + 480])
    assert minutes["live_s"].iloc[0] < 30
    assert np.isnan(minutes["range_mpc"].iloc[0])
    assert minutes["loss_mpc3_yr"].isna().equals(minutes["range_mpc"].isna())
    assert (minutes["source"] == "strain").all()


@pytest.mark.parametrize("fill", [0.0, 1e-19])
def test_values_that_only_repeat_do_not_count(tmp_path, caplog, fill):
    values = white(240 * RATE, 1)
    values[90 * RATE : 100 * RATE] = values[120 * RATE : 175 * RATE] = fill
    write(tmp_path, values, RATE, "T")
    with caplog.at_level("INFO"):
        minutes = measured(tmp_path, spans=((T0, T0 + 240),))
    assert minutes["range_mpc"][:2].to_numpy() == pytest.approx(true_range(), rel=0.1)
    assert np.isnan(minutes["range_mpc"][2])
    assert "range of H1 from strain: 3 of 4 minutes have a range" in caplog.text


@pytest.mark.parametrize("rate", [16.0, 1.0, 1 / 60])
def test_a_channel_gives_the_mean_of_good_samples(tmp_path, rate):
    start = 60 * (T0 // 60) + 60
    n = round(1800 * rate)
    values = 100.0 + np.arange(n) // max(round(60 * rate), 1)
    write(tmp_path, values, rate, "RANGE", start)
    minutes = measured(
        tmp_path,
        channel="{ifo}:RANGE",
        name="RANGE",
        spans=((start, start + 600), (start + 690, start + 1800)),
    )
    assert (minutes["source"] == "H1:RANGE").all()
    known = minutes[minutes["live_s"] > 30]
    np.testing.assert_allclose(known["range_mpc"], 100 + (known["minute"] - start) / 60)


def test_samples_that_are_no_range_do_not_count(tmp_path):
    start = 60 * (T0 // 60)
    values = np.full(1200, 100.0)
    values[60:75], values[90:100], values[120:180] = 0.0, np.nan, -1.0
    write(tmp_path, values, 1.0, "RANGE", start)
    minutes = measured(tmp_path, channel="{ifo}:RANGE", name="RANGE", spans=((start, start + 1200),))
    assert minutes["range_mpc"][1] == 100.0
    assert np.isnan(minutes["range_mpc"][2])


def test_a_missing_channel_is_a_range_not_known(folder):
    minutes = measured(folder, channel="{ifo}:NO", name="NO")
    assert minutes["range_mpc"].isna().all()
    assert minutes["reference_mpc"].isna().all()
    assert len(minutes) == 20


def test_no_analysed_time_has_no_minutes(folder):
    minutes = measured(folder, spans=())
    tables.conform(MINUTES, minutes)
    assert minutes.empty


def test_signals_are_not_gated():
    table = glitches([T0 + 5.0, T0 + 15.0]).assign(astrophysical=["", "event"])
    spans = np.array([[T0, T0 + 60.0]])
    np.testing.assert_array_equal(
        ranges.gate_union(table, "H1", spans, CostSettings()), T0 + np.array([[4.5, 5.5]])
    )
    assert not len(ranges.gate_union(table, "H1", spans, CostSettings(gate_snr=30.0)))

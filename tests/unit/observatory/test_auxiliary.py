"""Auxiliary channels: what is planted can be measured, and decoys are what they say."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from gwpy.timeseries import TimeSeriesDict
from scipy.signal import butter, sosfiltfilt
from scipy.stats import mannwhitneyu, spearmanr

from glitch_explorer.observatory import ambience, auxiliary, couplings, frames, plan_observatory
from glitch_explorer.observatory.channels import CHANNELS
from glitch_explorer.observatory.morphology import CLASSES
from glitch_explorer.observatory.plan import make_plan
from tests.fixtures.observatory import FULL

TINY = {**FULL, "seed": 5, "glitches": 30, "segments": 4, "segment_s": 120}
WITNESSES = [(ifo, one) for ifo in ("H1", "L1") for one in couplings.couplings_of(ifo)]
#: What the tiny observatory was before it had auxiliary channels: strain, ids with times and labels.
STRAIN = [-3.639301213e-21, -7.158615799e-22, -1.547127355e-21]
CATALOGUE = "dd44a4b2aa82ff2291856dba827193e14a932d3b7e98f75c01f122877109e799"


@pytest.fixture(scope="module")
def motions(plan):
    return {ifo: couplings.schedule(plan, ifo) for ifo in ("H1", "L1")}


@pytest.fixture(scope="module")
def truth(plan):
    return auxiliary.truth(plan, FULL["detectors"])


def _segments(plan, ifo):
    return [i for i, one in enumerate(plan.segments) if one.ifo == ifo and one.readable]


def _loudness(x, rate, band):
    """Return the RMS in a band, every half second over one second."""
    low, high = band
    sos = butter(4, (low, min(high, 0.45 * rate)), "bandpass", fs=rate, output="sos")
    power = sosfiltfilt(sos, x - x.mean()) ** 2
    half = power[: len(power) // (rate // 2) * (rate // 2)].reshape(-1, rate // 2).mean(1)
    return np.log(0.5 * (half + np.roll(half, 1)) + 1e-300)


def _feature(coupling, x, rate):
    if coupling.kind == "beat":
        means = np.abs(x[: len(x) // 8 * 8].reshape(-1, 8).mean(1) - couplings.FIXED_HZ)
        return -np.minimum(means, np.roll(means, 1))
    return _loudness(x, rate, coupling.band_hz)


def _area(plan, motions, ifo, name, coupling, channel=None):
    """Return the area under the curve of a channel at a class's glitches against other times."""
    on, off = [], []
    channel = channel or coupling.channel
    for index in _segments(plan, ifo):
        times = [one.time for one in plan.injections if one.segment == index and one.name == name]
        if not times:
            continue
        rate = auxiliary.rate_at(plan, channel, plan.segments[index].start)
        x = auxiliary.samples(plan, index, channel, motions=motions[ifo].get(channel, []))
        value = _feature(coupling, x, rate)
        at = (np.array(times) + coupling.lag_s - plan.segments[index].start) / 0.5
        cells = np.unique(np.round(at).astype(int))
        cells = cells[(cells > 4) & (cells < len(value) - 4)]
        away = np.array([c for c in range(8, len(value) - 8) if np.abs(c - cells).min(initial=99) > 12])
        on.append(value[cells])
        off.append(value[away])
    on, off = np.concatenate(on), np.concatenate(off)
    return mannwhitneyu(on, off).statistic / len(on) / len(off)


def test_there_are_enough_channels_of_every_subsystem():
    assert len(CHANNELS) >= 60
    assert {"ISI", "PEM", "SUS", "ASC", "LSC", "IMC", "PSL", "HPI"} <= {
        one.subsystem for one in CHANNELS.values()
    }
    written = sum(one.rate_hz for name, one in CHANNELS.items() if name != auxiliary.MISSING)
    assert written <= 8000
    assert {one.kind for one in CHANNELS.values()} == {"raw", "rms", "trend", "displacement"}


@pytest.mark.parametrize(("ifo", "coupling"), WITNESSES, ids=lambda x: getattr(x, "channel", x))
def test_each_witness_moves_with_its_class(plan, motions, ifo, coupling):
    found = _area(plan, motions, ifo, coupling.name, coupling)
    assert 0.85 < found < 0.999


@pytest.mark.parametrize("name", [*auxiliary.BURSTY, "SUS-BS_M1_DAMP_L_IN1_DQ", "ISI-GND_STS_ITMY_X_DQ"])
def test_decoys_do_not_move_with_classes(plan, motions, name):
    coupling = couplings.Coupling("", name, None, "thump", (4.0, 12.0), 0.0, 1.0, 1.0, 0.0)
    assert abs(_area(plan, motions, "H1", "Scattered_Light", coupling) - 0.5) < 0.2


def test_unsafe_channel_hears_every_class(plan, motions):
    coupling = couplings.Coupling(
        "", "CAL-DELTAL_EXTERNAL_DQ", None, "thump", (20.0, 400.0), 0.0, 1.0, 1.0, 0.0
    )
    index = _segments(plan, "H1")[0]
    rate = CHANNELS[coupling.channel].rate_hz
    x = auxiliary.hearing(plan, index, coupling.channel, frames.white_glitches(plan, index))
    value = _loudness(x, rate, coupling.band_hz)
    start = plan.segments[index].start
    cells = [
        round((one.time - start) / 0.5) for one in plan.injections if one.segment == index and one.snr > 20
    ]
    assert np.mean(value[cells] > np.quantile(value, 0.75)) > 0.7


@pytest.mark.parametrize("name", list(auxiliary.CORRELATED))
def test_a_correlated_decoy_repeats_its_witness(plan, motions, name):
    index, of = _segments(plan, "L1")[3], auxiliary.CORRELATED[name]
    original = auxiliary.samples(plan, index, of, motions=motions["L1"][of])
    copy = auxiliary._copy(plan, index, name, motions=motions["L1"][of])
    assert np.corrcoef(original, copy)[0, 1] >= 0.85
    rate = CHANNELS[of].rate_hz
    band = (0.3, 1.0) if CHANNELS[of].oscillator else (30.0, 100.0)
    assert np.corrcoef(_loudness(original, rate, band), _loudness(copy, rate, band))[0, 1] >= 0.85


def test_the_optic_moves_so_that_its_fringe_is_the_arch(plan, motions, truth):
    checked = 0
    for ifo in ("H1", "L1"):
        (coupling,) = (one for one in couplings.couplings_of(ifo) if one.kind == "fringe")
        for index in _segments(plan, ifo)[:8]:
            segment = plan.segments[index]
            x = auxiliary.samples(plan, index, coupling.channel, motions=motions[ifo][coupling.channel])
            rate = CHANNELS[coupling.channel].rate_hz
            speed = sosfiltfilt(butter(4, 3.0, fs=rate, output="sos"), np.gradient(x) * rate)
            for one in couplings.driven(plan, coupling, ifo):
                others = [a.time for a in motions[ifo][coupling.channel] if a.time != one.time]
                if one.segment != index or np.abs(np.array(others) - one.time).min() < 15.0:
                    continue
                fringe = truth["fringes"][one.glitch_id]
                at = np.linspace(-0.3, 0.3, 21) * fringe["duration_s"] + fringe["centre_time"] - segment.start
                predicted = 2.0 * np.abs(np.interp(at, np.arange(len(x)) / rate, speed)) / 1.064
                arch = couplings.arch_of(plan, one)
                expected = arch.lowest_hz * arch.swing(at + segment.start - one.time)
                assert np.max(np.abs(predicted - expected)) < 0.15 * fringe["lowest_hz"] + 2.0
                assert predicted.max() > 0.8 * fringe["lowest_hz"]
                checked += 1
    assert checked >= 10


def test_ground_moves_more_where_there_is_more_scattered_light(plan):
    for ifo in ("H1", "L1"):
        mine = _segments(plan, ifo)
        weather = [ambience.weather(plan, plan.segments[i]) for i in mine]
        for name, part in (("Scattered_Light", "microseism"), ("Fast_Scattering", "human")):
            counts = [sum(one.name == name for one in plan.injections if one.segment == i) for i in mine]
            assert spearmanr(counts, [getattr(one, part) for one in weather]).statistic > 0.4
    levels = [ambience.weather(plan, plan.segments[i]).microseism for i in _segments(plan, "H1")]
    assert max(levels) / min(levels) > 2.0


def test_the_shaking_behind_fast_scattering_goes_with_human_activity(plan, motions, monkeypatch):
    one = next(each for each in motions["H1"]["ISI-GND_STS_ETMY_Y_DQ"] if each.glitch is not None)
    t = np.arange(-6.0, 6.0, 1 / 64)
    usual = ambience.weather(plan, plan.segments[one.segment])
    moved = couplings.shaking(t, one, plan, np.random.default_rng(1))
    monkeypatch.setattr(ambience, "weather", lambda *_: replace(usual, human=3 * usual.human))
    assert couplings.shaking(t, one, plan, np.random.default_rng(1)) == pytest.approx(3 * moved)


def test_truth_says_what_was_planted(plan, truth):
    assert len({row["class"] for row in truth["witnesses"]}) >= 8
    planted = {(row["class"], row["ifo"]) for row in truth["witnesses"]}
    bare = {(row["class"], row["ifo"]) for row in truth["families_without_witness"]}
    assert not planted & bare
    assert len(planted | bare) == 2 * (len(CLASSES) + 1)
    assert {("Tomte", "H1"), ("Air_Compressor", "L1"), ("Blip", "H1"), ("Blip", "L1")} <= bare
    for row in truth["witnesses"]:
        total = sum(one.name == row["class"] for one in plan.of(row["ifo"]))
        assert abs(len(row["glitches"]) / total - row["efficiency"]) < 0.15
    assert {row["kind"] for row in truth["decoys"]} == {
        "common_drift", "day_night", "unsafe", "correlated", "bursty", "dead", "nan", "gaps", "rate_change",
        "missing",
    }  # fmt: skip
    listed = {row["channel"]: row for row in truth["channels"]}
    assert all(row["channel"] in listed for row in truth["witnesses"] + truth["decoys"])
    assert all(listed[row["channel"]]["safety"] != "unsafe" for row in truth["witnesses"])


def test_frames_are_read_by_gwpy_and_are_the_same_again(tmp_path):
    for name in ("a", "b"):
        auxiliary.write_auxiliary(ifo="H1", out=tmp_path / name, **TINY)
    paths = sorted((tmp_path / "a").iterdir())
    assert [p.name for p in paths] == sorted(p.name for p in (tmp_path / "b").iterdir())
    assert all(p.read_bytes() == (tmp_path / "b" / p.name).read_bytes() for p in paths)
    plan = make_plan(**TINY)
    mine = [one for one in plan.segments if one.ifo == "H1"]
    assert len(paths) == len(mine)
    absent = {auxiliary.MISSING, auxiliary.WITH_GAPS}
    for segment in mine[:2]:
        path = tmp_path / "a" / segment.frame_name.replace("_OBS-", "_OBS_AUX-")
        read = TimeSeriesDict.read(path, [f"H1:{name}" for name in CHANNELS if name not in absent])
        for name, series in read.items():
            assert series.sample_rate.value == auxiliary.rate_at(plan, name[3:], segment.start)
            assert (series.t0.value, series.duration.value) == (segment.start, segment.end - segment.start)
            broken = np.isnan(series.value).any()
            assert broken == (name[3:] in auxiliary.WITH_NAN)
    rates = {auxiliary.rate_at(plan, auxiliary.FASTER_LATER, one.start) for one in mine}
    assert rates == {128, 256}


def test_strain_and_catalogue_know_nothing_of_them(tmp_path):
    strain = frames.segment_strain(make_plan(**TINY), 0)
    assert strain[[0, 100_000, 500_000]] == pytest.approx(STRAIN, rel=1e-6)  # as before there were any
    plan_observatory(tmp_path, **TINY)
    catalogue = pd.read_csv(tmp_path / "catalog.csv")[["gravityspy_id", "event_time", "ml_label"]]
    assert hashlib.sha256(catalogue.to_csv(index=False).encode()).hexdigest() == CATALOGUE
    truth = json.loads((tmp_path / "truth.json").read_text())
    assert set(truth) >= {"arguments", "glitches", "wrong_labels", "duplicates", "unreadable_frames"}
    assert {row["ifo"] for row in truth["costs"]} == {"H1", "L1"}
    listed = pd.read_csv(tmp_path / "channels.csv")
    assert list(listed.columns) == [
        "channel", "rate_hz", "subsystem", "unit", "kind", "oscillator", "safety", "source", "date",
    ]  # fmt: skip
    assert listed["channel"].str.startswith("{ifo}:").all()
    assert listed["rate_hz"].str.contains("until GPS").sum() == 1

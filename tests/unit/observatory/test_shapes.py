"""Shapes: each class has the energy where its row of the table says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glitch_explorer.observatory import events, shapes, waveforms
from glitch_explorer.observatory.catalog import measure
from glitch_explorer.observatory.morphology import CLASSES, MORPHOLOGIES, UNKNOWN

RATE = 8192
#: Classes whose characteristic frequency is that of the loudest tile.
TONAL = ("1080Lines", "1400Ripples", "Air_Compressor", "Power_Line", "Low_Frequency_Lines", "Wandering_Line")
LONG = ("1080Lines", "Scattered_Light", "Wandering_Line", "Low_Frequency_Lines", "Scratchy", UNKNOWN)
SHORT = ("Blip", "Blip_Low_Frequency", "Tomte", "1400Ripples", "Air_Compressor")


def _draws(name, n=4):
    return [waveforms.draw(name, np.random.default_rng([7, i]), RATE) for i in range(n)]


def test_every_class_of_the_table_has_a_shape_and_a_source():
    assert set(waveforms.SHAPES) == set(MORPHOLOGIES)
    assert len(CLASSES) >= 16
    assert UNKNOWN not in CLASSES
    assert all(row.source for row in MORPHOLOGIES.values())


@pytest.mark.parametrize("name", MORPHOLOGIES)
def test_shape_is_of_unit_size_heard_in_the_picture_and_varied(name):
    waves = _draws(name)
    frequency = np.fft.rfftfreq(len(waves[0]), 1.0 / RATE)
    for wave in waves:
        assert np.isfinite(wave).all()
        assert np.sum(wave**2) == pytest.approx(1.0)
        power = np.abs(np.fft.rfft(wave)) ** 2
        assert power[(frequency >= 8.0) & (frequency <= 2100.0)].sum() > 0.95 * power.sum()
    assert np.array_equal(waves[0], waveforms.draw(name, np.random.default_rng([7, 0]), RATE))
    assert abs(np.dot(waves[0], waves[1])) < 0.98


@pytest.mark.parametrize("name", TONAL)
def test_tones_peak_where_the_table_says(name):
    low, high = MORPHOLOGIES[name].frequency_hz
    for wave in _draws(name):
        assert 0.9 * low < measure(wave, RATE)["peak_frequency"] < 1.1 * high


def test_long_classes_are_longer_than_short_ones():
    shortest = min(measure(wave, RATE)["duration"] for name in LONG for wave in _draws(name))
    longest = max(measure(wave, RATE)["duration"] for name in SHORT for wave in _draws(name))
    assert longest < 0.5 < shortest


def test_unknown_shape_sinks():
    for wave in _draws(UNKNOWN):
        middle = len(wave) // 2
        early, late = (
            measure(part, RATE)["central_freq"]
            for part in (wave[middle - 4096 : middle], wave[middle : middle + 4096])
        )
        assert late < 0.85 * early


def test_chirp_rises_towards_the_event():
    wave = events.chirp((36.0, 29.0), rate=RATE)
    middle = len(wave) // 2
    assert abs(int(np.argmax(np.abs(wave))) - middle) < 0.02 * RATE
    early = measure(wave[: middle - RATE // 20], RATE)["central_freq"]
    assert early < measure(wave[middle - RATE // 20 :], RATE)["central_freq"]


def test_measured_duration_and_frequency_of_a_sine_gaussian():
    sigma, frequency = 0.05, 300.0
    found = measure(shapes.sine_gaussian(shapes.time_axis(2.0, RATE), 0.3, frequency, sigma), RATE)
    # The energy is a Gaussian of sigma / sqrt(2): 95 % of it within 2 * 1.96 of those.
    assert found["duration"] == pytest.approx(2 * 1.95996 * sigma / np.sqrt(2), rel=0.02)
    assert found["peak_frequency"] == pytest.approx(frequency, rel=0.04)
    assert found["bandwidth"] == pytest.approx(2 * 1.64485 / (2 * np.sqrt(2) * np.pi * sigma), abs=0.6)


@given(st.floats(1.1, 4.0), st.floats(1.0, 50.0), st.floats(1.01, 100.0), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_draws_stay_in_their_bounds(index, low, ratio, seed):
    bounds = (low, low * ratio)
    rng = np.random.default_rng(seed)
    for value in (shapes.power_law(rng, bounds, index), shapes.log_uniform(rng, bounds)):
        assert bounds[0] * (1 - 1e-9) <= value <= bounds[1] * (1 + 1e-9)


def test_power_law_has_its_median():
    rng = np.random.default_rng(4)
    values = [shapes.power_law(rng, (8.0, 800.0), 3.0) for _ in range(4000)]
    assert np.median(values) == pytest.approx(8.0 * np.sqrt(2.0), rel=0.03)

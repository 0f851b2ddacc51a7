"""Strain that only repeats its value is no data; live data may repeat values."""

import numpy as np
import pytest

from glitch_explorer.sources.reasons import Reason, StrainMissing
from tests.unit.sources.test_strain import RATE, STEP, T0, opened, write


def noise(scale=1e-21, rate=RATE):
    return np.random.default_rng(3).standard_normal(STEP * rate) * scale


def lost(how):
    """Return noise that ends after 8 s, when the lock is lost."""
    values, rail = noise(), 1e-19
    time = np.arange(8 * RATE) / RATE
    values[8 * RATE :] = {
        "zeros": 0.0,
        "held": values[8 * RATE - 1],
        "saturated": rail,
        "growing": np.clip(values[8 * RATE :] + 1e-21 * np.expm1(40 * time), -rail, rail),
        "rail to rail": rail * np.sign(np.sin(2 * np.pi * 11 * time + 1)),
    }[how]
    return values


@pytest.mark.parametrize("how", ["zeros", "held", "saturated", "growing", "rail to rail"])
@pytest.mark.parametrize("ext", ["gwf", "hdf5"])
def test_values_that_only_repeat_are_no_data(tmp_path, how, ext):
    write(tmp_path, T0, values=lost(how), ext=ext)
    strain = opened(tmp_path)
    ((start, end),) = strain.available("H1", T0, T0 + STEP)
    assert start == T0
    assert 7.99 < end - T0 < (8.13 if how == "growing" else 8.01)
    assert len(strain.read("H1", T0, end).values) == round((end - T0) * RATE)
    assert strain.repeated("H1", T0, T0 + STEP) == [(end, T0 + STEP)]
    with pytest.raises(StrainMissing, match=rf"H1:T.*\[{T0 + 7}\.000, {T0 + 9}\.000\)") as missing:
        strain.read("H1", T0 + 7, T0 + 9)
    assert missing.value.reason == Reason.CONSTANT


def test_data_before_and_after_a_missing_block_are_used(tmp_path):
    values = noise()
    values[4 * RATE : 4 * RATE + RATE // 16] = 0
    write(tmp_path, T0, values=values)
    first, second = opened(tmp_path).available("H1", T0, T0 + STEP)
    assert first == pytest.approx((T0, T0 + 4), abs=0.01)
    assert second == pytest.approx((T0 + 4 + 1 / 16, T0 + STEP), abs=0.01)


@pytest.mark.parametrize(
    ("values", "rate"),
    [
        (np.round(noise(scale=1.0)), RATE),
        (np.round(noise(scale=0.5)), RATE),
        (np.round(noise(scale=3.0)).astype(np.float32), RATE),
        (np.where(np.arange(STEP * RATE) % RATE < RATE // 20, 0, noise()), RATE),
        (np.clip(noise(), -1e-21, 1e-21), RATE),
        (np.full(STEP * 16, 120.0), 16),
    ],
    ids=["steps", "coarse steps", "float32", "50 ms of zeros", "clipped peaks", "a slow channel"],
)
def test_live_data_may_repeat_values(tmp_path, values, rate):
    write(tmp_path, T0, values=values, rate=rate)
    strain = opened(tmp_path)
    assert strain.available("H1", T0, T0 + STEP) == [(T0, T0 + STEP)]
    assert strain.repeated("H1", T0, T0 + STEP) == []
    assert np.array_equal(strain.read("H1", T0, T0 + STEP).values, values)


def test_strain_is_checked_before_it_is_resampled(tmp_path):
    write(tmp_path, T0, values=lost("held"))
    ((_, end),) = opened(tmp_path, sample_rate_hz=256).available("H1", T0, T0 + STEP)
    assert end == pytest.approx(T0 + 8, abs=0.01)

"""Frames: readable by everyone, and the same bytes whenever they are written."""

import time

import lalframe
import numpy as np
import pytest
from gwpy.timeseries import TimeSeries

from glitch_explorer.observatory import frames, gwf, noise
from glitch_explorer.observatory.plan import make_plan
from glitch_explorer.observatory.shapes import sine_gaussian, time_axis, unit
from tests.fixtures.observatory import FULL

SMALL = FULL | {"seed": 5, "glitches": 30, "segments": 2, "segment_s": 120}


@pytest.mark.parametrize(
    ("text", "expected"), [(b"123456789", 930766865), (b"", 4294967295), (b"\x00", 4215202376)]
)
def test_checksum_is_that_of_posix_cksum(text, expected):
    assert gwf.posix_checksum([text[:4], text[4:]]) == expected


def test_frame_reads_back_and_carries_no_clock(tmp_path):
    strain = 1e-21 * np.random.default_rng(1).standard_normal(8192 * 4)
    for name in ("a", "b", "c"):
        gwf.write(
            tmp_path / f"{name}.gwf", [gwf.Series("H1:OBS-STRAIN", strain, 8192, "strain")], start=1262304000
        )
        if name == "a":
            time.sleep(1.1)  # the stamp has whole seconds
    assert (tmp_path / "a.gwf").read_bytes() == (tmp_path / "b.gwf").read_bytes()
    read = TimeSeries.read(tmp_path / "c.gwf", "H1:OBS-STRAIN")
    assert np.array_equal(read.value, strain)
    assert (read.t0.value, read.sample_rate.value, str(read.unit)) == (1262304000, 8192, "strain")
    part = TimeSeries.read(tmp_path / "c.gwf", "H1:OBS-STRAIN", start=1262304001, end=1262304003)
    assert np.array_equal(part.value, strain[8192 : 3 * 8192])
    assert lalframe.FrameUFileCksumValid(lalframe.FrameUFrFileOpen(str(tmp_path / "a.gwf"), "r")) == 1


def test_noise_follows_the_design_curve_and_has_lines():
    level = noise.Level(1.1, 1.0)
    rng = np.random.default_rng(2)
    strain = noise.strain(np.zeros(8192 * 64), ifo="H1", level=level, rate=8192, rng=rng)
    series = TimeSeries(strain, sample_rate=8192)
    found = series.asd(2, 1, method="median")
    at = np.array([30.0, 90.0, 200.0, 400.0, 900.0, 2000.0, 3000.0])
    ratio = found.value[(at / found.df.value).astype(int)] / noise.design_asd(at, level)
    assert np.all(np.abs(ratio - 1.0) < 0.35)
    line = found.value[int(60.0 / found.df.value)] / noise.design_asd(np.array([60.0]), level)[0]
    assert line > 1.5


def test_snr_is_the_optimal_one():
    rate, snr = 8192, 20.0
    wave = snr * unit(sine_gaussian(time_axis(4.0, rate), 0.0, 150.0, 0.02))
    level = noise.Level(1.0, 1.2)
    both = [
        noise.strain(white, ifo="L1", level=level, rate=rate, rng=np.random.default_rng(3))
        for white in (wave, np.zeros_like(wave))
    ]
    spectrum = np.fft.rfft(both[0] - both[1]) / rate
    frequency = np.fft.rfftfreq(len(wave), 1.0 / rate)
    inside = frequency >= 10.0
    asd = noise.design_asd(frequency[inside], level)
    optimal = np.sqrt(4.0 * np.sum(np.abs(spectrum[inside] / asd) ** 2) * (frequency[1]))
    assert optimal == pytest.approx(snr, rel=1e-3)


def test_one_frame_a_segment_and_the_unreadable_is_unreadable(tmp_path):
    frames.write_frames(ifo="L1", out=tmp_path / "L1", **SMALL)
    plan = make_plan(**SMALL)
    mine = [segment for segment in plan.segments if segment.ifo == "L1"]
    assert sorted(path.name for path in (tmp_path / "L1").iterdir()) == sorted(s.frame_name for s in mine)
    for segment in mine:
        path = tmp_path / "L1" / segment.frame_name
        if segment.readable:
            read = TimeSeries.read(path, "L1:OBS-STRAIN")
            assert (read.t0.value, read.duration.value) == (segment.start, segment.end - segment.start)
        else:
            with pytest.raises(RuntimeError):
                TimeSeries.read(path, "L1:OBS-STRAIN")


def test_strain_is_the_same_again_and_differs_between_detectors():
    plan = make_plan(**SMALL)
    first = {segment.ifo: i for i, segment in reversed(list(enumerate(plan.segments))) if segment.readable}
    h1 = frames.segment_strain(plan, first["H1"])
    assert np.array_equal(h1, frames.segment_strain(plan, first["H1"]))
    assert not np.allclose(h1, frames.segment_strain(plan, first["L1"]), rtol=0, atol=1e-24)

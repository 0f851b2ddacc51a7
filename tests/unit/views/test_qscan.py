"""The Q-scan: the same as gwpy's, independent of the other glitches in a batch."""

import warnings

import numpy as np
import pytest
import torch
from gwpy.segments import Segment
from gwpy.signal.qtransform import QTiling
from gwpy.timeseries import TimeSeries

from glitch_explorer.core.errors import UserError
from glitch_explorer.core.views import VIEW_LENGTHS_S
from glitch_explorer.views.drawing import BRIGHTEST, COLOURS, TIME_STEP
from glitch_explorer.views.energies import event_energies, row_energies, row_peaks, split
from glitch_explorer.views.qscan import choose_plane, first_medians, qscan
from glitch_explorer.views.tiling import plane_qs, tiling, top_frequency
from glitch_explorer.views.whitening import RATE, median, whitened_spectrum


def coloured(rate, seconds, seed=0):
    """Coloured noise near a detector's level."""
    rng = np.random.default_rng(seed)
    f = np.fft.rfftfreq(rate * seconds, 1 / rate).clip(min=5)
    asd = 4e-24 * np.sqrt((30 / f) ** 8 + 1 + (f / 300) ** 2)
    return np.fft.irfft(np.fft.rfft(rng.standard_normal(rate * seconds)) * asd)


def burst(rate, seconds, *, at, frequency, q, height):
    t = np.arange(rate * seconds) / rate - at
    envelope = np.exp(-((t * 2 * np.pi * frequency / q) ** 2))
    return height * np.sin(2 * np.pi * frequency * t) * envelope


def glitch(rate=4096, seconds=16, at=8.03, *, frequency=180.0, q=10.0, height=4e-23, seed=0):
    return coloured(rate, seconds, seed) + burst(
        rate, seconds, at=at, frequency=frequency, q=q, height=height
    )


def reference(strain, rate, at, seconds, lines=1024):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return TimeSeries(strain, sample_rate=rate).q_transform(
            gps=at,
            search=0.5,
            tres=TIME_STEP,
            fres=lines,
            logf=True,
            qrange=(4, 64),
            frange=(10, 2048),
            outseg=Segment(at - seconds / 2, at + seconds / 2),
        )


def render(view, seconds, size=128):
    """Average gwpy's cells into pixels by dense sampling, clipped as the colours clip."""
    cells = round(seconds / TIME_STEP)
    energy = view.value[:cells].clip(0, BRIGHTEST)
    column = ((np.arange(size * 40) + 0.5) / (size * 40) * cells).astype(int)
    octaves = np.log2(10) + (np.arange(size * 8) + 0.5) / (size * 8) * (11 - np.log2(10))
    row = np.abs(octaves[:, None] - np.log2(view.frequencies.value)).argmin(1)
    pixels = energy[column][:, row].reshape(size, 40, size, 8).mean((1, 3)).T
    pixels[np.log2(view.frequencies.value[-1]) < octaves.reshape(size, 8).min(1)] = 0
    return pixels[::-1]


def correlation(a, b):
    return np.corrcoef(np.ravel(a), np.ravel(b))[0, 1]


def chosen(strain, rate, at):
    tiles = tiling(seconds=strain.size // rate, sample_rate=rate, height=8, device="cpu")
    spectrum = whitened_spectrum(torch.from_numpy(strain[None].copy()), sample_rate=rate)
    groups, parts = event_energies(spectrum, [at], tiles), split(spectrum)
    peaks, medians = row_peaks(groups, [at], tiles), first_medians(parts, groups, tiles)
    return plane_qs()[choose_plane(parts, peaks[0], medians[0], tiles)[0]]


@pytest.mark.filterwarnings("ignore:upper frequency")
@pytest.mark.parametrize(("seconds", "rate"), [(64, 16384), (64, 4096), (33, 8192), (4, 4096)])
def test_planes_rows_and_tiles_are_those_of_gwpy(seconds, rate):
    theirs = list(QTiling(seconds, rate, qrange=(4, 64), frange=(10, 2048)))
    tiles = tiling(seconds=seconds, sample_rate=rate, height=8, device="cpu")
    np.testing.assert_allclose(plane_qs(), [plane.q for plane in theirs])
    for plane, ours in zip(theirs, tiles.planes, strict=True):
        rows = tiles.rows[ours.start : ours.stop]
        np.testing.assert_allclose([row.frequency for row in rows], plane.frequencies)
        assert [row.tiles for row in rows] == [tile.ntiles for tile in plane]


def test_every_row_is_transformed_around_the_event_and_has_a_median():
    tiles = tiling(seconds=64, sample_rate=8192, height=8, device="cpu")
    everything = list(range(len(tiles.rows)))
    assert sorted(i for group in tiles.whole + tiles.local for i in group.rows) == everything
    assert sorted(i for group in tiles.whole + tiles.first for i in group.rows) == everything


def test_folded_rows_are_a_subset_of_all_tiles():
    tiles = tiling(seconds=64, sample_rate=4096, height=8, device="cpu")
    parts = split(whitened_spectrum(torch.from_numpy(glitch(seconds=64, at=32)[None]), sample_rate=4096))
    few = tiles.first[-1]
    many = tiles.final[-1][-1]
    step = many.tiles // few.tiles
    torch.testing.assert_close(
        row_energies(parts, few), row_energies(parts, many)[..., ::step], rtol=1e-3, atol=1e-9
    )


def test_an_excerpt_has_the_energies_of_all_data():
    strain = torch.from_numpy(glitch(seconds=64, at=32.03)[None])
    tiles = tiling(seconds=64, sample_rate=4096, height=8, device="cpu")
    spectrum = whitened_spectrum(strain, sample_rate=4096)
    event_group = event_energies(spectrum, [32.03], tiles)[len(tiles.whole)]
    group = next(g for groups in tiles.final for g in groups if g.rows[0] == event_group.rows[0])
    whole = row_energies(split(spectrum), group)[0, 0]
    first = round(event_group.origins[0] / 64 * group.tiles)
    n = event_group.energies.shape[-1]
    middle = slice(n // 4, -n // 4)
    near, far = event_group.energies[0, 0, middle], whole[first : first + n][middle]
    assert correlation(near, far) > 0.99999
    assert float(near.mean() / far.mean()) == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize("rate", [4096, 16384])
def test_whitened_data_are_those_of_gwpy(rate):
    strain = coloured(rate, 8)
    theirs = TimeSeries(strain, sample_rate=rate).whiten(fftlength=2, overlap=1).value
    spectrum = whitened_spectrum(torch.from_numpy(strain[None]), sample_rate=rate)[0].numpy()
    expected = np.fft.rfft(theirs)[: spectrum.size]
    band = slice(8 * 10, min(spectrum.size, expected.size, 8 * 3250) - 8)
    a, b = spectrum[band], expected[band]
    assert abs(np.vdot(a, b)) > 0.9995 * np.linalg.norm(a) * np.linalg.norm(b)


@pytest.mark.parametrize("n", [5, 6])
def test_median_is_the_usual_one(n):
    values = torch.from_numpy(np.random.default_rng(n).standard_normal((3, n)))
    np.testing.assert_allclose(median(values), np.median(values, axis=-1))


@pytest.mark.parametrize(
    ("rate", "length", "at", "frequency", "q"),
    [
        (4096, 16, 8.03, 60.0, 6.0),
        (4096, 16, 8.03, 600.0, 40.0),
        (8192, 16, 8.03, 1500.0, 12.0),
        *(pytest.param(rate, 64, 32.21, 90.0, 25.0, marks=pytest.mark.slow) for rate in (4096, 8192, 16384)),
    ],
)
def test_views_are_those_of_gwpy(rate, length, at, frequency, q):
    strain = glitch(rate, length, at, frequency=frequency, q=q, height=2e-22)
    views, flags = qscan(strain[None], sample_rate=rate, event_offset=np.array([at]))
    assert ("short_whitening" in flags[0]) == (length < 64)
    for view, seconds in zip(views[0], VIEW_LENGTHS_S, strict=True):
        expected = reference(strain, rate, at, seconds)
        assert correlation(view, render(expected, seconds)) >= 0.99
    assert chosen(strain, rate, at) == pytest.approx(expected.q)


@pytest.mark.slow
def test_a_louder_neighbour_does_not_choose_the_plane():
    quiet = glitch(at=8.0, frequency=100.0, q=4.5, height=4e-23)
    alone = chosen(quiet, 4096, 8.0)
    loud = quiet + burst(4096, 16, at=9.2, frequency=400.0, q=50.0, height=4e-21)
    assert chosen(loud, 4096, 9.2) != alone
    assert chosen(loud, 4096, 8.0) == pytest.approx(reference(loud, 4096, 8.0, 0.5).q)
    assert chosen(loud, 4096, 8.0) == alone


def test_a_burst_is_where_it_happened():
    rate, at, frequency = 4096, 8.0, 300.0
    strain = glitch(rate, frequency=frequency, q=8.0, at=at + 0.1, height=1e-22)
    views, _ = qscan(strain[None], sample_rate=rate, event_offset=np.array([at]))
    row = 128 * (11 - np.log2(frequency)) / (11 - np.log2(10))
    for view, seconds in zip(views[0], VIEW_LENGTHS_S, strict=True):
        profile = view[round(row) - 12 : round(row) + 12].mean(0)
        assert profile.argmax() == pytest.approx(128 * (0.5 + 0.1 / seconds), abs=1.5)
        lit = np.flatnonzero(view[:, profile.argmax()] >= 0.7 * view[:, profile.argmax()].max())
        assert lit.mean() == pytest.approx(row, abs=4)


def test_a_short_blip_survives_in_the_longest_view():
    strain = glitch(8192, frequency=150.0, q=5.0, at=8.0, height=4e-23)
    views, _ = qscan(strain[None], sample_rate=8192, event_offset=np.array([8.0]))
    assert views[0, 0].max() == COLOURS * BRIGHTEST
    profile = views[0, 3, 50:80].mean(0)  # 100 to 340 Hz
    assert profile.argmax() in {63, 64}
    assert profile.max() > 2 * np.delete(profile, range(61, 67)).max()


def test_bytes_do_not_depend_on_other_glitches_order_or_threads():
    rate, n = 2048, 8
    rng = np.random.default_rng(3)
    at = 6 + rng.uniform(-2, 2, n)
    events = enumerate(at)
    strain = np.stack(
        [glitch(rate, 12, t, frequency=30.0 * (i + 1), q=5.0 * (i + 1), seed=i) for i, t in events]
    )

    def scan(rows, threads=1):
        return qscan(strain[rows], sample_rate=rate, event_offset=at[rows], threads=threads)[0]

    together = scan(np.arange(n))
    for size in (1, 3):
        parts = [scan(np.arange(n)[i : i + size]) for i in range(0, n, size)]
        assert np.array_equal(together, np.concatenate(parts))
    assert np.array_equal(together, scan(np.arange(n), threads=2))
    assert np.array_equal(together, scan(np.arange(n)[::-1], threads=2)[::-1])
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    assert np.array_equal(together, scan(np.arange(n)))
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


def test_scale_and_offset_of_the_strain_do_not_matter():
    strain = glitch()
    views = [
        qscan(data[None], sample_rate=4096, event_offset=np.array([8.03]))[0].astype(int)
        for data in (strain, strain * 1e21, strain + 1e-19)
    ]
    for other in views[1:]:
        assert np.abs(views[0] - other).max() <= 1


def test_rows_beyond_the_nyquist_frequency_are_zero():
    views, flags = qscan(glitch()[None], sample_rate=4096, event_offset=np.array([8.03]))
    beyond = int(128 * (11 - np.log2(top_frequency(4096))) / (11 - np.log2(10)))
    assert not views[0, :, :beyond].any()
    assert views[0, :, beyond + 1].any()
    assert flags == [["nyquist_limited", "short_whitening"]]


def test_8192_hz_fill_the_picture():
    views, flags = qscan(glitch(8192)[None], sample_rate=8192, event_offset=np.array([8.03]))
    assert views[0, :, 0].any()
    assert flags == [["short_whitening"]]
    assert top_frequency(8190) == 2048 < RATE / 2


def test_outside_the_data_is_zero_and_said_so():
    views, flags = qscan(glitch(at=1.0)[None], sample_rate=4096, event_offset=np.array([1.0]))
    assert "cut_view" in flags[0]
    assert not views[0, 3, :, :32].any()
    assert views[0, 3, :, 33:].any()


def test_part_of_a_second_is_dropped_far_from_the_event():
    strain = glitch(at=12.0)
    whole, _ = qscan(strain[None, 4096:], sample_rate=4096, event_offset=np.array([11.0]))
    ragged, _ = qscan(strain[None, 4096 - 900 :], sample_rate=4096, event_offset=np.array([11 + 900 / 4096]))
    assert np.array_equal(whole, ragged)


def test_unusable_strain_is_flagged_and_leaves_the_others_alone():
    good = glitch(rate=2048)
    gap, flat, dead = good.copy(), np.zeros_like(good), good.copy()
    gap[100], dead[: good.size * 2 // 3] = np.nan, 0
    views, flags = qscan(np.stack([gap, good, flat, dead]), sample_rate=2048, event_offset=np.full(4, 8.03))
    assert [("not_finite" in f, "flat_strain" in f) for f in flags] == [
        (True, False), (False, False), (False, True), (False, True),
    ]  # fmt: skip
    assert not views[[0, 2, 3]].any()
    alone, _ = qscan(good[None], sample_rate=2048, event_offset=np.array([8.03]))
    assert np.array_equal(views[1], alone[0])


@pytest.mark.parametrize(
    ("n", "rate", "offset", "words"),
    [
        (3 * 4096, 4096, 1.0, "too short"),
        (8 * 4095, 4095, 1.0, "even sample rate"),
        (8 * 512, 512, 1.0, "1024"),
        (8 * 4096, 4096, 9.0, "outside"),
        (8 * 4096, 4096, np.nan, "outside"),
    ],
)
def test_what_cannot_be_scanned_is_refused(n, rate, offset, words):
    with pytest.raises(UserError, match=words):
        qscan(np.zeros((1, n)), sample_rate=rate, event_offset=np.array([offset]))


def test_shapes_must_fit():
    with pytest.raises(UserError, match="one event offset per row"):
        qscan(np.zeros((2, 32768)), sample_rate=4096, event_offset=np.array([4.0]))


def test_other_sizes():
    views, _ = qscan(glitch()[None], sample_rate=4096, event_offset=np.array([8.03]), height=64, width=100)
    assert views.shape == (1, 4, 64, 100)
    assert views.dtype == np.uint8

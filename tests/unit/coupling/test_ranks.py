"""Background, placement values, triggers and time slides: known answers and properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glitch_explorer.core.intervals import complement
from glitch_explorer.coupling.channels.bands import BIN_S, Band
from glitch_explorer.coupling.channels.filters import log_rms, settling_s
from glitch_explorer.coupling.channels.live_time import LiveTime
from glitch_explorer.coupling.witnesses.background import away_from_family, family_background
from glitch_explorer.coupling.witnesses.ranks import (
    HALF_RANGE,
    TILE,
    align,
    delays_s,
    make_grid,
    placements,
    window_mask,
    windows,
)
from glitch_explorer.coupling.witnesses.slides import (
    distinct_slides,
    least_offset,
    make_triggers,
    near_slides,
    quiet_slides,
    shifted_times,
    slid_positions,
    time_slides,
)


def line(*lengths, gap=5000):
    starts = np.cumsum([0, *[length + gap for length in lengths[:-1]]]) + 2_000_000
    return LiveTime.of(np.column_stack([starts, starts + lengths]) * BIN_S)


def rings(*lengths):
    live = line(*lengths)
    return live.bins, make_grid(live, (60, 10))


def test_background_keeps_clear_of_all_glitches_and_of_the_familys_lag_range():
    live = LiveTime.of(np.array([[0.0, 1000.0]]))
    clear = np.array([[0.0, 496.0], [504.0, 895.0], [905.0, 1000.0]])
    background = family_background(live, np.array([500.0]), clear)
    free = live.times[background.mask]
    assert not ((free + 0.5 > 440) & (free < 510)).any()
    assert not ((free + 0.5 > 895) & (free < 905)).any()
    assert {439.5, 510.0, 894.5, 905.0} <= set(free)
    away = away_from_family(live, np.array([500.0]), (60.0, 60.0))
    assert set(live.times[~away]) == set(np.arange(440.0, 560.0, 0.5))


def test_the_lag_range_is_shortened_for_a_dense_family_and_a_denser_one_has_no_answer():
    live = LiveTime.of(np.array([[0.0, 10_000.0]]))
    sparse, dense, full = (np.arange(5.0, 10_000, step) for step in (300, 50, 7))

    def clear(times):
        return complement(np.column_stack([times - 4, times + 4]))

    assert family_background(live, sparse, clear(sparse)).lags_s == (60, 10)
    assert family_background(live, dense, clear(dense)).lags_s == (30, 10)
    assert family_background(live, full, clear(full)) is None


def test_windows_take_the_larger_bin_and_never_leave_a_stretch():
    live = line(3, 2)
    values = np.array([[1.0], [3.0], [np.nan], [5.0], [4.0]], dtype=np.float32)
    np.testing.assert_array_equal(windows(values, live), [[3.0, np.nan, np.nan, 5.0, np.nan]])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_placement_is_the_share_of_near_background_below_and_ties_count_half(seed, tied):
    rng = np.random.default_rng(seed)
    live = line(700, 900, gap=int(rng.integers(1, 3000)))
    bins = live.bins
    values = rng.normal(size=(1, len(bins))).astype(np.float32)
    if tied:
        values = np.round(values)
    values[0, rng.integers(0, len(bins), 50)] = np.nan
    quiet = rng.uniform(size=len(bins)) < 0.5
    placed = placements(values, quiet, live)[0]
    for k in rng.integers(0, len(bins), 20):
        centre = bins[k] // TILE * TILE + TILE // 2
        near = quiet & (bins >= centre - HALF_RANGE) & (bins < centre + HALF_RANGE)
        assert np.abs(bins[near] - bins[k]).max(initial=0) <= 1200
        rest = values[0, near & ~np.isnan(values[0])]
        if np.isnan(values[0, k]) or len(rest) < 40:
            assert np.isnan(placed[k])
        else:
            expected = (rest < values[0, k]).mean() + (rest == values[0, k]).mean() / 2 - 0.5
            assert placed[k] == pytest.approx(expected, abs=1e-6)


def test_the_ring_gives_every_lag_its_own_window():
    bins, grid = rings(901, 600)
    times = np.array([(bins[300] + 0.3) / 2, (bins[5] + 0.9) / 2, (bins[901 + 599] + 0.5) / 2, 7.0])
    triggers = make_triggers(times, grid)
    np.testing.assert_array_equal(triggers.used, [0, 1, 2])
    slides = time_slides(triggers, grid, slides=50, rng=np.random.default_rng(1))
    row = np.arange(len(bins), dtype=np.float32)
    for j, base in enumerate([300, 5, 901 + 599]):
        low, high = triggers.low[j], triggers.high[j]
        seen = slides.part(np.arange(3) == j).sums(row)
        middle = np.rint(times[j] * 2) - bins[base] + base - 1
        inside = np.arange(len(grid.lags))
        inside = inside[(inside >= low) & (inside < high)]
        np.testing.assert_array_equal(seen[0, inside], middle + 2 * grid.lags[inside])
    at = grid.first[triggers.ring] + triggers.window
    stretch = np.array([[0, 901], [0, 901], [901, 1501]])
    assert (at + 2 * triggers.low >= stretch[:, 0]).all()
    assert (at + 2 * (triggers.high - 1) <= stretch[:, 1] - 2).all()


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(0, 2**31))
def test_a_slide_places_each_position_of_a_ring_once(sizes, seed):
    rng, length = np.random.default_rng(seed), sum(sizes)
    starts = np.cumsum([0, *sizes[:-1]])
    order = rng.permuted(np.tile(np.arange(len(sizes)), (7, 1)), axis=1)
    order[0] = np.arange(len(sizes))
    offset = rng.integers(0, length, 7)
    slid = slid_positions(np.arange(length), length, starts, offset, order)
    assert np.array_equal(np.sort(slid, axis=1), np.tile(np.arange(length), (7, 1)))
    assert np.array_equal(slid[0], (np.arange(length) + offset[0]) % length)
    # Neighbours part only at the edges of stretches, in the old order or in the new.
    assert (np.count_nonzero(np.diff(slid, axis=1) != 1, axis=1) <= 2 * len(sizes) + 1).all()


def test_slides_that_differ_are_counted_by_order_and_by_the_range_of_lags():
    # A ring of one stretch of two hours: 14,400 bins, less twice the least offset of 122, over 142.
    bins, grid = rings(14_400)
    triggers = make_triggers(bins[[2000, 9000]] / 2 + 0.1, grid)
    assert distinct_slides(triggers, grid) == pytest.approx((14_400 - 244) / 142)
    bins, grid = rings(4800, 4800, 4800)
    triggers = make_triggers(bins[[2000, 9000]] / 2 + 0.1, grid)
    assert distinct_slides(triggers, grid) == pytest.approx(6 * (14_400 - 244) / 142)


def test_slides_shift_all_triggers_of_a_stretch_alike_and_in_a_ring_of_one_by_more_than_the_longest_lag():
    bins, grid = rings(9000, 6000, 16_000)
    edges = [0, 9000, 15_000]
    times = np.sort(np.random.default_rng(0).choice(bins, 40, replace=False)) / 2 + 0.1
    slides = time_slides(make_triggers(times, grid), grid, slides=300, rng=np.random.default_rng(1))
    ring = slides.triggers.ring
    rows = grid.rows[slides.starts] - grid.first[ring]
    moved = (rows - rows[0]) % grid.length[ring]
    np.testing.assert_array_equal(grid.length, [15_000, 16_000])
    alone = moved[1:, ring == 1]
    assert (alone == alone[:, :1]).all()
    assert least_offset(grid) <= alone.min()
    assert alone.max() <= grid.length[1] - least_offset(grid)
    assert len(np.unique(moved[1:, 0])) > 100
    apart = np.minimum(moved[1:], grid.length[ring] - moved[1:])[:, ring == 0]
    assert ((apart < least_offset(grid)).mean(axis=1) < 0.1).all()
    # Of two stretches in another order, most neighbours stay together.
    stretch = np.searchsorted(edges, grid.first[ring] + rows[0] + 120, side="right")
    together = stretch[1:] == stretch[:-1]
    assert (np.diff(moved[1:], axis=1)[:, together] == 0).mean() > 0.8
    assert (moved[1:, ring == 0][:, 0] != moved[1:, ring == 1][:, 0]).any()


@pytest.mark.parametrize(("lengths", "used"), [((200, 2000), [0, 1]), ((150, 150), [])])
def test_short_stretches_are_joined_and_rings_too_short_for_a_slide_are_left_out(lengths, used):
    bins, grid = rings(*lengths)
    np.testing.assert_array_equal(make_triggers(bins[[100, 250]] / 2, grid).used, used)


def test_pseudo_families_are_shifted_triggers_and_quiet_times_that_stay_quiet():
    bins, grid = rings(2000, 2000)
    times = np.sort(np.random.default_rng(3).choice(bins, 30, replace=False)) / 2
    shifted = shifted_times(times, make_triggers(times, grid), grid, rng=np.random.default_rng(4))
    assert np.isin(np.floor(shifted * 2), bins).all()
    assert not np.isin(shifted, times).any()
    quiet = window_mask(np.random.default_rng(5).uniform(size=len(bins)) < 0.7)
    slides = quiet_slides(quiet, grid, count=25, slides=40, rng=np.random.default_rng(6))
    ring = slides.triggers.ring
    rows = grid.rows[slides.starts] - 2 * grid.lags[0] - grid.first[ring]
    assert quiet[grid.first[ring] + rows % grid.length[ring]].all()


def test_a_feature_is_shifted_back_by_half_its_settling_time_within_its_stretch():
    assert delays_s(np.array([0.5, 1.6, 5.5, 16.1, 52.0])).tolist() == [0, 0, 2, 8, 26]
    values = np.tile(np.arange(12, dtype=np.float32)[:, None], 2)
    align(values, line(6, 6), np.array([0.0, 2.0]))
    assert values[:, 0].tolist() == list(range(12))
    nan = np.nan
    assert np.array_equal(
        values[:, 1], [4, 5, nan, nan, nan, nan, 10, 11, nan, nan, nan, nan], equal_nan=True
    )


@pytest.mark.parametrize("low", [0.3, 1.0, 10.0])
def test_the_delay_is_about_when_the_response_to_a_burst_is_highest(low):
    band, rate = Band(low, 3 * low), 64
    rng = np.random.default_rng(1)
    at = 60 + rng.uniform(0, 1, (20, 1))
    t = np.arange(80 * rate) / rate - at
    samples = np.exp(-0.5 * (t * 4 * low) ** 2) * np.cos(2 * np.pi * 1.7 * low * t)
    rms = log_rms(samples + 1e-3 * rng.normal(size=t.shape), rate, [band], skip=0)[:, 0, 100:]
    late = (np.argmax(rms, axis=1) + 100.5) * BIN_S - at[:, 0]
    assert abs(np.median(late) - delays_s(np.array([settling_s(band, rate)]))[0]) < 0.75


def test_slides_are_near_where_they_shift_a_tenth_of_the_glitches_alike():
    length, count = np.array([1000, 1000]), np.array([95, 5])
    first = [200, 210, 299, 305, 850, 600, 420, 720, 970]
    offsets = np.column_stack([first, [500, 800, 200, 500, 505, 250, 250, 250, 250]])
    near = near_slides(offsets, length, count, least=100).toarray()
    expected = np.eye(9)
    for a, b in ((0, 1), (0, 2), (1, 2), (1, 3), (2, 3)):
        expected[a, b] = expected[b, a] = 1
    assert np.array_equal(near, expected)
    around = near_slides(np.array([[120], [980], [500], [700]]), length[:1], count[:1], least=150)
    assert around.toarray()[0].tolist() == [1, 1, 0, 0]


def test_in_a_ring_too_short_to_stand_apart_a_slide_is_near_to_itself_alone():
    offsets = np.random.default_rng(1).integers(100, 200, (40, 1))
    near = near_slides(offsets, np.array([300]), np.array([9]), least=100)
    assert np.array_equal(near.toarray(), np.eye(40))

"""Background, placement values, trains and slides: known answers and properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glitch_explorer.core.intervals import complement
from glitch_explorer.coupling.channels.bands import CELL_S, Band, log_rms, settling_s
from glitch_explorer.coupling.witnesses.background import background_mask, family_background
from glitch_explorer.coupling.witnesses.ranks import (
    HALF_WINDOW,
    TILE,
    align,
    delays_s,
    make_grid,
    placements,
    sum_at,
    window_mask,
    windows,
)
from glitch_explorer.coupling.witnesses.slides import (
    guard,
    make_train,
    near_slides,
    quiet_train,
    shifted,
    slide,
)

NOTHING = np.empty(0)


def line(*lengths, gap=5000):
    starts = np.cumsum([0, *[length + gap for length in lengths[:-1]]]) + 2_000_000
    cells = np.concatenate([np.arange(s, s + n) for s, n in zip(starts, lengths, strict=True)])
    return cells, np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)


def test_background_keeps_clear_of_all_glitches_and_of_the_familys_lag_range():
    cells = np.arange(2000)
    clear = np.array([[0.0, 496.0], [504.0, 895.0], [905.0, 1000.0]])
    mask = background_mask(cells, np.array([500.0]), clear)
    free = cells[mask] * 0.5
    assert not ((free + 0.5 > 440) & (free < 510)).any()
    assert not ((free + 0.5 > 895) & (free < 905)).any()
    assert {439.5, 510.0, 894.5, 905.0} <= set(free)
    both = background_mask(cells, np.array([500.0]), clear, both_sides=True)
    assert not both[(cells * 0.5 >= 500) & (cells * 0.5 < 560)].any()


def test_the_lag_range_is_shortened_for_a_dense_family_and_a_denser_one_has_no_answer():
    cells = np.arange(20_000)
    sparse, dense, full = (np.arange(5.0, 10_000, step) for step in (300, 50, 7))

    def clear(times):
        return complement(np.column_stack([times - 4, times + 4]))

    assert family_background(cells, sparse, clear(sparse)).lags_s == (60, 10)
    assert family_background(cells, dense, clear(dense)).lags_s == (30, 10)
    assert family_background(cells, full, clear(full)) is None


def test_windows_take_the_larger_cell_and_never_leave_a_block_or_span_a_gap():
    cells, block = line(3, 2)
    values = np.array([[1.0], [3.0], [np.nan], [5.0], [4.0]], dtype=np.float32)
    np.testing.assert_array_equal(windows(values, cells, block), [[3.0, np.nan, np.nan, 5.0, np.nan]])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_placement_is_the_share_of_near_background_below_and_ties_count_half(seed, tied):
    rng = np.random.default_rng(seed)
    cells, _ = line(700, 900, gap=int(rng.integers(1, 3000)))
    values = rng.normal(size=(1, len(cells))).astype(np.float32)
    if tied:
        values = np.round(values)
    values[0, rng.integers(0, len(cells), 50)] = np.nan
    quiet = rng.uniform(size=len(cells)) < 0.5
    found = placements(values, quiet, cells)[0]
    for k in rng.integers(0, len(cells), 20):
        centre = cells[k] // TILE * TILE + TILE // 2
        near = quiet & (cells >= centre - HALF_WINDOW) & (cells < centre + HALF_WINDOW)
        assert np.abs(cells[near] - cells[k]).max(initial=0) <= 1200
        rest = values[0, near & ~np.isnan(values[0])]
        if np.isnan(values[0, k]) or len(rest) < 40:
            assert np.isnan(found[k])
        else:
            expected = (rest < values[0, k]).mean() + (rest == values[0, k]).mean() / 2 - 0.5
            assert found[k] == pytest.approx(expected, abs=1e-6)


def test_the_ring_gives_every_lag_its_own_window():
    cells, block = line(901, 600)
    grid = make_grid(cells, block, (60, 10))
    times = np.array([(cells[300] + 0.3) / 2, (cells[5] + 0.9) / 2, (cells[901 + 599] + 0.5) / 2, 7.0])
    train = make_train(times, cells, grid)
    np.testing.assert_array_equal(train.used, [0, 1, 2])
    slid = slide(train, grid, slides=50, rng=np.random.default_rng(1))
    row = np.arange(len(cells), dtype=np.float32)
    for j, base in enumerate([300, 5, 901 + 599]):
        low, high = train.low[j], train.high[j]
        one = slid.part(np.arange(3) == j)
        seen = sum_at(row[grid.rows], one.starts, one.train.low, one.train.high, len(grid.lags))
        middle = np.rint(times[j] * 2) - cells[base] + base - 1
        inside = np.arange(len(grid.lags))
        inside = inside[(inside >= low) & (inside < high)]
        np.testing.assert_array_equal(seen[0, inside], middle + 2 * grid.lags[inside])
    at = grid.first[train.block] + train.place
    own = np.array([[0, 901], [0, 901], [901, 1501]])
    assert (at + 2 * train.low >= own[:, 0]).all()
    assert (at + 2 * (train.high - 1) <= own[:, 1] - 2).all()


def test_slides_keep_the_train_within_each_ring_and_are_longer_than_the_longest_lag():
    cells, block = line(9000, 6000, 16_000)
    grid = make_grid(cells, block, (60, 10))
    times = np.sort(np.random.default_rng(0).choice(cells, 40, replace=False)) / 2 + 0.1
    slid = slide(make_train(times, cells, grid), grid, slides=300, rng=np.random.default_rng(1))
    rows = grid.rows[slid.starts] - grid.first[slid.train.block]
    moved = (rows - rows[0]) % grid.length[slid.train.block]
    np.testing.assert_array_equal(grid.length, [15_000, 16_000])
    for number in (0, 1):
        mine = moved[1:, slid.train.block == number]
        assert (mine == mine[:, :1]).all()
        assert guard(grid) <= mine.min()
        assert mine.max() <= grid.length[number] - guard(grid)
    assert len(np.unique(moved[1:, 0])) > 100
    assert (moved[1:, slid.train.block == 0][:, 0] != moved[1:, slid.train.block == 1][:, 0]).any()


def test_short_intervals_are_joined_and_live_time_too_short_to_slide_in_is_left_out():
    for lengths, used in [((200, 2000), [0, 1]), ((150, 150), [])]:
        cells, block = line(*lengths)
        grid = make_grid(cells, block, (60, 10))
        train = make_train(np.array([cells[100], cells[250]]) / 2, cells, grid)
        np.testing.assert_array_equal(train.used, used)


def test_pseudo_families_are_shifted_trains_and_quiet_times_that_stay_quiet():
    cells, block = line(2000, 2000)
    grid = make_grid(cells, block, (60, 10))
    times = np.sort(np.random.default_rng(3).choice(cells, 30, replace=False)) / 2
    moved = shifted(times, make_train(times, cells, grid), cells, grid, rng=np.random.default_rng(4))
    assert np.isin(np.floor(moved * 2), cells).all()
    assert not np.isin(moved, times).any()
    quiet = window_mask(np.random.default_rng(5).uniform(size=len(cells)) < 0.7)
    slid = quiet_train(quiet, grid, count=25, slides=40, rng=np.random.default_rng(6))
    rows = grid.rows[slid.starts] - 2 * grid.lags[0] - grid.first[slid.train.block]
    assert quiet[grid.first[slid.train.block] + rows % grid.length[slid.train.block]].all()


def test_a_feature_is_moved_back_by_half_its_settling_time_within_its_block():
    assert delays_s(np.array([0.5, 1.6, 5.5, 16.1, 52.0])).tolist() == [0, 0, 2, 8, 26]
    values = np.tile(np.arange(12, dtype=np.float32)[:, None], 2)
    align(values, np.repeat(np.arange(2, dtype=np.int32), 6), np.array([0.0, 2.0]))
    assert values[:, 0].tolist() == list(range(12))
    nan = np.nan
    assert np.array_equal(
        values[:, 1], [4, 5, nan, nan, nan, nan, 10, 11, nan, nan, nan, nan], equal_nan=True
    )


@pytest.mark.parametrize("low", [0.3, 1.0, 10.0])
def test_the_delay_is_about_when_the_answer_to_a_burst_is_highest(low):
    band, rate = Band(low, 3 * low), 64
    rng = np.random.default_rng(1)
    at = 60 + rng.uniform(0, 1, (20, 1))
    t = np.arange(80 * rate) / rate - at
    samples = np.exp(-0.5 * (t * 4 * low) ** 2) * np.cos(2 * np.pi * 1.7 * low * t)
    rms = log_rms(samples + 1e-3 * rng.normal(size=t.shape), rate, [band], skip=0)[:, 0, 100:]
    late = (np.argmax(rms, axis=1) + 100.5) * CELL_S - at[:, 0]
    assert abs(np.median(late) - delays_s(np.array([settling_s(band, rate)]))[0]) < 0.75


def test_slides_are_near_where_they_turn_a_tenth_of_the_glitches_alike():
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

"""Coincidences in time slides: the same counts as glitch by glitch, slide by slide."""

import numpy as np
import pytest

from glitch_explorer.core.intervals import contains, lengths, union
from glitch_explorer.coupling.coincidence.counts import coverage, levels_of, loudest_levels, slide_counts
from glitch_explorer.coupling.coincidence.rings import distinct_slides, draw_slides, make_rings
from glitch_explorer.coupling.coincidence.segments import active_share, segment_counts
from glitch_explorer.coupling.coincidence.statistic import coincidence_statistic, dispersions
from glitch_explorer.coupling.coincidence.triggers import AuxiliaryTriggers, clean_triggers, cluster_triggers

SEGMENTS = np.array([[0.0, 2500.0], [2600.0, 2630.0], [3000.0, 3700.0]])
WINDOWS = np.array([0.5, 2.0, 6.0])
THRESHOLDS = np.array([0.0, 8.0, 20.0])


@pytest.fixture
def rings():
    return make_rings(SEGMENTS, reach_s=3.0)


def draw_times(rng, n):
    times = np.sort(rng.uniform(0, 3700, 3 * n))
    return times[contains(SEGMENTS, times) & ~contains(SEGMENTS[1:2], times)][:n]


def slid_times(times, rings, slides, number):
    """Return where a slide moves each of the times."""
    ring = rings.of(times)
    offset = np.empty(slides.offsets.shape)
    np.put_along_axis(offset, slides.order.astype(int), slides.offsets, axis=1)
    start, length = rings.bounds[ring, 0], rings.lengths_s[ring]
    return start + (times - start + offset[ring, number]) % length


def test_rings_are_equal_parts_of_segments_and_short_segments_have_none(rings):
    np.testing.assert_allclose(lengths(rings.bounds), [2500 / 3] * 3 + [700])
    assert rings.of(np.array([-1.0, 0.0, 833.4, 2499.9, 2610.0, 3000.0, 3700.0])).tolist() == [
        -1,
        0,
        1,
        2,
        -1,
        3,
        -1,
    ]
    slides = draw_slides(rings, 200, np.random.default_rng(1))
    assert (slides.offsets >= 20).all()
    assert (slides.offsets <= rings.lengths_s[:, None] - 20).all()
    assert rings.range_s == pytest.approx(2500 / 3 - 20)
    assert distinct_slides(rings, 1e9) == 1.0
    assert make_rings(np.empty((0, 2)), reach_s=1.0).range_s == 0.0


@pytest.mark.parametrize("lag", [0.0, -3.0])
def test_slides_of_triggers_are_those_of_each_glitch_alone(rings, lag):
    rng = np.random.default_rng(2)
    times, triggers = draw_times(rng, 60), draw_times(rng, 80)
    levels = levels_of(rng.exponential(15, len(triggers)).astype(np.float32), THRESHOLDS)
    slides = draw_slides(rings, 50, rng)
    counts = slide_counts(
        times, triggers, levels, rings=rings, slides=slides, windows=WINDOWS, n_levels=3, lag=lag
    )
    ring, of_trigger = rings.of(times), rings.of(triggers)
    for number in range(50):
        middle = slid_times(times, rings, slides, number) + lag
        apart = np.abs(middle[:, None] - triggers)
        length = rings.lengths_s[ring][:, None]
        apart = np.where(ring[:, None] == of_trigger, np.minimum(apart, length - apart), np.inf)
        for w, window in enumerate(WINDOWS):
            for k in range(3):
                hit = ((apart <= window / 2) & (levels > k)).any(axis=1)
                assert counts[number, w, k] == hit.sum()


def test_the_glitches_themselves_are_compared_with_triggers_of_the_next_ring_too():
    levels = np.array([1, 3, 2])
    highest = loudest_levels(np.array([833.0, 900.0]), np.array([830.0, 833.9, 834.1]), levels, WINDOWS, 0.0)
    assert highest.tolist() == [[0, 3, 3], [0, 0, 0]]
    edge = loudest_levels(np.array([10.0]), np.array([11.0, 13.0]), np.array([1, 2]), WINDOWS, 0.0)
    assert edge.tolist() == [[0, 1, 2]]  # ends of windows included


def test_coverage_is_the_mean_of_many_uniform_shifts(rings):
    rng = np.random.default_rng(3)
    triggers = draw_times(rng, 80)
    levels = levels_of(rng.exponential(15, len(triggers)).astype(np.float32), THRESHOLDS)
    covered = coverage(triggers, levels, rings=rings, windows=WINDOWS, n_levels=3)
    for r, (start, end) in enumerate(rings.bounds):
        inside = triggers[(triggers >= start) & (triggers < end)]
        for k in range(3):
            loud = inside[levels[(triggers >= start) & (triggers < end)] > k]
            copies = np.concatenate([loud - (end - start), loud, loud + (end - start)])
            for w, window in enumerate(WINDOWS):
                around = union(np.column_stack([copies - window / 2, copies + window / 2]))
                around = np.clip(around, start, end)
                assert covered[r, w, k] == pytest.approx(lengths(around).sum() / (end - start), abs=1e-9)


def test_slides_of_segments_are_those_of_each_glitch_alone(rings):
    rng = np.random.default_rng(4)
    times, starts = draw_times(rng, 60), np.sort(rng.uniform(-50, 3700, 40))
    active = union(np.column_stack([starts, starts + rng.exponential(40, 40)]))
    slides = draw_slides(rings, 50, rng)
    for lag in (0.0, -3.0, 5.0):
        counts = segment_counts(times, active, rings=rings, slides=slides, lag=lag)
        ring = rings.of(times)
        start, length = rings.bounds[ring, 0], rings.lengths_s[ring]
        for number in range(50):
            shifted = start + (slid_times(times, rings, slides, number) - start + lag) % length
            assert counts[number] == contains(active, shifted).sum()
    np.testing.assert_allclose(
        active_share(active, rings),
        [lengths(np.clip(active, start, end)).sum() / (end - start) for start, end in rings.bounds],
    )


def test_statistic_is_zero_at_the_mean_and_the_root_of_the_deviance_above():
    mean = np.array([2.0, 2.0, 0.5, 30.0])
    t = coincidence_statistic(np.array([2, 7, 1, 50]), mean, 50, np.ones(4))
    by_hand = np.sqrt(2 * (7 * np.log(7 / 2) + 43 * np.log(43 / 48)))
    assert t[0] == 0.0
    assert t[1] == pytest.approx(by_hand)
    assert t[3] == pytest.approx(np.sqrt(2 * 50 * np.log(50 / 30)))
    assert np.isfinite(coincidence_statistic(np.array([3]), np.array([0.0]), 50, np.ones(1))).all()


def test_statistic_is_nearly_normal_for_small_counts_too():
    rng = np.random.default_rng(5)
    for mean in (0.02, 0.3, 3.0, 100.0):
        counts = rng.binomial(1000, mean / 1000, 200_000)
        t = coincidence_statistic(counts[:, None], np.array([mean]), 1000, np.ones(1))[:, 0]
        assert (t > 3.3).mean() < 0.003  # one-sided, a normal variable: 0.0005


def test_dispersion_is_one_for_independent_counts_and_leaves_a_slide_out_of_its_own():
    rng = np.random.default_rng(6)
    counts = rng.binomial(200, 0.1, (2000, 1))
    observed, _ = dispersions(counts, np.array([20.0]), 200)
    assert observed[0] == pytest.approx(1.0, abs=0.1)
    observed, _ = dispersions(3 * rng.binomial(67, 0.1, (2000, 1)), np.array([20.1]), 201)
    assert observed[0] == pytest.approx(3.0, abs=0.3)
    lonely = np.zeros((100, 1), int)
    lonely[7] = 50
    _, of_slides = dispersions(lonely, np.array([0.1]), 200)
    assert of_slides[7, 0] < 1.0 < of_slides[0, 0]


def test_triggers_are_sorted_each_once_inside_and_clustered():
    times = np.array([50.0, 10.0, 10.0, 10.0, 200.0, 20.00, 20.06, 20.12, 20.18, 30.0])
    snr = np.array([9, 8, 8, 12, 9, 9, 10, 9, 9.5, 7], np.float32)
    raw = AuxiliaryTriggers("L1:A", times, snr, np.array([[0.0, 300.0]]))
    cleaned, numbers = clean_triggers(raw, np.array([[0.0, 100.0]]))
    assert cleaned.times.tolist() == [10.0, 10.0, 20.0, 20.06, 20.12, 20.18, 30.0, 50.0]
    triggers = cluster_triggers(cleaned)
    # A train of triggers is not one: the loudest of each 0.1 s stays.
    assert triggers.times.tolist() == [10.0, 20.06, 20.18, 30.0, 50.0]
    assert triggers.snr.tolist() == [12.0, 10.0, 9.5, 7.0, 9.0]
    assert (numbers.read, numbers.unsorted, numbers.repeated) == (10, 2, 1)
    assert numbers.outside == 1
    assert (numbers + numbers).read == 20

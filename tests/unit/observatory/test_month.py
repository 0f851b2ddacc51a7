"""The simulated month: planted rates, live time, and files that are read as a study's."""

import numpy as np
import pytest

from glitch_explorer.core.intervals import segments_of
from glitch_explorer.coupling.rates import levels
from glitch_explorer.coupling.rates.clock import local_seconds
from glitch_explorer.coupling.rates.trends import live_minutes
from glitch_explorer.observatory.month import plan, trends
from glitch_explorer.observatory.month.write import live_spans, write_month
from glitch_explorer.sources.segments import read_segments
from tests.fixtures.observatory import FULL, MONTH_DAYS

N = 4000


@pytest.fixture(scope="module", params=[("H1", 0), ("L1", 1)])
def month(request):
    ifo, number = request.param
    return ifo, plan.make_month(seed=FULL["seed"], days=MONTH_DAYS, ifo=ifo, number=number)


def test_counts_have_the_planted_ratio_and_vary_more_than_poissons():
    rng = np.random.default_rng(0)
    level = np.sin(np.arange(N) / 500)
    live = np.ones(N, dtype=bool)
    effect = plan.log_effect(level, live, 2.0)
    minute = np.arange(N) + 1000
    drawn = np.array(
        [
            np.bincount(
                (plan.draw_times(rng, minute, live, np.exp(effect)) // 60).astype(int) - 1000, minlength=N
            )
            for _ in range(200)
        ]
    )
    mean = drawn.mean(axis=0)
    median, high = np.quantile(level, (0.5, 0.9))
    near = [np.abs(level - at) < 0.1 * (high - median) for at in (median, high)]
    assert mean[near[1]].mean() / mean[near[0]].mean() == pytest.approx(2.0, rel=0.03)
    assert drawn.sum(axis=1).mean() == pytest.approx(np.exp(effect).sum(), rel=0.02)
    assert drawn.sum(axis=1).var() > 1.5 * drawn.sum(axis=1).mean()


def test_the_effect_is_the_ratio_at_the_90th_percentile():
    level = np.linspace(0, 1, 101)
    live = level >= 0.5
    effect = plan.log_effect(level, live, 2.0)
    assert np.exp(effect[[75, 95]]) == pytest.approx([1.0, 2.0])


def test_slow_series_have_unit_variance_and_their_correlation():
    rng = np.random.default_rng(1)
    series = np.array([trends.slow_series(rng, 2880, 2.0) for _ in range(300)])
    assert series.std() == pytest.approx(1, abs=0.05)
    assert (series[:, :-120] * series[:, 120:]).mean() == pytest.approx(np.exp(-1), abs=0.05)


def test_local_time_is_that_of_the_site(month):
    ifo, drawn = month
    local = trends.local_days(drawn.minute, ifo)
    # GPS days begin 18 s before those of UTC.
    shift = local * 86400 - (local_seconds(drawn.minute, ifo) + 18)
    assert np.ptp(shift) == pytest.approx(0, abs=1e-4)
    assert (shift[0] % 86400 + 43200) % 86400 == pytest.approx(43200, abs=1e-4)
    # 1 January 1970 was a Thursday, 4 January a Sunday.
    days = np.floor(local_seconds(drawn.minute, ifo) / 86400)
    assert np.mean((np.floor(local) % 7 == 0) == ((days - 3) % 7 == 0)) > 0.999


def test_the_month_is_as_planned(month):
    _, drawn = month
    assert 0.6 < drawn.live.mean() < 0.9
    live = set(drawn.minute[drawn.live])
    for family in plan.FAMILIES:
        times = drawn.times[family.name]
        assert len(times) == pytest.approx(family.n, rel=0.25)
        assert set((times // 60).astype(int)) <= live
    for name, values in drawn.trends.items():
        if "WIND" in name:
            assert (values == 0).mean() == pytest.approx(0.5, abs=0.01)
        kind = "wind" if "WIND" in name else "microseism"
        level = levels.driver_levels(values, levels.scale_of(name))
        assert trends.level_of(kind, values) == pytest.approx(level)


def test_loud_ground_ends_the_lock():
    rng = np.random.default_rng(2)
    ground = trends.slow_series(rng, 40000, 10.0)
    live = trends.live_minutes(rng, ground)
    loud = ground > np.quantile(ground, 0.9)
    assert (~live[loud]).mean() > 1.5 * (~live).mean()


def test_the_same_seed_gives_the_same_files_that_a_study_reads(tmp_path):
    for name in ("a", "b"):
        write_month(tmp_path / name, seed=1, days=3, detectors=["H1", "L1"])
    first, second = ({path.name: path.read_bytes() for path in (tmp_path / n).iterdir()} for n in ("a", "b"))
    assert first == second
    write_month(tmp_path / "c", seed=2, days=3, detectors=["H1", "L1"])
    assert (tmp_path / "c/glitches.csv").read_bytes() != first["glitches.csv"]
    drawn = plan.make_month(seed=1, days=3, ifo="L1", number=1)
    table = read_segments(files=[tmp_path / "a/segments.csv"], flags=[], detectors=["L1"])
    assert live_minutes(segments_of(table, "L1")).tolist() == drawn.minute[drawn.live].tolist()
    assert len(live_spans(drawn)) == len(table)

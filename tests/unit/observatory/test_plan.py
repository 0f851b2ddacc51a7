"""The plan: what must be there is there, at any size."""

import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core.errors import UserError
from glitch_explorer.observatory import plan_observatory
from glitch_explorer.observatory.catalog import ranking
from glitch_explorer.observatory.morphology import CLASSES, MORPHOLOGIES, UNKNOWN
from glitch_explorer.observatory.plan import make_plan
from tests.fixtures.observatory import FULL

SMALL = {**FULL, "glitches": 60, "segments": 4}


def _planted(plan):
    return [
        injection
        for injection in plan.injections
        if not injection.event and plan.segments[injection.segment].readable
    ]


def test_as_many_glitches_and_classes_as_promised(plan):
    counts = Counter(injection.name for injection in _planted(plan))
    assert sum(counts.values()) == 1100
    assert counts[UNKNOWN] >= 50
    assert len(counts) - 1 >= 16
    assert min(counts.values()) >= 20
    assert {injection.ifo for injection in plan.injections} == {"H1", "L1"}
    assert len({injection.glitch_id for injection in plan.injections}) == len(plan.injections)


def test_a_tenth_of_the_labels_is_wrong_and_the_unknown_has_none(plan):
    labelled = [
        injection for injection in plan.injections if injection.name != UNKNOWN and not injection.event
    ]
    wrong = [injection for injection in labelled if injection.label != injection.name]
    assert len(wrong) == round(0.1 * len(labelled))
    assert all(injection.label in CLASSES for injection in labelled)
    assert all(injection.label is None for injection in plan.injections if injection.name == UNKNOWN)
    assert len({injection.label for injection in wrong}) > 15


def test_live_time_is_three_hours_at_all_hours_of_more_than_eight_days(plan):
    for ifo in ("H1", "L1"):
        starts = sorted(s.start for s in plan.segments if s.ifo == ifo and s.readable)
        live = sum(s.end - s.start for s in plan.segments if s.ifo == ifo and s.readable)
        assert len(starts) == 24
        assert 3.0 <= live / 3600 <= 3.2
        assert starts[-1] - starts[0] >= 8 * 86400
        hours = {start % 86400 // 3600 for start in starts}
        assert all(any((hour + k) % 24 in hours for k in range(3)) for hour in range(24))
    ordered = sorted((s.ifo, s.start, s.end) for s in plan.segments)
    pairs = pairwise(ordered)
    assert all(b[1] > a[2] for a, b in pairs if a[0] == b[0])


def test_a_third_of_the_minutes_is_quiet(plan):
    quiet = total = 0
    for index, segment in enumerate(plan.segments):
        if not segment.readable:
            continue
        times = np.array(
            [injection.time - segment.start for injection in plan.injections if injection.segment == index]
        )
        minutes = (segment.end - segment.start) // 60
        counts = np.histogram(times, 60.0 * np.arange(minutes + 1))[0]
        quiet, total = quiet + int((counts == 0).sum()), total + minutes
    assert 1 / 3 <= quiet / total <= 0.6


def test_glitches_lie_within_their_segment_and_rarely_in_one_picture(plan):
    gaps = []
    for index, segment in enumerate(plan.segments):
        times = sorted(injection.time for injection in plan.injections if injection.segment == index)
        assert all(segment.start + 4 < time < segment.end - 4 for time in times)
        gaps += list(np.diff(times))
    assert 0.002 < np.mean(np.array(gaps) < 2.0) < 0.08


def test_loudness_spreads_like_a_power_law(plan):
    snr = np.array([injection.snr for injection in _planted(plan)])
    assert snr.min() >= 7.5
    assert np.quantile(snr, 0.9) / np.quantile(snr, 0.1) > 5
    assert (snr > 100).sum() > 20


def test_events_are_in_both_detectors_within_the_light_travel_time(plan):
    events = [injection for injection in plan.injections if injection.event]
    assert Counter(injection.event for injection in events) == {"SIM-A": 2, "SIM-B": 2}
    for name in ("SIM-A", "SIM-B"):
        times = {injection.ifo: injection.time for injection in events if injection.event == name}
        assert abs(times["H1"] - times["L1"]) <= 0.0101
        near = [abs(injection.time - times["H1"]) for injection in _planted(plan)]
        assert min(near) > 4.0


def test_two_frames_are_unreadable_and_hold_few_glitches(plan):
    unreadable = {i for i, segment in enumerate(plan.segments) if not segment.readable}
    assert len(unreadable) == 2
    excluded = [injection for injection in plan.injections if injection.segment in unreadable]
    assert 0 < len(excluded) < 0.02 * len(plan.injections)


def test_small_observatory_has_everything():
    plan = make_plan(**SMALL)
    counts = Counter(injection.name for injection in _planted(plan))
    assert sum(counts.values()) == 60
    assert counts[UNKNOWN] >= 5
    assert len(counts) == len(MORPHOLOGIES)
    assert len(plan.repeats) >= 2


def test_seed_decides_and_nothing_else():
    assert make_plan(**SMALL) == make_plan(**SMALL)
    assert make_plan(**SMALL) != make_plan(**{**SMALL, "seed": 1})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"glitches": 5000, "segments": 4}, "do not fit"),
        ({"glitches": 10}, "glitches must be at least 30"),
        ({"detectors": []}, "detectors"),
        ({"detectors": ["H1", "H1"]}, "detectors"),
        ({"sample_rate_hz": 4096}, "sample_rate_hz"),
        ({"segments": 1}, "at least 2 segments"),
        ({"wrong_label_share": 1.5}, "wrong_label_share"),
    ],
)
def test_impossible_observatories_are_refused(change, message):
    with pytest.raises(UserError, match=message):
        make_plan(**{**FULL, **change})


def test_catalogue_has_gravity_spys_columns_and_the_traps(tmp_path):
    plan_observatory(tmp_path / "a", **SMALL)
    plan_observatory(tmp_path / "b", **SMALL)
    for name in ("catalog.csv", "segments.csv", "events.csv", "truth.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    table = pd.read_csv(tmp_path / "a/catalog.csv")
    truth = json.loads((tmp_path / "a/truth.json").read_text())
    assert len(table.columns) == 43 + 1
    assert table.columns[-1] == "ranking"
    assert "class" not in table.columns
    assert len(table) == len(truth["glitches"]) + len(truth["duplicates"])
    assert table["snr"].min() >= 7.5
    assert table["peak_frequency"].between(10, 2048).all()
    assert table["event_time"].is_monotonic_increasing
    assert table["gravityspy_id"].duplicated().sum() >= 1
    assert table.duplicated(["ifo", "event_time"]).sum() == len(truth["duplicates"])
    unknown = table["gravityspy_id"].map(lambda key: truth["glitches"].get(key, {}).get("class")) == UNKNOWN
    assert table.loc[unknown, "ml_label"].isna().all()
    wrong = table["gravityspy_id"].isin(truth["wrong_labels"])
    assert wrong.sum() >= len(truth["wrong_labels"])
    events = pd.read_csv(tmp_path / "a/events.csv")
    assert list(events.columns) == ["name", "ifo", "event_time", "kind"]
    assert list(pd.read_csv(tmp_path / "a/segments.csv").columns) == ["ifo", "start", "end", "flag"]


def test_ranking_follows_snr_but_is_not_it():
    rng = np.random.default_rng(9)
    snr = rng.pareto(1.5, 800) * 8 + 8
    names = rng.choice(CLASSES, 800)
    values = [ranking(float(s), str(name), rng) for s, name in zip(snr, names, strict=True)]
    correlation = pd.Series(snr).corr(pd.Series(values), method="spearman")
    assert 0.4 < correlation < 0.95

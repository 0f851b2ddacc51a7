"""Member files: quiet times are quiet, and depend on nothing else than they should."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glitch_explorer import tables
from glitch_explorer.map.members import family_members, merge, quiet_times, subtract, write_members

bounds = st.tuples(st.integers(0, 100), st.integers(0, 20)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def catalogue(times, durations=None, ifo="H1"):
    n = len(times)
    return pd.DataFrame(
        {
            "glitch_id": [f"{ifo}{number:03d}" for number in range(n)],
            "ifo": ifo,
            "event_time": np.asarray(times, dtype=float),
            "duration_s": np.ones(n) if durations is None else np.asarray(durations, dtype=float),
            "astrophysical": "",
        }
    )


def covered(intervals, point):
    return any(low <= point < high for low, high in intervals)


@given(st.lists(bounds, max_size=12))
def test_merge_covers_the_same_points_and_is_disjoint(intervals):
    merged = merge(np.array(intervals, dtype=float).reshape(-1, 2))
    points = np.arange(-1, 125) + 0.5
    assert [covered(merged, p) for p in points] == [covered(intervals, p) for p in points]
    assert (merged[1:, 0] > merged[:-1, 1]).all()


@given(st.lists(bounds, max_size=12), bounds)
def test_subtract_leaves_what_is_not_blocked(intervals, window):
    left = subtract(*window, merge(np.array(intervals, dtype=float).reshape(-1, 2)))
    for point in np.arange(-1, 125) + 0.5:
        assert covered(left, point) == (covered([window], point) and not covered(intervals, point))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 4000), min_size=1, max_size=30, unique=True), st.integers(1, 5), st.booleans())
def test_quiet_times_keep_their_distances(times, step, bounded):
    everything = catalogue(times, np.linspace(0.1, 6, len(times)))
    own = everything.iloc[::step]
    segments = np.array([[0.0, 900.0], [1500.0, 4000.0]]) if bounded else None
    drawn = quiet_times(own, everything, segments)
    for glitch_id, time in zip(drawn["glitch_id"], drawn["event_time"], strict=True):
        distance = np.abs(everything["event_time"] - time)
        assert (distance >= 4 + everything["duration_s"] / 2 - 1e-6).all()
        lag = own["event_time"] - time
        assert not ((lag < 60 - 1e-6) & (lag > -10 + 1e-6)).any()
        assert abs(own.set_index("glitch_id").loc[glitch_id, "event_time"] - time) <= 600 + 1e-6
        if bounded:
            assert covered(segments, time)


def test_three_quiet_times_for_a_lonely_glitch_and_none_without_room():
    alone = catalogue([10_000.0])
    assert len(quiet_times(alone, alone, None)) == 3
    assert quiet_times(alone, alone, np.array([[9_950.0, 10_005.0]])).empty
    assert quiet_times(alone, alone, np.empty((0, 2))).empty


def test_real_signals_and_glitches_without_time_have_no_part_in_the_background():
    glitches = catalogue([1000.0, 5000.0, np.nan])
    glitches.loc[1, "astrophysical"] = "event"
    family = pd.DataFrame({"glitch_id": glitches["glitch_id"], "view": ""})
    found = family_members(family, glitches, tables.empty("segments"))
    assert found[found["kind"] == "glitch"]["glitch_id"].tolist() == ["H1000", "H1002"]
    assert set(found[found["kind"] == "quiet"]["glitch_id"]) == {"H1000"}


def test_a_detector_outside_known_segments_has_no_quiet_time():
    segments = pd.DataFrame({"ifo": ["L1"], "start": [0.0], "end": [9e9], "flag": "A", "source": "a"})
    glitches = catalogue([1000.0])
    found = family_members(glitches[["glitch_id"]].assign(view=""), glitches, segments)
    assert set(found["kind"]) == {"glitch"}


def test_other_families_do_not_touch_a_member_file_and_gone_ones_leave(tmp_path):
    glitches = catalogue(np.arange(12) * 300.0)
    families = glitches[["glitch_id"]].assign(view="", family=["F001"] * 4 + ["F002"] * 4 + ["F003"] * 4)
    segments = tables.empty("segments")
    write_members(families, glitches, segments, tmp_path)
    before = (tmp_path / "F001.parquet").stat()
    families["family"] = ["F001"] * 4 + ["F002"] * 3 + ["-1"] * 5
    write_members(families, glitches, segments, tmp_path)
    after = (tmp_path / "F001.parquet").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["F001.parquet", "F002.parquet"]
    assert (tables.read("members", tmp_path / "F002.parquet")["kind"] == "glitch").sum() == 3


@pytest.mark.parametrize("view", ["", "0.5"])
def test_a_glitch_in_two_views_draws_its_quiet_times_once(view):
    glitches = catalogue([1000.0])
    family = pd.DataFrame({"glitch_id": ["H1000", "H1000"], "view": [view, "4.0"]})
    found = family_members(family, glitches, tables.empty("segments"))
    assert (found["kind"] == "quiet").sum() == 3

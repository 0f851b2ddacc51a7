"""Member files: quiet times are quiet, and depend on nothing else than they should."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glitch_explorer.core import tables
from glitch_explorer.core.intervals import subtract, union
from glitch_explorer.map.members import quiet_stretches, write_members
from glitch_explorer.map.run import make_members
from glitch_explorer.map.schemas import MEMBERS
from glitch_explorer.sources.schemas import SEGMENTS
from tests.fixtures.rows import write_tables

bounds = st.tuples(st.integers(0, 100), st.integers(0, 20)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def catalogue(times, durations=None, ifo="H1"):
    n = len(times)
    return pd.DataFrame(
        {
            "glitch_id": [f"{ifo}{number:03d}" for number in range(n)],
            "ifo": ifo,
            "event_time": np.asarray(times, dtype=float),
            "duration_s": np.ones(n) if durations is None else np.asarray(durations, dtype=float),
            "peak_frequency_hz": 100.0,
            "snr": 10.0,
            "astrophysical": "",
        }
    )


def family_members(family, glitches, segments, folder):
    """Return the member file of one family."""
    write_members(family.assign(family="F001"), glitches, segments, folder)
    return tables.read(MEMBERS, folder / "F001.parquet")


def covered(intervals, point):
    return any(low <= point < high for low, high in intervals)


@given(st.lists(bounds, max_size=12))
def test_merge_covers_the_same_points_and_is_disjoint(intervals):
    merged = union(np.array(intervals, dtype=float).reshape(-1, 2))
    points = np.arange(-1, 125) + 0.5
    assert [covered(merged, p) for p in points] == [covered(intervals, p) for p in points]
    assert (merged[1:, 0] > merged[:-1, 1]).all()


@given(st.lists(bounds, max_size=12), bounds)
def test_subtract_leaves_what_is_not_blocked(intervals, window):
    left = subtract(*window, union(np.array(intervals, dtype=float).reshape(-1, 2)))
    for point in np.arange(-1, 125) + 0.5:
        assert covered(left, point) == (covered([window], point) and not covered(intervals, point))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 4000), min_size=1, max_size=30, unique=True), st.integers(1, 5), st.booleans())
def test_quiet_is_what_keeps_its_distances(times, step, bounded):
    everything = catalogue(times, np.linspace(0.1, 6, len(times)))
    own = everything.iloc[::step]
    segments = np.array([[0.0, 900.0], [1500.0, 4000.0]]) if bounded else None
    quiet = quiet_stretches(own, everything, segments)
    stretches = np.column_stack([quiet["event_time"], quiet["event_time"] + quiet["duration_s"]])
    own_times, all_times = (table["event_time"].to_numpy() for table in (own, everything))
    around = 4 + everything["duration_s"].to_numpy() / 2
    for point in np.arange(-700, 4700, 7) + 0.437:
        near = (np.abs(own_times - point) <= 600).any()
        clear = (np.abs(all_times - point) > around).all()
        analysed = covered(segments, point) if bounded else True
        assert covered(stretches, point) == (near and clear and analysed)


def test_a_lonely_glitch_has_quiet_on_both_sides_unless_nothing_was_analysed():
    alone = catalogue([10_000.0])
    assert quiet_stretches(alone, alone, None).to_numpy().tolist() == [[9400, 595.5], [10004.5, 595.5]]
    assert quiet_stretches(alone, alone, np.array([[9_996.0, 10_004.0]])).empty
    assert quiet_stretches(alone, alone, np.empty((0, 2))).empty


def test_real_signals_and_glitches_without_time_have_no_part_in_the_background(tmp_path):
    glitches = catalogue([1000.0, 5000.0, np.nan])
    glitches.loc[1, "astrophysical"] = "event"
    family = pd.DataFrame({"glitch_id": glitches["glitch_id"], "view": ""})
    members = family_members(family, glitches, tables.empty(SEGMENTS), tmp_path)
    assert members[members["kind"] == "glitch"]["glitch_id"].tolist() == ["H1000", "H1002"]
    quiet = members[members["kind"] == "quiet"]
    assert set(quiet["glitch_id"]) == {""}
    assert quiet["event_time"].between(400, 1600).all()


def test_a_detector_outside_known_segments_has_no_quiet(tmp_path):
    segments = pd.DataFrame({"ifo": ["L1"], "start": [0.0], "end": [9e9], "flag": "A", "source": "a"})
    glitches = catalogue([1000.0])
    members = family_members(glitches[["glitch_id"]].assign(view=""), glitches, segments, tmp_path)
    assert set(members["kind"]) == {"glitch"}


def test_other_families_do_not_touch_a_member_file_and_gone_ones_leave(tmp_path):
    glitches = catalogue(np.arange(12) * 300.0)
    families = glitches[["glitch_id"]].assign(view="", family=["F001"] * 4 + ["F002"] * 4 + ["F003"] * 4)
    segments = tables.empty(SEGMENTS)
    write_members(families, glitches, segments, tmp_path)
    before = (tmp_path / "F001.parquet").stat()
    families["family"] = ["F001"] * 4 + ["F002"] * 3 + ["-1"] * 5
    write_members(families, glitches, segments, tmp_path)
    after = (tmp_path / "F001.parquet").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["F001.parquet", "F002.parquet"]
    assert (tables.read(MEMBERS, tmp_path / "F002.parquet")["kind"] == "glitch").sum() == 3


@pytest.mark.parametrize("view", ["", "0.5"])
def test_a_glitch_in_two_views_has_its_quiet_once(tmp_path, view):
    glitches = catalogue([1000.0])
    family = pd.DataFrame({"glitch_id": ["H1000", "H1000"], "view": [view, "4.0"]})
    members = family_members(family, glitches, tables.empty(SEGMENTS), tmp_path)
    assert (members["kind"] == "quiet").sum() == 2


def test_a_member_keeps_what_the_catalogue_says_of_it(tmp_path):
    glitches = catalogue([100.0, 900.0]).assign(peak_frequency_hz=[31.0, 32.0], snr=[8.0, 9.0])
    families = glitches[["glitch_id"]].assign(family="F001")
    paths = write_tables(tmp_path, families=families, glitches=glitches, segments=tables.empty(SEGMENTS))
    make_members(**paths, members=tmp_path / "members")
    members = tables.read(MEMBERS, tmp_path / "members/F001.parquet")
    members = members[members["kind"] == "glitch"]
    assert members["peak_frequency_hz"].tolist() == [31.0, 32.0]
    assert members["snr"].tolist() == [8.0, 9.0]

"""Duplicates, shards that stay, and the digest of the sources."""

import os
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from glitch_explorer.catalog.build import build_catalog
from glitch_explorer.catalog.duplicates import map_once
from glitch_explorer.catalog.rules import inside_segments
from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.catalog.shards import shard_names
from glitch_explorer.catalog.state import source_state
from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError
from tests.unit.catalog.built import OPTIONS


def rows(*values):
    frame = pd.DataFrame(values, columns=["glitch_id", "ifo", "event_time", "snr", "label", "view_digest"])
    frame = frame.astype({"event_time": float, "snr": float, "view_digest": "str", "label": "str"})
    return frame.assign(row=range(len(frame)), source="a.csv")


def test_one_event_with_two_ids_is_mapped_once():
    kept, ids, duplicates = map_once(
        rows(
            ("deNCXlLADm", "H1", 1240000000.125, 9, "Blip", None),
            ("HjCOMZ9pYz", "H1", 1240000000.125, 9, "Tomte", None),
            ("other", "L1", 1240000000.125, 9, "Blip", None),
        )
    )
    assert kept.tolist() == [0, 2]
    assert ids.tolist() == ["deNCXlLADm", "other"]
    assert duplicates[["glitch_id", "kept_id", "row"]].to_numpy().tolist() == [
        ["HjCOMZ9pYz", "deNCXlLADm", 1]
    ]
    assert duplicates[["reason", "lost_label"]].to_numpy().tolist() == [["same_event", "Tomte"]]


def test_the_loudest_of_an_event_stays():
    kept, _, _ = map_once(
        rows(
            ("a", "H1", 1e9, np.nan, None, None),
            ("b", "H1", 1e9, 8, None, None),
            ("c", "H1", 1e9, 20, None, None),
        )
    )
    assert kept.tolist() == [2]


def test_an_id_of_two_events_stays_with_the_first():
    _, ids, duplicates = map_once(
        rows(
            ("a", "H1", 1e9, 8, None, None),
            ("a", "H1", 1e9 + 5, 8, None, None),
            ("a", "L1", 1e9, 8, None, None),
        )
    )
    assert ids.tolist() == ["a", "a-H1-1000000005000000000", "a-L1-1000000000000000000"]
    assert duplicates.empty


def test_same_pictures_are_mapped_once_but_not_at_two_times():
    kept, _, duplicates = map_once(
        rows(
            ("x (copy)", "unknown", np.nan, np.nan, "Blip", "d1"),
            ("x", "unknown", np.nan, np.nan, "Blip", "d1"),
            ("y", "H1", 1e9, 8, None, "d2"),
            ("z", "H1", 1e9 + 9, 8, None, "d2"),
        )
    )
    assert kept.tolist() == [1, 2, 3]
    assert duplicates[["glitch_id", "kept_id", "reason"]].to_numpy().tolist() == [
        ["x (copy)", "x", "same_pictures"]
    ]


@pytest.mark.parametrize(("ids", "digest"), [("xyz", "d"), ("xxx", None), ("xxx", "d")])
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
def test_a_row_without_a_time_does_not_make_two_times_one_glitch(ids, digest, order):
    times = (np.nan, 1e9, 1e9 + 9)
    values = [(name, "H1", time, 8, None, digest) for name, time in zip(ids, times, strict=True)]
    kept, _, duplicates = map_once(rows(*(values[number] for number in order)))
    assert [order[row] for row in kept] == [number for number in order if number > 0]
    assert len(duplicates) == 1


def test_a_file_name_used_twice_is_two_glitches():
    _, ids, duplicates = map_once(
        rows(("1", "unknown", np.nan, np.nan, "Blip", "d1"), ("1", "unknown", np.nan, np.nan, "Tomte", "d2"))
    )
    assert ids.tolist() == ["1", "1-unknown-d2"]
    assert duplicates.empty


def test_a_detector_makes_an_id_one_glitch():
    _, ids, duplicates = map_once(
        rows(("a", "H1", np.nan, np.nan, "Blip", "d1"), ("a", "H1", np.nan, np.nan, "Tomte", "d2"))
    )
    assert ids.tolist() == ["a"]
    assert duplicates[["reason", "lost_label"]].to_numpy().tolist() == [["same_id", "Tomte"]]


#: No time, SNR, label or pictures.
NOTHING = (np.nan, np.nan, None, None)


@example([("a", "L1", *NOTHING), ("a", "H1", *NOTHING), ("a", "H1", *NOTHING)])
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.sampled_from(["H1", "L1", "unknown"]),
            st.sampled_from([np.nan, 1e9, 1e9 + 0.0002, 1e9 + 1]),
            st.sampled_from([np.nan, 8.0, 9.0]),
            st.sampled_from([None, "Blip"]),
            st.sampled_from([None, "d1", "d2"]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_every_row_is_kept_or_reported_once(values):
    kept, ids, duplicates = map_once(rows(*values))
    assert ids.is_unique
    assert sorted([*kept.tolist(), *duplicates["row"].tolist()]) == list(range(len(values)))
    assert set(duplicates["kept_id"]) <= set(ids)


def build(folder, out, lines):
    path = folder / "c.csv"
    path.write_text("\n".join(["event_time,ifo,gravityspy_id,snr", *lines]) + "\n")
    build_catalog(**OPTIONS | {"shard_length_s": 1000}, kind="catalogue", paths=[str(path)], out=out)
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in (out / "shards").glob("*.parquet")
    }


MANY_GLITCHES = st.lists(
    st.tuples(st.integers(0, 5000), st.sampled_from(["H1", "L1"]), st.floats(5, 50)), min_size=1, max_size=15,
    unique_by=lambda glitch: glitch[:2],
)  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=MANY_GLITCHES, more=MANY_GLITCHES)
def test_growth_touches_no_other_shard(tmp_path_factory, first, more):
    folder = tmp_path_factory.mktemp("growth")
    lines = [f"{1e9 + t},{ifo},{ifo}{t},{snr}" for t, ifo, snr in first]
    added = [(t, ifo, snr) for t, ifo, snr in more if (t, ifo) not in {glitch[:2] for glitch in first}]
    before = build(folder, folder / "catalog", lines)
    after = build(
        folder, folder / "catalog", lines + [f"{1e9 + t},{ifo},{ifo}{t},{snr}" for t, ifo, snr in added]
    )
    touched = {f"{ifo}-{1_000_000_000 + t // 1000 * 1000}.parquet" for t, ifo, _ in added}
    assert {name for name in after if after[name] != before.get(name)} == touched


def test_shards_are_sorted_and_glitches_is_their_concatenation(tmp_path):
    lines = [
        f"{1e9 + t},{ifo},{name},9"
        for t, ifo, name in [(5, "L1", "b"), (2, "L1", "c"), (1, "H1", "z"), (3, "H1", "A")]
    ]
    build(tmp_path, tmp_path / "out", lines)
    parts = [tables.read(GLITCHES, path) for path in sorted((tmp_path / "out" / "shards").iterdir())]
    assert [part["glitch_id"].tolist() for part in parts] == [["A", "z"], ["b", "c"]]
    pd.testing.assert_frame_equal(
        pd.concat(parts, ignore_index=True), tables.read(GLITCHES, tmp_path / "out" / "glitches.parquet")
    )


def test_a_shard_that_is_no_more_is_removed(tmp_path):
    build(tmp_path, tmp_path / "out", ["1000000000,H1,a,9", "1000005000,H1,b,9"])
    assert list(build(tmp_path, tmp_path / "out", ["1000005000,H1,b,9"])) == ["H1-1000005000.parquet"]


def test_shards_without_time_go_by_id():
    ids = [f"id{i}" for i in range(400)]
    frame = pd.DataFrame({"glitch_id": ids, "ifo": "H1", "event_time": np.nan}).astype({"ifo": "str"})
    names = shard_names(frame, shard_length_s=86400)
    assert set(names) == {f"H1-x{digit}" for digit in range(8)}
    assert names.iloc[::-1].tolist() == shard_names(frame.iloc[::-1], shard_length_s=86400).tolist()


def test_overlapping_segments():
    segments = pd.DataFrame({"ifo": "H1", "start": [0.0, 10.0, 200.0], "end": [100.0, 20.0, 210.0]})
    inside = inside_segments(
        np.array(["H1"] * 4 + ["L1"], dtype=object), np.array([50.0, 100.0, 205.0, -1.0, 50.0]), segments
    )
    assert inside.tolist() == [True, False, True, False, False]


def test_the_state_notices_added_and_changed_files(tmp_path):
    (tmp_path / "Blip").mkdir()
    picture = tmp_path / "Blip" / "a.png"
    picture.write_bytes(b"1")
    states = [source_state([str(tmp_path)])]
    assert source_state([str(tmp_path)]) == states[0]
    (tmp_path / "Blip" / "b.png").write_bytes(b"2")
    states.append(source_state([str(tmp_path)]))
    os.utime(picture, ns=(1, 1))
    states.append(source_state([str(tmp_path)]))
    (tmp_path / "Blip" / ".hidden").write_bytes(b"3")
    assert source_state([str(tmp_path)]) == states[-1]
    assert len(set(states)) == 3
    with pytest.raises(UserError, match="does not exist"):
        source_state([str(tmp_path / "absent")])


def test_the_state_follows_a_linked_folder_once(tmp_path):
    (tmp_path / "Blip").mkdir()
    (tmp_path / "Blip" / "again").symlink_to(tmp_path)
    assert len(source_state([str(tmp_path)])) == 32


@pytest.mark.slow
def test_the_state_of_a_large_tree_is_fast(tmp_path):
    for label in range(20):
        (tmp_path / str(label)).mkdir()
        for i in range(1700):
            (tmp_path / str(label) / f"{i}.png").touch()
    start = time.process_time()
    source_state([str(tmp_path)])
    assert time.process_time() - start < 1

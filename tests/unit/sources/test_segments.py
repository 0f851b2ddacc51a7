import itertools
import json

import pandas as pd
import pytest
from gwpy.segments import DataQualityDict, DataQualityFlag, Segment, SegmentList
from hypothesis import given
from hypothesis import strategies as st

from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.sources.events import read_events
from glitch_explorer.sources.retry import RetryPolicy
from glitch_explorer.sources.schemas import EVENTS, SEGMENTS
from glitch_explorer.sources.segments import read_segments
from tests.servers.web import busy_first, plain, serve

PAIRS = [(100, 200), (150, 300), (400, 500.5)]
MERGED = [(100.0, 300.0), (400.0, 500.5)]


def read(files=(), flags=(), detectors=("H1", "L1"), **options):
    segments = read_segments(files=list(files), flags=list(flags), detectors=list(detectors), **options)
    tables.encode(SEGMENTS, segments)
    return segments


def intervals(segments, ifo="H1"):
    part = segments[segments["ifo"] == ifo]
    return list(zip(part["start"], part["end"], strict=True))


def write_flag(path, name="H1:LIVE:1", **options):
    active = SegmentList(Segment(*pair) for pair in PAIRS)
    flag = DataQualityFlag(name, active=active.coalesce(), known=[Segment(0, 1000)])
    if path.suffix == ".json":
        flag.write(str(path), **options)
    else:
        DataQualityDict({name: flag}).write(str(path), **options)
    return path


def written(tmp_path):
    """Write the same segments in every format."""
    text = tmp_path / "H1-live.txt"
    text.write_text("# start end\n" + "".join(f"{a} {b}\n" for a, b in PAIRS))
    wizard = tmp_path / "h1_segwizard.txt"
    wizard.write_text("# seg start stop duration\n" + "".join(f"0 {a} {b} {b - a}\n" for a, b in PAIRS))
    table = tmp_path / "segments.csv"
    pd.DataFrame({"ifo": "H1", "start": [a for a, _ in PAIRS], "end": [b for _, b in PAIRS]}).to_csv(table)
    return [
        text,
        wizard,
        table,
        write_flag(tmp_path / "a.json", format="json"),
        write_flag(tmp_path / "a.xml.gz", format="ligolw"),
        write_flag(tmp_path / "a.xml", format="ligolw"),
        write_flag(tmp_path / "a.hdf5", format="hdf5"),
    ]


@pytest.mark.parametrize("number", range(7))
def test_every_format_gives_the_same_segments(tmp_path, number):
    path = written(tmp_path)[number]
    segments = read([path])
    assert intervals(segments) == MERGED
    assert set(segments["source"]) == {path.name}
    assert intervals(segments, "L1") == []


def test_a_detector_without_segments_is_warned_of(tmp_path, caplog):
    caplog.set_level("INFO")
    read([written(tmp_path)[0]])
    assert "L1 has no segment" in caplog.text
    assert "2 segments; read were H1-live of H1, 300.5 s (H1-live.txt)" in caplog.text


@pytest.mark.parametrize(
    ("name", "detectors", "ifo"),
    [
        ("O2_segments.txt", ["H1"], "H1"),
        ("segments_v1.txt", ["H1"], "H1"),
        ("L1_segments_v2.txt", ["H1", "L1"], "L1"),
        ("h1_segments_v1.txt", ["H1", "V1"], "H1"),
        ("v1-segments.txt", ["H1", "V1"], "V1"),
        ("S6_K1_segments.txt", ["H1", "K1"], "K1"),
    ],
)
def test_the_detector_is_read_in_the_name(tmp_path, name, detectors, ifo):
    (tmp_path / name).write_text("100 200\n")
    segments = read([tmp_path / name], detectors=detectors)
    assert intervals(segments, ifo) == [(100, 200)]
    assert len(segments) == 1


@pytest.mark.parametrize("name", ["O2_segments.txt", "L1-segments.txt", "l1_segments.txt", "V1-segments.txt"])
def test_another_detectors_file_is_nobodys(tmp_path, name):
    (tmp_path / name).write_text("100 200\n")
    message = "detector is not known" if name.startswith("O2") else "leave no time of H1, K1"
    with pytest.raises(UserError, match=message):
        read([tmp_path / name], detectors=["H1", "K1"])


@pytest.mark.parametrize(
    "name", ["H1-right.txt", "H1-segment_query.xml", "O2_segments.txt", "segments_v1.txt", "lower.csv"]
)
def test_the_cases_leave_their_two_segments(shared_cases, name):
    segments = read([shared_cases / "no-segments-means-all-time" / name], detectors=["H1"])
    assert intervals(segments) == [(1248000100, 1248000300), (1248000600, 1248000900)]


@pytest.mark.parametrize(
    ("name", "message"),
    [("disjoint.csv", "leave no time of H1: all flags"), ("blank.csv", "row 2: the column ifo is empty")],
)
def test_the_cases_without_usable_segments_are_refused(shared_cases, name, message):
    with pytest.raises(UserError, match=message):
        read([shared_cases / "no-segments-means-all-time" / name], detectors=["H1"])


@pytest.mark.parametrize(
    ("flags", "options", "message"),
    [
        ([("H1", 0, 100, "A"), ("H1", 100, 200, "B")], {}, "A of H1, 100 s .*; B of H1, 100 s"),
        ([("H1", 0, 100, "A")], {"start": 100, "end": 200}, "between GPS 100 and 200"),
        ([("V1", 0, 100, "A")], {}, "leave no time of H1, L1"),
    ],
)
def test_named_segments_that_leave_nothing_stop_the_run(tmp_path, flags, options, message):
    frame = pd.DataFrame(flags, columns=["ifo", "start", "end", "flag"])
    frame.to_csv(tmp_path / "s.csv", index=False)
    with pytest.raises(UserError, match=message):
        read([tmp_path / "s.csv"], **options)


def test_a_flag_that_was_never_active_leaves_nothing(tmp_path):
    flags = {
        name: DataQualityFlag(name, active=active, known=[Segment(0, 1000)])
        for name, active in [("H1:A:1", [Segment(1, 9)]), ("H1:B:1", [])]
    }
    DataQualityDict(flags).write(str(tmp_path / "a.xml"), format="ligolw")
    with pytest.raises(UserError, match="H1:B:1 of H1, 0 s"):
        read([tmp_path / "a.xml"])


def test_flags_of_a_detector_are_intersected_and_cut(tmp_path):
    frame = pd.DataFrame(
        [
            ("H1", 0, 100, "DATA"),
            ("H1", 100, 250, "DATA"),
            ("H1", 50, 150, "CAT1"),
            ("H1", 200, 400, "CAT1"),
            ("L1", 30, 60, "DATA"),
            ("V1", 0, 999, "DATA"),
        ],
        columns=["ifo", "start", "end", "flag"],
    )
    frame.to_csv(tmp_path / "s.csv", index=False)
    segments = read([tmp_path / "s.csv"], start=60, end=240)
    assert intervals(segments) == [(60, 150), (200, 240)]
    assert set(segments["flag"]) == {"CAT1 & DATA"}
    assert intervals(segments, "L1") == []
    assert "V1" not in set(segments["ifo"])
    assert intervals(read([tmp_path / "s.csv"]), "L1") == [(30, 60)]


def test_no_segments_are_an_empty_table():
    assert len(read()) == 0


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 50)), min_size=1, max_size=20))
def test_merged_segments_are_sorted_apart_and_of_the_same_union(tmp_path_factory, pairs):
    path = tmp_path_factory.getbasetemp() / "H1-random.txt"
    path.write_text("".join(f"{a} {a + length}\n" for a, length in pairs))
    segments = intervals(read([path]))
    assert all(a < b for a, b in segments)
    assert all(first[1] < second[0] for first, second in itertools.pairwise(segments))
    union = {second for a, length in pairs for second in range(a, a + length)}
    assert {second for a, b in segments for second in range(int(a), int(b))} == union


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("s.csv", "ifo,begin,end\nH1,1,2\n", "no column start"),
        ("s.csv", "ifo,start,end\nH1,1,2\nH1,9,3\n", r"segment 1: \[9, 3\)"),
        ("s.csv", "ifo,start,end\nH1,,3\n", "not an interval"),
        ("s.csv", "ifo,start,end\nH1,1,2\n,3,4\n", "row 2: the column ifo is empty"),
        ("s.csv", "ifo,start,end\nHanford,1,2\n", "row 1: the column ifo is HANFORD, which is no detector"),
        ("s.csv", "", "cannot be read"),
        ("s.txt", "1 2\n", "the detector is not known"),
        ("H1.txt", "one two\n", "cannot be read"),
        ("H1.xml", "<html>", "cannot be read"),
        ("H1.json", "{", "cannot be read"),
        ("H1.hdf5", "no", "cannot be read"),
    ],
)
def test_a_file_that_does_not_fit(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=message):
        read([tmp_path / name])


def test_a_missing_file_and_a_flag_without_bounds(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        read([tmp_path / "gone.txt"])
    with pytest.raises(UserError, match=r"both ends of source\.gps"):
        read(flags=["{ifo}_DATA"])


def page(results):
    return plain(json.dumps({"num_pages": 1, "next": None, "results": results}).encode(), "application/json")


def test_flags_of_gwosc():
    with serve() as web:
        options = {"host": web.url, "start": 1000, "end": 2000, "policy": RetryPolicy(1, 5.0, 0.01)}
        segments = [{"start": 900, "stop": 1100}, {"start": 1500, "stop": 1600}]
        web.answers["/api/v2/timelines/H1_DATA/segments"] = busy_first(1, page(segments))
        web.answers["/api/v2/timelines/L1_DATA/segments"] = page([])
        segments = read(flags=["{ifo}_DATA"], **options)
        assert intervals(segments) == [(1000, 1100), (1500, 1600)]
        assert set(segments["source"]) == {"GWOSC"}
        assert set(segments["flag"]) == {"H1_DATA"}
        with pytest.raises(UserError, match=r"H1_TYPO.*404"):
            read(flags=["{ifo}_TYPO"], **options)


def test_events_of_files_are_sorted_and_cut(tmp_path):
    (tmp_path / "e.csv").write_text(
        "name,ifo,event_time,kind\nB,,200.5,event\nA,H1,100,injection\nC,L1,900,event\nA,H1,100,injection\n"
    )
    events = read_events(files=[tmp_path / "e.csv"], gwosc=False, detectors=["H1"], start=0, end=500)
    tables.encode(EVENTS, events)
    assert events.to_numpy().tolist() == [["A", "H1", 100.0, "injection"], ["B", "", 200.5, "event"]]
    assert len(read_events(files=[], gwosc=False, detectors=["H1"])) == 0


def test_an_event_file_says_how_many_rows_have_an_effect(tmp_path, caplog):
    header, path = "name,ifo,event_time,kind\n", tmp_path / "e.csv"
    path.write_text(f"{header}A, h1 ,100,event\nB,,200,event\nC,L1,100,event\nD,H1,900,event\n")
    with caplog.at_level("INFO"):
        read_events(files=[path], gwosc=False, detectors=["H1"], start=0, end=500)
    assert f"event file {path}: 2 of 4 rows are of the study's detectors and time" in caplog.text
    assert [record.levelname for record in caplog.records] == ["INFO"]
    path.write_text(f"{header}C,L1,100,event\n")
    read_events(files=[path], gwosc=False, detectors=["H1"], start=0, end=500)
    assert "0 of 1 rows" in caplog.text
    assert caplog.records[-1].levelname == "WARNING"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,ifo,time,kind\nA,,1,event\n", "no column event_time"),
        ("name,ifo,event_time,kind\nA,,soon,event\n", "row 1 after the header: event_time"),
        ("name,ifo,event_time,kind\nA,,1,event\nB,,2,glitch\n", "row 2 after the header: kind 'glitch'"),
        ("name,ifo,event_time,kind\nA,H1,1,event\nB,LHO,2,event\n", "row 2 .*ifo 'LHO' is no detector"),
        ("name,ifo,event_time,kind\nA,H1L1,1,event\n", "row 1 .*ifo 'H1L1' is no detector"),
        ("name,ifo,event_time,kind\nA,H,1,event\n", "row 1 .*ifo 'H' is no detector"),
        ("", "cannot be read"),
    ],
)
def test_an_event_file_that_does_not_fit(tmp_path, text, message):
    (tmp_path / "e.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        read_events(files=[tmp_path / "e.csv"], gwosc=False, detectors=["H1"])


def test_events_of_gwosc_are_the_confident_ones_in_their_latest_version():
    def event(name, version, gps, catalog):
        return {
            "name": name,
            "shortName": f"{name}-v{version}",
            "gps": gps,
            "version": version,
            "catalog": catalog,
        }

    with serve() as web:
        web.answers["/api/v2/event-versions"] = page(
            [
                event("GW150914", 1, 1126259462.0, "Initial_LIGO_Virgo"),
                event("GW150914", 3, 1126259462.4, "GWTC-1-confident"),
                event("GW151012x", 1, 1128678900.4, "O1_O2-Preliminary"),
                event("GW151116", 1, 1131748147.7, "GWTC-1-marginal"),
            ]
        )
        events = read_events(
            files=[], gwosc=True, detectors=["H1"], start=1126000000, end=1137000000, host=web.url
        )
    tables.encode(EVENTS, events)
    assert events.to_numpy().tolist() == [["GW150914", "", 1126259462.4, "event"]]
    with pytest.raises(UserError, match=r"both values of source\.gps"):
        read_events(files=[], gwosc=True, detectors=["H1"])

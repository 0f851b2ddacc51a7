"""Families of labels and of files: who is in them, their ids, and what is refused."""

import logging
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.map.groups.file import file_groups
from glitch_explorer.map.groups.labels import label_groups
from glitch_explorer.map.groups.run import make_groups, number_groups, union_parts
from glitch_explorer.map.schemas import FAMILIES, FAMILY_IDS, FAMILY_NAMES, MEMBERS, UNASSIGNED, UNIONS
from glitch_explorer.workflow.study import family_names
from tests.fixtures.rows import write_tables

T0 = 1262304000.0
UNION = {"name": "Scattering", "parts": ["Scattered_Light", "Fast_Scattering"]}


def catalogue(labels, confidence=0.99, ifo="L1"):
    n = len(labels)
    return pd.DataFrame(
        {
            "glitch_id": [f"g{number:03d}" for number in range(n)],
            "ifo": ifo,
            "event_time": T0 + 100.0 * np.arange(n) + 0.125,
            "duration_s": 1.0,
            "snr": 10.0,
            "label": pd.Series(labels, dtype="str"),
            "label_confidence": np.broadcast_to(np.asarray(confidence, dtype=float), n),
        }
    )


DUPLICATES = pd.DataFrame({"glitch_id": ["copy"], "kept_id": ["g001"]}, dtype="str")


def write_csv(path, frame):
    frame.to_csv(path, index=False)
    return path


def groups_of(tmp_path, frame, glitches=None, **options):
    """Return the names of the families of a file, by glitch_id."""
    glitches = catalogue(["Blip"] * 6) if glitches is None else glitches
    path = write_csv(tmp_path / "families.csv", frame)
    group = file_groups(glitches, DUPLICATES, path, **{"tolerance_s": 0.1} | options)
    return dict(zip(glitches["glitch_id"], group.astype(object), strict=True))


@pytest.fixture
def run(tmp_path):
    """Return a function that makes families of a catalogue, and reads the tables."""

    def make(glitches, *, file=None, reference=None, **options):
        segments = pd.DataFrame({"ifo": ["L1"], "start": [T0 - 1000], "end": [T0 + 1e6]})
        paths = write_tables(tmp_path, glitches=glitches, duplicates=DUPLICATES, segments=segments)
        settings = {
            "confidence": 0.9,
            "labels": [],
            "min_size": 2,
            "unions": [],
            "tolerance_s": 0.1,
        } | options
        out = tmp_path / "map"
        make_groups(**paths, file=file, reference=reference, out=out, **settings)
        schemas = {"families": FAMILIES, "ids": FAMILY_IDS, "names": FAMILY_NAMES, "unions": UNIONS}
        files = {"ids": "family_ids", "names": "family_names"}
        read = {name: tables.read(s, out / f"{files.get(name, name)}.parquet") for name, s in schemas.items()}
        members = {path.stem: tables.read(MEMBERS, path) for path in sorted((out / "members").iterdir())}
        return read | {"members": members, "out": out}

    return make


def test_a_label_counts_if_it_names_a_class_with_enough_confidence():
    labels = ["Blip", "Blip", "None_of_the_Above", None, "Tomte", "Tomte"]
    glitches = catalogue(labels, [0.9, 0.89, 0.99, 0.99, np.nan, 1.0])
    group = label_groups(glitches, confidence=0.9, labels=[])
    assert group.fillna("").tolist() == ["Blip", "", "", "", "Tomte", "Tomte"]


def test_the_log_counts_what_does_not_count(caplog):
    glitches = catalogue(["Blip", "Blip", "None_of_the_Above", None], [0.9, 0.5, 0.9, np.nan])
    with caplog.at_level(logging.INFO):
        label_groups(glitches, confidence=0.9, labels=[])
    assert (
        "of 4 glitches 1 have no label, 1 are None_of_the_Above, 1 have a label below families.confidence"
        in caplog.text
    )


@pytest.mark.parametrize(
    ("labels", "confidence", "expected"),
    [
        ([None, None], np.nan, "no glitch of the catalogue has a label"),
        (["Blip", "Tomte"], [0.7, 0.8], "at least families.confidence = 0.9: the highest is 0.8"),
        (["None_of_the_Above"], 0.99, "all are None_of_the_Above"),
    ],
)
def test_a_catalogue_without_labels_is_refused(labels, confidence, expected):
    with pytest.raises(UserError, match=re.escape(expected)):
        label_groups(catalogue(labels, confidence), confidence=0.9, labels=[])


def test_labels_can_be_selected():
    glitches = catalogue(["Blip", "Low_Frequency_Blips", "Tomte", None])
    group = label_groups(glitches, confidence=0.9, labels=["Tomte", "Blip"])
    assert group.fillna("").tolist() == ["Blip", "", "Tomte", ""]
    with pytest.raises(UserError, match=r"families\.labels: no glitch has the label Koi_Fish"):
        label_groups(glitches, confidence=0.9, labels=["Koi_Fish", "Tomte"])


def test_families_of_labels_in_the_tables_of_the_map(run):
    made = run(catalogue(["Tomte"] * 3 + ["Blip"] * 4 + ["Whistle", None]))
    assert made["ids"][["family", "n"]].to_numpy().tolist() == [["F001", 4], ["F002", 3]]
    assert made["names"].to_numpy().tolist() == [["F001", "Blip", ""], ["F002", "Tomte", ""]]
    assert made["families"]["family"].tolist() == ["F002"] * 3 + ["F001"] * 4 + [UNASSIGNED] * 2
    assert made["families"][["probability", "outlier_score", "isolation"]].isna().all(axis=None)
    assert made["unions"].empty
    assert family_names(made["out"] / "family_ids.parquet") == ["F001", "F002"] == list(made["members"])
    glitches = made["members"]["F001"].query("kind == 'glitch'")
    assert glitches["glitch_id"].tolist() == ["g003", "g004", "g005", "g006"]
    assert (made["members"]["F001"]["kind"] == "quiet").any()


def test_a_union_overlaps_its_parts_and_leaves_them_as_they_are(run):
    labels = ["Scattered_Light"] * 4 + ["Fast_Scattering"] * 3 + ["Blip"] * 5
    alone, made = run(catalogue(labels)), run(catalogue(labels), unions=[UNION])
    assert made["families"].equals(alone["families"])
    assert made["ids"]["family"].tolist() == ["F001", "F002", "F003", "F004"]
    assert made["ids"]["n"].tolist() == [5, 4, 3, 7]
    assert made["names"].iloc[-1].tolist() == ["F004", "Scattering", "Scattered_Light\nFast_Scattering"]
    assert made["unions"]["glitch_id"].tolist() == [f"g{number:03d}" for number in range(7)]
    joined = made["members"]["F004"].query("kind == 'glitch'")["glitch_id"]
    parts = [made["members"][name].query("kind == 'glitch'")["glitch_id"] for name in ("F002", "F003")]
    assert sorted(joined) == sorted(pd.concat(parts))
    for name in ("F001", "F002", "F003"):
        assert made["members"][name].equals(alone["members"][name])


def test_a_union_of_labels_that_are_too_few_alone(run):
    labels = ["Scattered_Light"] * 2 + ["Fast_Scattering"] * 2 + ["Blip"] * 4
    made = run(catalogue(labels), min_size=4, unions=[UNION])
    assert made["names"]["name"].tolist() == ["Blip", "Scattering"]
    assert (made["families"]["family"] == UNASSIGNED).sum() == 4


@pytest.mark.parametrize(
    ("union", "expected"),
    [
        (
            {"name": "S", "parts": ["Blip", "Sactered_Light"]},
            "S: no glitch is in Sactered_Light; the families",
        ),
        ({"name": "Blip", "parts": ["Blip", "Tomte"]}, "Blip: a family has this name, too"),
    ],
)
def test_a_union_that_cannot_be_is_refused(union, expected):
    with pytest.raises(UserError, match=re.escape(expected)):
        union_parts(pd.Series(["Blip", "Tomte", None]), [union])


def test_a_part_of_a_union_may_be_spelt_otherwise():
    group = pd.Series(["Scattered_Light", "Fast_Scattering", "Blip"])
    union = {"name": "S", "parts": ["Scattering", "Fast Scattering"]}
    assert union_parts(group, [union]) == {"S": ["Scattered_Light", "Fast_Scattering"]}


def test_no_family_is_large_enough(run):
    with pytest.raises(UserError, match=r"no family has families.min_size = 8 glitches: Blip \(3\)"):
        run(catalogue(["Blip"] * 3), min_size=8)


def test_a_union_may_be_the_only_family(run):
    made = run(catalogue(["Scattered_Light"] * 3 + ["Fast_Scattering"] * 2), min_size=4, unions=[UNION])
    assert made["names"][["family", "name"]].to_numpy().tolist() == [["F001", "Scattering"]]
    assert list(made["members"]) == ["F001"]


def test_a_union_takes_no_id_of_the_reference():
    group = pd.Series(["A"] * 4 + ["B"] * 2).set_axis([f"g{number}" for number in range(6)])
    reference = pd.DataFrame({"glitch_id": [f"g{number}" for number in range(4)], "view": ""})
    reference["family"] = ["F001"] * 3 + ["F005"]
    _, family = number_groups(group, {"both": ["A", "B"]}, reference, min_size=4)
    assert family == {"A": "F001", "both": "F006"}


def test_ids_of_a_reference_stay(run, tmp_path):
    first = run(catalogue(["Tomte"] * 3 + ["Blip"] * 4))
    reference = first["out"] / "families.parquet"
    kept = tmp_path / "reference.parquet"
    kept.write_bytes(reference.read_bytes())
    grown = run(catalogue(["Tomte"] * 3 + ["Blip"] * 4 + ["Tomte"] * 5 + ["Koi_Fish"] * 9), reference=kept)
    names = dict(grown["names"][["name", "family"]].itertuples(index=False))
    assert names == {"Blip": "F001", "Tomte": "F002", "Koi_Fish": "F003"}
    assert grown["ids"].set_index("family")["new"].to_dict() == {"F001": False, "F002": False, "F003": True}


@given(st.lists(st.sampled_from(["A", "B", "C", "D", None]), min_size=4, max_size=60))
@settings(max_examples=60)
def test_sizes_do_not_increase_with_the_number_of_the_id(labels):
    group = pd.Series(["A", "A", *labels]).set_axis([f"g{number:03d}" for number in range(len(labels) + 2)])
    ids, family = number_groups(group, {}, None, min_size=2)
    counts = group.value_counts()
    assert ids["n"].is_monotonic_decreasing
    assert {name: counts[name] for name in family} == {
        name: count for name, count in counts.items() if count >= 2
    }
    assert dict(zip(ids["family"], ids["n"], strict=True)) == {family[name]: counts[name] for name in family}


# Files.


def test_a_file_by_id_also_by_that_of_a_repeated_row(tmp_path):
    frame = pd.DataFrame(
        {"gravityspy_id": ["g000", "copy", "g005", "other"], "Family": ["a", "b", "-1", "a"]}
    )
    group = groups_of(tmp_path, frame)
    assert {name for name, family in group.items() if family == "a"} == {"g000"}
    assert {name for name, family in group.items() if family == "b"} == {"g001"}
    assert sum(pd.notna(family) for family in group.values()) == 2


def test_a_file_by_time_takes_the_nearest_glitch_of_the_detector(tmp_path):
    glitches = pd.concat([catalogue(["Blip"] * 3), catalogue(["Blip"] * 3, ifo="H1")], ignore_index=True)
    glitches["glitch_id"] = [f"g{number:03d}" for number in range(6)]
    times = [T0 + 0.125 + 0.09, T0 + 100.125 - 0.11, T0 + 200.125, T0 + 200.125]
    frame = pd.DataFrame({"detector": ["L1", "L1", "H1", "V1"], "GPStime": times, "family": list("abcd")})
    frame["GPStime"] = [repr(time) for time in times]
    group = groups_of(tmp_path, frame, glitches)
    assert {name: family for name, family in group.items() if pd.notna(family)} == {"g000": "a", "g005": "c"}


# Times are multiples of 1/64 s, so that distances are exact.
@given(
    st.lists(st.integers(0, 3200), min_size=1, max_size=20, unique=True),
    st.lists(st.integers(-300, 3500), min_size=1, max_size=20),
    st.floats(0, 3),
)
@settings(max_examples=60)
def test_nearest_within_the_tolerance(tmp_path_factory, times, asked, tolerance):
    # In order, so that the first of two equal distances is that of the earlier glitch.
    times, asked = (np.array(sorted(ticks)) / 64 for ticks in (times, asked))
    glitches = catalogue(["Blip"] * len(times)).assign(event_time=times)
    frame = pd.DataFrame({"ifo": "L1", "event_time": asked, "family": "a"})
    path = write_csv(tmp_path_factory.mktemp("file") / "families.csv", frame)
    distance = np.abs(np.subtract.outer(times, asked))
    expected = {
        int(distance[:, row].argmin()) for row in range(len(asked)) if distance[:, row].min() <= tolerance
    }
    if not expected:
        with pytest.raises(UserError, match="none of its"):
            file_groups(glitches, DUPLICATES, path, tolerance_s=tolerance)
        return
    inside = file_groups(glitches, DUPLICATES, path, tolerance_s=tolerance).notna()
    assert inside.sum() == len(expected)
    reached = [distance[place].min() for place in np.flatnonzero(inside)]
    assert max(reached) <= tolerance


def test_parquet_and_another_runs_families_can_be_the_file(run, tmp_path):
    first = run(catalogue(["Tomte"] * 3 + ["Blip"] * 4))
    path = tmp_path / "other.parquet"
    path.write_bytes((first["out"] / "families.parquet").read_bytes())
    made = run(catalogue(["Blip"] * 7), file=path)
    assert made["names"].to_numpy().tolist() == [["F001", "F001", ""], ["F002", "F002", ""]]
    assert made["families"]["family"].tolist() == first["families"]["family"].tolist()


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ({"glitch_id": ["g000"], "group": ["a"]}, "has no column 'family'; its columns are glitch_id, group"),
        ({"time": ["1"], "family": ["a"]}, "neither a column 'glitch_id' nor both 'ifo' and 'event_time'"),
        ({"glitch_id": ["x", "y"], "family": ["a", "a"]}, "none of its 2 rows belongs to a glitch"),
        ({"glitch_id": ["g000", "g000"], "family": ["a", "b"]}, "several families for glitch g000: a, b"),
        ({"glitch_id": ["g001", "copy"], "family": ["a", "b"]}, "several families for glitch g001: a, b"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path, frame, expected):
    with pytest.raises(UserError, match=re.escape(expected)):
        groups_of(tmp_path, pd.DataFrame(frame))


def test_rows_without_a_glitch_are_counted(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        groups_of(tmp_path, pd.DataFrame({"glitch_id": ["g000", "x", "y"], "family": ["a", "a", "a"]}))
    assert "1 of 3 rows belong to a glitch of the catalogue" in caplog.text

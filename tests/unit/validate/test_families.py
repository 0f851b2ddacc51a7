"""Families, audit and quarantine against the planted truth: known answers."""

import json

import pandas as pd
import pytest

from glitch_explorer.audit.schemas import PROBE, RELABEL
from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.map.schemas import STABILITY, UNASSIGNED
from glitch_explorer.validate import families as compare
from glitch_explorer.validate.page import write_validation_page
from glitch_explorer.validate.report import validate_observatory
from glitch_explorer.validate.schemas import COUPLINGS
from glitch_explorer.validate.truth import read_truth
from glitch_explorer.workflow.reference import all_schemas


def _truth(n=10):
    classes = ["Blip"] * n + ["Tomte"] * n + ["Odd"] * n
    glitches = {f"g{i:03d}": {"class": name, "event": "", "readable": True} for i, name in enumerate(classes)}
    glitches["e1"] = {"class": "Chirp", "event": "SIM-A", "readable": True}
    glitches["u1"] = {"class": "Blip", "event": "", "readable": False}
    return {
        "glitches": glitches,
        "wrong_labels": ["g000", "g010"],
        "duplicates": [["g001", "g001"], ["g002", "second"]],
        "unknown_class": "Odd",
    }


def _families(truth, split=None):
    ids = [key for key in truth["glitches"] if key.startswith("g")]
    names = [truth["glitches"][key]["class"] for key in ids]
    named = {"Blip": "F001", "Tomte": "F002", "Odd": "F003"}
    frame = pd.DataFrame({"glitch_id": ids, "family": [named[n] for n in names], "isolation": 1.0})
    if split:
        frame.loc[frame["family"] == split, "family"] = "F001"
    return frame


def _value(checks, name):
    return next(check for check in checks if check.name == name)


def test_perfect_families_score_one():
    truth = _truth()
    checks = compare.family_checks(_families(truth), truth)
    assert _value(checks, "ami_all").value == pytest.approx(1.0)
    assert _value(checks, "unknown_jaccard").value == 1.0
    assert all(check.passed for check in checks)


def test_strangers_are_members_of_another_class_than_most_of_their_family():
    truth = _truth()
    families = _families(truth)
    assert _value(compare.family_checks(families, truth), "strangers_isolated").n == 0
    families.loc[families["glitch_id"] == "g010", "family"] = "F001"
    families.loc[families["glitch_id"] == "g010", "isolation"] = 0.5
    check = _value(compare.family_checks(families, truth), "strangers_isolated")
    assert (check.n, check.value) == (1, 0.0)  # the least isolated of all
    families.loc[families["glitch_id"] == "g010", "isolation"] = 3.0
    assert _value(compare.family_checks(families, truth), "strangers_isolated").value == 1.0


def test_unknown_shape_swallowed_by_another_family_fails():
    truth = _truth()
    checks = compare.family_checks(_families(truth, split="F003"), truth)
    assert _value(checks, "unknown_jaccard").value == pytest.approx(0.5)
    assert _value(checks, "unknown_share_of_family").value == pytest.approx(0.5)
    assert _value(checks, "ami_all").value < 0.75
    assert not _value(checks, "ami_all").passed


def test_unassigned_count_as_one_family_and_events_not_at_all():
    truth = _truth()
    families = _families(truth)
    families.loc[:4, "family"] = UNASSIGNED
    families.loc[len(families)] = ["e1", "F001", 1.0]
    checks = compare.family_checks(families, truth)
    assert _value(checks, "ami_all").n == 30
    assert _value(checks, "ami_all").value < 1.0
    assert _value(checks, "ami_assigned").value == pytest.approx(1.0)


def test_classes_that_training_left_out_are_apart():
    truth = _truth()
    checks = list(compare.unseen_checks(_families(truth), truth, ["Tomte"]))
    assert [(check.name, check.n) for check in checks] == [("ami_seen", 10), ("ami_unseen", 20)]
    assert _value(checks, "ami_unseen").value == pytest.approx(1.0)
    mixed = compare.unseen_checks(_families(truth, split="F003"), truth, ["Blip"])
    assert _value(mixed, "ami_unseen").value < 0.1


def test_stability_and_probe_in_one_number():
    stability = pd.DataFrame({"stability": [0.9, 0.8, 0.5, 0.79]})
    assert compare.stability_check(stability).value == 0.5
    assert compare.probe_check(pd.DataFrame({"auc": [0.4, 0.7]})).value == pytest.approx(0.55)
    assert compare.probe_check(tables.empty(PROBE)).value == 0.5


def _glitches(truth):
    ids = [key for key in truth["glitches"] if key != "u1"]
    frame = pd.DataFrame({name: [None] * len(ids) for name in GLITCHES.names})
    frame["glitch_id"], frame["ifo"], frame["shard"], frame["astrophysical"] = ids, "H1", "H1-0", ""
    frame["label"] = ["Chirp" if key == "e1" else "Blip" for key in ids]
    frame.loc[frame["glitch_id"] == "e1", "astrophysical"] = "event"
    return frame


@pytest.mark.parametrize(
    ("evidence", "expected"), [([0.9, 0.8, 0.1], 1.0), ([0.1, 0.2, 0.9], (1 / 2 + 2 / 3) / 2)]
)
def test_average_precision_of_suspects(evidence, expected):
    truth = _truth()
    suspects = pd.DataFrame({"glitch_id": ["g000", "g010", "g020"], "evidence": evidence})
    check = compare.suspect_check(suspects, _glitches(truth), truth)
    assert check.value == pytest.approx(expected)
    assert check.n == 2


def test_rows_must_be_exactly_the_planted_ones():
    truth = _truth()
    duplicates = pd.DataFrame({"glitch_id": ["g001", "g002"], "kept_id": ["g001", "second"]})
    quarantine = pd.DataFrame({"glitch_id": ["u1"]})
    assert all(check.passed for check in compare.row_checks(duplicates, quarantine, truth))
    more = pd.DataFrame({"glitch_id": ["u1", "g004"]})
    exact = compare.row_checks(duplicates[:1], more, truth)
    assert not any(check.passed for check in exact)


def test_report_is_written_and_says_what_fell_short(tmp_path):
    truth = _truth()
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    families = _families(truth).assign(view="", probability=1.0, outlier_score=0.0)
    suspects = pd.DataFrame(
        {"glitch_id": ["g000", "g010"], "view": "", "family": "F001", "label": "Blip",
         "proposed_label": "Tomte", "evidence": 0.9, "issue": True, "confusable_pair": False}
    )  # fmt: skip
    leakage = pd.DataFrame(
        {"variable": ["image_size"], "mutual_information_bits": 0.2, "normalised": 0.3, "p_value": 0.001,
         "gated": True, "failed": True}
    )  # fmt: skip
    duplicates = pd.DataFrame(
        {
            "glitch_id": ["g001", "g002"],
            "kept_id": ["g001", "second"],
            "row": [1, 2],
            "source": "c",
            "reason": "r",
            "lost_label": None,
        }
    )
    quarantine = pd.DataFrame(
        {
            "row": [1],
            "glitch_id": ["u1"],
            "stage": "views",
            "source": "f",
            "reason": "r",
            "detail": "",
            "read": "",
        }
    )
    inputs = {
        "glitches": _glitches(truth), "families": families, "suspects": suspects, "leakage": leakage,
        "duplicates": duplicates, "quarantine": quarantine, "relabel": tables.empty(RELABEL),
        "stability": tables.empty(STABILITY), "probe": tables.empty(PROBE),
    }  # fmt: skip
    paths = {name: tmp_path / f"{name}.parquet" for name in inputs}
    for name, frame in inputs.items():
        tables.write(all_schemas()[name], frame, paths[name])
    validate_observatory(tmp_path / "truth.json", paths, tmp_path / "v", unseen=["Tomte"])
    report = json.loads((tmp_path / "v/validation.json").read_text())
    assert not report["passed"]
    assert [check["name"] for check in report["checks"] if not check["passed"]] == ["leakage_green"]
    assert tables.read(COUPLINGS, tmp_path / "v/couplings.parquet").empty
    assert "| leakage_green | 0.000 | ≥ 1 | **no** | 1 |" in (tmp_path / "v/validation.md").read_text()
    write_validation_page(tmp_path / "v", tmp_path / "page.html", witnesses=False, cost=False)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "1 of 7 checks fail." in page
    assert "No auxiliary channels were searched." in page


def test_other_json_is_refused(tmp_path):
    (tmp_path / "truth.json").write_text("[]")
    with pytest.raises(UserError, match=r"not the truth\.json"):
        read_truth(tmp_path / "truth.json")

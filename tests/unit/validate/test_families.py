"""Families, audit and quarantine against the planted truth: known answers."""

import json

import pandas as pd
import pytest

from glitch_explorer.audit.schemas import PROBE, RELABEL
from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.map.schemas import STABILITY, UNASSIGNED
from glitch_explorer.validate import families as compare
from glitch_explorer.validate.check import Check, as_markdown, counts
from glitch_explorer.validate.page import write_validation_page
from glitch_explorer.validate.report import validate_observatory
from glitch_explorer.validate.schemas import COUPLINGS
from glitch_explorer.validate.truth import read_truth
from tests.fixtures.rows import write_tables

DUPLICATES = pd.DataFrame({"glitch_id": ["g001", "g002"], "kept_id": ["g001", "second"]})
QUARANTINE = pd.DataFrame({"glitch_id": ["u1"]})


def _truth():
    classes = ["Blip"] * 10 + ["Tomte"] * 10 + ["Odd"] * 10
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


def _audited(flagged):
    names = ["F001", "F002", "F003"]
    new = ["without_label" if name in flagged else "" for name in names]
    return pd.DataFrame({"family": names, "possible_new_class": new, "label_state": "labelled"})


@pytest.mark.parametrize(
    ("flagged", "right", "wrong"),
    [("F003", 1.0, 0), ("", 0.0, 0), ("F001", 0.0, 1), ("F001 F002 F003", 1.0, 2)],
)
def test_the_unknown_shape_and_no_other_family_must_be_flagged(flagged, right, wrong):
    truth = _truth()
    checks = compare.new_class_checks(_audited(flagged), _families(truth), truth)
    assert (_value(checks, "new_class_flagged").value, _value(checks, "new_class_flagged").n) == (right, 1)
    assert (_value(checks, "new_class_false").value, _value(checks, "new_class_false").n) == (wrong, 2)
    assert all(check.passed for check in checks) == (flagged == "F003")


def test_an_unknown_shape_in_no_family_of_its_own_is_missed():
    truth = _truth()
    swallowed = _families(truth, split="F003")
    check = _value(compare.new_class_checks(_audited("")[:2], swallowed, truth), "new_class_flagged")
    assert (check.passed, check.n) == (False, 0)


def test_a_check_has_a_bound_or_says_why_not():
    for arguments in ({}, {"no_bound": "laziness"}, {"bound": 1.0, "no_bound": "power"}):
        with pytest.raises(ValueError, match="ami: give a bound, or the code"):
            Check("ami", 0.5, 3, **arguments)
    checks = [Check("a", 0.5, 3, 0.4), Check("b", 0.5, 3, 0.6), Check("c", 0.5, 3, no_bound="power")]
    checks += [Check("d", 1.0, 0, 0.9), Check("e", 0.0, 0, 1.0)]
    assert counts(checks) == {"bounded": 4, "unbounded": 1, "failed": 2, "empty": 1}
    text = as_markdown(checks)
    assert text.startswith("2 of 4 checks with a bound pass; without a bound: 1.")
    assert "| c | 0.500 | none | it grows with the amount of data;" in text


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
    events = [key == "e1" for key in ids]
    labels = ["Chirp" if event else "Blip" for event in events]
    kinds = ["event" if event else "" for event in events]
    return pd.DataFrame({"glitch_id": ids, "ifo": "H1", "label": labels, "astrophysical": kinds})


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
    assert all(check.passed for check in compare.row_checks(DUPLICATES, QUARANTINE, truth))
    more = pd.DataFrame({"glitch_id": ["u1", "g004"]})
    exact = compare.row_checks(DUPLICATES[:1], more, truth)
    assert not any(check.passed for check in exact)


def test_report_is_written_and_says_what_fell_short(tmp_path):
    truth = _truth()
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    suspects = pd.DataFrame({"glitch_id": ["g000", "g010"], "label": "Blip", "evidence": 0.9, "issue": True})
    paths = write_tables(
        tmp_path,
        glitches=_glitches(truth),
        families=_families(truth),
        suspects=suspects.assign(family="F001", proposed_label="Tomte"),
        leakage=pd.DataFrame({"variable": ["image_size"], "p_value": 0.001, "gated": True, "failed": True}),
        duplicates=DUPLICATES,
        quarantine=QUARANTINE,
        relabel=tables.empty(RELABEL),
        stability=tables.empty(STABILITY),
        audit_families=_audited(flagged="F003"),
        probe=tables.empty(PROBE),
    )
    validate_observatory(tmp_path / "truth.json", paths, tmp_path / "v", unseen=["Tomte"])
    report = json.loads((tmp_path / "v/validation.json").read_text())
    assert not report["passed"]
    assert [check["name"] for check in report["checks"] if not check["passed"]] == ["leakage_green"]
    assert tables.read(COUPLINGS, tmp_path / "v/couplings.parquet").empty
    assert "| leakage_green | 0.000 | ≥ 1 | **no** | 1 |" in (tmp_path / "v/validation.md").read_text()
    write_validation_page(tmp_path / "v", tmp_path / "page.html", witnesses=False, cost=False)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    lead = "1 of 13 checks with a bound fails. 4 pass with nothing to compare (n = 0). 4 have no bound;"
    assert lead in page
    assert "No auxiliary channels were searched." in page


def test_other_json_is_refused(tmp_path):
    (tmp_path / "truth.json").write_text("[]")
    with pytest.raises(UserError, match=r"not the truth\.json"):
        read_truth(tmp_path / "truth.json")

"""The findings worth reading first: which, in what order, and never what lies within its error."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml

from glitch_explorer.site.front.findings import SHOWN, Found, findings
from glitch_explorer.site.front.made import citations, left_out, setting_lines, sources
from glitch_explorer.site.pages import render

N = 40


def families(**changes: object) -> pd.DataFrame:
    row = {"family": "F001", "n": N, "n_labelled": N, "plurality_label": "Blip", "purity": 1.0}
    row |= {"label_entropy_bits": 0.0, "stability": 0.95, "stability_low": 0.9, "stability_high": 1.0}
    return pd.DataFrame([row | changes, row | {"family": "F002", "plurality_label": "Tomte"}])


def nothing() -> Found:
    """Give tables in which nothing exceeds its error."""
    leakage = {"variable": "view pattern", "normalised": 0.3, "p_value": 0.5, "failed": False}
    labelled = pd.DataFrame({"family": ["F001"] * N + ["F002"] * N, "label": ["Blip"] * N + ["Tomte"] * N})
    labels = pd.DataFrame({"label": ["Blip", "Tomte"], "n_families": 1, "family_entropy_bits": 0.0})
    columns = ["label", "proposed_label", "evidence", "issue", "confusable_pair"]
    suspects = pd.DataFrame([("Blip", "Tomte", 0.5, False, True)], columns=columns)
    ids = pd.DataFrame({"family": ["F001", "F002"], "n": N, "new": True, "overlap": np.nan})
    return Found(
        leakage=pd.DataFrame([leakage]),
        families=families(),
        labels=labels,
        suspects=suspects,
        ids=ids,
        labelled=labelled,
        calibration=None,
        witnesses=None,
        cost=None,
    )


def witness(**changes: object) -> pd.DataFrame:
    row: dict[str, object] = {"family": "F001", "ifo": "H1", "channel": "H1:ACC_A", "band": "10-30"}
    row |= {"lag": -2.0, "t_peak": 9.0, "efficiency": 0.8, "excess_efficiency": 0.7, "excess_low": 0.6}
    row |= {"excess_high": 0.8, "q_value": 0.001, "relation": "leads", "safety": "safe"}
    unsafe = {"channel": "H1:DARM", "q_value": None, "excess_low": 0.9, "safety": "unsafe"}
    strong = {"channel": "H1:ACC_B", "relation": "co-moves", "excess_low": 0.75}
    return pd.DataFrame([row | unsafe, row | strong, row | changes])


def calibration(*, passed: bool) -> pd.DataFrame:
    row = {"kind": "quiet", "alpha": 0.05, "n": 40, "n_below": 9, "share": 0.225, "binomial_p": 1e-4}
    return pd.DataFrame([row | {"passed": passed}])


def test_nothing_within_its_error_is_a_finding() -> None:
    assert findings(nothing()) == []
    quiet = replace(nothing(), calibration=calibration(passed=True), witnesses=witness().assign(q_value=0.2))
    assert findings(quiet) == []
    # Mixed, but so few that chance could do it; unstable, but its interval reaches up to a stable one.
    few = replace(nothing(), families=families(n_labelled=3, purity=0.67, label_entropy_bits=0.9))
    assert findings(few) == []
    assert findings(replace(nothing(), families=families(stability=0.7, stability_high=0.85))) == []


def test_what_puts_others_in_doubt_comes_first_and_five_are_shown() -> None:
    found = replace(
        nothing(),
        leakage=nothing().leakage.assign(failed=True, p_value=0.001),
        calibration=calibration(passed=False),
        witnesses=witness(),
        ids=nothing().ids.assign(overlap=[0.1, np.nan]),
        suspects=nothing().suspects.assign(issue=True),
        families=families(purity=0.5, label_entropy_bits=1.0, stability=0.2, stability_high=0.4),
    )
    told = findings(found)
    assert [finding.method for finding in told] == ["leakage", "calibration", "relation", "ids", "suspects"]
    assert len(told) == SHOWN
    calm = replace(found, leakage=nothing().leakage, calibration=None, ids=nothing().ids)
    methods = [finding.method for finding in findings(calm)]
    assert methods == ["relation", "suspects", "over-splitting", "stability"]
    explained = render("methods.html", witnesses=True, cost=True, root="")
    for finding in told + findings(calm):
        assert f'id="{finding.method}"' in explained


def test_a_precursor_candidate_goes_before_a_stronger_witness_and_unsafe_ones_never_count() -> None:
    (told,) = findings(replace(nothing(), witnesses=witness()))
    assert told.text.startswith("H1:ACC_A (10–30 Hz) lights up 2 s before the glitch of F001 (Blip) in H1")
    assert "strongest precursor candidate" in told.text
    assert "95\u00a0% interval 0.60 to 0.80" in told.text
    (told,) = findings(replace(nothing(), witnesses=witness(relation="co-moves")))
    assert told.text.startswith("H1:ACC_B")
    assert "strongest witness" in told.text


def test_numbers_come_with_their_intervals() -> None:
    (told,) = findings(replace(nothing(), suspects=nothing().suspects.assign(issue=True)))
    assert told.text == (
        "1 of 80 labels, 1\u00a0% (95\u00a0% interval 0 to 7\u00a0%), are counted as label errors; most "
        "doubted is Blip that looks like Tomte, which experts confuse (1 glitch)."
    )
    mixed = nothing().labelled.assign(label=["Blip"] * 60 + ["Tomte"] * 20)
    labels = nothing().labels.assign(n_families=[2, 1], family_entropy_bits=[0.9, 0.0])
    (told,) = findings(replace(nothing(), labelled=mixed, labels=labels))
    assert "Blip is one label on many morphologies" in told.text
    assert "67\u00a0% (95\u00a0% interval 54 to 77\u00a0%) in the largest, F001" in told.text


SETTINGS = {
    "source": {"kind": "catalogue", "paths": ["/home/someone/H1.csv", "results/observatory/catalog.csv"]},
    "strain": {"source": "frames", "host": None},
    "events": {"gwosc": False},
}


def test_settings_tell_no_place_of_the_machine() -> None:
    lines = dict(setting_lines(SETTINGS))
    assert lines["source.paths"] == "[H1.csv, results/observatory/catalog.csv]"
    assert lines["strain.host"] == "none"


@pytest.mark.parametrize(
    ("changes", "used"),
    [
        ({}, {"Gravity Spy"}),
        ({"source": {"kind": "catalogue", "paths": ["results/observatory/catalog.csv"]}}, set()),
        ({"source": {"kind": "triggers", "paths": ["omicron.xml"]}, "events": {"gwosc": True}}, {"GWOSC"}),
        ({"coupling": {"source": "nds2", "host": "nds.gwosc.org"}}, {"Gravity Spy", "GWOSC"}),
    ],
)
def test_the_sources_that_were_read_are_cited(root, changes: dict, used: set) -> None:
    assert sources(SETTINGS | changes) == used
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    told = citations(citation, used)
    assert told[0].startswith(
        "The Gravity Spy Glitch Explorer developers (2026): Gravity Spy Glitch Explorer"
    )
    assert ("doi:10.1088/1361-6382/acb633" in " ".join(told)) == ("Gravity Spy" in used)
    assert ("(GWOSC)" in " ".join(told)) == ("GWOSC" in used)


def test_stages_that_were_not_run_are_named_with_their_commands() -> None:
    assert left_out(witnesses=True, cost=True, simulated=True) == []
    told = left_out(witnesses=False, cost=False, simulated=False)
    assert [stage["command"].split()[-1] for stage in told] == ["coupling", "impact", "validate"]

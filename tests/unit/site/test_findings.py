"""The findings of the front page: which, in what order, and only what is significant."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml

from glitch_explorer.audit.schemas import NEAREST_FAMILIES
from glitch_explorer.core import tables
from glitch_explorer.site.front.findings import KINDS, SHOWN, FindingTables, findings
from glitch_explorer.site.front.provenance import citations, setting_rows, sources
from glitch_explorer.site.pages import render
from tests.fixtures.macros import macro_text

N = 40


def families(**changes: object) -> pd.DataFrame:
    row = {"family": "F001", "n": N, "n_labelled": N, "plurality_label": "Blip", "purity": 1.0}
    row |= {"n_classified": N, "name": "Blip", "label_state": "labelled", "possible_new_class": ""}
    row |= {"label_entropy_bits": 0.0, "stability": 0.95, "stability_low": 0.9, "stability_high": 1.0}
    return pd.DataFrame(
        [row | changes, row | {"family": "F002", "plurality_label": "Tomte", "name": "Tomte"}]
    )


def nothing() -> FindingTables:
    """Return tables in which nothing is significant."""
    leakage = {"variable": "view pattern", "normalised": 0.3, "p_value": 0.5, "failed": False}
    labelled = pd.DataFrame({"family": ["F001"] * N + ["F002"] * N, "label": ["Blip"] * N + ["Tomte"] * N})
    labels = pd.DataFrame({"label": ["Blip", "Tomte"], "n_families": 1, "family_entropy_bits": 0.0})
    columns = ["label", "proposed_label", "evidence", "issue", "confusable_pair"]
    suspects = pd.DataFrame([("Blip", "Tomte", 0.5, False, True)], columns=columns)
    ids = pd.DataFrame({"family": ["F001", "F002"], "n": N, "new": True, "overlap": np.nan})
    return FindingTables(
        leakage=pd.DataFrame([leakage]),
        families=families(),
        nearest=tables.empty(NEAREST_FAMILIES),
        labels=labels,
        suspects=suspects,
        ids=ids,
        labelled=labelled,
        calibration=None,
        witnesses=None,
        cost=None,
        cost_by_detector=None,
        coincidences=None,
        evidence=None,
        slow=None,
    )


def new_class(**changes: object) -> pd.DataFrame:
    row = families().iloc[0].to_dict() | {"family": "F003", "n": 57, "n_labelled": 2, "n_classified": 2}
    row |= {"name": None, "label_state": "unlabelled", "possible_new_class": "without_label", "purity": 0.5}
    row["medoid"] = "g000001"
    return pd.DataFrame([row | changes])


def nearest() -> pd.DataFrame:
    row = {"family": "F003", "rank": 1, "known_family": "F002", "name": "Tomte", "distance": 0.168}
    row |= {"distance_within": 0.011, "fitting": 0.0}
    others = [{"rank": 2, "known_family": "F001", "name": "Blip", "fitting": 0.1}, {"rank": 3}]
    return pd.DataFrame([row, *(row | other for other in others)])


def witness(**changes: object) -> pd.DataFrame:
    row: dict[str, object] = {"family": "F001", "ifo": "H1", "channel": "H1:ACC_A", "band": "10-30"}
    row |= {"lag": -2.0, "t_peak": 9.0, "efficiency": 0.8, "excess_efficiency": 0.7, "excess_low": 0.6}
    row |= {"excess_high": 0.8, "q_value": 0.001, "rank": 1, "at_floor": True, "relation": "leads"}
    row |= {"safety": "safe", "strong": True, "represents": False, "channel_excess": None}
    row |= {"channel_excess_low": None, "channel_excess_high": None}
    unsafe = {"channel": "H1:DARM", "q_value": None, "excess_low": 0.9, "safety": "unsafe", "strong": False}
    strong = {"channel": "H1:ACC_B", "relation": "co-moves", "excess_low": 0.75}
    return pd.DataFrame([row | unsafe, row | strong, row | changes])


def coincidence(**changes: object) -> pd.DataFrame:
    row: dict[str, object] = {"family": "F001", "ifo": "H1", "channel": "H1:MONITOR", "kind": "triggers"}
    row |= {"efficiency": 0.4, "expected_efficiency": 0.01, "channel_excess": 0.3, "channel_excess_low": 0.2}
    row |= {"channel_excess_high": 0.5, "q_value": 0.001, "at_floor": True, "safety": "unknown"}
    row |= {"strong": True, "snr_auc_low": 0.7, "n_glitches": 90}
    return pd.DataFrame(
        [row | changes, row | {"channel": "H1:WEAK", "strong": False, "channel_excess_low": 0.3}]
    )


def slow(**changes: object) -> pd.DataFrame:
    """Return table "slow_drivers": the second driver moves the rate more, but by the daily cycle alone."""
    row: dict[str, object] = {"family": "F001", "ifo": "L1", "channel": "L1:GROUND", "band": "1-3"}
    row |= {"answer": "rises", "clock_answer": "rises", "p_fwer": 0.01, "overall_p_fwer": 0.1}
    row |= {"clock_ratio": 1.2, "clock_low": 1.1, "clock_high": 1.4, "clock_p_fwer": 0.01}
    daily = {"channel": "L1:TRAFFIC", "clock_low": 1.3, "clock_answer": "nothing found", "clock_p_fwer": 0.2}
    return pd.DataFrame([row | changes, row | daily])


def cost(*lows: float | None) -> dict[str, pd.DataFrame]:
    """Return tables "cost" and "cost_by_detector" of two families in H1, which are tied."""
    first, second = lows or (0.5, 0.1)
    rows = {"family": ["F001", "F002"], "ifo": "H1", "cost_mpc3_yr": [2.0, 1.0], "hours_per_1000h": 1.0}
    rows |= {"cost_low": [first, second], "cost_high": 3.0, "rank": [1, 2], "reason": ""}
    chance = 0.5 if first is not None else np.nan
    hours = {"hours_low": [first, second], "hours_high": 3.0, "chance_first": chance}
    total = {"ifo": "H1", "gates": "all", "in_cost": True, "hours_per_1000h": 9.0, "hours_low": 8.0}
    by_detector = pd.DataFrame([total | {"hours_high": 10.0}])
    return {"cost": pd.DataFrame(rows | hours), "cost_by_detector": by_detector}


def calibration(*, passed: bool) -> pd.DataFrame:
    row = {"kind": "quiet", "alpha": 0.05, "n": 40, "n_below": 9, "share": 0.225, "binomial_p": 1e-4}
    return pd.DataFrame([row | {"passed": passed}])


def kinds(tables: FindingTables) -> list[str]:
    return [finding.kind for finding in findings(tables)]


def test_nothing_within_its_error_is_a_finding() -> None:
    assert kinds(nothing()) == []
    quiet = replace(nothing(), calibration=calibration(passed=True), witnesses=witness().assign(q_value=0.2))
    assert kinds(quiet) == []
    # Mixed, but so few that chance could do it; unstable, but its interval reaches up to a stable one.
    few = replace(nothing(), families=families(n_labelled=3, purity=0.67, label_entropy_bits=0.9))
    assert kinds(few) == []
    assert kinds(replace(nothing(), families=families(stability=0.7, stability_high=0.85))) == []


def everything() -> FindingTables:
    """Return tables in which each kind is significant."""
    audited = families(purity=0.5, label_entropy_bits=1.0, stability=0.2, stability_high=0.4)
    return FindingTables(
        leakage=nothing().leakage.assign(failed=True, p_value=0.001),
        calibration=calibration(passed=False),
        **cost(),
        witnesses=witness(),
        coincidences=coincidence(),
        evidence=None,
        slow=slow(),
        ids=nothing().ids.assign(overlap=[0.1, np.nan]),
        suspects=nothing().suspects.assign(issue=True),
        families=pd.concat([audited, new_class()]),
        nearest=nearest(),
        labelled=nothing().labelled.assign(label=["Blip"] * 60 + ["Tomte"] * 20),
        labels=nothing().labels.assign(n_families=[2, 1], family_entropy_bits=[0.9, 0.0]),
    )


def test_what_puts_others_in_doubt_comes_first_and_five_are_shown() -> None:
    assert kinds(everything()) == list(KINDS)[:SHOWN]
    calm = replace(everything(), leakage=nothing().leakage, calibration=None, cost=None, ids=nothing().ids)
    calm = replace(calm, families=calm.families[:2], slow=None)
    assert kinds(calm) == ["witness", "coincidence", "label_errors", "over_splitting", "over_compression"]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_sentence_and_links_that_lead_somewhere(kind: str) -> None:
    sentence = macro_text("front/findings.html", kind, KINDS[kind](everything()))
    assert "what the number means" in sentence
    explained = render("front/methods.html", witnesses=True, cost=True, root="")
    (anchor,) = re.findall(r'methods.html#([\w-]+)"', sentence)
    assert f'id="{anchor}"' in explained


def test_a_possible_new_class_names_the_nearest_families() -> None:
    small = new_class(family="F004", n=20, possible_new_class="misfit")
    known = replace(nothing(), families=pd.concat([families(), small, new_class()]), nearest=nearest())
    (finding,) = findings(known)
    assert (finding.kind, finding.facts["family"], finding.facts["others"]) == ("new_class", "F003", 1)
    sentence = " ".join(
        re.sub(r"<[^>]*>", "", macro_text("front/findings.html", "new_class", finding.facts)).split()
    )
    assert sentence.startswith(
        "F003 is a possible new class. 55 of its 57 members have no label, although most "
        "other glitches of their detectors and runs have one"
    )
    assert (
        "F002 (Tomte, 15 times the distance between members of F003) and F001 (Blip, 15 times); at most "
        "10 % of the members of F003 fit any of them. 1 other family may be a new class, too:"
    ) in sentence.replace("\u00a0", " ")


def test_labels_of_a_possible_new_class_are_no_over_splitting() -> None:
    split = families(purity=0.4, label_entropy_bits=2.0)
    assert kinds(replace(nothing(), families=split)) == ["over_splitting"]
    assert kinds(replace(nothing(), families=split.assign(possible_new_class="misfit"))) == ["new_class"]
    assert kinds(replace(nothing(), families=split.assign(label_state="unlabelled"))) == []


def test_a_weak_witness_is_no_finding() -> None:
    weak = witness().assign(strong=False)
    assert kinds(replace(nothing(), witnesses=weak)) == []


def test_a_precursor_candidate_goes_before_a_stronger_witness_and_unsafe_ones_never_count() -> None:
    (leading,) = findings(replace(nothing(), witnesses=witness()))
    assert (leading.facts["channel"], leading.facts["label"]) == ("H1:ACC_A", "Blip")
    (strongest,) = findings(replace(nothing(), witnesses=witness(relation="co-moves")))
    assert strongest.facts["channel"] == "H1:ACC_B"


def test_a_witness_among_triggers_says_where_it_may_be_leakage() -> None:
    (finding,) = findings(replace(nothing(), coincidences=coincidence()), mapped=False)
    sentence = macro_text("front/findings.html", "coincidence", finding.facts)
    assert "of the 90 glitches of F001 (Blip) in H1 at which it is known" in sentence
    assert "safety unknown; the share rises with the SNR of the glitches" in sentence
    assert kinds(replace(nothing(), coincidences=coincidence(strong=False))) == []


def test_samples_and_triggers_of_one_channel_are_one_finding() -> None:
    both = replace(nothing(), witnesses=witness(), coincidences=coincidence())
    assert kinds(both) == ["witness", "coincidence"]
    assert kinds(replace(both, coincidences=coincidence(channel="H1:ACC-A_DQ"))) == ["witness"]
    of_other_family = coincidence(channel="H1:ACC-A_DQ", family="F002")
    assert kinds(replace(both, coincidences=of_other_family)) == ["witness", "coincidence"]


def test_an_unsafe_name_of_the_channel_rules_out_the_finding() -> None:
    unsafe = pd.DataFrame({"channel": ["H1:ACC_A", "H1:ACC_B", "H1:MONITOR"], "safety": "unsafe"})
    both = replace(nothing(), witnesses=witness(), coincidences=coincidence(), evidence=unsafe)
    assert kinds(both) == []


def test_a_slow_driver_counts_beyond_the_daily_cycle_and_over_all_families() -> None:
    (finding,) = findings(replace(nothing(), slow=slow()))
    assert (finding.kind, finding.facts["channel"]) == ("slow_driver", "L1:GROUND")
    for change in (
        {"clock_answer": "nothing found"},
        {"answer": "nothing found"},
        {"clock_low": 0.98},
        {"clock_p_fwer": 0.06},
        {"clock_ratio": 1.09, "clock_low": 1.05},
    ):
        assert kinds(replace(nothing(), slow=slow(**change))) == []
    # Among ten families, one with p = 0.01 may be chance.
    idle = [slow(family=f"F{k:03d}", clock_p_fwer=0.5, clock_answer="nothing found") for k in range(2, 11)]
    assert kinds(replace(nothing(), slow=pd.concat([slow(), *idle]))) == []


@pytest.mark.parametrize(("lows", "sure"), [((0.5, 0.1), 2), ((-0.5, 0.1), 1), ((-0.5, -0.1), 0)])
def test_the_cost_of_a_detector_comes_before_its_families_which_are_tied(lows, sure) -> None:
    (finding,) = findings(replace(nothing(), **cost(*lows)))
    assert finding.facts["n_sure"] == sure
    sentence = macro_text("front/findings.html", "cost", finding.facts)
    assert sentence.startswith("H1 loses at most 9.00 h per 1000 h")
    assert "; tied for the largest cost are F001 (Blip) and F002 (Tomte) (chance to be first 50" in sentence
    assert "No search gates every glitch." in sentence


def test_a_tie_of_more_than_three_families_is_counted() -> None:
    (finding,) = findings(replace(nothing(), **cost()))
    finding.facts["detectors"][0]["leaders"] *= 2
    sentence = macro_text("front/findings.html", "cost", finding.facts)
    assert ", F002 (Tomte) and F001 (Blip), before 1 other family (chance to be first 50" in sentence


def test_without_intervals_the_largest_cost_is_named() -> None:
    (finding,) = findings(replace(nothing(), **cost(None, None)))
    sentence = macro_text("front/findings.html", "cost", finding.facts)
    assert "; F001 (Blip) has the largest cost, without an interval. No search" in sentence


def test_unknown_costs_are_no_finding() -> None:
    unknown = cost()
    unknown["cost"] = unknown["cost"].assign(cost_mpc3_yr=np.nan, cost_low=np.nan)
    assert kinds(replace(nothing(), **unknown)) == []


def test_numbers_come_with_their_intervals() -> None:
    (errors,) = findings(replace(nothing(), suspects=nothing().suspects.assign(issue=True)))
    assert (errors.facts["errors"], errors.facts["n"], errors.facts["pair_n"]) == (1, 80, 1)
    assert (errors.facts["low"], errors.facts["high"]) == pytest.approx((0.0022, 0.0675), abs=1e-3)
    spread = KINDS["over_compression"](everything())
    assert spread is not None
    assert (spread["label"], spread["family"], spread["share"]) == ("Blip", "F001", pytest.approx(2 / 3))
    assert (spread["low"], spread["high"]) == pytest.approx((0.54, 0.77), abs=0.01)


SETTINGS = {
    "source": {"kind": "catalogue", "paths": ["/home/someone/H1.csv", "results/observatory/catalog.csv"]},
    "strain": {"source": "frames", "host": None},
    "events": {"gwosc": False},
}


def test_settings_tell_no_place_of_the_machine() -> None:
    lines = dict(setting_rows(SETTINGS))
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
    own, *references = citations(citation, used)
    assert (own["names"], own["year"]) == ("The Gravity Spy Glitch Explorer developers", "2026")
    assert {reference["scope"] for reference in references} == used

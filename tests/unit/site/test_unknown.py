"""What map, coupling and impact stage leave open of a family: codes, and a sentence for each."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from glitch_explorer.site.cost.unknown import impact_unknown
from glitch_explorer.site.families.unknown import map_unknown
from glitch_explorer.site.witnesses.unknown import coupling_unknown
from tests.fixtures.macros import macro_text

AUDIT = {
    "label_state": "labelled",
    "possible_new_class": "",
    "n": 40,
    "n_labelled": 40,
    "stability": 0.9,
    "stability_low": 0.85,
}
MEMBERS = pd.DataFrame(
    {"ifo": ["H1", "L1"], "snr": [8.0, 9.0], "peak_frequency_hz": [50.0, 60.0], "duration_s": [1.0, 2.0]}
)
PROBE = {"detectors": "H1 L1", "auc": 0.9, "auc_low": 0.4, "reason": ""}
WITNESSED = {
    "ifo": "H1",
    "state": "witnessed",
    "by_others": False,
    "live_h": 1.0,
    "notes": [{"code": "untested_channels", "n": 2}],
    "channels": 9,
}
WITNESSED |= {"missing": [], "groups": [], "calibration": [], "ground": [], "fringes": {"code": "no"}}
EARLY = {"channel": "H1:A", "safety": "safe", "lag": -2.0, "relation": "co-moves", "n_alone": 3}
COST = {"cost_mpc3_yr": 1.0, "cost_low": 0.5, "cost_high": 2.0, "threshold_source": "none", "reason": ""}
MODEL = {"view": "witness", "beats": True, "slid_beats": False, "ap": 0.5, "reason": ""}
MODEL |= {"n_timed": 40, "n_glitches": 30, "n_segments": 4, "n_background": 300, "blocks": 12}
PRICED = {"ifo": "H1", "union": False, "cost": COST, "models": [MODEL, MODEL | {"view": "precursor"}]}


def map_items(audit=None, *, gradient=True, members=MEMBERS, probe=(PROBE,)):
    return "families", map_unknown(AUDIT | (audit or {}), gradient, members, probe)


def coupling_items(**changes):
    return "witnesses", coupling_unknown([WITNESSED | changes])


def impact_items(**changes):
    return "cost", impact_unknown([PRICED | changes])


def first_model(**changes):
    return impact_items(models=[MODEL | changes, *PRICED["models"][1:]])


CASES = [
    ("new_or_known", map_items({"label_state": "unlabelled"})),
    ("no_label", map_items({"n_labelled": 0}, gradient=False)),
    ("few_labels", map_items({"n_labelled": 2})),
    ("no_gradient", map_items(gradient=False)),
    ("no_stability", map_items({"stability": None})),
    ("unstable", map_items({"stability": 0.7})),
    ("perhaps_unstable", map_items({"stability_low": 0.6})),
    ("no_probe", map_items(probe=())),
    ("few_blocks", map_items(probe=[PROBE | {"auc": None, "auc_low": None, "reason": "few_blocks"}])),
    ("detectors_differ", map_items(probe=[PROBE | {"auc_low": 0.7}])),
    ("one_detector", map_items(members=MEMBERS.head(1), probe=())),
    ("not_measured", map_items(members=MEMBERS.assign(snr=None))),
    ("no_map", ("families", [{"code": "no_map", "source": "labels"}])),
    ("absent", coupling_items(state="absent")),
    ("unanswered", coupling_items(state="unanswered")),
    ("no_witness", coupling_items(state="none")),
    ("no_data", coupling_items(missing=[{"tested": False}])),
    ("safety", coupling_items(groups=[EARLY | {"lag": 0.0, "safety": "unknown"}])),
    ("order", coupling_items(groups=[EARLY])),
    ("calibration", coupling_items(calibration=[{"passed": False}])),
    ("ground_short", coupling_items(ground=[{"name": "human", "code": "too short"}])),
    ("ground_channel", coupling_items(ground=[{"name": "human", "code": "no channel"}])),
    ("fringes", coupling_items(fringes={"code": "too few"})),
    ("no_glitch", impact_items(cost=None)),
    ("no_cost", impact_items(cost=COST | {"cost_mpc3_yr": None, "reason": "no_range"})),
    ("no_interval", impact_items(cost=COST | {"cost_low": None})),
    ("perhaps_zero", impact_items(cost=COST | {"cost_low": -0.5})),
    ("threshold_proxy", impact_items(cost=COST | {"threshold_source": "snr"})),
    ("no_model", impact_items(models=[MODEL])),
    ("gated", first_model(beats=False)),
    ("no_fit", first_model(beats=False, ap=None, reason="few_timed", n_timed=7)),
    ("beats_on_slides", first_model(slid_beats=True)),
]


@pytest.mark.parametrize(("code", "found"), CASES, ids=[code for code, _ in CASES])
def test_each_gap_has_its_code_and_a_sentence(code, found):
    part, items = found
    assert [item["code"] for item in items] == [code]
    # The facts reach the family's page through a JSON file.
    (item,) = json.loads(json.dumps(items, allow_nan=False))
    assert re.fullmatch(r"\s*\w.+\.\s*", macro_text(f"{part}/unknown.html", code, item))


def test_facts_of_a_missing_model_reach_its_sentence():
    ((_, items),) = [case for code, case in CASES if code == "no_fit"]
    assert macro_text("cost/unknown.html", "no_fit", items[0]) == (
        "Which channels drive it in H1: too few glitches with a known event time: 7; a veto needs 8, a model "
        "20 in 3 segments."
    )


def test_a_union_has_no_cost_of_its_own():
    assert impact_items(cost=None, union=True)[1] == []


def test_a_family_of_which_all_is_known():
    assert map_items()[1] == coupling_items()[1] == impact_items()[1] == []


@pytest.mark.parametrize("part", ["families", "witnesses", "cost"])
def test_every_sentence_has_a_case(root: Path, part):
    text = (root / "src/glitch_explorer/site" / part / "unknown.html").read_text(encoding="utf-8")
    assert set(re.findall(r"{% macro ([a-z]\w*)", text)) == {
        code for code, found in CASES if found[0] == part
    }

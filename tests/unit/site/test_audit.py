"""What a run does not know, and the order of the matrix."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glitch_explorer.site.unknown import audit_unknown, impact_unknown, witness_unknown
from glitch_explorer.site.witnesses.matrix import matrix_order

AUDIT = {"n": 40, "n_labelled": 40, "stability": 0.9, "stability_low": 0.85}
MEMBERS = pd.DataFrame(
    {"ifo": ["H1", "L1"], "snr": [8.0, 9.0], "peak_frequency_hz": [50.0, 60.0], "duration_s": [1.0, 2.0]}
)
TOLD_APART = {"detectors": "H1 L1", "auc": 0.9, "auc_low": 0.7}


@pytest.mark.parametrize(
    ("changes", "gradient", "members", "probe", "wanted"),
    [
        ({"n_labelled": 0}, False, MEMBERS, [TOLD_APART | {"auc_low": 0.4}], "none has a label"),
        ({"n_labelled": 2}, True, MEMBERS, [TOLD_APART | {"auc_low": 0.4}], "only 2 of 40 members have one"),
        ({}, False, MEMBERS, [TOLD_APART | {"auc_low": 0.4}], "its 40 labels show no significant change"),
        (
            {"stability": 0.7},
            True,
            MEMBERS,
            [TOLD_APART | {"auc_low": 0.4}],
            "its stability, 0.70, is below 0.75",
        ),
        ({"stability_low": 0.6}, True, MEMBERS, [TOLD_APART | {"auc_low": 0.4}], "begins at 0.60"),
        ({}, True, MEMBERS, [], "look alike in H1 and L1: too few to probe"),
        ({}, True, MEMBERS, [TOLD_APART], "one family in H1 and L1"),
        ({}, True, MEMBERS.head(1), [], "all its members are of H1"),
        ({}, True, MEMBERS.assign(snr=None), [TOLD_APART | {"auc_low": 0.4}], "The SNR of any members"),
    ],
)
def test_what_map_and_labels_leave_open(
    changes: dict[str, float],
    gradient: bool,
    members: pd.DataFrame,
    probe: list[dict[str, object]],
    wanted: str,
) -> None:
    said = audit_unknown(AUDIT | changes, gradient, members, probe)
    assert len(said) == 1
    assert wanted in said[0]


def test_a_family_of_which_all_is_known() -> None:
    assert audit_unknown(AUDIT, True, MEMBERS, [TOLD_APART | {"auc_low": 0.4}]) == []


ONE = {
    "ifo": "H1",
    "state": "witnessed",
    "live_h": 1.0,
    "notes": ["Too few."],
    "channels": 9,
    "missing": [],
    "groups": [],
}
ONE |= {"calibration": [], "ground": [], "fringes": "no", "fringe_words": ""}
EARLY = {"channel": "H1:A", "safety": "safe", "lag": -2.0, "relation": "co-moves", "n_alone": 3}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"state": "absent"}, "it has no glitch there"),
        ({"state": "unanswered"}, "no answer. Too few."),
        ({"state": "none"}, "none of 9 channels was found to"),
        ({"live_h": None}, "there is no live time"),
        ({"missing": [{"looked": False}]}, "1 listed channel of H1 witness it: without usable data"),
        ({"groups": [EARLY | {"lag": 0.0, "safety": "unknown"}]}, "Whether H1:A hears the strain itself"),
        ({"groups": [EARLY]}, "Whether H1:A leads it in H1: not shown: only 3 of its glitches are alone."),
        ({"calibration": [{"passed": False}]}, "the null fails its calibration"),
        ({"ground": [{"name": "human", "answer": "too short"}]}, "follows the ground in H1 (human)"),
        ({"fringes": "not asked", "fringe_words": "Not asked."}, "scattered light in H1. Not asked."),
    ],
)
def test_what_the_coupling_leaves_open(changes: dict[str, object], wanted: str) -> None:
    said = witness_unknown([ONE | changes])
    assert len(said) == 1
    assert wanted in said[0]
    assert witness_unknown([ONE]) == []


COST = {"cost_mpc3_yr": 1.0, "cost_low": 0.5, "cost_high": 2.0, "threshold_source": "none", "reason": ""}
MODEL = {"view": "witness", "beats": True, "slid_beats": False, "ap": 0.5, "reason": ""}
PRICED = {"ifo": "H1", "cost": COST, "models": [MODEL, MODEL | {"view": "precursor"}]}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"cost": None}, "it has no glitch in analysed time"),
        (
            {"cost": COST | {"cost_mpc3_yr": None, "reason": "no_range"}},
            "What it costs in H1: the range of the detector is unknown",
        ),
        ({"cost": COST | {"cost_low": None}}, "under ten blocks of time give no interval"),
        ({"cost": COST | {"cost_low": -0.5}}, "the interval of its cost holds 0"),
        ({"cost": COST | {"threshold_source": "snr"}}, "no ranking of a search"),
        ({"models": [MODEL]}, "Whether channels announce it in H1: no model was asked."),
        (
            {"models": [MODEL | {"beats": False}, *PRICED["models"][1:]]},
            "no model beats rate and time of day",
        ),
        (
            {"models": [MODEL | {"beats": False, "ap": None, "reason": "no_data"}, *PRICED["models"][1:]]},
            "H1: no channel that models may use has data",
        ),
        ({"models": [MODEL | {"slid_beats": True}, *PRICED["models"][1:]]}, "on a slid train, too"),
    ],
)
def test_what_the_impact_stage_leaves_open(changes: dict[str, object], wanted: str) -> None:
    said = impact_unknown([PRICED | changes])
    assert len(said) == 1
    assert wanted in said[0]
    assert impact_unknown([PRICED]) == []


def test_rows_that_share_columns_are_put_together() -> None:
    blocks = np.kron(np.eye(3), np.ones((2, 2)))
    mixed = [0, 2, 4, 1, 3, 5]
    rows, columns = matrix_order(blocks[np.ix_(mixed, mixed)])
    ordered = blocks[np.ix_(mixed, mixed)][np.ix_(rows, columns)]
    assert {tuple(sorted(mixed[row] // 2 for row in rows[at : at + 2])) for at in (0, 2, 4)} == {
        (0, 0),
        (1, 1),
        (2, 2),
    }
    # Blocks on the diagonal: no cell lies farther than one place from it.
    assert np.abs(np.subtract(*np.nonzero(ordered))).max() == 1


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 1000))
def test_an_order_holds_every_row_and_column_once(height: int, width: int, seed: int) -> None:
    sizes = np.random.default_rng(seed).random((height, width)) + 0.1
    rows, columns = matrix_order(sizes)
    assert sorted(rows) == list(range(height))
    assert sorted(columns) == list(range(width))

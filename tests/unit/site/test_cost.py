"""The cost in numbers and sentences, and what its charts are drawn from."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glitch_explorer.coupling.schemas import ALPHA
from glitch_explorer.coupling.witnesses.blocks import LEAST_BLOCKS
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES
from glitch_explorer.impact.drivers import folds
from glitch_explorer.impact.reasons import Reason
from glitch_explorer.site.cost.data import time_volumes, timeline, volumes
from glitch_explorer.site.cost.family import driver_groups, shown_glitch
from glitch_explorer.site.cost.plots import lag_table, swarm, waterfall_steps
from glitch_explorer.site.cost.ranking import (
    cost_rows,
    headline,
    leaders,
    most_recoverable,
    simpler_rankings,
)
from tests.fixtures.macros import macro_text

FACTS = {
    "n_timed": 3,
    "n_glitches": 9,
    "n_segments": 2,
    "n_background": 4,
    "blocks": 7,
    "live_time_s": 5400.0,
}


def test_every_reason_has_a_sentence_with_its_facts_and_what_is_needed() -> None:
    texts = {
        reason: macro_text("cost/reasons.html", "reason_text", {**FACTS, "reason": reason})
        for reason in Reason
    }
    assert not [reason for reason, text in texts.items() if text.startswith(reason)]
    few = f"{folds.LEAST_GLITCHES} in {folds.LEAST_SEGMENTS}"
    assert f"3; a veto needs {LEAST_GLITCHES}, a model {few} segments" in texts[Reason.FEW_TIMED]
    assert f"9 in 2 segments; at least {few} segments are needed" in texts[Reason.FEW_GLITCHES]
    assert "4 for 9 glitches" in texts[Reason.FEW_BACKGROUND]
    assert f"7; {LEAST_BLOCKS} are needed" in texts[Reason.FEW_BLOCKS]
    assert "1.5 h of held-out time" in texts[Reason.NO_ALARM_RATE]
    assert f"at most {ALPHA};" in texts[Reason.NO_WITNESS]
    assert macro_text("cost/reasons.html", "reason_text", {"reason": ""}) == ""


def detector_volumes() -> pd.DataFrame:
    year = 365.25 * 86400
    return pd.DataFrame(
        {
            "ifo": ["H1", "H1", "L1"],
            "volume_mpc3": [2.0, 2.0, None],
            "live_s": [year / 4, year / 4, year],
        }
    )


def test_volume_times_time_is_of_detectors_with_a_range() -> None:
    assert volumes(detector_volumes()) == {"H1": 2.0}
    assert time_volumes(detector_volumes()) == pytest.approx({"H1": 0.5})


def test_a_timeline_adds_up_and_names_the_costliest() -> None:
    """Seven families cost 2 k on one day, and give k back two days later."""
    rows = pd.DataFrame(
        [
            (f"F{k:03d}", "H1", day, 1, 43200.0, sign * k)
            for k in range(1, 8)
            for day, sign in ((86400.0, 2.0), (3 * 86400.0, -1.0))
        ],
        columns=["family", "ifo", "day", "n", "live_s", "cost_mpc3_yr"],
    )
    drawn = timeline(rows, 365.25)
    assert drawn["dates"] == ["1980-01-07", "1980-01-09"]
    # Half a day each, in years times 365.25.
    assert drawn["time_volume"] == [0.5, 0.5]
    assert [part["family"] for part in drawn["series"]] == ["F007", "F006", "F005", "F004", "F003", ""]
    assert drawn["series"][0]["cost"] == [14.0, -7.0]
    assert drawn["series"][-1]["cost"] == [6.0, -3.0]
    assert drawn["others"] == 2


def test_a_timeline_of_nothing_is_empty() -> None:
    none = pd.DataFrame(columns=["family", "ifo", "day", "n", "live_s", "cost_mpc3_yr"], dtype=float)
    assert timeline(none, 1.0) == {"dates": [], "time_volume": [], "series": [], "others": 0}


def shap_values() -> pd.DataFrame:
    return pd.DataFrame(
        [
            ("a", "X", 1.0),
            ("a", "Y", -3.0),
            ("a", "Z", 0.5),
            ("b", "X", 2.0),
            ("b", "Y", 2.0),
            ("b", "Z", 0.0),
            ("c", "X", 0.0),
            ("c", "Y", 0.5),
            ("c", "Z", 0.0),
        ],
        columns=["glitch_id", "channel", "shap"],
    )


def test_the_glitch_shown_is_the_medoid_or_the_one_of_median_margin() -> None:
    """Margins less the base value: a −1.5, b 4, c 0.5; the median is c's."""
    assert shown_glitch(shap_values(), "b") == "b"
    assert shown_glitch(shap_values(), "elsewhere") == "c"


def test_a_waterfall_goes_from_base_to_margin() -> None:
    assert waterfall_steps(shap_values(), "a", 8) == [("Y", -3.0), ("X", 1.0), ("Z", 0.5)]
    assert waterfall_steps(shap_values(), "a", 2) == [("Y", -3.0), ("2 other channels", 1.5)]


def test_lags_are_summed_over_bands_and_ordered() -> None:
    rows = pd.DataFrame(
        [("X", "1-3", -3.0, -1.0, 0.2), ("X", "3-10", -3.0, -1.0, 0.3), ("Y", "1-3", -60.0, -30.0, 0.1)],
        columns=["channel", "band", "lag_low", "lag_high", "mean_abs_shap"],
    )
    table = lag_table(rows, 5)
    assert table.index.tolist() == ["X", "Y"]
    assert table.columns.tolist() == [(-60.0, -30.0), (-3.0, -1.0)]
    np.testing.assert_allclose(table.to_numpy(), [[0.0, 0.5], [0.1, 0.0]])


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=80))
def test_points_of_a_swarm_on_one_place_do_not_hide_each_other(values: list[float]) -> None:
    offsets = swarm(np.array(values))
    assert np.abs(offsets).max() <= 1.0
    for value in set(values):
        group = offsets[np.array(values) == value]
        assert len(set(group)) == len(group)


def test_groups_come_once_in_their_order_with_their_members() -> None:
    rows = pd.DataFrame(
        [("B", "B", 0.1, 2, 0.1), ("A1", "A", 0.2, 1, 0.5), ("A2", "A", 0.4, 1, 0.5)],
        columns=["channel", "group", "mean_abs_shap", "group_rank", "group_mean_abs_shap"],
    ).assign(safety="safe")
    groups = driver_groups(rows)
    assert [(group["group"], group["channel"]) for group in groups] == [("A", "A2"), ("B", "B")]
    assert [member["channel"] for member in groups[0]["members"]] == ["A1", "A2"]


def recoverable_rows() -> pd.DataFrame:
    """Return two channels of one group, of which B recovers more; C recovers nothing."""
    return pd.DataFrame(
        [
            ("A", "A", 1.0, 0.5, 2.0),
            ("B", "A", 2.0, 1.0, 4.0),
            ("C", "C", 0.0, 0.0, 1.0),
            ("D", "D", 3.0, None, None),
        ],
        columns=["channel", "group", "recoverable_mpc3_yr", "recoverable_low", "recoverable_high"],
    ).assign(family="F001", ifo="H1", safety="safe", kind="raw")


def sentence(macro: str, *values: Any) -> str:
    return macro_text("cost/sentences.html", macro, *values)


def test_a_group_of_witnesses_is_listed_once() -> None:
    rows = most_recoverable(recoverable_rows())
    assert rows["channel"].tolist() == ["D", "B"]
    first, second = rows.to_dict("records")
    assert sentence("recoverable", second) == (
        "Removing the coupling of B (one of 2 correlated channels) would recover at most 2.00 Mpc³ yr of "
        "the cost of F001 in H1 (range from both intervals: 1.00 to 4.00)."
    )
    assert sentence("recoverable", first | {"safety": "unknown"}).endswith("(no interval; safety unknown).")
    assert "coupling of D (witness by its flag) would" in sentence(
        "recoverable", first | {"kind": "segments"}
    )


def costs(*rows: tuple[float | None, float | None, float | None]) -> pd.DataFrame:
    """Return costs with their intervals, in order of rank, of families F001, F002, … in H1."""
    table = pd.DataFrame(rows, columns=["cost_mpc3_yr", "cost_low", "cost_high"], dtype=float)
    names = [f"F{number + 1:03d}" for number in range(len(rows))]
    ranks = np.where(table["cost_mpc3_yr"].isna(), np.nan, np.arange(len(rows)) + 1)
    hours = {f"hours_{end}": table[f"cost_{end}"] for end in ("low", "high")}
    hours["hours_per_1000h"] = table["cost_mpc3_yr"]
    return table.assign(family=names, ifo="H1", rank=ranks, reason="", blocks=3, chance_first=np.nan, **hours)


def totals(gates: str = "all") -> pd.DataFrame:
    """Return table "cost_by_detector" of H1; with gates from SNR, those of every glitch beside them."""
    rows = [(gates, True, 90.0), ("all", False, 120.0)][: 1 if gates == "all" else 2]
    table = pd.DataFrame(rows, columns=["gates", "in_cost", "hours_per_1000h"])
    return table.assign(ifo="H1", hours_low=80.0, hours_high=130.0)


LABELS = {"F001": "Blip"}
CLEAR, ACROSS, OPEN = (5.0, 4.0, 6.0), (6.0, -1.0, 9.0), (3.0, None, None)


def test_the_headline_counts_costs_that_are_significant() -> None:
    facts = headline(costs(ACROSS, CLEAR, OPEN), totals(), recoverable_rows(), LABELS)
    assert (facts["n"], facts["n_intervals"], facts["n_sure"]) == (3, 2, 1)
    assert facts["best"] is None
    assert headline(costs(CLEAR), totals(), recoverable_rows(), LABELS)["best"]["channel"] == "D"


def test_families_are_tied_until_their_chances_add_up_to_95_percent() -> None:
    rows = costs(CLEAR, CLEAR, CLEAR, CLEAR)
    for chances, tied in (
        ([0.96, 0.04, 0, 0], ["F001"]),
        ([0.5, 0.5, 0, 0], ["F001", "F002"]),
        ([0.4, 0.55, 0.03, 0.02], ["F002", "F001"]),
        ([0.4, 0.3, 0.2, 0.1], ["F001", "F002", "F003", "F004"]),
        ([None] * 4, ["F001"]),
    ):
        table = rows.assign(chance_first=np.array(chances, float))
        assert leaders(table)["family"].tolist() == tied


def headline_text(rows: pd.DataFrame, by_detector: pd.DataFrame | None = None) -> str:
    by_detector = totals() if by_detector is None else by_detector
    text = sentence("headline", headline(rows, by_detector, recoverable_rows(), LABELS))
    return text.replace("\xa0", " ")


def test_the_total_of_the_detector_comes_first_as_an_upper_bound_or_with_its_proxy() -> None:
    rows = costs(CLEAR).assign(chance_first=1.0)
    assert headline_text(rows).startswith(
        "H1 loses at most 90.0 h per 1000 h of live time to glitches if every glitch were gated (95 % "
        "interval 80.0 to 130). F001 (Blip) costs most in H1: 5.00 h (95 % interval 4.00 to 6.00; chance to "
        "be first 100 %). No search gates every glitch. 1 of 1 cost is significantly above zero (95 %). "
        "Removing the coupling of "
    )
    proxy = headline_text(rows, totals("snr"))
    assert proxy.startswith(
        "H1 loses 90.0 h per 1000 h of live time to glitches with gates from SNR (95 % interval 80.0 to 130) "
        "and at most 120 h if every glitch were gated. F001"
    )
    assert "Gates from SNR are a proxy for those of a search. No search gates every glitch." in proxy


def test_a_tie_names_its_families_with_their_chances() -> None:
    two = costs(CLEAR, CLEAR).assign(chance_first=[0.56, 0.44])
    assert (
        "A tie for the largest cost in H1: F001 (Blip), 5.00 h (95 % interval 4.00 to 6.00; chance to be "
        "first 56 %) and F002, 5.00 h (95 % interval 4.00 to 6.00; chance to be first 44 %)."
        in headline_text(two)
    )
    five = costs(*[CLEAR] * 5).assign(chance_first=0.2)
    assert headline_text(five).count("chance to be first 20 %") == 3
    assert "chance to be first 20 %), before 2 other families." in headline_text(five)


def test_the_headline_has_a_sentence_for_each_case() -> None:
    assert "(95 % interval −1.00 to 9.00, consistent with zero" in headline_text(costs(ACROSS, CLEAR))
    assert "No cost in H1 is significantly above zero." in headline_text(costs(ACROSS))
    assert "No cost in H1 is significantly" not in headline_text(costs(ACROSS, CLEAR))
    assert "The largest cost in H1 is that of F001 (Blip): 3.00 h (no interval: fewer" in headline_text(
        costs(OPEN)
    )
    nothing = costs((None, None, None)).assign(reason="no_range")
    assert "No family's cost in H1 is known: the range" in headline_text(nothing)
    assert headline_text(costs()) == "Nothing has a cost: there is no family, or no live time."


def test_unknown_costs_are_listed_by_detector() -> None:
    nothing = (None, None, None)
    rows = costs(nothing, nothing, nothing, nothing).assign(
        ifo=["L1", "H1", "H1", "H1"], reason=["no_range", "no_range", "no_range", "no_live_time"]
    )
    assert headline_text(rows, totals().head(0)) == (
        "No family's cost in H1 is known: the detector has no live time; the range of the detector is "
        "unknown: too few minutes have one. No family's cost in L1 is known: the range of the detector is "
        "unknown: too few minutes have one."
    )


def test_a_family_that_nothing_gates_is_not_costed_and_not_free() -> None:
    row = costs((None, None, None)).assign(reason="not_gated", range_loss_mpc3_yr=2.0).to_dict("records")[0]
    assert sentence("cost", row, "A") == (
        "F001 (A) in H1: not costed without a search's ranking: none of its glitches is gated. Its range "
        "loss is 2.00 Mpc³ yr."
    )


def test_a_family_has_a_sentence_with_what_is_incomplete() -> None:
    row = costs(CLEAR).to_dict("records")[0]
    assert sentence("cost", row, None).endswith("5.00 h of live time lost per 1000 h; rank 1.")
    assert sentence("cost", row | {"reason": "few_blocks"}, None).endswith("rank 1.")
    assert "rank 1. Incomplete: the range is unknown" in sentence(
        "cost", row | {"reason": "no_range_loss"}, "A"
    )
    unknown = row | {"cost_mpc3_yr": None, "reason": "no_range"}
    assert sentence("cost", unknown, "A").startswith("F001 (A) in H1: the cost is unknown: the range")


def test_families_are_ranked_in_simpler_ways_beside_the_cost() -> None:
    table = costs(CLEAR, OPEN, (None, None, None)).assign(
        n=[3, 9, 9], rate_per_day=1.0, rate_times_snr=2.0, efficiency_over_deadtime=None
    )
    rows = cost_rows(table, LABELS)
    assert [row["simpler"]["n"] for row in rows] == [3, 1, 1]
    assert [row["simpler"]["efficiency_over_deadtime"] for row in rows] == [None] * 3
    assert [row["label"] for row in rows] == ["Blip", None, None]
    assert np.isnan(simpler_rankings(table)[0]["tau"])

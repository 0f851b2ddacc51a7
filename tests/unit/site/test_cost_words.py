"""Numbers and sentences of the cost, and what its charts are drawn from."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glitch_explorer.coupling.witnesses.search import ALPHA
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES
from glitch_explorer.impact.drivers import folds, skill
from glitch_explorer.impact.reasons import Reason
from glitch_explorer.site.cost.answers import driver_groups, shown_glitch
from glitch_explorer.site.cost.data import time_volumes, timeline, volumes
from glitch_explorer.site.cost.plots import lag_table, swarm, waterfall_steps
from glitch_explorer.site.cost.words import (
    error_text,
    most_recoverable,
    place_text,
    range_text,
    reason_text,
    recoverable_text,
)
from glitch_explorer.site.numbers import amount_text, key_text
from glitch_explorer.site.pages import legible

FACTS = {
    "n_timed": 3,
    "n_glitches": 9,
    "n_segments": 2,
    "n_background": 4,
    "blocks": 7,
    "live_time_s": 5400.0,
}


def test_every_reason_has_a_sentence_with_its_facts_and_what_is_needed() -> None:
    said = {reason: reason_text({**FACTS, "reason": reason}) for reason in Reason}
    assert not [reason for reason, text in said.items() if text.startswith(reason)]
    few = f"{folds.LEAST_GLITCHES} in {folds.LEAST_SEGMENTS}"
    assert f"3; a veto needs {LEAST_GLITCHES}, a model {few} segments" in said[Reason.FEW_TIMED]
    assert f"9 in 2 segments; {few} are needed" in said[Reason.FEW_GLITCHES]
    assert "4 for 9 glitches" in said[Reason.FEW_BACKGROUND]
    assert f"7; {skill.LEAST_BLOCKS} are needed" in said[Reason.FEW_BLOCKS]
    assert "1.5 h of held-out time" in said[Reason.NO_ALARM_RATE]
    assert f"up to {ALPHA})" in said[Reason.NO_WITNESS]
    assert reason_text({"reason": ""}) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (12.345, "12.3"),
        (-0.98765, "−0.988"),
        (0.00123, "0.00123"),
        (9.996, "10.0"),
        (12345.6, "12\u202f300"),
        (1234567, "1\u202f234\u202f567"),
        (0.0000123, "1.23\u00a0×\u00a010⁻⁵"),
        (-4.5e12, "−4.50\u00a0×\u00a010¹²"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_amounts_have_three_digits(value: float | None, text: str) -> None:
    assert amount_text(value) == text


@given(st.floats(1e-3, 1e8), st.booleans())
def test_an_amount_reads_back_to_half_a_unit_of_its_third_digit(size: float, negative: bool) -> None:
    value = -size if negative else size
    read = float(amount_text(value).replace("\u202f", "").replace("−", "-"))
    assert read == pytest.approx(value, rel=5.01e-3)


def test_keys_sort_as_numbers_and_are_empty_without_one() -> None:
    assert [key_text(value) for value in (1.5, -2, None, float("nan"))] == ["1.5", "-2", "", ""]


def test_intervals_say_whether_they_hold_0() -> None:
    assert range_text(None, 1.0) == ""
    assert error_text(-1.0, 2.0) == "95\u00a0% interval −1.00 to 2.00, which holds 0"
    assert error_text(1.0, 2.0) == "95\u00a0% interval 1.00 to 2.00"
    assert error_text(None, None) == "no interval: under ten blocks of time"


def test_signs_that_turn_text_are_shown() -> None:
    assert legible("a\u202eb\u2066c") == "a\ufffdb\ufffdc"
    assert legible(3) == 3
    assert place_text({"family": "F001", "ifo": "H1"}) == "F001 in H1"


def cost_rows() -> pd.DataFrame:
    year = 365.25 * 86400
    return pd.DataFrame(
        {
            "ifo": ["H1", "H1", "L1"],
            "volume_mpc3": [2.0, 2.0, None],
            "live_s": [year / 4, year / 4, year],
        }
    )


def test_volume_times_time_is_of_detectors_with_a_range() -> None:
    assert volumes(cost_rows()) == {"H1": 2.0}
    assert time_volumes(cost_rows()) == pytest.approx({"H1": 0.5})


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
    drawn = timeline(rows, {"H1": 365.25})
    assert drawn["dates"] == ["1980-01-07", "1980-01-09"]
    # Half a day each, in years times 365.25.
    assert drawn["held"] == [0.5, 0.5]
    assert [one["family"] for one in drawn["series"]] == ["F007", "F006", "F005", "F004", "F003", ""]
    assert drawn["series"][0]["cost"] == [14.0, -7.0]
    assert drawn["series"][-1]["cost"] == [6.0, -3.0]
    assert drawn["others"] == 2


def test_a_timeline_of_nothing_is_empty() -> None:
    none = pd.DataFrame(columns=["family", "ifo", "day", "n", "live_s", "cost_mpc3_yr"], dtype=float)
    assert timeline(none, {}) == {"dates": [], "held": [], "series": [], "others": 0}


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
    assert shown_glitch(shap_values(), "b") == ("b", "the medoid")
    assert shown_glitch(shap_values(), "elsewhere")[0] == "c"


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
        own = offsets[np.array(values) == value]
        assert len(set(own)) == len(own)


def test_groups_come_once_in_their_order_with_their_members() -> None:
    rows = pd.DataFrame(
        [("B", "B", 0.1, 2, 0.1), ("A1", "A", 0.2, 1, 0.5), ("A2", "A", 0.4, 1, 0.5)],
        columns=["channel", "group", "mean_abs_shap", "group_rank", "group_mean_abs_shap"],
    ).assign(safety="safe")
    groups = driver_groups(rows)
    assert [(one["group"], one["channel"]) for one in groups] == [("A", "A2"), ("B", "B")]
    assert [member["channel"] for member in groups[0]["members"]] == ["A1", "A2"]


def test_a_group_of_witnesses_is_told_once() -> None:
    """A and B are one group, of which B gives more back; C gives nothing."""
    rows = pd.DataFrame(
        [
            ("A", "A", 1.0, 0.5, 2.0),
            ("B", "A", 2.0, 1.0, 4.0),
            ("C", "C", 0.0, 0.0, 1.0),
            ("D", "D", 3.0, None, None),
        ],
        columns=["channel", "group", "recoverable_mpc3_yr", "recoverable_low", "recoverable_high"],
    ).assign(family="F001", ifo="H1", safety="safe")
    told = most_recoverable(rows)
    assert told["channel"].tolist() == ["D", "B"]
    assert recoverable_text(told.iloc[1].to_dict()) == (
        "Removing the coupling of B (one of 2 correlated channels) would give back at most "
        "2.00\u00a0Mpc³\u00a0yr of F001 in H1 (95\u00a0% interval 1.00 to 4.00)."
    )
    assert "(no interval)" in recoverable_text(told.iloc[0].to_dict())

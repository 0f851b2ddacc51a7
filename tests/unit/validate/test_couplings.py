"""Planted against measured witnesses: answers worked out by hand."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from glitch_explorer.core import files, tables
from glitch_explorer.validate import couplings as validate
from glitch_explorer.validate.check import Check, as_markdown, chance_check
from glitch_explorer.validate.page import outcome, write_validation_page
from glitch_explorer.validate.schemas import COUPLINGS, MONTH, PLANTED_COSTS, PLANTED_DRIVERS
from glitch_explorer.validate.truth import compositions

WITNESS, COPY, BUSY, UNSAFE, OTHER = (f"H1:{name}" for name in ("MAG", "MAG_COPY", "BUSY", "HEARS", "OTHER"))
GROUPS = {COPY: WITNESS}


def plant(name="Hum", channel=WITNESS, lag_s=0.0, kind="thump"):
    return {"class": name, "ifo": "H1", "channel": channel, "band": [10.0, 30.0], "lag_s": lag_s,
            "relation": "leads" if lag_s < 0 else "co-moves", "kind": kind}  # fmt: skip


def truth(*plants, slow=()):
    decoys = [{"channel": BUSY, "kind": "bursty"}, {"channel": UNSAFE, "kind": "unsafe"},
              {"channel": COPY, "kind": "correlated", "group": WITNESS}]  # fmt: skip
    return {"witnesses": list(plants), "decoys": decoys, "slow_drivers": list(slow)}


EFFECT = {"excess_low": 0.4, "excess_high": 0.6, "represents": False, "strong": True} | dict.fromkeys(
    ("channel_excess", "channel_excess_low", "channel_excess_high"), np.nan
)


def row(family, channel, rank, p, *, t=5.0, lag=0.0, relation="co-moves", band="10-30"):
    unsafe = channel == UNSAFE
    return {
        "family": family, "ifo": "H1", "channel": channel, "group": GROUPS.get(channel, channel),
        "rank": None if unsafe else rank, "p_fwer": np.nan if unsafe else p,
        "q_value": np.nan if unsafe else p, "t_peak": t, "lag": lag, "relation": relation, "band": band,
        "excess_efficiency": 0.5, "safety": "unsafe" if unsafe else "safe", **EFFECT,
    }  # fmt: skip


def witnesses(*rows):
    return pd.DataFrame(rows).astype({"rank": "Int64"})


def composition(*rows):
    return pd.DataFrame(rows, columns=["family", "ifo", "class", "n", "present"])


def hum(family="F001", n=20, present=("Hum",)):
    return (family, "H1", "Hum", n, present)


def quiet(family):
    return (family, "H1", "Blip", 20, ("Blip",))


def value(checks, name):
    return next(check for check in checks if check.name == name)


def test_a_family_stands_for_the_class_of_more_than_half_of_it():
    planted = ["Hum"] * 6 + ["Blip"] * 4 + ["Hum"] * 5 + ["Blip"] * 5 + [None]
    families = ["F001"] * 10 + ["F002"] * 10 + ["F001"]
    ids = [f"g{i}" for i in range(21)]
    table = pd.DataFrame({"glitch_id": ids, "family": families})
    ifo = ["H1"] * 6 + ["L1"] * 4 + ["H1"] * 10 + ["H1"]
    counts = compositions(table, pd.DataFrame({"glitch_id": ids, "ifo": ifo}), pd.Series(planted))
    assert counts.fillna("a mixture").values.tolist() == [
        ["F001", "H1", "Hum", 6, ("Hum",)],
        ["F001", "L1", "Hum", 4, ("Blip",)],
        ["F002", "H1", "a mixture", 10, ("Blip", "Hum")],
    ]


def test_the_channels_best_row_is_compared():
    measured = witnesses(
        row("F001", WITNESS, 1, 0.01, t=4.0, lag=-9.0),
        row("F001", WITNESS, 1, 0.002, t=-8.0, lag=-3.0, relation="leads", band="3-10"),
        row("F001", OTHER, 2, 0.7, t=3.0),
    )
    table = validate.couplings_table(composition(hum()), measured, truth(plant(lag_s=-2.0)))
    assert len(table) == 1
    one = table.iloc[0]
    assert (one["band"], one["rank"], one["lag"], one["lag_error"]) == ("3-10", 1, -3.0, -1.0)
    checks = validate.witness_checks(table)
    assert [round(check.value, 3) for check in checks] == [1, 1, 1, 1, 1, 1]
    tables.conform(COUPLINGS, table)


def test_a_witness_without_a_family_is_a_miss_of_recall_but_no_row_of_hits():
    measured = witnesses(row("F001", OTHER, 1, 0.01), row("F001", WITNESS, 2, 0.2, lag=3.0))
    table = validate.couplings_table(composition(hum()), measured, truth(plant(), plant("Whistle")))
    checks = validate.witness_checks(table)
    assert (value(checks, "witness_hit_at_1").value, value(checks, "witness_hit_at_1").n) == (0.0, 1)
    assert (value(checks, "witness_recall_at_1").value, value(checks, "witness_recall_at_1").n) == (0.0, 2)
    assert value(checks, "witness_recall_at_3").value == 0.5
    assert value(checks, "witness_lag").n == 0  # what is not significant has no lag to be wrong


def test_a_family_with_two_witnesses_needs_one_first_and_both_among_three():
    channels = [(OTHER, 1, 0.01), (WITNESS, 1, 0.01), (BUSY, 2, 0.5)]
    measured = witnesses(*(row("F001", *channel) for channel in channels))
    plants = (plant(), plant(channel=BUSY))
    checks = validate.witness_checks(validate.couplings_table(composition(hum()), measured, truth(*plants)))
    assert value(checks, "witness_hit_at_1").value == 1.0
    assert value(checks, "witness_recall_at_1").value == 0.5
    assert value(checks, "witness_recall_at_3").value == 1.0


def test_a_class_in_two_families_counts_with_both():
    measured = witnesses(row("F001", WITNESS, 1, 0.01), row("F002", WITNESS, 4, 0.6))
    table = validate.couplings_table(composition(hum(), hum("F002", 9)), measured, truth(plant()))
    assert table["n_glitches"].tolist() == [20, 9]
    assert value(validate.witness_checks(table), "witness_recall_at_3").value == 0.5


def test_false_discoveries_are_groups_without_a_planted_witness():
    measured = witnesses(
        row("F001", WITNESS, 1, 0.002), row("F001", COPY, 1, 0.002), row("F001", BUSY, 2, 0.04),
        row("F001", BUSY, 2, 0.03, t=6.0, band="mean"), row("F001", OTHER, 3, 0.06),
        row("F001", UNSAFE, None, 0),
        row("F002", WITNESS, 1, 0.01),
        row("F003", OTHER, 1, 0.5),
    )  # fmt: skip
    rows = composition(hum(), quiet("F002"), quiet("F003"))
    counted = validate.discoveries(rows, measured, truth(plant()))
    assert counted["coupled"].tolist() == [True, False, False]
    assert counted["groups"].tolist() == [2, 1, 0]
    assert counted["false"].tolist() == [1, 1, 0]
    assert counted["decoy"].fillna(1).tolist() == [0.03, 1, 1]
    checks = validate.discovery_checks(counted)
    assert value(checks, "false_discovery_proportion").value == 0.5
    assert not value(checks, "false_discovery_proportion").passed
    assert value(checks, "families_without_witness").value == pytest.approx(1 - 0.95**2)
    assert value(checks, "decoys").value == pytest.approx(1 - 0.95**3)


def test_classes_that_lend_a_tenth_lend_their_witnesses():
    measured = witnesses(row("F001", WITNESS, 1, 0.002), row("F001", BUSY, 2, 0.01))
    mixed = composition(("F001", "H1", "Blip", 20, ("Blip", "Hum")))
    counted = validate.discoveries(mixed, measured, truth(plant()))
    assert (counted["coupled"][0], counted["groups"][0], counted["false"][0]) == (True, 2, 1)
    slow = [{"class": "Hum", "ifo": "H1", "channel": BUSY, "band": [0.1, 0.3]}]
    assert np.isnan(validate.discoveries(mixed, measured, truth(plant(), slow=slow))["decoy"][0])


def test_chance_is_the_exact_binomial():
    check = chance_check("x", pd.Series([True] * 16 + [False] * 184))
    assert check.value == pytest.approx(binom.sf(15, 200, 0.05))
    assert (check.passed, check.rejected, check.n) == (True, 16, 200)
    assert not chance_check("x", pd.Series([True] * 18 + [False] * 182)).passed


def test_unsafe_rows_and_copies():
    good = witnesses(row("F001", WITNESS, 1, 0.01), row("F001", COPY, 1, 0.01), row("F001", UNSAFE, None, 0))
    assert validate.safety_check(good).passed
    assert validate.copies_check(good, truth()).value == 1.0
    bad = good.assign(rank=1, group=good["channel"])
    assert validate.safety_check(bad).value == 1.0
    assert not validate.safety_check(bad).passed
    assert validate.copies_check(bad, truth()).value == 0.0


def test_slow_drivers_are_found_in_a_band_that_overlaps():
    slow = pd.DataFrame(
        [("F001", "H1", "0.1-0.3", "rises"), ("F001", "H1", "1-6", "rises"), ("F002", "H1", "1-6", "rises"),
         ("F003", "H1", "0.1-0.3", "too short")],
        columns=["family", "ifo", "band", "answer"],
    )  # fmt: skip
    rows = composition(hum(), hum("F002"), hum("F003"))
    planted = truth(slow=[{"class": "Hum", "ifo": "H1", "channel": BUSY, "band": [0.1, 0.3]}])
    check = validate.slow_check(rows, slow, planted)
    assert (check.value, check.n) == (1.0, 1)
    more = pd.concat([slow, pd.DataFrame([("F002", "H1", "0.1-0.3", "nothing found")], columns=slow.columns)])
    assert validate.slow_check(rows, more, planted).value == 0.5


@pytest.mark.parametrize(
    ("matched", "answers", "passed"),
    [((0.8, 0.3), "yes", True), ((0.3, 0.8), "yes", False), ((0.8, 0.3), "no", False)],
)
def test_the_planted_optic_must_fit_best(matched, answers, passed):
    fringes = pd.DataFrame(
        {"family": "F001", "ifo": "H1", "channel": [WITNESS, OTHER], "matched": matched, "answer": answers}
    )
    check = validate.scattering_check(composition(hum()), fringes, truth(plant(kind="fringe")))
    assert (check.passed, check.n) == (passed, 1)


def test_the_largest_value_may_be_the_bound():
    check = Check("false", 0.07, 5, 0.06, at_most=True)
    assert not check.passed
    assert "| false | 0.070 | ≤ 0.06 | **no** | 5 |" in as_markdown([check])


def compared():
    """Return planted witnesses that end in each outcome, in the order of the table."""
    rows = witnesses(
        row("F001", WITNESS, 1, 0.01), row("F001", OTHER, 2, 0.5), row("F001", BUSY, 1, 0.01, lag=5.0),
        row("F001", COPY, 1, 0.5),
    )  # fmt: skip
    channels = [WITNESS, OTHER, BUSY, COPY, "H1:X"]
    plants = [*(plant(channel=channel) for channel in channels), plant("<b>Whistle</b>")]
    return validate.couplings_table(composition(hum()), rows, truth(*plants))


def test_each_planted_witness_has_an_outcome():
    outcomes = {line["channel"]: outcome(line) for line in compared().to_dict("records") if line["family"]}
    assert outcomes == {
        WITNESS: "recovered", OTHER: "lower group", BUSY: "other lag", COPY: "not significant",
        "H1:X": "not ranked",
    }  # fmt: skip


def test_the_page_shows_checks_witnesses_drivers_and_costs(tmp_path):
    tables.write(COUPLINGS, compared(), tmp_path / "couplings.parquet")
    checks = [
        Check("witness_hit_at_1", 0.9, 5, 0.95),
        Check("driver_beats", 0.1, 5, no_bound="power"),
        Check("decoys", 0.4, 7, 0.025, rejected=2),
    ]
    report = [{**asdict(check), "passed": check.passed} for check in checks]
    files.write_json(tmp_path / "validation.json", {"passed": False, "checks": report})
    driver = {"planted_class": "<b>Hum", "ifo": "H1", "kind": "interaction", "family": "F001",
              "model": "random_forest", "n_glitches": 30, "beats": True, "ap": 0.6, "ap_baseline": 0.2,
              "top_group": "H1:X<", "hit": False, "reason": ""}  # fmt: skip
    unexplained = {"hit": None, "top_group": None, "reason": "few_glitches"}
    drivers = pd.DataFrame([driver, driver | unexplained]).astype({"hit": "boolean"})
    tables.write(PLANTED_DRIVERS, drivers, tmp_path / "drivers.parquet")
    numbers = dict.fromkeys(PLANTED_COSTS.names[3:], 7)
    costs = pd.DataFrame([{"planted_class": "Hum", "ifo": "H1", "family": "F001", **numbers}])
    tables.write(PLANTED_COSTS, costs, tmp_path / "costs.parquet")
    month = {"family": "F<1>", "ifo": "H1", "channel": "H1:GND", "n_glitches": 40, "clock": False,
             "planted_ratio": 2.0, "ratio": 1.9, "ratio_low": 1.4, "ratio_high": 2.6, "p_value": 0.002,
             "p_fwer": 0.004, "answer": "rises"}  # fmt: skip
    idle = month | {"channel": "H1:COPY", "planted_ratio": 1.0}
    tables.write(MONTH, pd.DataFrame([month, idle]), tmp_path / "month.parquet")
    write_validation_page(tmp_path, tmp_path / "page.html", witnesses=True, cost=True)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    for words in ("1 of 2 checks with a bound fails. 1 has no bound; the table says why.",
                  "2 of 7 rejected; value: binomial probability", "no bound: it grows with the amount",
                  ">recovered</td>", "recovered at another lag", "not first", "first, not significant",
                  "no searched family", "not searched", "an interaction",
                  "the first group is <code>H1:X&lt;", "too few glitches", "7.00 → 7.00",
                  "F&lt;1&gt;", "2.00 → 1.90", "1.40 to 2.60",
                  "&lt;b&gt;Hum", "&lt;b&gt;Whistle&lt;/b&gt;"):  # fmt: skip
        assert words in text, words
    assert "H1:COPY" not in text
    assert "<b>Whistle" not in text

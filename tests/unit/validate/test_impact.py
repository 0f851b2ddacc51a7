"""Planted against measured drivers and costs: answers worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.validate import impact as validate

MAG, FAN, COPY = "H1:MAG", "H1:FAN", "H1:MAG_COPY"


def composition(*rows):
    return pd.DataFrame(rows, columns=["family", "ifo", "class", "n", "present"])


def skill(*rows):
    names = ["family", "model", "beats", "slid_beats", "reason"]
    return pd.DataFrame(rows, columns=names).assign(
        ifo="H1", view="witness", n_glitches=30, ap=0.6, ap_baseline=0.2
    )


def drivers(*rows):
    table = pd.DataFrame(rows, columns=["family", "model", "channel", "group", "group_rank"])
    return table.assign(ifo="H1", view="witness").astype({"group_rank": "Int64"})


TRUTH = {
    "drivers": [
        {"class": "Hum", "ifo": "H1", "kind": "single", "channels": [MAG]},
        {"class": "Bang", "ifo": "H1", "kind": "single", "channels": [FAN]},
        {"class": "Gone", "ifo": "H1", "kind": "pair", "channels": [MAG, FAN]},
    ]
}
COMPOSITION = composition(
    ("F001", "H1", "Hum", 30, ("Hum",)), ("F002", "H1", "Bang", 30, ("Bang",)), ("F003", "H1", None, 9, ())
)


def test_a_driver_in_the_first_group_is_a_hit_also_under_the_name_of_its_copy():
    planted = validate.drivers_table(
        COMPOSITION,
        drivers(
            ("F001", "xgboost", COPY, COPY, 1), ("F001", "xgboost", MAG, COPY, 1),
            ("F001", "xgboost", FAN, FAN, 2), ("F002", "xgboost", MAG, COPY, 1),
        ),
        skill(
            ("F001", "xgboost", True, False, ""), ("F002", "xgboost", True, True, ""),
            ("F002", "random_forest", False, False, ""), ("F003", "xgboost", False, None, "few_glitches"),
        ),
        TRUTH,
    )  # fmt: skip
    assert planted[["family", "model"]].to_numpy().tolist() == [
        ["F001", "xgboost"], ["F002", "xgboost"], ["F002", "random_forest"],
    ]  # fmt: skip
    assert planted["hit"].tolist()[:2] == [True, False]
    assert planted["hit"].isna().tolist() == [False, False, True]
    assert planted["top_group"].tolist()[:2] == [COPY, COPY]
    checks = {check.name: check for check in validate.driver_checks(planted, skill(
        *[("F001", "xgboost", True, False, "")] * 19, ("F002", "xgboost", True, True, ""),
        ("F003", "xgboost", False, None, "few_glitches"),
    ))}  # fmt: skip
    assert (checks["driver_hit"].value, checks["driver_hit"].n) == (0.5, 2)
    assert checks["driver_beats"].value == pytest.approx(2 / 3)
    assert checks["driver_slid"].n == 20
    assert checks["driver_slid"].value == pytest.approx(1 - 0.95**20)  # one or more of twenty at 0.05


def test_order_counts_only_costs_that_are_well_apart():
    planted = np.array([10.0, 9.0, 5.0, 1.0])
    # 10 and 9 are too near to count: their exchange costs nothing.
    assert validate.order_of(planted, np.array([8.0, 9.0, 5.0, 1.0])) == (1.0, 5)
    # Pairs: 10>5, 10>1, 9>5, 9>1, 5>1; the last one is turned.
    assert validate.order_of(planted, np.array([9.0, 8.0, 1.0, 2.0])) == (pytest.approx(0.6), 5)
    assert validate.order_of(planted, np.array([9.0, np.nan, np.nan, 2.0])) == (1.0, 1)
    assert validate.order_of(planted[:1], planted[:1])[1] == 0


def test_costs_of_a_class_in_one_family_are_compared():
    def plant(name, cost):
        return {"class": name, "ifo": "H1", "n": 30, "marginal_deadtime_s": 3.0,
                "range_loss_mpc3_yr": 1.0, "cost_mpc3_yr": cost}  # fmt: skip

    families = composition(
        ("F001", "H1", "Hum", 30, ()), ("F002", "H1", "Bang", 30, ()), ("F003", "H1", "Split", 9, ()),
        ("F004", "H1", "Split", 9, ()),
    )  # fmt: skip
    cost = pd.DataFrame(
        {"family": ["F001", "F002", "F003", "F004"], "ifo": "H1", "n": 29, "marginal_deadtime_s": 2.5,
         "range_loss_mpc3_yr": 0.9, "cost_mpc3_yr": [4.0, 1.0, 1.0, 1.0],
         "cost_low": [3.0, 1.5, 0.0, 0.0], "cost_high": [6.0, 2.5, 1.0, 1.0]}
    )  # fmt: skip
    truth = {"costs": [plant("Hum", 5.0), plant("Bang", 1.0), plant("Split", 2.0), plant("Gone", 2.0)]}
    planted = validate.costs_table(families, cost, truth)
    assert planted["planted_class"].tolist() == ["Hum", "Bang"]
    checks = {check.name: check for check in validate.cost_checks(planted)}
    assert (checks["cost_order"].value, checks["cost_order"].n) == (1.0, 1)
    assert (checks["cost_covered"].value, checks["cost_covered"].n) == (0.5, 2)


def test_models_of_families_without_a_driver_are_counted():
    families = composition(
        ("F001", "H1", "Hum", 30, ("Hum",)), ("F001", "L1", "Hum", 30, ("Hum",)),
        ("F002", "H1", None, 30, ("Hum", "Quiet")), ("F003", "H1", "Quiet", 9, ("Quiet",)),
    )  # fmt: skip
    rows = skill(
        ("F001", "xgboost", True, False, ""), ("F002", "xgboost", True, False, ""),
        ("F003", "xgboost", True, False, ""), ("F003", "random_forest", False, False, "no_gain"),
    ).assign(p_value=0.01)  # fmt: skip
    elsewhere = skill(("F001", "xgboost", False, False, "no_gain")).assign(ifo="L1", p_value=0.4)
    unfit = elsewhere.assign(model="random_forest", p_value=np.nan)
    undriven = validate.undriven_models(families, pd.concat([rows, elsewhere, unfit]), TRUTH)
    # Hum has a driver in H1 alone, and brings it into F002.
    assert undriven[["family", "ifo"]].to_numpy().tolist() == [["F003", "H1"], ["F003", "H1"], ["F001", "L1"]]
    check = validate.undriven_check(undriven)
    assert (check.value, check.n) == (0.5, 2)
    assert check.bound == pytest.approx(0.05 + 2 * np.sqrt(0.05 * 0.95 / 2))
    assert not check.passed
    assert validate.undriven_check(undriven.iloc[:0]).passed

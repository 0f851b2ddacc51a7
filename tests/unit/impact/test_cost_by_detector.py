"""Costs of whole detectors, and the chance of each family to cost most in one."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.impact.test_cost import ROWS, SPANS, VOLUME, YEAR, costs, one_row, segments


def test_a_detector_costs_all_its_glitches_together_and_at_most_with_every_glitch_gated():
    result = costs(ROWS, SPANS).by_detector
    assert result["gates"].tolist() == ["all"]
    # [99.5, 101.75], [4998.5, 5002.5], [7299.5, 7300.5]: what families share counts, the unassigned too.
    assert result["gated_s"].tolist() == [pytest.approx(7.25)]
    np.testing.assert_allclose(result["cost_mpc3_yr"], VOLUME * 7.25 / YEAR)
    np.testing.assert_allclose(result["hours_per_1000h"], 1000 * 7.25 / 120000)
    loud = [
        (ifo, time, family, more | {"snr": 60.0 if time == 5000 else 9.0}) for ifo, time, family, more in ROWS
    ]
    result = costs(loud, SPANS, gate_snr=50.0).by_detector.set_index("gates")
    assert result["in_cost"].to_dict() == {"snr": True, "all": False}
    assert result["n_gated"].to_dict() == {"snr": 1, "all": 6}
    assert result["gated_s"].to_dict() == {"snr": pytest.approx(3.0), "all": pytest.approx(7.25)}


def test_the_range_loss_of_a_detector_is_the_sum_of_its_families():
    rows = [("H1", 90.0 + 300 * k, f"F00{k % 3}", {"snr": 8.0 + k}) for k in range(14)]
    drop = {60.0 * ((90 + 300 * k) // 60): 20.0 for k in range(8)}
    result = costs(rows, SPANS, lost={"H1": drop})
    total = result.by_detector["range_loss_mpc3_yr"].iloc[0]
    assert total == pytest.approx(result.cost["range_loss_mpc3_yr"].sum())


def test_the_chance_to_be_first_is_by_detector_and_leaves_out_the_unassigned():
    rng = np.random.default_rng(5)
    spans = pd.concat([SPANS, SPANS.assign(ifo="L1")], ignore_index=True)
    number = {
        ("H1", "F001"): 60,
        ("H1", "F002"): 60,
        ("L1", "F001"): 5,
        ("L1", "F002"): 60,
        ("L1", "-1"): 300,
    }
    rows = [
        (ifo, float(start + rng.uniform(1, 5999)), family, {})
        for (ifo, family), count in number.items()
        for start in rng.choice(spans["start"].unique(), count)
    ]
    chance = costs(rows, spans).cost.set_index(["ifo", "family"])["chance_first"]
    assert chance["H1"].sum() == pytest.approx(1)
    assert chance["H1"].between(0.05, 0.95).all()
    assert chance["L1", "F002"] == pytest.approx(1, abs=0.001)
    assert one_row([("H1", 100.0, "F001", {})], SPANS)["chance_first"] == 1
    few = segments(*(("H1", 100.0 * k, 100.0 * k + 90) for k in range(4)))
    assert pd.isna(one_row([("H1", 10.0, "F001", {})], few)["chance_first"])

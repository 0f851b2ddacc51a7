"""SHAP values are summed with their sign over groups before their size is averaged."""

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core import tables
from glitch_explorer.coupling.schemas import CHANNEL_GROUPS
from glitch_explorer.impact.drivers.gather import (
    driver_table,
    gather_drivers,
    group_importance,
    skill_table,
)
from glitch_explorer.impact.schemas import DRIVERS, FAMILY_DRIVERS, FAMILY_SKILL, SHAP_VALUES, SKILL

KEY = {"family": "F001", "ifo": "H1", "view": "witness", "model": "xgboost"}
#: Channels A and B share one effect: each has it in turn, both have it, or their SHAP values cancel.
SHAP = {"H1:A": [3.0, -1.0, 2.0], "H1:B": [-3.0, 2.0, 2.0], "H1:C": [1.0, 1.5, -2.0]}
GROUPS = pd.DataFrame({"channel": ["H1:A", "H1:B", "H1:C"], "group": ["H1:A", "H1:A", "H1:C"]})


def values(**changes):
    rows = [
        {**KEY, "glitch_id": f"G{k}", "event_time": float(k), "channel": channel, "shap": shap, "value": 1.0}
        for channel, phi in SHAP.items()
        for k, shap in enumerate(phi)
    ]
    return pd.DataFrame(rows).assign(**changes)


def drivers():
    base = {**KEY, "shap_unit": "log-odds", "perturbation": "tree path dependent", "safety": "safe"}
    base |= {"ap": 0.5, "ap_baseline": 0.1, "brier_skill": 0.2, "reason": ""}
    rows = [{**base, "channel": c, "mean_abs_shap": float(np.abs(v).mean())} for c, v in SHAP.items()]
    return pd.DataFrame([*rows, base | {"view": "precursor", "channel": "", "reason": "few_glitches"}])


def models(*p_values):
    """Build table "family_skill" of one model a family, the second feature set of the first not fitted."""
    rows = [
        {**KEY, "family": f"F{k:03d}", "p_value": p, "reason": "" if p <= 0.05 else "no_gain"}
        for k, p in enumerate(p_values, start=1)
    ]
    rows.append({**KEY, "view": "precursor", "p_value": np.nan, "reason": "few_glitches"})
    counts = dict.fromkeys(("n_timed", "n_glitches", "n_background", "n_segments", "n_folds", "blocks"), 20)
    return pd.DataFrame([dict.fromkeys(FAMILY_SKILL.names) | counts | row for row in rows])


def test_q_values_are_those_of_all_models():
    table = skill_table(models(0.001, 0.02, 0.045, 0.3))
    assert len(tables.conform(SKILL, table)) == 5
    # Four models have a p-value: p * 4 / rank.
    assert table["q_value"].to_numpy()[:4] == pytest.approx([0.004, 0.04, 0.06, 0.3])
    assert table["q_value"].isna().tolist() == [False] * 4 + [True]
    assert table["beats"].tolist() == [True, True, False, False, False]
    assert table["reason"].tolist() == ["", "", "many_models", "no_gain", "few_glitches"]
    assert not skill_table(models(np.nan))["beats"].any()


def test_a_model_that_does_not_survive_among_all_is_not_reported():
    skill = skill_table(models(0.03, 0.9))
    table = driver_table(skill[skill["family"] == "F001"], drivers(), values(), GROUPS)
    assert table["gated"].all()
    assert (table["channel"] == "").all()
    assert table["mean_abs_shap"].isna().all()
    assert table["group_rank"].isna().all()
    reasons = table.set_index("view")["reason"]
    assert (reasons["witness"], reasons["precursor"]) == ("many_models", "few_glitches")


def test_group_importance_by_hand():
    table = group_importance(values(), GROUPS).set_index("group")
    # abs(3 - 3), abs(-1 + 2), abs(2 + 2): 5 / 3, though the channels' own sizes are 2 and 7 / 3.
    assert table.loc["H1:A", "group_mean_abs_shap"] == pytest.approx(5 / 3)
    assert table.loc["H1:C", "group_mean_abs_shap"] == pytest.approx(1.5)
    assert table["group_rank"].tolist() == [1, 2]


def test_units_are_never_ranked_together():
    both = pd.concat([values(), values(model="random_forest", shap=0.01)])
    table = group_importance(both, GROUPS)
    assert sorted(table["group_rank"]) == [1, 1, 2, 2]


def test_the_table_has_every_channel_and_every_gated_model():
    table = driver_table(skill_table(models(0.01)), drivers(), values(), GROUPS)
    assert len(tables.conform(DRIVERS, table)) == 4
    gated = table[table["gated"]].iloc[0]
    assert (gated["channel"], gated["reason"]) == ("", "few_glitches")
    assert pd.isna(gated["group_rank"])
    reported = table[~table["gated"]]
    assert reported["channel"].tolist() == ["H1:B", "H1:A", "H1:C"]
    assert reported["group_rank"].tolist() == [1, 1, 2]


def test_families_without_drivers_are_gathered_too(tmp_path):
    for name, schema, rows in (
        ("skill", FAMILY_SKILL, models(0.01)),
        ("drivers", FAMILY_DRIVERS, drivers()),
        ("shap_values", SHAP_VALUES, values()),
    ):
        tables.write(schema, rows, tmp_path / "F001" / f"{name}.parquet")
        tables.write(schema, tables.empty(schema), tmp_path / "F002" / f"{name}.parquet")
    tables.write(CHANNEL_GROUPS, tables.empty(CHANNEL_GROUPS), tmp_path / "H1.parquet")
    out = {"skill": tmp_path / "skill.parquet", "drivers": tmp_path / "drivers.parquet"}
    gather_drivers([tmp_path / "F001", tmp_path / "F002"], [tmp_path / "H1.parquet"], **out)
    assert tables.read(SKILL, out["skill"])["beats"].tolist() == [True, False]
    table = tables.read(DRIVERS, out["drivers"])
    # In no group a channel is its own.
    assert table.dropna(subset="group_rank")["group"].tolist() == ["H1:B", "H1:A", "H1:C"]
    gather_drivers([tmp_path / "F002"], [tmp_path / "H1.parquet"], **out)
    assert tables.read(DRIVERS, out["drivers"]).empty
    assert tables.read(SKILL, out["skill"]).empty

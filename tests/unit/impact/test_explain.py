"""Planted drivers are recovered; models that do not beat their baseline are not reported."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core import tables
from glitch_explorer.coupling.channels.live_time import LiveTime
from glitch_explorer.impact.drivers import folds, training
from glitch_explorer.impact.drivers.explain import TABLES, explain, unexplained
from glitch_explorer.impact.reasons import Reason
from glitch_explorer.impact.schemas import FAMILY_DRIVERS, FAMILY_SKILL
from tests.fixtures.worlds import Plant, make_world, name

#: Channels with a signal seconds before the glitch, at the glitch, and an unsafe one.
EARLY, WITH, UNSAFE = 2, 5, 8
PLANTS = (Plant(EARLY, -6.0, height=9), Plant(WITH, 0.0, height=9), Plant(UNSAFE, -4.0, height=20))


@pytest.fixture(autouse=True, scope="module")
def small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "_TREES", 25)
        yield


def make(seed=11, plants=PLANTS, **changes):
    shape = {"channels": 10, "glitches": 120, "segments": 14, "segment_s": 900, "others": 80}
    return make_world(seed, plants=plants, isolated=True, **(shape | changes))


def ask(world, **changes):
    family = world.family.assign(glitch_id=[f"G{k}" for k in range(len(world.family))])
    safety = ["unsafe" if k == name(UNSAFE) else "safe" for k in world.channels["channel"]]
    arguments = {name: getattr(world, name) for name in ("features", "quiet", "segments")}
    arguments |= {"family": family, "channels": world.channels.assign(safety=safety), "threads": 2} | changes
    return explain(**arguments, family_id="F001", ifo="H1", max_glitches=200, seed=1)


@pytest.fixture(scope="module")
def world():
    return make()


@pytest.fixture(scope="module")
def result(world):
    return ask(world)


def test_planted_drivers_come_first_in_both_models_and_views(result):
    assert (result["skill"]["p_value"] <= 0.01).all()
    assert result["skill"]["reason"].eq("").all()
    assert (result["skill"]["ap"] > 0.7).all()
    best = result["drivers"].groupby(["view", "model"]).head(2).groupby(["view", "model"])["channel"]
    for (view, _), channels in best:
        assert name(EARLY) in set(channels)
        if view == "witness":
            assert set(channels) == {name(EARLY), name(WITH)}
    assert name(UNSAFE) not in set(result["drivers"]["channel"])
    assert name(UNSAFE) not in set(result["shap_values"]["channel"])


def test_the_bin_of_lags_is_the_planted_one(result):
    best = result["shap_features"].sort_values("mean_abs_shap", ascending=False)
    early = best[best["view"] == "precursor"].groupby("model").first()
    assert (early["channel"] == name(EARLY)).all()
    assert (early["lag_low"] == -10).all()
    assert (best.loc[best["view"] == "precursor", "lag_high"] < 0).all()


def test_tables_fit_and_shap_values_add_up_to_the_importance(result):
    for table, schema in TABLES.items():
        assert len(tables.conform(schema, result[table]))
    sizes = result["shap_values"].assign(shap=result["shap_values"]["shap"].abs())
    keys = ["view", "model", "channel"]
    again = sizes.groupby(keys)["shap"].mean()
    reported = result["drivers"].set_index(keys)["mean_abs_shap"]
    pd.testing.assert_series_equal(reported.sort_index(), again, check_names=False)
    units = result["drivers"].groupby("model")["shap_unit"].unique()
    assert units["xgboost"].tolist() == ["log-odds"]
    assert units["random_forest"].tolist() == ["probability"]


def test_precursors_warn_in_time_and_more_than_chance(result):
    rows = result["precursor_skill"]
    assert rows["false_alarms_per_hour"].tolist() == [0.5, 1.0, 2.0, 5.0] * 2
    last = rows[rows["false_alarms_per_hour"] == 5.0]
    assert (last["warned"] > last["warned_chance"] + 0.3).all()
    assert (last["lead_s"] > 0.5).all()
    assert (last["lead_low_s"] <= last["lead_s"]).all()


@pytest.mark.slow
def test_the_answer_does_not_depend_on_threads(world, result):
    again = ask(world, threads=1)
    for table in TABLES:
        pd.testing.assert_frame_equal(again[table], result[table])


@pytest.mark.slow
def test_a_family_that_nothing_drives_gets_no_story():
    result = ask(make(3, plants=()))
    assert (result["skill"]["p_value"] > 0.05).all()
    assert result["skill"]["reason"].eq(Reason.NO_GAIN).all()
    assert result["shap_values"].empty
    assert result["precursor_skill"].empty
    assert result["drivers"]["channel"].eq("").all()


@pytest.mark.parametrize(
    ("changes", "n_segments"),
    [({"glitches": 12}, None), ({"glitches": 70, "segments": 2, "segment_s": 3000}, 2)],
)
def test_too_few_glitches_or_segments_are_counted(changes, n_segments):
    result = ask(make(5, **changes))
    assert result["skill"]["reason"].eq(Reason.FEW_GLITCHES).all()
    assert len(result["skill"]) == 4
    if n_segments is None:
        assert result["skill"]["n_glitches"].between(1, 12).all()
    else:
        assert result["skill"]["n_segments"].eq(n_segments).all()
    for table, schema in TABLES.items():
        tables.conform(schema, result[table])


def only(world, times):
    return (
        world.family.head(0)
        .reindex(range(len(times)))
        .assign(event_time=times, duration_s=0.5, glitch_id=[f"G{k}" for k in range(len(times))])
    )


def test_degenerate_families_are_rows_with_a_reason(world):
    empty = world.features.values * np.float32(np.nan)
    at = float(world.family["event_time"].iloc[0])
    for family, features, reason in (
        (only(world, []), world.features, Reason.FEW_TIMED),
        (only(world, [at]), world.features, Reason.FEW_GLITCHES),
        (only(world, at + np.linspace(0, 1, 30)), world.features, Reason.FEW_GLITCHES),
        (only(world, [5.0] * 30), world.features, Reason.FEW_GLITCHES),
    ):
        assert ask(world, family=family, features=features)["skill"]["reason"].eq(reason).all()
    no_time = replace(world.features, live=LiveTime.of(np.empty((0, 2))), values=empty[:0])
    for features in (
        replace(world.features, values=empty),
        replace(world.features, values=np.ones_like(empty)),
        no_time,
    ):
        assert ask(world, features=features)["skill"]["reason"].eq(Reason.NO_DATA).all()


def test_long_glitches_leave_no_precursor_view(world):
    family = world.family.assign(glitch_id="G", start_time=world.family["event_time"] - 70.0)
    rows = ask(world, family=family)["skill"].set_index("view")
    assert (rows.loc["precursor", "reason"] == Reason.NO_LEADING_BIN).all()
    assert rows.loc["witness", "reason"].eq("").all()


def test_segments_too_near_to_keep_apart_say_so(world, monkeypatch):
    monkeypatch.setattr(folds, "EMBARGO_S", 1e7)
    assert (ask(world)["skill"]["reason"] == Reason.EMBARGO).all()


def test_an_unexplained_family_has_all_its_rows():
    result = unexplained(Reason.FEW_TIMED, family_id="F009", ifo="L1", n_timed=3)
    assert len(tables.conform(FAMILY_SKILL, result["skill"])) == 4
    assert len(tables.conform(FAMILY_DRIVERS, result["drivers"])) == 4
    assert set(result["skill"]["family"]) == {"F009"}

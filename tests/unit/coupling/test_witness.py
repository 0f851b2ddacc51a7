"""Planted witnesses are found, at their lag; what is not planted is not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core import tables
from glitch_explorer.coupling.channels.live_time import LiveTime
from glitch_explorer.coupling.schemas import CALIBRATION, FAMILY_WITNESSES, LAG_PROFILES, PSEUDO_FAMILIES
from glitch_explorer.coupling.witnesses.groups import correlated_groups
from glitch_explorer.coupling.witnesses.nulls import calibration_table
from glitch_explorer.coupling.witnesses.search import find_witnesses
from glitch_explorer.sources.reasons import Reason
from tests.fixtures.worlds import Plant, make_world, name, stretches

PLANTS = (
    Plant(2, -20.0),
    Plant(5, -2.0, smear_s=10.0, height=5.0),
    Plant(9, 0.0, efficiency=0.8, echoes=(10,)),
)


def ask(world, *, slides=300, most=300, pseudo=0, seed=1, threads=2, **changes):
    options = {"family": world.family, "quiet": world.quiet, "channels": world.channels} | changes
    return find_witnesses(
        world.features,
        options["family"],
        options["quiet"],
        world.segments,
        options["channels"],
        slides=slides,
        most_slides=most,
        pseudo=pseudo,
        seed=seed,
        threads=threads,
    )


def grouped(world, result):
    """Return a result's witnesses with the group of each channel."""
    groups = correlated_groups(world.features.values, world.features.columns["channel"])
    return result.table.assign(group=result.table["channel"].map(groups))


@pytest.fixture(scope="module")
def world():
    return make_world(11, plants=PLANTS, channels=25, glitches=60, isolated=True)


@pytest.fixture(scope="module")
def planted(world):
    return ask(world, pseudo=4)


def test_planted_witnesses_come_first_at_their_lags_and_nothing_else_does(world, planted):
    table = grouped(world, planted)
    best = table.drop_duplicates("group")
    assert set(best["channel"].head(3)) <= {name(2), name(5), name(9), name(10)}
    assert set(best["group"].head(3)) == {name(2), name(5), name(9)}
    for plant in PLANTS:
        row = planted.table[planted.table["channel"] == name(plant.channel)].iloc[0]
        assert abs(row["lag"] - plant.lag_s) <= 1.0
        assert row["relation"] == ("leads" if plant.lag_s < 0 else "co-moves")
        assert row["p_fwer"] < 0.01
        assert row["excess_efficiency"] > 0.3
        assert row["excess_low"] < row["excess_efficiency"] < row["excess_high"]
    assert table.loc[table["p_fwer"] <= 0.05, "group"].nunique() == 3
    assert planted.table["relation"].ne("").sum() == (planted.table["p_fwer"] <= 0.05).sum()


def test_the_tables_fit_their_schemas(planted):
    for schema, table, rows in (
        (FAMILY_WITNESSES, planted.table, 50),
        (LAG_PROFILES, planted.profiles, 50 * 71),
        (PSEUDO_FAMILIES, planted.pseudo, 4),
        (CALIBRATION, calibration_table(planted.pseudo), 6),
    ):
        assert len(tables.conform(schema, table.assign(family="F001", ifo="H1")[schema.names])) == rows


def test_the_answer_does_not_depend_on_threads_nor_on_other_columns_order(world, planted):
    again = ask(world, pseudo=4, threads=1)
    pd.testing.assert_frame_equal(again.table, planted.table)
    pd.testing.assert_frame_equal(again.pseudo, planted.pseudo)


def test_a_family_at_the_floor_gets_more_slides_and_no_other(world, planted):
    more = ask(world, most=1000).table
    assert set(more["n_slides"]) == {1000}
    assert more["p_fwer"].min() == 1 / 1001
    assert set(planted.table["n_slides"]) == {300}
    assert set(ask(make_world(3, channels=12, glitches=40), most=1000).table["n_slides"]) == {300}
    pd.testing.assert_series_equal(more["t_peak"], planted.table["t_peak"])


def test_an_unsafe_channel_is_shown_and_never_ranked(world):
    channels = world.channels.assign(
        safety=["unsafe" if c == name(2) else "unknown" for c in world.channels["channel"]]
    )
    table = ask(world, channels=channels)
    row = table.table[table.table["channel"] == name(2)].iloc[0]
    assert np.isnan(row["p_fwer"])
    assert row["t_statistic"] > 5
    assert {note["code"] for note in table.notes} > {"unsafe_channels", "unknown_safety"}
    assert table.table.iloc[-2:]["channel"].eq(name(2)).all()


def test_where_all_channels_are_unsafe_nothing_is_ranked_or_tried():
    world = make_world(3, channels=3, glitches=40)
    result = ask(world, channels=world.channels.assign(safety="unsafe"), pseudo=2)
    assert result.table["p_fwer"].isna().all()
    assert result.pseudo.empty


def test_a_run_without_couplings_says_so():
    result = ask(make_world(3, channels=12, glitches=40))
    least = pytest.approx(result.table["p_fwer"].min())
    assert result.notes[0] == {"code": "no_witness", "channels": 12, "bands": 24, "p": least}
    assert result.notes[1] == {"code": "missing_data", "reason": Reason.NO_CHANNEL, "n": 1}
    assert (result.table["relation"] == "").all()


def test_shared_drifts_and_day_and_night_do_not_pass_for_witnesses():
    result = ask(make_world(21, channels=25, glitches=80, drift=6.0, segments=8, segment_s=1800))
    assert result.table["p_fwer"].min() > 0.01


def test_without_live_time_no_glitch_is_usable(world):
    features = replace(world.features, live=LiveTime.of(np.empty((0, 2))), values=world.features.values[:0])
    result = ask(replace(world, features=features))
    assert result.notes == [{"code": "too_few", "usable": 0, "total": len(world.family), "least": 8}]


@pytest.mark.parametrize("count", [3, 7])
def test_too_few_glitches_are_no_family(count):
    world = make_world(5, channels=3, glitches=40)
    result = ask(world, family=world.family.head(count))
    assert result.table.empty
    assert result.notes == [{"code": "too_few", "usable": count, "total": count, "least": 8}]


def test_eight_glitches_are_enough_for_a_loud_witness():
    loud = (Plant(1, -5.0, efficiency=1.0, height=9),)
    world = make_world(6, channels=10, glitches=20, plants=loud, isolated=True)
    result = ask(world, slides=500, family=world.family.head(8))
    assert len(world.family) >= 8
    assert result.table.iloc[0]["channel"] == name(1)
    assert result.table.iloc[0]["lag"] == pytest.approx(-5.0, abs=1.0)
    assert result.table.iloc[0]["p_fwer"] < 0.05


def every(world, step):
    times = np.concatenate([np.arange(a + 3, b - 3, step) for a, b in world.segments])
    return pd.DataFrame({"event_time": times, "duration_s": 1.0})


def test_a_dense_family_gets_a_shorter_range_and_a_denser_one_no_answer():
    world = make_world(7, segments=4, segment_s=2000, channels=4)
    dense, denser = every(world, 50.0), every(world, 6.0)
    result = ask(world, slides=50, family=dense, quiet=stretches(dense, dense, world.segments))
    assert result.notes[1] == {"code": "shorter_lags", "before_s": 30, "after_s": 10, "least_share": 0.1}
    assert result.profiles["lag"].min() == -30
    quiet = stretches(denser, denser, world.segments)
    assert ask(world, family=denser, quiet=quiet).notes[0]["code"] == "too_dense"


@pytest.mark.slow
def test_thousands_of_glitches_work():
    world = make_world(8, segments=12, segment_s=7200, channels=3, others=100)
    rng = np.random.default_rng(0)
    times = np.sort(rng.choice(world.features.live.bins, 5000, replace=False)) * 0.5
    many = pd.DataFrame({"event_time": times, "duration_s": 0.2})
    result = ask(world, slides=100, family=many, quiet=stretches(many, many, world.segments))
    assert result.table["n_glitches"].max() > 4900
    assert result.table["p_fwer"].min() > 0.01


@pytest.mark.slow
def test_planted_truth_over_seeds():
    """hit@1, recall@3 and lags over worlds; uncoupled channels no more often than alpha."""
    hits, recalled, lags, false = 0, 0, [], 0
    for seed in range(12):
        world = make_world(seed + 100, plants=PLANTS, channels=25, glitches=50)
        table = grouped(world, ask(world, slides=200))
        order = table.drop_duplicates("group").reset_index(drop=True)
        planted = {name(plant.channel) for plant in PLANTS}
        hits += order.loc[0, "group"] in planted
        recalled += len(planted & set(order["group"].head(3)))
        for plant in PLANTS:
            row = table[(table["channel"] == name(plant.channel)) & (table["p_fwer"] <= 0.05)].head(1)
            lags += list(np.abs(row["lag"] - plant.lag_s))
        heard = table["group"].isin(planted)
        false += bool((table.loc[~heard, "p_fwer"] <= 0.05).any())
    assert hits == 12
    assert recalled >= 0.95 * 36
    assert np.mean(np.array(lags) <= 1.0) >= 0.95
    assert false <= 3  # 0.05 of 12, and chance

"""What the observatory's glitches cost: planted losses of range, and the truth about gates and drivers."""

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core.intervals import YEAR_S
from glitch_explorer.observatory import auxiliary, costs, couplings, ranges
from glitch_explorer.observatory.plan import Injection, Plan
from glitch_explorer.observatory.slots import Segment
from tests.fixtures.observatory import FULL


def tiny(*glitches: tuple[float, str]) -> tuple[Plan, pd.DataFrame]:
    """Return a plan of one segment of three minutes, cut at both ends, and its catalogue."""
    injections = [
        Injection(k, f"g{k}", "H1", 0, 1000.0 + at, name, 20.0) for k, (at, name) in enumerate(glitches)
    ]
    plan = Plan(1, 8192, [Segment("H1", 1000, 1180, 0)], injections)
    rows = pd.DataFrame({"gravityspy_id": [injection.glitch_id for injection in injections], "duration": 2.0})
    return plan, rows.assign(peak_frequency=100.0, bandwidth=40.0, ranking=9.0)


def test_gates_of_the_truth_are_the_unions_by_hand():
    # Gates of 1 s to each side: Blip [9, 11] and [10, 12], Tomte [11.5, 13.5], one cut by the end at 180.
    plan, rows = tiny((10.0, "Blip"), (11.0, "Blip"), (12.5, "Tomte"), (179.5, "Tomte"))
    planted = {row["class"]: row for row in costs.planted_costs(plan, rows, ["H1"])}
    assert planted["Blip"]["deadtime_s"] == pytest.approx(3.0, abs=0.01)
    assert planted["Blip"]["marginal_deadtime_s"] == pytest.approx(2.5, abs=0.01)
    assert planted["Tomte"]["deadtime_s"] == pytest.approx(3.5, abs=0.01)
    assert planted["Tomte"]["marginal_deadtime_s"] == pytest.approx(3.0, abs=0.01)
    assert planted["Blip"]["range_loss_mpc3_yr"] == 0.0
    expected = planted["Blip"]["volume_mpc3"] * planted["Blip"]["marginal_deadtime_s"] / YEAR_S
    assert planted["Blip"]["cost_mpc3_yr"] == pytest.approx(expected, abs=1e-6)


def test_a_planted_loss_is_shared_by_the_logarithms_of_what_is_kept():
    plan, rows = tiny((30.0, "Scattered_Light"), (31.0, "Koi_Fish"))
    losses = {row["class"]: row["range_loss_mpc3_yr"] for row in costs.planted_costs(plan, rows, ["H1"])}
    minutes = ranges.minutes(plan, 0)
    at = int((1030.0 - minutes.start[0]) // 60)
    first, second = (ranges.loss(plan, injection) for injection in plan.injections)
    assert minutes.with_mpc[at] == pytest.approx(minutes.without_mpc[at] * (1 - first) * (1 - second))
    assert sum(losses.values()) == pytest.approx(
        4 / 3 * np.pi * (minutes.without_mpc[at] ** 3 - minutes.with_mpc[at] ** 3) * 60 / YEAR_S, rel=1e-4
    )
    share = np.log(1 - first) / np.log((1 - first) * (1 - second))
    assert losses["Scattered_Light"] == pytest.approx(share * sum(losses.values()), rel=1e-4)


def test_minutes_are_those_of_gps_and_cut_at_the_ends_of_the_segment():
    plan, _ = tiny()
    minutes = ranges.minutes(plan, 0)
    assert minutes.start.tolist() == [960.0, 1020.0, 1080.0, 1140.0]
    assert minutes.live_s.tolist() == [20.0, 60.0, 60.0, 40.0]
    samples = ranges.samples(plan, 0)
    assert len(samples) == 180
    assert samples[19] == minutes.with_mpc[0]
    assert samples[20] == minutes.with_mpc[1]
    assert 0.9 < samples.mean() / ranges.USUAL_MPC["H1"] < 1.1


def test_the_reference_signal_takes_the_time_of_the_leading_order():
    # 25 s from 40 Hz on for 1.4 + 1.4 solar masses (e.g. Maggiore 2008, eq. 4.20: 25.6 s at 40 Hz).
    assert costs._signal_s(40.0, 1e9) == pytest.approx(25.0, rel=0.03)
    assert costs._signal_s(5.0, 4096.0) == pytest.approx(costs._signal_s(10.0, 2048.0))


def test_threshold_loss_is_that_of_the_tenth_loudest():
    ranking = pd.Series([10.0] * 9 + [8.0] + [6.0] * 10)
    name = pd.Series(["loud"] * 5 + ["rest"] * 15)
    # All: the tenth is 8. Without "loud": 4 of 10, one of 8, then 6: the tenth is 6.
    assert costs._threshold(ranking, name, "loud") == pytest.approx(1 - (6 / 8) ** 3)
    assert costs._threshold(ranking, name, "absent") == 0.0
    assert np.isnan(costs._threshold(ranking[:9], name[:9], "loud"))


def test_only_the_classes_of_the_table_lose_range(plan):
    rows = pd.DataFrame(
        {"gravityspy_id": [injection.glitch_id for injection in plan.injections], "duration": 1.0}
    )
    rows = rows.assign(peak_frequency=100.0, bandwidth=40.0, ranking=9.0)
    planted = costs.planted_costs(plan, rows, FULL["detectors"])
    losing = {row["class"] for row in planted if row["range_loss_mpc3_yr"] > 0}
    assert losing == set(ranges.LOSS)
    assert {row["ifo"] for row in planted} == {"H1", "L1"}
    for row in planted:
        assert 0 < row["marginal_deadtime_s"] <= row["deadtime_s"]
        assert row["n"] == sum(
            injection.name == row["class"] and not injection.event for injection in plan.of(row["ifo"])
        )
    best = max(planted, key=lambda row: row["cost_mpc3_yr"])
    assert best["class"] in ranges.LOSS


def test_the_frames_hold_the_range_which_no_list_names(plan):
    index = next(i for i, one in enumerate(plan.segments) if one.ifo == "L1")
    series = {one.channel: one for one in auxiliary.segment_series(plan, index, {})}
    reach = series[f"L1:{ranges.CHANNEL}"]
    assert (reach.rate, reach.unit) == (1, "Mpc")
    assert reach.samples == pytest.approx(ranges.samples(plan, index), rel=1e-6)
    assert not auxiliary.channel_list(plan)["channel"].str.contains(ranges.CHANNEL).any()


def test_drivers_are_single_pairs_and_interactions(plan):
    drivers = auxiliary.truth(plan, FULL["detectors"])["drivers"]
    kinds = {(row["class"], row["ifo"]): row["kind"] for row in drivers}
    assert set(kinds.values()) == {"single", "pair", "interaction"}
    assert kinds["Scratchy", "H1"] == "pair"
    assert kinds["Low_Frequency_Lines", "L1"] == "interaction"
    assert kinds["Koi_Fish", "H1"] == "single"


def test_the_halves_of_an_interaction_meet_at_glitches_only(plan):
    (second,) = (one for one in couplings.COUPLINGS if one.needs)
    for ifo in FULL["detectors"]:
        motions = couplings.schedule(plan, ifo)
        one, other = motions[second.needs], motions[second.channel]
        both = [{a.glitch.glitch_id for a in half if a.glitch} for half in (one, other)]
        assert both[0] == both[1]
        alone, apart = ([a.time for a in half if a.glitch is None] for half in (one, other))
        assert min(len(alone), len(apart)) > 100
        assert np.abs(np.subtract.outer(alone, apart)).min() > couplings.APART_S

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
    made = [Injection(k, f"g{k}", "H1", 0, 1000.0 + at, name, 20.0) for k, (at, name) in enumerate(glitches)]
    plan = Plan(1, 8192, [Segment("H1", 1000, 1180, 0)], made)
    rows = pd.DataFrame({"gravityspy_id": [one.glitch_id for one in made], "duration": 2.0})
    return plan, rows.assign(peak_frequency=100.0, bandwidth=40.0, ranking=9.0)


def test_gates_of_the_truth_are_the_unions_by_hand():
    # Gates of 1 s to each side: Blip [9, 11] and [10, 12], Tomte [11.5, 13.5], one cut by the end at 180.
    plan, rows = tiny((10.0, "Blip"), (11.0, "Blip"), (12.5, "Tomte"), (179.5, "Tomte"))
    told = {row["class"]: row for row in costs.planted_costs(plan, rows, ["H1"])}
    assert told["Blip"]["deadtime_s"] == pytest.approx(3.0, abs=0.01)
    assert told["Blip"]["marginal_deadtime_s"] == pytest.approx(2.5, abs=0.01)
    assert told["Tomte"]["deadtime_s"] == pytest.approx(3.5, abs=0.01)
    assert told["Tomte"]["marginal_deadtime_s"] == pytest.approx(3.0, abs=0.01)
    assert told["Blip"]["range_loss_mpc3_yr"] == 0.0
    expected = told["Blip"]["volume_mpc3"] * told["Blip"]["marginal_deadtime_s"] / YEAR_S
    assert told["Blip"]["cost_mpc3_yr"] == pytest.approx(expected, abs=1e-6)


def test_a_planted_loss_is_shared_by_the_logarithms_of_what_is_kept():
    plan, rows = tiny((30.0, "Scattered_Light"), (31.0, "Koi_Fish"))
    told = {row["class"]: row["range_loss_mpc3_yr"] for row in costs.planted_costs(plan, rows, ["H1"])}
    made = ranges.minutes(plan, 0)
    at = int((1030.0 - made.start[0]) // 60)
    first, second = (ranges.loss(plan, one) for one in plan.injections)
    assert made.with_mpc[at] == pytest.approx(made.without_mpc[at] * (1 - first) * (1 - second))
    assert sum(told.values()) == pytest.approx(
        4 / 3 * np.pi * (made.without_mpc[at] ** 3 - made.with_mpc[at] ** 3) * 60 / YEAR_S, rel=1e-4
    )
    share = np.log(1 - first) / np.log((1 - first) * (1 - second))
    assert told["Scattered_Light"] == pytest.approx(share * sum(told.values()), rel=1e-4)


def test_minutes_are_those_of_gps_and_cut_at_the_ends_of_the_segment():
    plan, _ = tiny()
    made = ranges.minutes(plan, 0)
    assert made.start.tolist() == [960.0, 1020.0, 1080.0, 1140.0]
    assert made.live_s.tolist() == [20.0, 60.0, 60.0, 40.0]
    samples = ranges.samples(plan, 0)
    assert len(samples) == 180
    assert samples[19] == made.with_mpc[0]
    assert samples[20] == made.with_mpc[1]
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
    rows = pd.DataFrame({"gravityspy_id": [one.glitch_id for one in plan.injections], "duration": 1.0})
    rows = rows.assign(peak_frequency=100.0, bandwidth=40.0, ranking=9.0)
    told = costs.planted_costs(plan, rows, FULL["detectors"])
    losing = {row["class"] for row in told if row["range_loss_mpc3_yr"] > 0}
    assert losing == set(ranges.LOSS)
    assert {row["ifo"] for row in told} == {"H1", "L1"}
    for row in told:
        assert 0 < row["marginal_deadtime_s"] <= row["deadtime_s"]
        assert row["n"] == sum(one.name == row["class"] and not one.event for one in plan.of(row["ifo"]))
    best = max(told, key=lambda row: row["cost_mpc3_yr"])
    assert best["class"] in ranges.LOSS


def test_the_frames_hold_the_range_which_no_list_names(plan):
    index = next(i for i, one in enumerate(plan.segments) if one.ifo == "L1")
    found = {one.channel: one for one in auxiliary.segment_series(plan, index, {})}
    reach = found[f"L1:{ranges.CHANNEL}"]
    assert (reach.rate, reach.unit) == (1, "Mpc")
    assert reach.samples == pytest.approx(ranges.samples(plan, index), rel=1e-6)
    assert not auxiliary.channel_list(plan)["channel"].str.contains(ranges.CHANNEL).any()


def test_drivers_are_single_pairs_and_interactions(plan):
    told = auxiliary.truth(plan, FULL["detectors"])["drivers"]
    kinds = {(row["class"], row["ifo"]): row["kind"] for row in told}
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

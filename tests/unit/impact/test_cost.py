"""What families cost: by hand, by plan, and where there is little or nothing to go by."""

import json

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from glitch_explorer.core import tables
from glitch_explorer.coupling.schemas import WITNESSES
from glitch_explorer.impact.cost import minutes as minute
from glitch_explorer.impact.cost.gather import charged_glitches, family_costs, write_costs
from glitch_explorer.impact.cost.ranges import gate_union
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.reasons import Reason
from glitch_explorer.impact.schemas import COST, MINUTES
from glitch_explorer.workflow.reference import all_schemas

DAY, YEAR = 86400.0, 365.25 * 86400.0
VOLUME = 4 / 3 * np.pi * 100.0**3
NO_WITNESS = tables.empty(WITNESSES)
SIZES = ["duration_s", "peak_frequency_hz", "bandwidth_hz", "snr"]
COLUMNS = ["glitch_id", "ifo", "event_time", "family", *SIZES, "ranking", "astrophysical"]


def glitches(rows):
    """Give table "glitches" of (ifo, time, family, more) with the families beside it."""
    made = pd.DataFrame(
        [
            {
                "glitch_id": f"g{k}",
                "ifo": ifo,
                "event_time": time,
                "family": family,
                "duration_s": 0.4,
                "peak_frequency_hz": 100.0,
                "bandwidth_hz": 50.0,
                "snr": 20.0,
                "ranking": np.nan,
                "astrophysical": "",
                **more,
            }
            for k, (ifo, time, family, more) in enumerate(rows)
        ],
        columns=COLUMNS,
    )
    families = made[["glitch_id", "family"]].assign(
        view="", probability=1.0, outlier_score=0.0, isolation=1.0
    )
    return made.drop(columns="family"), families


def segments(*rows):
    return pd.DataFrame(rows, columns=["ifo", "start", "end"]).assign(flag="", source="")


def flat_minutes(spans, own, *, reach=100.0, lost=None, settings=None):
    """Give table "minutes" of detectors at one range, less what some minutes lose of it."""
    parts = []
    for ifo in sorted(set(spans["ifo"])):
        live = minute.segments_of(spans, ifo)
        frame = minute.minute_frame(live, gate_union(own, ifo, live, settings or CostSettings()))
        values = np.full(len(frame), reach)
        for at, taken in (lost or {}).get(ifo, {}).items():
            values[frame["minute"].to_numpy() == at] -= taken
        parts.append(minute.with_losses(frame, values, ifo=ifo, source="strain"))
    return pd.concat(parts, ignore_index=True)


def costs(rows, spans, *, lost=None, witnesses=NO_WITNESS, reach=100.0, **settings):
    own, families = glitches(rows)
    chosen = CostSettings(**settings)
    table = flat_minutes(spans, own, reach=reach, lost=lost, settings=chosen)
    made = family_costs(own, families, spans, table, witnesses=witnesses, settings=chosen)
    for name, frame in (
        ("cost", made.cost),
        ("recoverable", made.recoverable),
        ("cost_by_day", made.by_day),
        ("rank_stability", made.stability),
    ):
        tables.conform(all_schemas()[name], frame)
    return made


SPANS = segments(*(("H1", 60.0 * k, 60.0 * k + 6000) for k in range(0, 2400, 120)))
ROWS = [
    ("H1", 100.0, "F001", {}),
    ("H1", 100.5, "F001", {}),
    ("H1", 101.25, "F002", {}),
    ("H1", 5000.0, "F002", {"duration_s": 3.0}),
    ("H1", 5002.0, "-1", {}),
    ("H1", 7300.0, "F001", {}),
    ("H1", 6500.0, "F001", {}),  # in no segment
    ("H1", 300.0, "F001", {"astrophysical": "event"}),
]


def test_deadtime_by_hand():
    found = costs(ROWS, SPANS).cost.set_index("family")
    # F001 [99.5, 101], [7299.5, 7300.5]; F002 [100.75, 101.75], [4998.5, 5001.5]; none [5001.5, 5002.5].
    assert list(found.index) == ["F001", "F002"]
    np.testing.assert_allclose(found["deadtime_s"], [2.5, 4.0])
    np.testing.assert_allclose(found["marginal_deadtime_s"], [2.25, 3.75])
    assert found["n"].tolist() == [3, 2]
    assert found["live_s"].tolist() == [120000.0, 120000.0]
    np.testing.assert_allclose(found["volume_mpc3"], VOLUME)
    np.testing.assert_allclose(found["cost_mpc3_yr"], VOLUME * np.array([2.25, 3.75]) / YEAR)
    np.testing.assert_allclose(found["hours_per_1000h"], 1000 * np.array([2.25, 3.75]) / 120000)
    assert found["rank"].tolist() == [2, 1]
    assert found["rate_per_day"]["F001"] == pytest.approx(3 * DAY / 120000)
    assert found["rate_times_snr"]["F001"] == pytest.approx(20 * 3 * DAY / 120000)
    assert (found["threshold_source"] == "none").all()
    assert (found["threshold_loss"] == 0).all()
    assert not found["threshold_in_cost"].any()
    assert (found["cost_low"] < found["cost_mpc3_yr"]).all()
    assert (found["cost_high"] > found["cost_mpc3_yr"]).all()
    assert found["blocks"].tolist() == [20, 20]
    assert (found["reason"] == "").all()


def test_range_loss_is_charged_beside_deadtime():
    # F002 takes 20 Mpc from each of its eight minutes, in two of which F001 is, too, and louder.
    rows = [("H1", 90.0 + 300 * k, "F002" if k < 8 else "F001", {}) for k in range(14)]
    rows += [("H1", 90.0 + 300 * k + 10, "F001", {"snr": 60.0}) for k in range(2)]
    taken = {60.0 * ((90 + 300 * k) // 60): 20.0 for k in range(8)}
    found = costs(rows, SPANS, lost={"H1": taken}).cost.set_index("family")
    lost = 8 * 4 / 3 * np.pi * (100.0**3 - 80.0**3) * 60 / YEAR
    assert found["range_loss_mpc3_yr"]["F002"] == pytest.approx(lost, rel=0.02)
    assert abs(found["range_loss_mpc3_yr"]["F001"]) < 0.02 * lost
    assert found["range_loss_mpc3_yr"].sum() == pytest.approx(lost)
    np.testing.assert_allclose(
        found["cost_mpc3_yr"], found["deadtime_loss_mpc3_yr"] + found["range_loss_mpc3_yr"]
    )
    assert found["range_minutes"].tolist() == [8, 8]


def test_days_add_up_to_the_headline():
    rng = np.random.default_rng(0)
    spans = segments(*((ifo, DAY * k + 40000, DAY * k + 90000) for k in range(25) for ifo in ("H1", "L1")))
    rows = [
        (ifo, float(time), f"F{k % 4:03d}", {"snr": 10 + 40 * rng.uniform(), "ranking": 6 + rng.pareto(2)})
        for ifo in ("H1", "L1")
        for k, time in enumerate(DAY * rng.integers(0, 25, 400) + rng.uniform(40000, 90000, 400))
    ]
    lost = {"H1": {60.0 * (row[1] // 60): 10.0 for row in rows[:100]}}
    for settings in ({}, {"gate_snr": 25.0, "false_alarm_rate_per_yr": 300.0}):
        found = costs(rows, spans, lost=lost, **settings)
        whole = found.cost.set_index(["family", "ifo"])
        days = found.by_day.groupby(["family", "ifo"])
        np.testing.assert_allclose(days["cost_mpc3_yr"].sum(), whole["cost_mpc3_yr"])
        assert days["n"].sum().tolist() == whole["n"].tolist()
        assert (found.by_day["day"] % DAY == 0).all()
        assert (found.by_day["day"] // DAY).nunique() == 26  # the last segments reach past midnight
        assert found.cost["rank"].sort_values().tolist() == list(range(1, 9))
    assert found.cost["threshold_in_cost"].all()
    alarms = found.stability[found.stability["varied"] == "false_alarm_rate"]
    assert sorted(set(alarms["value"])) == [30.0, 300.0, 3000.0]
    np.testing.assert_allclose(alarms.loc[alarms["value"] == 300.0, "kendall_tau"], 1.0)


def test_ranking_enters_as_the_formula_says():
    rows = [
        ("H1", 100.0 + 300 * k, "F001" if k % 2 else "F002", {"ranking": 30.0 - k, "snr": 9.0})
        for k in range(19)
    ]
    rows += [("H1", 20000.0, "F001", {"snr": 50.0}), ("H1", 20010.0, "F002", {"snr": 50.0})]
    found = costs(rows, SPANS, gate_snr=20.0).cost.set_index("family")
    # Ten alarms are allowed: the threshold is 21; of each family alone it would be 12 or the lowest, 12.
    delta = 1 - (12 / 21) ** 3
    np.testing.assert_allclose(found["threshold_loss"], delta)
    assert found["n_gated"].tolist() == [1, 1]
    live, dead = 120000.0, 1.0
    wanted = VOLUME * live * (1 - (1 - dead / live) * (1 - delta)) / YEAR
    np.testing.assert_allclose(found["cost_mpc3_yr"] - found["range_loss_mpc3_yr"], wanted)
    assert (found["threshold_source"] == "ranking").all()


def test_snr_is_a_proxy_outside_the_headline():
    rows = [("H1", 100.0 + 300 * k, "F001", {"snr": 9.0 + k}) for k in range(20)]
    rows += [("H1", 250.0 + 300 * k, "F002", {"snr": 8.0}) for k in range(15)]
    found = costs(rows, SPANS, gate_snr=100.0).cost.set_index("family")
    assert (found["threshold_source"] == "snr").all()
    assert found["threshold_loss"]["F001"] == pytest.approx(1 - (8 / 19) ** 3)
    assert not found["threshold_in_cost"].any()
    np.testing.assert_allclose(found["cost_mpc3_yr"] - found["range_loss_mpc3_yr"], 0, atol=1e-12)


def test_a_glitch_with_views_in_several_families_is_charged_once():
    own, _ = glitches([("H1", 100.0, "", {}), ("H1", 200.0, "", {}), ("H1", 300.0, "", {})])
    families = pd.DataFrame(
        [
            ("g0", "0.5", "F001", 0.7),
            ("g0", "1.0", "F002", 0.9),
            ("g0", "2.0", "-1", 1.0),
            ("g1", "0.5", "-1", 0.0),
        ],
        columns=["glitch_id", "view", "family", "probability"],
    )
    assert charged_glitches(own, families)["family"].tolist() == ["F002", "-1", "-1"]


def witness(channel, *, excess, safety="safe", q=0.001, rank=1):
    row = dict.fromkeys(WITNESSES.names, 0.0)
    return row | {
        "family": "F002",
        "ifo": "H1",
        "channel": channel,
        "band": "10-30",
        "group": channel,
        "relation": "co-moves",
        "safety": safety,
        "excess_efficiency": excess,
        "excess_low": excess - 0.1,
        "excess_high": excess + 0.1,
        "efficiency": 0.6,
        "deadtime": 0.02,
        "q_value": q,
        "rank": rank,
        "t_peak": 9.0 - rank,
    }


def test_recoverable_is_cost_times_excess_of_witnesses_that_count():
    table = pd.DataFrame(
        [
            witness("A", excess=0.5),
            witness("B", excess=-0.05, rank=2),
            witness("C", excess=0.9, q=0.2, rank=3),
            witness("D", excess=0.9, safety="unsafe", rank=4),
        ]
    )
    made = costs(ROWS, SPANS, witnesses=table)
    row = made.cost.set_index("family").loc["F002"]
    assert row["best_witness"] == "A"
    assert row["recoverable"] == pytest.approx(0.5 * row["cost_mpc3_yr"])
    assert row["efficiency_over_deadtime"] == pytest.approx(30.0)
    found = made.recoverable.set_index("channel")
    assert list(found.index) == ["A", "B"]
    np.testing.assert_allclose(found["recoverable_mpc3_yr"], [0.5 * row["cost_mpc3_yr"], 0])
    assert found["recoverable_high"]["A"] == pytest.approx(0.6 * row["cost_high"])
    assert made.cost.set_index("family")["best_witness"]["F001"] == ""


def test_stability_of_the_chosen_settings_is_one():
    rng = np.random.default_rng(3)
    rows = [
        ("H1", float(t), f"F00{k % 5}", {"duration_s": 1.0 + k % 5})
        for k, t in enumerate(rng.uniform(0, 5000, 99))
    ]
    found = costs(rows, SPANS).stability
    assert set(found["varied"]) == {"min_gate_s", "gate_snr"}  # no threshold is part of the cost
    same = found[(found["varied"] == "min_gate_s") & (found["value"] == 0.5)]
    np.testing.assert_allclose(same["kendall_tau"], 1.0)
    assert sorted(same["ifo"]) == ["H1", "all"]
    assert (found["n"] == 5).all()


def one_row(rows, spans, **more):
    found = costs(rows, spans, **more).cost
    assert len(found) == 1
    return found.iloc[0]


def test_one_glitch():
    row = one_row([("H1", 100.0, "F001", {})], SPANS)
    assert row["cost_mpc3_yr"] == pytest.approx(VOLUME * 1.0 / YEAR, rel=1e-6)
    assert row["n"] == 1
    assert row["rank"] == 1
    assert np.isfinite(row["cost_high"])


def test_all_glitches_in_one_second():
    row = one_row([("H1", 100.0 + k / 50, "F001", {}) for k in range(50)], SPANS)
    assert row["deadtime_s"] == pytest.approx(1.98)
    assert row["cost_low"] < row["cost_mpc3_yr"] < row["cost_high"]


def test_no_live_time_says_so():
    for spans in (segments(), segments(("L1", 0.0, 6000.0)), segments(("H1", 50.0, 50.0))):
        own, families = glitches([("H1", 100.0, "F001", {})])
        made = family_costs(
            own, families, spans, tables.empty(MINUTES), witnesses=NO_WITNESS, settings=CostSettings()
        )
        tables.conform(COST, made.cost)
        row = made.cost.iloc[0]
        assert row["reason"] == Reason.NO_LIVE_TIME
        assert pd.isna(row["cost_mpc3_yr"])
        assert pd.isna(row["rank"])
        assert pd.isna(row["rate_per_day"])
        assert row["live_s"] == 0


def test_no_range_is_no_cost_and_not_zero():
    row = one_row([("H1", 100.0, "F001", {})], SPANS, reach=np.nan)
    assert row["reason"] == Reason.NO_RANGE
    for name in ("cost_mpc3_yr", "cost_low", "hours_per_1000h", "volume_mpc3", "rank", "recoverable"):
        assert pd.isna(row[name]), name
    assert row["deadtime_s"] == 1.0


def test_a_range_unknown_just_where_the_glitches_are_leaves_the_deadtime_and_says_so():
    row = one_row([("H1", 100.0, "F001", {})], SPANS, lost={"H1": {60.0: np.nan}})
    assert row["reason"] == Reason.NO_RANGE_LOSS
    assert pd.isna(row["range_loss_mpc3_yr"])
    assert row["cost_mpc3_yr"] == pytest.approx(VOLUME / YEAR)


def test_glitches_outside_the_analysed_time_say_so():
    found = costs([("H1", 100.0, "F001", {}), ("H1", 6500.0, "F002", {})], SPANS).cost.set_index("family")
    assert found["reason"].tolist() == ["", Reason.NO_LIVE_GLITCH]
    assert found["n"].tolist() == [1, 0]
    assert pd.isna(found["cost_mpc3_yr"]["F002"])


def test_a_family_in_one_detector_has_one_row():
    spans = pd.concat([SPANS, SPANS.assign(ifo="L1")], ignore_index=True)
    found = costs([("H1", 100.0, "F001", {}), ("L1", 100.0, "F002", {})], spans).cost
    assert found[["family", "ifo"]].to_numpy().tolist() == [["F001", "H1"], ["F002", "L1"]]


def test_few_blocks_have_no_interval():
    row = one_row([("H1", 100.0, "F001", {})], segments(("H1", 0.0, 540.0)), reach=np.nan)
    assert row["blocks"] == 9
    assert pd.isna(row["cost_low"])


def test_nothing_known_of_the_glitches():
    unknown = dict.fromkeys(SIZES, np.nan)
    rows = [("H1", 100.0 + 70 * k, "F001", unknown) for k in range(5)]
    row = one_row(rows, SPANS)
    assert row["deadtime_s"] == 5.0
    assert pd.isna(row["contamination_per_yr"])
    assert pd.isna(row["rate_times_snr"])
    assert row["range_minutes"] == 5
    row = one_row(rows, SPANS, gate_snr=8.0)
    assert row["n_gated"] == 0
    assert pd.isna(row["threshold_loss"])


def test_no_glitch_at_all():
    own, families = glitches([])
    made = family_costs(
        own, families, SPANS, tables.empty(MINUTES), witnesses=NO_WITNESS, settings=CostSettings()
    )
    assert made.cost.empty
    assert made.stability.empty


def test_threads_change_nothing():
    rng = np.random.default_rng(8)
    rows = [("H1", float(t), f"F{k % 30:03d}", {}) for k, t in enumerate(rng.uniform(0, 5900, 400))]
    lost = {"H1": {60.0 * k: float(rng.uniform(0, 30)) for k in range(99)}}
    told = []
    for threads in (1, 4):
        with threadpool_limits(limits=threads):
            told.append(tables.encode(COST, costs(rows, SPANS, lost=lost).cost))
    assert told[0] == told[1]


def test_what_is_written(tmp_path):
    made = costs(ROWS, SPANS)
    write_costs(made, CostSettings(), tmp_path)
    for name in ("cost", "recoverable", "cost_by_day", "rank_stability"):
        tables.read(all_schemas()[name], tmp_path / f"{name}.parquet")
    told = json.loads((tmp_path / "cost.json").read_text())
    assert told["settings"]["min_gate_s"] == 0.5
    assert told["rows"][0]["family"] == "F001"
    assert told["rows"][0]["efficiency_over_deadtime"] is None
    assert "V dT" in told["formula"]["cost_mpc3_yr"]
    csv = pd.read_csv(tmp_path / "cost.csv", dtype={"best_witness": str})
    np.testing.assert_allclose(csv["cost_mpc3_yr"], made.cost["cost_mpc3_yr"])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_costs(costs(ROWS[::-1], SPANS), CostSettings(), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

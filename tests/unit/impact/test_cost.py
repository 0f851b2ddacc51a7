"""Costs of families: by hand, against planted losses, and with little or no data."""

import json

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from glitch_explorer.core import tables
from glitch_explorer.core.intervals import segments_of
from glitch_explorer.coupling.schemas import WITNESSES
from glitch_explorer.impact.cost import minutes as minute
from glitch_explorer.impact.cost.gather import charged_glitches, family_costs, write_costs
from glitch_explorer.impact.cost.ranges import gate_union
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.reasons import Reason
from glitch_explorer.impact.schemas import (
    COST,
    COST_BY_DAY,
    COST_BY_DETECTOR,
    MINUTES,
    RANK_STABILITY,
    RECOVERABLE,
)
from tests.fixtures.coincidences import coincidence_row

DAY, YEAR = 86400.0, 365.25 * 86400.0
VOLUME = 4 / 3 * np.pi * 100.0**3
NO_WITNESS = tables.empty(WITNESSES)
SCHEMAS = {
    "cost": COST,
    "by_detector": COST_BY_DETECTOR,
    "recoverable": RECOVERABLE,
    "by_day": COST_BY_DAY,
    "stability": RANK_STABILITY,
}
SIZES = {"duration_s": 0.4, "peak_frequency_hz": 100.0, "bandwidth_hz": 50.0, "snr": 20.0}
DEFAULTS = {**SIZES, "ranking": np.nan, "astrophysical": ""}


def glitches(rows):
    """Return tables "glitches" and "families" of (ifo, time, family, other columns)."""
    listed = [
        {"glitch_id": f"g{k}", "ifo": ifo, "event_time": time, "family": family, **DEFAULTS, **columns}
        for k, (ifo, time, family, columns) in enumerate(rows)
    ]
    table = pd.DataFrame(listed, columns=["glitch_id", "ifo", "event_time", "family", *DEFAULTS])
    families = table[["glitch_id", "family"]].assign(
        view="", probability=1.0, outlier_score=0.0, isolation=1.0
    )
    return table.drop(columns="family"), families


def segments(*rows):
    return pd.DataFrame(rows, columns=["ifo", "start", "end"]).assign(flag="", source="")


def flat_minutes(spans, table, *, reach, lost, settings):
    """Return table "minutes" with one range, less what is lost of it in some minutes of a detector."""
    parts = []
    for ifo in sorted(set(spans["ifo"])):
        live = segments_of(spans, ifo)
        frame = minute.minute_frame(live, gate_union(table, ifo, live, settings))
        values = np.full(len(frame), reach)
        for at, drop in (lost or {}).get(ifo, {}).items():
            values[frame["minute"].to_numpy() == at] -= drop
        parts.append(minute.with_losses(frame, values, ifo=ifo, source="strain"))
    return pd.concat(parts, ignore_index=True)


def costs(rows, spans, *, lost=None, witnesses=NO_WITNESS, coincidences=None, reach=100.0, **settings):
    table, families = glitches(rows)
    chosen = CostSettings(**settings)
    minutes = flat_minutes(spans, table, reach=reach, lost=lost, settings=chosen)
    result = family_costs(
        table,
        families,
        spans,
        minutes,
        witnesses=witnesses,
        settings=chosen,
        coincidences=coincidences,
    )
    for name, schema in SCHEMAS.items():
        tables.conform(schema, getattr(result, name))
    return result


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
    result = costs(ROWS, SPANS).cost.set_index("family")
    # F001 [99.5, 101], [7299.5, 7300.5]; F002 [100.75, 101.75], [4998.5, 5001.5]; none [5001.5, 5002.5].
    assert list(result.index) == ["F001", "F002"]
    np.testing.assert_allclose(result["deadtime_s"], [2.5, 4.0])
    np.testing.assert_allclose(result["marginal_deadtime_s"], [2.25, 3.75])
    assert result["n"].tolist() == [3, 2]
    assert result["live_s"].tolist() == [120000.0, 120000.0]
    np.testing.assert_allclose(result["volume_mpc3"], VOLUME)
    np.testing.assert_allclose(result["cost_mpc3_yr"], VOLUME * np.array([2.25, 3.75]) / YEAR)
    np.testing.assert_allclose(result["hours_per_1000h"], 1000 * np.array([2.25, 3.75]) / 120000)
    assert result["rank"].tolist() == [2, 1]
    assert result["rate_per_day"]["F001"] == pytest.approx(3 * DAY / 120000)
    assert result["rate_times_snr"]["F001"] == pytest.approx(20 * 3 * DAY / 120000)
    assert (result["threshold_source"] == "none").all()
    assert (result["threshold_loss"] == 0).all()
    assert not result["threshold_in_cost"].any()
    assert (result["cost_low"] < result["cost_mpc3_yr"]).all()
    assert (result["cost_high"] > result["cost_mpc3_yr"]).all()
    assert result["blocks"].tolist() == [20, 20]
    assert (result["reason"] == "").all()


def test_range_loss_is_charged_beside_deadtime():
    # F002 takes 20 Mpc from each of its eight minutes, in two of which F001 is, too, and louder.
    rows = [("H1", 90.0 + 300 * k, "F002" if k < 8 else "F001", {}) for k in range(14)]
    rows += [("H1", 90.0 + 300 * k + 10, "F001", {"snr": 60.0}) for k in range(2)]
    drop = {60.0 * ((90 + 300 * k) // 60): 20.0 for k in range(8)}
    result = costs(rows, SPANS, lost={"H1": drop}).cost.set_index("family")
    lost = 8 * 4 / 3 * np.pi * (100.0**3 - 80.0**3) * 60 / YEAR
    assert result["range_loss_mpc3_yr"]["F002"] == pytest.approx(lost, rel=0.02)
    assert abs(result["range_loss_mpc3_yr"]["F001"]) < 0.02 * lost
    assert result["range_loss_mpc3_yr"].sum() == pytest.approx(lost)
    np.testing.assert_allclose(
        result["cost_mpc3_yr"], result["deadtime_loss_mpc3_yr"] + result["range_loss_mpc3_yr"]
    )
    assert result["range_minutes"].tolist() == [8, 8]


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
        result = costs(rows, spans, lost=lost, **settings)
        whole = result.cost.set_index(["family", "ifo"])
        days = result.by_day.groupby(["family", "ifo"])
        np.testing.assert_allclose(days["cost_mpc3_yr"].sum(), whole["cost_mpc3_yr"])
        assert days["n"].sum().tolist() == whole["n"].tolist()
        assert (result.by_day["day"] % DAY == 0).all()
        assert (result.by_day["day"] // DAY).nunique() == 26  # the last segments reach past midnight
        assert result.cost["rank"].sort_values().tolist() == list(range(1, 9))
    assert result.cost["threshold_in_cost"].all()
    alarms = result.stability[result.stability["varied"] == "false_alarm_rate"]
    assert sorted(set(alarms["value"])) == [30.0, 300.0, 3000.0]
    np.testing.assert_allclose(alarms.loc[alarms["value"] == 300.0, "kendall_tau"], 1.0)


def test_ranking_enters_as_the_formula_says():
    rows = [
        ("H1", 100.0 + 300 * k, "F001" if k % 2 else "F002", {"ranking": 30.0 - k, "snr": 9.0})
        for k in range(19)
    ]
    rows += [("H1", 20000.0, "F001", {"snr": 50.0}), ("H1", 20010.0, "F002", {"snr": 50.0})]
    result = costs(rows, SPANS, gate_snr=20.0).cost.set_index("family")
    # Ten alarms are allowed: the threshold is 21; of each family alone it would be 12 or the lowest, 12.
    delta = 1 - (12 / 21) ** 3
    np.testing.assert_allclose(result["threshold_loss"], delta)
    assert result["n_gated"].tolist() == [1, 1]
    live, dead = 120000.0, 1.0
    expected = VOLUME * live * (1 - (1 - dead / live) * (1 - delta)) / YEAR
    np.testing.assert_allclose(result["cost_mpc3_yr"] - result["range_loss_mpc3_yr"], expected)
    assert (result["threshold_source"] == "ranking").all()


def test_snr_is_a_proxy_outside_the_headline():
    rows = [("H1", 100.0 + 300 * k, "F001", {"snr": 9.0 + k}) for k in range(20)]
    rows += [("H1", 250.0 + 300 * k, "F002", {"snr": 8.0}) for k in range(15)]
    result = costs(rows, SPANS, gate_snr=100.0).cost.set_index("family")
    assert (result["threshold_source"] == "snr").all()
    assert result["threshold_loss"]["F001"] == pytest.approx(1 - (8 / 19) ** 3)
    assert not result["threshold_in_cost"].any()
    # Nothing gates them, and no search has ranked them: they are not costed, and not free.
    assert result["cost_mpc3_yr"].isna().all()
    assert result["rank"].isna().all()
    assert result["range_loss_mpc3_yr"].notna().all()
    assert (result["reason"] == Reason.NOT_GATED).all()


def test_a_glitch_with_views_in_several_families_is_charged_once():
    table, _ = glitches([("H1", 100.0, "", {}), ("H1", 200.0, "", {}), ("H1", 300.0, "", {})])
    views = [("g0", "F001", 0.7), ("g0", "F002", 0.9), ("g0", "-1", 1.0), ("g1", "-1", 0.0)]
    families = pd.DataFrame(views, columns=["glitch_id", "family", "probability"])
    assert charged_glitches(table, families)["family"].tolist() == ["F002", "-1", "-1"]


def witness(channel, *, excess, safety="safe", q=0.001, rank=1):
    row = dict.fromkeys(WITNESSES.names, 0.0) | {"family": "F002", "ifo": "H1", "channel": channel}
    row |= {"band": "10-30", "group": channel, "relation": "co-moves", "safety": safety}
    row |= {"excess_efficiency": excess, "excess_low": excess - 0.1, "excess_high": excess + 0.1}
    row |= {"q_value": q, "at_floor": False, "rank": rank, "t_peak": 9.0 - rank}
    row |= {"represents": False, "strong": excess >= 0.1}
    return row | {"efficiency": 0.6, "deadtime": 0.02}


def test_recoverable_is_cost_times_excess_of_witnesses_that_count():
    table = pd.DataFrame(
        [
            witness("A", excess=0.5),
            witness("B", excess=0.05, rank=2),
            witness("C", excess=0.9, q=0.2, rank=3),
            witness("D", excess=0.9, safety="unsafe", rank=4),
        ]
    )
    result = costs(ROWS, SPANS, witnesses=table)
    row = result.cost.set_index("family").loc["F002"]
    assert row["best_witness"] == "A"
    assert row["recoverable"] == pytest.approx(0.5 * row["cost_mpc3_yr"])
    assert row["efficiency_over_deadtime"] == pytest.approx(30.0)
    recoverable = result.recoverable.set_index("channel")
    assert list(recoverable.index) == ["A"]
    np.testing.assert_allclose(recoverable["recoverable_mpc3_yr"], [0.5 * row["cost_mpc3_yr"]])
    assert recoverable["recoverable_high"]["A"] == pytest.approx(0.6 * row["cost_high"])
    assert result.cost.set_index("family")["best_witness"]["F001"] == ""


def test_a_witness_by_triggers_counts_where_its_samples_do_not():
    found = {"ifo": "H1", "channel_excess_low": 0.2, "channel_excess_high": 0.4, "channel_excess": 0.3}
    aux = pd.DataFrame(
        [
            coincidence_row("F002", "H1:A_B", **found),
            coincidence_row("F002", "H1:C", **found),
            coincidence_row("F001", "H1:C", kind="segments", **found),
            coincidence_row("F001", "H1:D", **found),
            coincidence_row("F001", "H1:E", strong=False, **found),
        ]
    )
    table = pd.DataFrame(
        [witness("H1:A-B_DQ", excess=0.5), witness("H1:D_DQ", excess=0.9, safety="unsafe", rank=2)]
    )
    result = costs(ROWS, SPANS, witnesses=table, coincidences=aux)
    kinds = result.recoverable.set_index(["family", "channel"])["kind"].to_dict()
    assert kinds == {
        ("F002", "H1:A-B_DQ"): "raw",
        ("F002", "H1:C"): "triggers",
        ("F001", "H1:C"): "segments",
    }
    by_family = result.cost.set_index("family")
    assert by_family["best_witness"].to_dict() == {"F001": "H1:C", "F002": "H1:A-B_DQ"}
    larger = aux.assign(channel_excess=0.6)
    best = costs(ROWS, SPANS, witnesses=table, coincidences=larger).cost.set_index("family")["best_witness"]
    assert best["F002"] == "H1:C"  # a larger effect than that of the samples of another channel
    of_flag = result.recoverable.set_index("family").loc["F001"]
    assert of_flag["recoverable_mpc3_yr"] == pytest.approx(0.3 * by_family["cost_mpc3_yr"]["F001"])
    assert costs(ROWS, SPANS, coincidences=aux).recoverable["kind"].tolist() == ["triggers"] * 2 + [
        "segments",
        "triggers",
    ]


def test_stability_of_the_chosen_settings_is_one():
    rng = np.random.default_rng(3)
    rows = [
        ("H1", float(t), f"F00{k % 5}", {"duration_s": 1.0 + k % 5})
        for k, t in enumerate(rng.uniform(0, 5000, 99))
    ]
    result = costs(rows, SPANS).stability
    assert set(result["varied"]) == {"min_gate_s", "gate_snr"}  # no threshold is part of the cost
    same = result[(result["varied"] == "min_gate_s") & (result["value"] == 0.5)]
    np.testing.assert_allclose(same["kendall_tau"], 1.0)
    assert sorted(same["ifo"]) == ["H1", "all"]
    # No glitch has an SNR of 50: nothing is costed.
    assert (result["n"] == np.where(result["value"] == 50.0, 0, 5)).all()


def one_row(rows, spans, **more):
    result = costs(rows, spans, **more).cost
    assert len(result) == 1
    return result.iloc[0]


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
        table, families = glitches([("H1", 100.0, "F001", {})])
        result = family_costs(
            table, families, spans, tables.empty(MINUTES), witnesses=NO_WITNESS, settings=CostSettings()
        )
        tables.conform(COST, result.cost)
        row = result.cost.iloc[0]
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
    result = costs([("H1", 100.0, "F001", {}), ("H1", 6500.0, "F002", {})], SPANS).cost.set_index("family")
    assert result["reason"].tolist() == ["", Reason.NO_LIVE_GLITCH]
    assert result["n"].tolist() == [1, 0]
    assert pd.isna(result["cost_mpc3_yr"]["F002"])


def test_a_family_in_one_detector_has_one_row():
    spans = pd.concat([SPANS, SPANS.assign(ifo="L1")], ignore_index=True)
    result = costs([("H1", 100.0, "F001", {}), ("L1", 100.0, "F002", {})], spans).cost
    assert result[["family", "ifo"]].to_numpy().tolist() == [["F001", "H1"], ["F002", "L1"]]


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
    table, families = glitches([])
    result = family_costs(
        table, families, SPANS, tables.empty(MINUTES), witnesses=NO_WITNESS, settings=CostSettings()
    )
    assert result.cost.empty
    assert result.stability.empty


def test_threads_change_nothing():
    rng = np.random.default_rng(8)
    rows = [("H1", float(t), f"F{k % 30:03d}", {}) for k, t in enumerate(rng.uniform(0, 5900, 400))]
    lost = {"H1": {60.0 * k: float(rng.uniform(0, 30)) for k in range(99)}}
    encoded = []
    for threads in (1, 4):
        with threadpool_limits(limits=threads):
            encoded.append(tables.encode(COST, costs(rows, SPANS, lost=lost).cost))
    assert encoded[0] == encoded[1]


def test_what_is_written(tmp_path):
    result = costs(ROWS, SPANS)
    write_costs(result, CostSettings(), tmp_path)
    for schema in SCHEMAS.values():
        tables.read(schema, tmp_path / f"{tables.name_of(schema)}.parquet")
    report = json.loads((tmp_path / "cost.json").read_text())
    assert report["settings"]["min_gate_s"] == 0.5
    assert report["rows"][0]["family"] == "F001"
    assert report["rows"][0]["efficiency_over_deadtime"] is None
    assert "V dT" in report["formula"]["cost_mpc3_yr"]
    csv = pd.read_csv(tmp_path / "cost.csv", dtype={"best_witness": str})
    np.testing.assert_allclose(csv["cost_mpc3_yr"], result.cost["cost_mpc3_yr"])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_costs(costs(ROWS[::-1], SPANS), CostSettings(), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

"""Witnesses among triggers and segments: planted truth, calibration, hveto's rounds, leakage, groups."""

import logging

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from glitch_explorer.core import tables
from glitch_explorer.coupling.auxiliary.safety import full_names, listed_safety, safety_of
from glitch_explorer.coupling.coincidence import shares
from glitch_explorer.coupling.coincidence.details import DETAILS, coincidence_relation
from glitch_explorer.coupling.coincidence.gather import coincidence_table
from glitch_explorer.coupling.coincidence.overlap import flagged_groups
from glitch_explorer.coupling.coincidence.rounds import hveto_rounds
from glitch_explorer.coupling.coincidence.scan import Cell, Scan
from glitch_explorer.coupling.coincidence.search import GATHERED, find_coincidences
from glitch_explorer.coupling.coincidence.segments import AuxiliarySegments
from glitch_explorer.coupling.coincidence.trends import flag_trend
from glitch_explorer.coupling.coincidence.triggers import AuxiliaryTriggers
from glitch_explorer.coupling.schemas import COINCIDENCES, DETECTOR_COINCIDENCES, FAMILY_WITNESSES

DAY = np.array([[0.0, 86400.0]])
SCAN = Scan(windows_s=(0.1, 1.0), snr_thresholds=(8.0, 10.0, 20.0))


def bursts(rng, n, *, days=1):
    """Draw times in bursts of minutes, the rate changing a hundredfold within a day."""
    centres = rng.uniform(0, 86400 * days, max(n // 10, 1))
    times = rng.choice(centres, n) + rng.normal(0, 60, n)
    return np.sort(np.clip(times, 0, 86400 * days - 1))


def channel(rng, name, times):
    return AuxiliaryTriggers(
        name, np.sort(times), (8 + rng.exponential(5, len(times))).astype(np.float32), DAY
    )


def find(times, auxiliary, safety=None, segments=DAY, scan=SCAN, slides=200, most=800, threads=1):
    return find_coincidences(
        times,
        segments,
        auxiliary,
        safety or ["unknown"] * len(auxiliary),
        scan=scan,
        slides=slides,
        most_slides=most,
        seed=1,
        threads=threads,
    )


@pytest.fixture(scope="module")
def planted():
    """Return glitches, and channels of which number 3 hears 40 % of them 0.2 s early."""
    rng = np.random.default_rng(1)
    times = bursts(rng, 300)
    channels = [channel(rng, f"L1:A-{k}", bursts(rng, 400)) for k in range(10)]
    heard = times[rng.random(300) < 0.4] - 0.2
    channels[3] = channel(rng, "L1:A-3", np.concatenate([bursts(rng, 200), heard]))
    return times, channels


def test_a_planted_witness_is_first_with_its_share_and_delay(planted):
    times, channels = planted
    table = find(times, channels).table
    first = table.iloc[0]
    assert first["channel"] == "L1:A-3"
    assert first["p_fwer"] == pytest.approx(1 / 801)
    assert first["at_floor"]
    assert first["window"] == 1.0
    assert first["delay"] == pytest.approx(-0.2, abs=0.02)
    assert first["excess_low"] < 0.4 < first["excess_high"]
    assert first["channel_excess"] == pytest.approx(0.4, abs=0.07)
    assert (table["p_fwer"][1:] > 0.05).all()
    assert list(table.columns) == [name for name in DETECTOR_COINCIDENCES.names if name not in GATHERED]


def test_order_threads_and_repeated_glitches_change_nothing(planted):
    times, channels = planted
    table = find(times, channels).table
    again = find(np.concatenate([times[::-1], times[:9]]), channels, threads=3).table
    pd.testing.assert_frame_equal(table, again)


def test_unsafe_channels_are_measured_but_have_no_p_and_come_last(planted):
    times, channels = planted
    safety = ["unsafe" if k == 3 else "unknown" for k in range(10)]
    table = find(times, channels, safety).table
    last = table.iloc[-1]
    assert (last["channel"], last["safety"]) == ("L1:A-3", "unsafe")
    assert np.isnan(last["p_fwer"])
    assert last["t_statistic"] > 10
    assert (table["p_fwer"][:-1] > 0.05).all()


def test_a_witness_that_leads_is_found_at_its_lag():
    rng = np.random.default_rng(2)
    times = bursts(rng, 200)
    channels = [channel(rng, "L1:A", times[:100] - 5.0), channel(rng, "L1:B", bursts(rng, 100))]
    scan = Scan(windows_s=(1.0,), snr_thresholds=(8.0,), lags_s=(-5.0, 0.0))
    first = find(times, channels, scan=scan).table.iloc[0]
    assert (first["channel"], first["lag"]) == ("L1:A", -5.0)
    assert first["delay"] == pytest.approx(-5.0)
    assert first["efficiency"] > 0.45
    assert first["hveto_significance"] < 10  # at lag 0, where only the bursts coincide


def relation(channel, cell, durations=0.5):
    times = 1000.0 * np.arange(1, 21)
    return coincidence_relation(times, np.broadcast_to(durations, 20), channel, cell)


def test_a_channel_leads_where_its_window_ends_before_the_glitch_begins():
    triggers = channel(np.random.default_rng(1), "L1:A", 1000.0 * np.arange(1, 21))
    assert relation(triggers, Cell(-1.0, 1.5)) == "leads"
    assert relation(triggers, Cell(-1.0, 1.5), np.nan) == "leads"
    assert relation(triggers, Cell(-1.0, 1.5), 0.6) == "co-moves"
    assert relation(triggers, Cell(0.0, 0.1)) == "co-moves"
    assert relation(triggers, Cell(1.0, 1.5)) == "follows"
    assert relation(triggers, Cell(-1.0, 1.5), [0.6, 0.6, *[0.5] * 18]) == "leads"
    assert relation(triggers, Cell(-1.0, 1.5), [0.6, 0.6, 0.6, *[0.5] * 17]) == "co-moves"


def test_a_flag_that_is_active_until_the_glitch_co_moves():
    times = 1000.0 * np.arange(1, 21)
    before = AuxiliarySegments("L1:F", np.column_stack([times - 9, times - 2]), DAY)
    until = AuxiliarySegments("L1:F", np.column_stack([times - 9, times]), DAY)
    after = AuxiliarySegments("L1:F", np.column_stack([times + 2, times + 9]), DAY)
    assert [relation(before, Cell(-5.0)), relation(until, Cell(-5.0))] == ["leads", "co-moves"]
    assert relation(after, Cell(5.0)) == "follows"


def test_a_trend_leads_by_a_sample_unless_the_next_is_flagged_too():
    live = np.array([[0.0, 30_000.0]])
    sample = (1000 * np.arange(1, 21) // 60).astype(int)
    values = np.random.default_rng(1).uniform(size=500)
    values[sample - 1], values[sample] = 10.0, 0.0
    cell = Cell(-60.0, 60.0, measure="high", top_share=0.2)
    assert relation(flag_trend("L1:T", values, start=0.0, sample_s=60.0, live=live), cell, 0.0) == "leads"
    values[sample] = 9.0
    assert relation(flag_trend("L1:T", values, start=0.0, sample_s=60.0, live=live), cell, 0.0) == "co-moves"


def test_segments_have_the_same_columns_and_unknown_time_does_not_count():
    rng = np.random.default_rng(3)
    times = np.sort(rng.uniform(0, 86400, 300))
    active = np.column_stack([times - 1, times + 1])[:150]
    known = np.array([[0.0, times[149] + 50]])
    flag = AuxiliarySegments("L1:FLAG", active[np.diff(active[:, 0], append=np.inf) > 2], known)
    row = find(times, [flag, AuxiliarySegments("L1:NONE", np.empty((0, 2)), DAY)]).table.iloc[0]
    assert (row["kind"], row["channel"]) == ("segments", "L1:FLAG")
    assert row["efficiency"] > 0.95
    assert row["coverage"] == pytest.approx(known[0, 1] / 86400)
    assert row["n_glitches"] == (times < known[0, 1]).sum()
    assert row["deadtime"] == pytest.approx(300 / known[0, 1], abs=0.002)


def test_few_glitches_are_not_tested_and_those_outside_are_counted():
    triggers = channel(np.random.default_rng(1), "L1:A", np.arange(9.0))
    result = find(np.append(np.arange(7.0), [90_000.0, 91_000.0]), [triggers])
    assert result.table.empty
    assert result.note == {"code": "too_few", "usable": 7, "total": 9, "least": 8}
    assert (result.outside, result.untested) == (2, ["L1:A"])
    assert find(np.arange(20.0), []).table.empty


def test_a_channel_that_is_known_elsewhere_is_not_tested(planted, caplog):
    times, channels = planted
    elsewhere = AuxiliarySegments("L1:FLAG", np.empty((0, 2)), DAY + 1e6)
    with caplog.at_level(logging.INFO):
        result = find(times, [channels[0], elsewhere])
    assert result.untested == ["L1:FLAG"]
    assert result.table["channel"].tolist() == ["L1:A-0"]
    assert "auxiliary channels: 1 of 2 channels are known at 8 glitches" in caplog.text


#: Without channels whose samples are read.
NO_CHANNELS = tables.empty(FAMILY_WITNESSES)


def test_families_are_gathered_with_one_q_value(planted):
    times, channels = planted
    parts = {
        ("F002", "L1"): find(times, channels).table,
        ("F001", "L1"): find(bursts(np.random.default_rng(9), 100), channels).table,
        ("F003", "L1"): find(np.arange(3.0), channels).table,
    }
    added = {name: pd.Series(dtype=kind) for name, kind in DETAILS.items()} | {
        "relation": "",
        "group": "L1:A",
    }
    rows = [
        part.assign(family=family, ifo=ifo, **added) for (family, ifo), part in parts.items() if len(part)
    ]
    table = coincidence_table(tables.joined(DETECTOR_COINCIDENCES, rows), NO_CHANNELS, least_effect=0.1)
    assert tables.conform(COINCIDENCES, table).num_rows == 20
    assert table["family"].tolist() == ["F001"] * 10 + ["F002"] * 10
    first = table[table["family"] == "F002"].iloc[0]
    assert first["channel"] == "L1:A-3"
    assert first["q_value"] == pytest.approx(2 * first["p_fwer"])
    assert (table["q_value"] >= table["p_fwer"]).all()
    assert table["channel"][table["strong"]].tolist() == ["L1:A-3"]
    assert coincidence_table(tables.empty(DETECTOR_COINCIDENCES), NO_CHANNELS, least_effect=0.1).empty


def null_p(seed):
    """Return the smallest p of a family in bursts, with channels in bursts of their own or in slow tides."""
    rng = np.random.default_rng([7, seed])
    tide = np.sort(43200 + 43200 * rng.beta(3, 3, 250) * rng.choice([-1, 1], 250))
    times = bursts(rng, 150) if seed % 2 else np.unique(tide)
    channels = [channel(rng, f"L1:A-{k}", bursts(rng, 300)) for k in range(6)]
    channels += [channel(rng, f"L1:B-{k}", 86400 * rng.beta(3, 3, 300)) for k in range(2)]
    starts = bursts(rng, 40)
    channels.append(AuxiliarySegments("L1:C", np.column_stack([starts[::2], starts[::2] + 0.1]), DAY))
    return find(times, channels, slides=99, most=99).table["p_fwer"].min()


@pytest.mark.slow
def test_p_is_calibrated_where_rates_change_within_minutes():
    n = 300
    p_values = np.array([null_p(seed) for seed in range(n)])
    for alpha in (0.05, 0.1, 0.5):
        assert binom.sf((p_values <= alpha).sum() - 1, n, alpha) >= 0.01, alpha
    assert (p_values <= 0.5).mean() > 0.35  # and not far too large


def hveto_world():
    """Return glitches and channels for which hveto 2.1.9 was run by its own functions."""
    rng = np.random.default_rng(3)
    segments = np.array([[0.0, 20000.0], [21000.0, 40000.0]])

    def uniform(n):
        times = rng.uniform(0, 39000, n)
        return np.sort(np.where(times > 20000, times + 1000, times))

    times = uniform(120)
    times = times[np.append(True, np.diff(times) > 1.5)]
    channels = []
    for k in range(6):
        triggers, snr = uniform(300), 8 + rng.exponential(6, 300)
        if k in (1, 4):
            heard = rng.choice(len(times), 40 if k == 1 else 25, replace=False)
            triggers = np.append(triggers, times[heard] + rng.normal(0, 0.05, len(heard)))
            snr = np.append(snr, 20 + rng.exponential(10, len(heard)))
        order = np.argsort(triggers)
        channels.append(
            AuxiliaryTriggers(f"L1:A-{k}", triggers[order], snr[order].astype(np.float32), segments)
        )
    return times, segments, channels


def test_rounds_are_those_of_hveto():
    first, second = hveto_rounds(*hveto_world(), scan=Scan())
    # hveto.core.find_max_significance, veto and veto_all of hveto 2.1.9 on the same triggers.
    assert (first.channel, first.window_s, first.snr_threshold) == ("L1:A-1", 0.2, 20.0)
    assert first.significance == pytest.approx(96.25138631993615)
    assert first.mean == pytest.approx(0.05248205128205129)
    assert (first.vetoed, first.live_time_s) == (39, 39000.0)
    assert (second.channel, second.window_s, second.snr_threshold) == ("L1:A-4", 0.2, 20.0)
    assert second.significance == pytest.approx(36.47606794685193)
    assert second.mean == pytest.approx(0.02380536847091156)
    assert (second.vetoed, second.live_time_s) == (15, pytest.approx(38982.803443431214))


def test_rounds_count_every_glitch_of_a_burst():
    middles = 1000.0 + 50.0 * np.arange(400)
    times = (middles[:, None] + 0.25 * np.arange(-2, 3)).ravel()
    triggers = AuxiliaryTriggers("L1:A", middles + 0.01, np.full(400, 10, np.float32), DAY)
    (only,) = hveto_rounds(times, DAY, [triggers], scan=Scan(windows_s=(2.0,), snr_thresholds=(8.0,)))
    assert only.coincident == only.vetoed == 2000


def test_shares_by_snr_and_day_and_what_leakage_looks_like():
    snr = np.array([5.0, 9, 9, 12, 60, 80, np.nan])
    hits = np.array([0, 0, 1, 1, 1, 1, 1], bool)
    table = shares.share_by_snr(snr, hits)
    assert table["low"].tolist() == [0, 8, 10, 50]
    assert table["n"].tolist() == [1, 2, 1, 2]
    assert table["share"].tolist() == [0, 0.5, 1, 1]
    assert table["share_low"][3] > 0.3
    assert shares.snr_auc(snr, hits) == pytest.approx((2 * 4 - 0.5) / 8)
    assert np.isnan(shares.snr_auc(snr, np.ones(7, bool)))
    times = np.array([10.0, 20, 30, 90_000, 200_000, 200_001, 200_002])
    days = shares.share_by_day(times, hits)
    assert days["low"].tolist() == [0, 86400, 172800]
    assert days["hits"].tolist() == [1, 1, 3]
    assert shares.days_to_half(times, hits) == 1
    assert shares.days_to_half(times, np.zeros(7, bool)) == 0


def test_channels_that_flag_the_same_quiet_time_are_a_group():
    rng = np.random.default_rng(4)
    times, quiet = np.sort(rng.uniform(0, 86400, 100)), np.sort(rng.uniform(0, 86400, 200))
    sensors = [
        channel(rng, "L1:B", np.concatenate([quiet, times])),
        channel(rng, "L1:A", np.concatenate([quiet[:195], times])),
        channel(rng, "L1:C", np.concatenate([rng.uniform(0, 86400, 200), times])),
        AuxiliarySegments("L1:D", np.column_stack([quiet - 0.5, quiet + 0.5]), DAY),
    ]
    assert flagged_groups(sensors, DAY, times) == ["L1:A", "L1:A", "L1:C", "L1:A"]
    assert flagged_groups([], DAY, times) == []


def test_safety_is_that_of_the_channel_under_any_of_its_names():
    channels = pd.DataFrame(
        {
            "channel": ["L1:ASC-X_TR_B_NSUM_OUT_DQ", "L1:SUS-A.mean,m-trend", "L1:PEM-X", "L1:SUS-A"],
            "safety": ["unsafe", "unsafe", "safe", "safe"],
        }
    )
    names = ["L1:ASC_X_TR_B_NSUM_OUT_DQ", "L1:ASC-X_TR_B_NSUM_OUT", "L1:SUS-A_DQ", "L1:PEM_X", "L1:NEW"]
    assert safety_of(names, channels) == ["unsafe", "unsafe", "unsafe", "safe", "unknown"]
    assert safety_of(["L1:GDS_CALIB_STRAIN"], channels) == ["unsafe"]


def test_safety_tables_hold_for_triggers_whose_names_have_underscores(tmp_path):
    (tmp_path / "list.csv").write_text("channel,safety\n{ifo}:PEM-EX_ACC_DQ,safe\nH1:PEM-EY_ACC,safe\n")
    (tmp_path / "safety.csv").write_text(
        "channel,safety\n*:ASC-AS_A_DC_OUT_DQ,unsafe\n{ifo}:SUS-*_L2_WIT_[LP]_DQ,unsafe\n"
    )
    listed = listed_safety([tmp_path / "list.csv"], [tmp_path / "safety.csv"], "L1")
    assert full_names(listed) == ["L1:PEM-EX_ACC_DQ", "L1:ASC-AS_A_DC_OUT_DQ"]
    names = ["L1:PEM_EX_ACC_DQ", "L1:ASC_AS_A_DC_OUT", "L1:SUS_ETMX_L2_WIT_L_DQ", "L1:SUS-ETMX_L2_WIT_Y"]
    assert safety_of(names, listed) == ["safe", "unsafe", "unsafe", "unknown"]
    assert listed_safety([], [], "L1").empty


def test_louder_coincident_glitches_have_an_interval_over_blocks():
    rng = np.random.default_rng(8)
    snr, blocks = 8 + rng.exponential(10, 2000), np.repeat(np.arange(20), 100)
    even, low, high = shares.snr_auc_interval(snr, rng.random(2000) < 0.2, blocks)
    assert low < 0.5 < high
    assert low < even < high
    heard = rng.random(2000) < np.clip((snr - 8) / 40, 0, 1)
    rising, low, high = shares.snr_auc_interval(snr, heard, blocks)
    assert 0.5 < low < rising < high <= 1
    assert np.isnan(shares.snr_auc_interval(snr, heard, np.zeros(2000, int))[1])
    assert np.isnan(shares.snr_auc_interval(snr, blocks == 3, blocks)[1])  # hits in one block only

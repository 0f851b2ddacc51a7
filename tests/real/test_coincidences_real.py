"""Real triggers and segments of O3 against what plain counting finds in them (README of the data)."""

import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core import tables
from glitch_explorer.core.intervals import contains, intersect
from glitch_explorer.coupling.auxiliary.flags import read_flags
from glitch_explorer.coupling.auxiliary.trigger_files import TriggerSource, read_triggers
from glitch_explorer.coupling.coincidence import shares
from glitch_explorer.coupling.coincidence.overlap import flagged_groups
from glitch_explorer.coupling.coincidence.rounds import hveto_rounds
from glitch_explorer.coupling.coincidence.scan import Scan, coincident
from glitch_explorer.coupling.coincidence.search import find_coincidences
from glitch_explorer.coupling.coincidence.segments import AuxiliarySegments
from glitch_explorer.coupling.schemas import COINCIDENCE_SHARES, COINCIDENCES, HVETO_ROUNDS
from glitch_explorer.coupling.witnesses.blocks import bootstrap_blocks, share_interval
from glitch_explorer.coupling.witnesses.p_values import q_values
from glitch_explorer.map.schemas import FAMILY_NAMES
from tests.fixtures.real_runs import real_run

MONITOR = "L1:ASC-X_TR_B"
ETMX, RUNNER_UP = "L1:SUS-ETMX_L2_WIT_L_DQ", "L1:SUS-ETMX_M0_DAMP_L_IN1_DQ"
#: The README counts all triggers within 0.5 s.
PLAIN = Scan(windows_s=(1.0,), snr_thresholds=(0.0,))
OTHERS = ("Blip", "Blip_Low_Frequency", "Koi_Fish", "Tomte")


@pytest.fixture(scope="module")
def segments(shared_data):
    return np.loadtxt(shared_data / "o3_scattering" / "o3a_L1_times.dat")[:, :2]


@pytest.fixture(scope="module")
def scattered(shared_data):
    """Return time and SNR of the scattered-light glitches; rows that share a time are one glitch."""
    path = shared_data / "o3_scattering" / "L1_scattered_light_O3a.csv"
    return pd.read_csv(path).sort_values("time", kind="stable").drop_duplicates("time")


@pytest.fixture(scope="module")
def monitor(shared_data, segments):
    path = shared_data / "o3_scattering" / "L1_ASC-X_TR_B_omicron_Apr-Jun2019.csv"
    (triggers,) = read_triggers([TriggerSource(str(path), MONITOR)], "L1", segments)
    return triggers


@pytest.fixture(scope="module")
def families(shared_data, scattered, segments, monitor):
    """Return the times of five classes in the analysed time that the monitor's file covers."""
    month = pd.read_csv(shared_data / "catalogs" / "gravityspy_O3a_month.csv")
    month = month[month["ifo"] == "L1"]
    times = {name: month.loc[month["ml_label"] == name, "event_time"] for name in OTHERS}
    times["Scattered_Light"] = scattered["time"]
    span, _, _ = intersect(segments, monitor.known)
    return {name: np.unique(of_class[contains(span, of_class)]) for name, of_class in times.items()}, span


def witness_rows(times, segments, auxiliary, scan, **options):
    settings = {"slides": 500, "most_slides": 2000, "seed": 1, "threads": 1} | options
    return find_coincidences(
        times, segments, auxiliary, ["unknown"] * len(auxiliary), scan=scan, **settings
    ).table


def test_the_monitors_file_is_out_of_order_and_partly_outside(shared_data, segments, monitor, caplog):
    path = shared_data / "o3_scattering" / "L1_ASC-X_TR_B_omicron_Apr-Jun2019.csv"
    with caplog.at_level(logging.INFO):
        read_triggers([TriggerSource(str(path), MONITOR)], "L1", segments)
    assert "of 7445 read: 0 repeated, 669 outside the segments" in caplog.text
    assert "2 were not in order" in caplog.text
    assert len(monitor) + 669 <= 7445


def test_the_transmission_monitor_at_scattered_light_by_plain_counting(families, monitor, scattered):
    families, span = families
    times = families["Scattered_Light"]
    assert len(times) == 8360
    (row,) = witness_rows(times, span, [monitor], PLAIN).to_dict("records")
    assert row["efficiency"] == pytest.approx(0.152, abs=0.001)
    assert row["expected_efficiency"] == pytest.approx(0.0068, abs=0.0005)
    assert row["p_fwer"] == pytest.approx(1 / 2001)
    hits = coincident(times, monitor, PLAIN)[:, 0]
    # Plain counting has a bootstrap over days, 0.085 to 0.228.
    low, high = share_interval(hits, bootstrap_blocks(times, span))
    assert (low, high) == (pytest.approx(0.085, abs=0.03), pytest.approx(0.228, abs=0.03))
    assert shares.days_to_half(times, hits) <= 5
    snr = scattered.set_index("time")["snr"].reindex(times).to_numpy()
    by_snr = shares.share_by_snr(snr, hits, (0.0, 10.0, 50.0, np.inf))["share"]
    assert by_snr.tolist() == pytest.approx([0.03, by_snr[1], 0.42], abs=0.01)
    assert shares.snr_auc(snr, hits) > 0.7


def test_the_transmission_monitor_witnesses_scattered_light_and_no_other_class(families, monitor):
    families, span = families
    tables = {name: witness_rows(times, span, [monitor], Scan()) for name, times in families.items()}
    table = pd.concat(tables.values(), keys=tables, names=["family"]).reset_index("family")
    q = q_values(pd.factorize(table["family"])[0], table["p_fwer"].to_numpy())
    assert set(table["family"][q <= 0.05]) == {"Scattered_Light"}
    row = table.set_index("family").loc["Scattered_Light"]
    assert row["excess_low"] > 0.05
    assert row["channel_excess_low"] > 0.05
    assert row["slide_range_s"] < 1200
    others = table[table["family"] != "Scattered_Light"]
    assert (others["efficiency"] <= 0.002).all()
    # The largest excess that these data allow.
    assert (others["excess_high"] < 0.012).all()


@pytest.mark.parametrize(("name", "share"), [("Blip", 0.0), ("Koi_Fish", 0.002), ("Tomte", 0.001)])
def test_other_classes_by_plain_counting(families, monitor, name, share):
    times = families[0][name]
    assert coincident(times, monitor, PLAIN).mean() == pytest.approx(share, abs=0.0005)


def test_hvetos_round_is_of_the_monitor(families, monitor):
    families, span = families
    first, *_ = hveto_rounds(families["Scattered_Light"], span, [monitor], scan=Scan())
    assert first.channel == MONITOR
    assert first.window_s == 1.0
    assert first.significance > 1000
    assert hveto_rounds(families["Tomte"], span, [monitor], scan=Scan()) == []


def test_rounds_of_real_triggers_are_those_of_hveto(families, monitor):
    """Hveto 2.1.9's own functions on the same triggers: find_max_significance, veto, veto_all."""
    families, span = families
    channels = [monitor]
    for shift in (-600, -300, 300, 600):
        times = monitor.times + shift
        inside = contains(span, times)
        copy = replace(monitor, channel=f"shifted {shift}", times=times[inside], snr=monitor.snr[inside])
        channels.append(copy)
    rounds = hveto_rounds(families["Scattered_Light"], span, channels, scan=Scan())
    assert [(winner.channel, winner.window_s, winner.snr_threshold, winner.vetoed) for winner in rounds] == [
        (MONITOR, 1.0, 11.0, 1178),
        (MONITOR, 1.0, 7.75, 90),
        ("shifted -300", 1.0, 12.0, 28),
        ("shifted 300", 1.0, 10.0, 29),
        ("shifted 600", 1.0, 9.0, 28),
    ]
    means = [6.062060195, 3.281719088, 4.594901613, 5.119302313, 5.716020783]
    assert [winner.mean for winner in rounds] == pytest.approx(means)
    dead = [4140.4219, 2615.5, 3691.375, 4124.1719, 4615.8594]
    assert [winner.deadtime_s for winner in rounds] == pytest.approx(dead, abs=1e-3)
    # hveto's search ends at the next glitch, which loses a few coincidences of glitches in bursts.
    significance = [2184.2743, 91.6938, 12.8615, 11.7658, 10.6735]
    assert [winner.significance for winner in rounds] == pytest.approx(significance, rel=0.07)
    assert all(
        winner.significance >= least - 1e-3 for winner, least in zip(rounds, significance, strict=True)
    )


@pytest.fixture(scope="module")
def day(shared_data, segments, scattered):
    """Return the glitches of 12 May 2019, the analysed time, and the segments of 49 channels."""
    path = shared_data / "o3_scattering" / "L1-SCATTERING_SEGMENTS_15_HZ-1241740818-86400.h5"
    live, _, _ = intersect(segments, np.array([[1241740818.0, 1241827218.0]]))
    times = scattered["time"].to_numpy()
    return times[contains(live, times)], live, read_flags([path], "L1", live)


def test_the_second_stage_of_etmx_is_first_of_49_channels(day):
    times, live, flags = day
    assert (len(times), len(flags)) == (854, 49)
    table = witness_rows(times, live, flags, Scan())
    first, second = table.iloc[0], table.iloc[1]
    assert (first["channel"], second["channel"]) == (ETMX, RUNNER_UP)
    assert first["efficiency"] == pytest.approx(0.993, abs=0.001)
    assert second["efficiency"] == pytest.approx(0.078, abs=0.001)
    assert first["p_fwer"] == pytest.approx(1 / 2001)
    assert first["safety"] == "unknown"
    assert first["slide_range_s"] < 1200
    assert first["excess_low"] > 0.7
    # 10,072 s of segments in 77,228 s that are known.
    assert first["deadtime"] == pytest.approx(0.1304, abs=0.0005)
    assert first["expected_efficiency"] == pytest.approx(0.24, abs=0.005)
    assert (table["p_fwer"][2:] > 0.05).all()


def test_with_half_a_second_around_the_segments_the_deadtime_is_that_of_plain_counting(day):
    times, live, flags = day
    wide = [
        AuxiliarySegments(flag.channel, flag.active + np.array([-0.5, 0.5]), flag.known) for flag in flags
    ]
    first = witness_rows(times, live, wide, Scan()).iloc[0]
    assert first["channel"] == ETMX
    assert first["deadtime"] == pytest.approx(0.206, abs=0.001)
    # Slid by 20 to 510 s, closer to the bursts: 0.364.
    assert first["expected_efficiency"] == pytest.approx(0.364, abs=0.05)


def test_the_two_stages_of_etmx_are_two_groups(day):
    times, live, flags = day
    stages = [flag for flag in flags if flag.channel in (ETMX, RUNNER_UP)]
    assert len(set(flagged_groups(stages, live, times))) == 2


@pytest.mark.slow
def test_a_config_of_ten_lines_leads_from_labels_to_the_answer(root, shared_data, tmp_path_factory):
    results = real_run(root, shared_data, tmp_path_factory, "triggers").folder / "results"
    names = tables.read(FAMILY_NAMES, results / "map/family_names.parquet").set_index("family")["name"]
    table = tables.read(COINCIDENCES, results / "coupling/coincidences.parquet")
    table["family"] = table["family"].map(names)
    print(table[table["q_value"] <= 0.05].to_string())
    triggers = table[table["kind"] == "triggers"].set_index("family")
    assert set(triggers.index) >= {"Scattered_Light", *OTHERS}
    assert triggers.index[triggers["q_value"] <= 0.05].tolist() == ["Scattered_Light"]
    monitor = triggers.loc["Scattered_Light"]
    # Of 8,360 one is in a segment that is shorter than a minute.
    assert monitor["n_glitches"] == 8359
    assert monitor["channel_excess_low"] > 0.05
    assert monitor["snr_auc_low"] > 0.5
    assert monitor["days_to_half"] <= 5
    flags = table[(table["kind"] == "segments") & (table["family"] == "Scattered_Light")]
    assert flags["channel"].iloc[0] == ETMX
    assert flags["efficiency"].iloc[0] == pytest.approx(0.993, abs=0.001)
    # The blocks are those of the one day on which the flags are known.
    assert flags["channel_excess_low"].iloc[0] > 0.7
    assert flags["strong"].iloc[0]
    rounds = tables.read(HVETO_ROUNDS, results / "coupling/hveto_rounds.parquet")
    assert set(rounds["family"].map(names)) == {"Scattered_Light"}
    shares = tables.read(COINCIDENCE_SHARES, results / "coupling/coincidence_shares.parquet")
    of_monitor = shares[(shares["channel"] == MONITOR) & (shares["by"] == "snr")]
    assert of_monitor["share"].iloc[-1] > 10 * of_monitor["share"].iloc[0]
    page = (results / f"site/family/{names.index[names == 'Scattered_Light'][0]}.html").read_text()
    assert "rises with SNR" in page
    log = (results / "logs/couple_triggers/L1.log").read_text()
    assert "669 outside the segments" in log

"""Auxiliary triggers and flags of a detector against all families: tables, notes, what is refused."""

import json

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core import files, tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.coupling.auxiliary.sources import project_auxiliary
from glitch_explorer.coupling.coincidence.gather import gather_coincidences
from glitch_explorer.coupling.coincidence.scan import Scan
from glitch_explorer.coupling.schemas import (
    COINCIDENCE_SHARES,
    COINCIDENCES,
    DETECTOR_COINCIDENCES,
    HVETO_ROUNDS,
)
from glitch_explorer.coupling.triggers import CoincidenceSettings, couple_triggers
from glitch_explorer.map.schemas import MEMBERS
from glitch_explorer.sources.schemas import SEGMENTS

START = 1_241_900_000.0
SETTINGS = CoincidenceSettings(Scan((0.2, 1.0), (8.0, 20.0)), 100, 400, seed=1, threads=1)


def write_members(path, times, snr, ifo="L1"):
    rows = pd.DataFrame(
        {
            "kind": "glitch",
            "glitch_id": [f"{ifo}-{number}" for number in range(len(times))],
            "view": "",
            "ifo": ifo,
            "event_time": times,
            "duration_s": 0.1,
            "peak_frequency_hz": 50.0,
            "snr": snr,
        }
    )
    tables.write(MEMBERS, rows, path)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Write two families of L1, triggers of two channels, and a flag; glitches of F001 are in both."""
    folder = tmp_path_factory.mktemp("world")
    rng = np.random.default_rng(1)
    times = np.sort(rng.uniform(START, START + 40_000, 200))
    snr = 8 + rng.exponential(10, 200)
    write_members(folder / "F001.parquet", times, snr)
    write_members(folder / "F002.parquet", rng.uniform(START, START + 40_000, 100), np.nan)
    write_members(folder / "F003.parquet", [START + 10.0], 9.0, ifo="H1")
    heard = times[snr > 15]
    others = rng.uniform(START, START + 40_000, 50)
    rows = [("L1:PEM-EX", time, 30.0) for time in (*heard, *others)]
    rows += [("L1:PEM-EX", time + 0.01, 25.0) for time in (*heard, *others)]
    rows += [("L1:PEM-EY", time, 9.0) for time in rng.uniform(START, START + 40_000, 300)]
    rows += [("L1:ASC-AS", time, 30.0) for time in times]
    frame = pd.DataFrame(rows, columns=["channel", "time", "snr"])
    frame.to_csv(folder / "triggers.csv", index=False)
    lines = [f"{time - 0.5:.3f} {time + 0.5:.3f}\n" for time in times[::2]]
    (folder / "L1-FLAG.txt").write_text("".join(lines))
    (folder / "safety.csv").write_text("channel,safety\n*:ASC-*,unsafe\n")
    return folder


def couple(world, ifo="L1", start=START, **paths):
    options = {"triggers": [{"path": str(world / "triggers.csv")}], "flags": [str(world / "L1-FLAG.txt")]}
    source = project_auxiliary(
        **({"trends": {}} | options | paths),
        lists=[],
        safety=[str(world / "safety.csv")],
        strain="{ifo}:GDS-CALIB_STRAIN",
        frequency_hz=None,
        detectors=["H1", "L1"],
        scripts=world,
    )
    segments = pd.DataFrame(
        [[name, start, start + 40_000.0, "x", "y"] for name in ("H1", "L1")], columns=SEGMENTS.names
    )
    members = sorted(world.glob("F*.parquet"))
    return couple_triggers(members, segments, ifo=ifo, source=source, settings=SETTINGS)


def test_the_log_counts_the_rows_of_a_safety_table_that_match_a_channel(tmp_path, caplog):
    caplog.set_level("INFO")
    (tmp_path / "L1-ASC_AS_A_DC_OUT.txt").write_text("0 10\n")
    (tmp_path / "some.csv").write_text("channel,safety\n*:ASC-*,unsafe\nH1:ASC-AS_A_DC_OUT_DQ,unsafe\n")
    (tmp_path / "none.csv").write_text("channel,safety\n{ifo}:SUS-ETMX_DQ,unsafe\n")
    source = project_auxiliary(
        triggers=[],
        flags=[str(tmp_path / "L1-ASC_AS_A_DC_OUT.txt")],
        trends={},
        lists=[],
        safety=[str(tmp_path / "some.csv"), str(tmp_path / "none.csv")],
        strain="{ifo}:GDS-CALIB_STRAIN",
        frequency_hz=None,
        detectors=["L1"],
        scripts=tmp_path,
    )
    _, safety = source.read("L1", np.array([[0.0, 100.0]]))
    assert safety == ["unsafe"]
    effects = [(record.levelname, record.getMessage().split(": ")[1]) for record in caplog.records]
    assert effects[-2:] == [
        ("INFO", "1 of 2 rows match auxiliary channels of L1"),
        ("WARNING", "0 of 1 rows match auxiliary channels of L1"),
    ]


@pytest.fixture(scope="module")
def coupled(world):
    return couple(world)


def test_planted_channels_are_witnesses_of_their_family_only(coupled):
    table = coupled.table.set_index(["family", "channel"])
    assert len(table) == 8
    significant = table.index[table["p_fwer"] <= 0.05]
    assert set(significant) == {("F001", "L1:PEM-EX"), ("F001", "L1:FLAG")}
    assert table.loc["F001", "kind"].to_dict() == {
        "L1:PEM-EX": "triggers",
        "L1:PEM-EY": "triggers",
        "L1:ASC-AS": "triggers",
        "L1:FLAG": "segments",
    }
    assert table.loc[("F001", "L1:ASC-AS"), "safety"] == "unsafe"
    assert np.isnan(table.loc[("F001", "L1:ASC-AS"), "p_fwer"])
    assert coupled.notes["channels"] == {"triggers": 3, "segments": 1}
    codes = {family: notes[0]["code"] for family, notes in coupled.notes["families"].items()}
    assert codes == {"F001": "tested", "F002": "tested"}


def test_minute_trends_alone_have_the_same_tables(world, tmp_path):
    rng = np.random.default_rng(5)
    times = tables.read(MEMBERS, world / "F001.parquet")["event_time"].to_numpy()
    level = np.exp(rng.normal(0, 0.2, 40_000 // 60))
    level[((times - START) // 60).astype(int)[::3]] *= 3
    columns = {f"L1:{name}": level for name in ("PEM-EX_ACC.mean", "PEM-EX_ACC.max", "ASC-AS.mean")}
    columns["L1:PEM-EY_MIC.mean"] = np.exp(rng.normal(0, 0.2, len(level)))
    pd.DataFrame({"time": START + 60 * np.arange(len(level)), **columns}).to_csv(
        tmp_path / "trends.csv", index=False
    )
    result = couple(world, triggers=[], flags=[], trends={"files": [str(tmp_path / "trends.csv")]})
    assert result.notes["channels"] == {"trends": 4}
    assert result.rounds.empty
    rows = result.table.set_index(["family", "channel"])
    assert set(rows["kind"]) == {"trends"}
    assert set(rows.index[rows["p_fwer"] <= 0.05]) == {
        ("F001", "L1:PEM-EX_ACC.mean"),
        ("F001", "L1:PEM-EX_ACC.max"),
    }
    assert rows.loc["F001", "safety"].to_dict() == {
        "L1:PEM-EX_ACC.mean": "unknown",
        "L1:PEM-EX_ACC.max": "unknown",
        "L1:PEM-EY_MIC.mean": "unknown",
        "L1:ASC-AS.mean": "unsafe",
    }
    assert rows.loc[("F001", "L1:PEM-EX_ACC.mean"), "group"] == "L1:PEM-EX_ACC.max"
    assert rows.loc[("F001", "L1:PEM-EX_ACC.mean"), "snr_auc"] == pytest.approx(0.5, abs=0.15)
    assert set(result.shares["kind"]) == {"trends"}
    with pytest.raises(UserError, match=r"trends of L1 .* correct coupling.trends"):
        couple(
            world, start=START + 1e6, triggers=[], flags=[], trends={"files": [str(tmp_path / "trends.csv")]}
        )


def test_a_channel_that_hears_loud_glitches_rises_with_the_snr(coupled):
    rows = coupled.table[coupled.table["family"] == "F001"].set_index("channel")
    assert rows.loc["L1:PEM-EX", "snr_auc_low"] > 0.9
    assert rows.loc["L1:FLAG", "snr_auc_low"] < 0.5 < rows.loc["L1:FLAG", "snr_auc_high"]
    assert rows.loc["L1:FLAG", "days_to_half"] == 1
    assert rows["days_to_half"].isna().sum() == 2
    by_snr = coupled.shares[(coupled.shares["channel"] == "L1:PEM-EX") & (coupled.shares["by"] == "snr")]
    assert by_snr["share"].iloc[0] < 0.1 < 0.9 < by_snr["share"].iloc[-1]
    assert by_snr["n"].sum() == 200


def test_rounds_are_of_channels_that_are_not_unsafe(coupled):
    assert set(coupled.rounds["channel"]) == {"L1:PEM-EX"}
    first = coupled.rounds.iloc[0]
    # hveto does not cluster triggers: each of the channel is there twice, 0.01 s apart.
    n = 2 * coupled.table.set_index(["family", "channel"]).loc[("F001", "L1:PEM-EX"), "n_auxiliary"]
    assert first["mean"] == pytest.approx(200 * n * first["window"] / 40_000, rel=0.01)
    assert coupled.rounds["round"].tolist() == [1]
    for schema, part in (
        (DETECTOR_COINCIDENCES, coupled.table),
        (HVETO_ROUNDS, coupled.rounds),
        (COINCIDENCE_SHARES, coupled.shares),
    ):
        assert tables.conform(schema, part).num_rows == len(part)


def test_labels_outside_all_auxiliary_data_are_refused_with_their_number(world, tmp_path):
    late = world / "late.csv"
    late.write_text("channel,time,snr\nL1:A,1241941000,9\nL1:A,1241943000,9\n")
    with pytest.raises(UserError, match=r"none of the 300 glitches of L1 .*is in the time of the auxiliary"):
        couple(world, start=START + 5000, triggers=[{"path": str(late)}], flags=[])


def test_a_detector_whose_files_are_of_others_has_empty_tables_and_only_all_of_them_are_refused(
    coupled, world, tmp_path
):
    other = couple(world, ifo="H1")
    assert other.table.empty
    assert other.notes["channels"] == {}
    assert other.notes["families"]["F003"][0]["code"] == "too_few"
    files_of = {}
    for ifo, result in (("H1", other), ("L1", coupled)):
        for name, schema, part in (
            ("c", DETECTOR_COINCIDENCES, result.table),
            ("r", HVETO_ROUNDS, result.rounds),
            ("s", COINCIDENCE_SHARES, result.shares),
        ):
            tables.write(schema, part, tmp_path / name / f"{ifo}.parquet")
            files_of.setdefault(name, []).append(tmp_path / name / f"{ifo}.parquet")
        files.write_json(tmp_path / f"{ifo}.json", result.notes)
    kinds = [files_of[name] for name in "crs"]
    gather_coincidences(
        *kinds, [tmp_path / "H1.json", tmp_path / "L1.json"], tmp_path / "out", witnesses=[], least_effect=0.1
    )
    table = tables.read(COINCIDENCES, tmp_path / "out/coincidences.parquet")
    # Two pairs of family and detector were tested.
    first = table.iloc[0]
    assert first["q_value"] == pytest.approx(2 * first["p_fwer"])
    assert set(json.loads((tmp_path / "out/coincidence_notes.json").read_text())) == {"H1", "L1"}
    with pytest.raises(UserError, match="have no channel of a detector with glitches, H1"):
        gather_coincidences(*kinds, [tmp_path / "H1.json"], tmp_path / "out", witnesses=[], least_effect=0.1)

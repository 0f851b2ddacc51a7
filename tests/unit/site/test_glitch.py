"""The data of the page of any glitch: order, blocks, parts, and tables that are not there."""

import base64
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.audit.schemas import AUDIT_FAMILIES
from glitch_explorer.catalog.schemas import DUPLICATES, GLITCHES, QUARANTINE
from glitch_explorer.core import files, tables
from glitch_explorer.impact.schemas import FAMILY_SKILL, MINUTES, SHAP_VALUES, SKILL, VETOES
from glitch_explorer.map.schemas import FAMILIES
from glitch_explorer.similar.schemas import NEIGHBOURS
from glitch_explorer.site.glitch.facts import event_part, live_part, neighbour_part
from glitch_explorer.site.glitch.files import GlitchFiles
from glitch_explorer.site.glitch.impact import (
    gate_part,
    minute_part,
    read_vetoes,
    shap_part,
    veto_channels,
    veto_part,
)
from glitch_explorer.site.glitch.order import absent_ids, in_order, index_data, numbers_of, travel_times
from glitch_explorer.site.glitch.page import block_records, blocks, write_glitch_page
from glitch_explorer.site.map.gwpy_line import channel_line
from glitch_explorer.sources.schemas import EVENTS, SEGMENTS

LINES = {"strain": "TimeSeries.get('{ifo}:C', {start}, {end})", "channel": None}
GATES = {"min_gate_s": 0.5, "gate_snr": None, "gate_threshold": 50.0}
BARE = {"witnesses": False, "cost": False, "mapped": False}


def catalogue(times: list[float], ifos: list[str]) -> pd.DataFrame:
    """Build table "glitches": `g0`, `g1`, … of 0.2 s."""
    rows = tables.empty(GLITCHES).reindex(range(len(times))).astype(object)
    ids = [f"g{number}" for number in range(len(times))]
    return rows.assign(
        glitch_id=ids, ifo=ifos, event_time=times, duration_s=0.2, snr=9.0, shard="s", astrophysical=""
    )


@pytest.fixture
def paths(tmp_path: Path) -> GlitchFiles:
    """Write the tables that every run has: four glitches, one of them in no family and without a time."""
    glitches = catalogue([300.0, 100.0, np.nan, 100.25], ["H1", "L1", "H1", "H1"])
    tables.write(GLITCHES, glitches, tmp_path / "glitches.parquet")
    family = {"view": "", "family": ["F001", "F002", "F001"], "probability": None, "outlier_score": None}
    rows = pd.DataFrame({"glitch_id": ["g0", "g1", "g3"], "isolation": np.nan} | family)
    tables.write(FAMILIES, rows, tmp_path / "families.parquet")
    audited = pd.DataFrame([dict.fromkeys(AUDIT_FAMILIES.names)] * 2)
    audited = audited.assign(family=["F001", "F002"], n=1, n_labelled=0, n_classified=0)
    audited = audited.assign(label_state="unlabelled", possible_new_class="")
    tables.write(AUDIT_FAMILIES, audited, tmp_path / "audit.parquet")
    for schema in (SEGMENTS, EVENTS, QUARANTINE, DUPLICATES):
        tables.write(schema, tables.empty(schema), tmp_path / f"{tables.name_of(schema)}.parquet")
    return GlitchFiles(
        glitches=tmp_path / "glitches.parquet",
        segments=tmp_path / "segments.parquet",
        events=tmp_path / "events.parquet",
        quarantine=tmp_path / "quarantine.parquet",
        duplicates=tmp_path / "duplicates.parquet",
        families=tmp_path / "families.parquet",
        audit_families=tmp_path / "audit.parquet",
    )


def ordered(paths: GlitchFiles) -> pd.DataFrame:
    """Return the glitches in the order of the page."""
    glitches, families = tables.read(GLITCHES, paths.glitches), tables.read(FAMILIES, paths.families)
    return in_order(glitches, families, frozenset())


def write(paths: GlitchFiles, site: Path) -> dict[str, bytes]:
    """Write the page, and return the bytes of all its files."""
    write_glitch_page(
        paths,
        out=site / "glitches",
        page=site / "glitch.html",
        pictures=10,
        lines=LINES,
        gates=GATES,
        has=BARE,
    )
    return {path.name: path.read_bytes() for path in sorted(site.rglob("*")) if path.is_file()}


def test_glitches_are_in_order_of_time_and_those_without_one_last(paths: GlitchFiles) -> None:
    rows = ordered(paths)
    assert rows["glitch_id"].tolist() == ["g1", "g3", "g0", "g2"]
    assert rows["family"].tolist() == ["F002", "F001", "F001", "-1"]
    index = index_data(rows, ["g0"], {"F001": "Blip"}, {})
    assert index["ids"] == ["g1", "g3", "g0", "g2"]
    assert np.frombuffer(base64.b64decode(index["picture"]["data"]), "<i4").tolist() == [-1, -1, 0, -1]
    assert index["called"] == {"F001": "Blip", "F002": None, "-1": None}
    assert index["travel"] == {"H1L1": 0.01}


def test_ids_without_a_page_are_known_by_what_became_of_them(paths: GlitchFiles) -> None:
    excluded = pd.DataFrame({"glitch_id": ["gone", "g0", None], "reason": ["no_time", "no_frame", "nan"]})
    excluded = excluded.assign(row=0, stage="catalog", source="a.csv", detail="", read="")
    tables.write(QUARANTINE, excluded, paths.quarantine)
    same = pd.DataFrame({"glitch_id": ["twin", "g1", "lost"], "kept_id": ["g1", "g1", "elsewhere"]})
    same = same.assign(row=0, source="a.csv", reason="same_event", lost_label=None)
    tables.write(DUPLICATES, same, paths.duplicates)
    known = absent_ids(
        tables.read(DUPLICATES, paths.duplicates),
        tables.read(QUARANTINE, paths.quarantine),
        numbers_of(ordered(paths)),
    )
    assert known == {"kept": {"twin": "g1"}, "excluded": {"gone": "no_time"}}


def test_light_travel_times_are_those_of_the_sites() -> None:
    times = travel_times(["H1", "L1", "V1", "unknown"])
    assert times["H1V1"] == pytest.approx(0.0273, abs=1e-4)
    assert set(times) == {"H1L1", "H1V1", "L1V1"}


def test_a_run_without_other_stages_has_a_page_of_the_same_bytes(paths: GlitchFiles, tmp_path: Path) -> None:
    first = write(paths, tmp_path / "one")
    assert first == write(paths, tmp_path / "two")
    assert {"glitch.html", "index.js", "000.js"} <= set(first)
    text = first["000.js"].decode()
    assert "NaN" not in text
    assert text.startswith('window.GLITCH_BLOCK=[{"catalogue":[{"astrophysical":"","duration_s":0.2}]')


def test_each_glitch_is_in_its_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glitch_explorer.site.glitch.page.BLOCK", 2)
    part = pd.DataFrame({"number": [0, 0, 2, 4], "start": [1262304000.1234567, np.nan, 2.0, 3.0]})
    part["value"] = [0.123456789, 1.0, None, 2.0]
    assert [name for name, _ in blocks({"part": part}, 5)] == ["000.js", "001.js", "002.js"]
    records = block_records({"part": part}, 0, 2)
    assert records == [{"part": [{"start": 1262304000.123457, "value": 0.1234568}, {"value": 1.0}]}, {}]
    assert block_records({"part": part}, 4, 5) == [{"part": [{"start": 3.0, "value": 2.0}]}]


def test_neighbours_are_other_glitches_on_the_page_each_once() -> None:
    number = pd.Series([0, 1, 2], index=["a", "b", "c"])
    rows = [("a", "0.5", "b", 0.3), ("a", "1.0", "b", 0.1), ("a", "1.0", "a", 0.0), ("a", "", "gone", 0.1)]
    table = pd.DataFrame(
        [*rows, ("a", "", "c", 0.2)], columns=["glitch_id", "view", "neighbour_id", "distance"]
    )
    near = neighbour_part(table.assign(rank=1, neighbour_view=""), number)
    assert near[["other", "distance"]].to_numpy().tolist() == [[1, 0.1], [2, 0.2]]
    assert neighbour_part(tables.empty(NEIGHBOURS), number).empty


def test_live_detectors_and_events_near_a_glitch() -> None:
    rows = pd.DataFrame({"ifo": ["H1", "L1", "H1"], "event_time": [100.0, 130.0, np.nan]})
    segments = pd.DataFrame({"ifo": ["H1", "L1"], "start": [90.0, 120.0], "end": [110.0, 140.0]})
    assert live_part(rows, segments).to_numpy().tolist() == [[0, "H1"], [1, "L1"]]
    events = pd.DataFrame({"name": ["GW", "inj"], "ifo": ["", "L1"], "event_time": [161.0, 129.5]})
    near = event_part(rows, events.assign(kind=["event", "injection"]))
    assert near[["number", "name", "after"]].to_numpy().tolist() == [[1, "inj", -0.5], [1, "GW", 31.0]]


def test_gates_count_the_others_that_cover_the_time() -> None:
    rows = pd.DataFrame({"ifo": ["H1", "H1", "L1", "H1"], "event_time": [10.0, 10.4, 10.2, np.nan]})
    times = rows["event_time"].to_numpy()
    half = np.array([0.5, 3.0, 0.5, 0.5])
    gates = np.column_stack([times - half, times + half])
    part = gate_part(rows, gates)
    assert part[["number", "others"]].to_numpy().tolist() == [[0, 1], [1, 1], [2, 0]]


def test_the_range_is_that_of_the_minute_and_detector() -> None:
    rows = pd.DataFrame({"ifo": ["H1", "L1", "H1"], "event_time": [61.0, 61.0, np.nan]})
    minute = dict.fromkeys(MINUTES.names, 1.0) | {"ifo": "H1", "minute": 60.0, "range_mpc": 109.5}
    part = minute_part(rows, pd.DataFrame([minute]))
    assert part[["number", "range_mpc"]].to_numpy().tolist() == [[0, 109.5]]


def test_vetoes_take_the_glitches_whose_gates_they_touch(paths: GlitchFiles, tmp_path: Path) -> None:
    folder = tmp_path / "F001"
    veto = dict.fromkeys(VETOES.names, 0.5) | {
        "family": "F001",
        "ifo": "H1",
        "channel": "H1:A",
        "band": "mean",
    }
    veto |= {"n_segments": 2, "n_timed": 1, "n_glitches": 1, "n_vetoed": 1, "reason": ""}
    rows = pd.DataFrame([veto, veto | {"ifo": "L1", "channel": "", "n_segments": 0}])
    tables.write(VETOES, rows, folder / "vetoes.parquet")
    files.write_text(folder / "vetoes/H1-F001.txt", "50 60\n100.6 101\n")
    own = replace(paths, vetoes=[folder / "vetoes.parquet"], veto_files=[folder / "vetoes"])
    order, vetoes = ordered(own), read_vetoes(own)
    times = order["event_time"].to_numpy(dtype=float)
    part = veto_part(vetoes, order, np.column_stack([times - 0.5, times + 0.5]))
    assert part[["number", "family", "channel"]].to_numpy().tolist() == [[1, "F001", "H1:A"]]
    assert veto_channels(vetoes) == {"F001": {"H1": "H1:A"}}
    assert veto_part([], order, np.zeros((4, 2))).empty


def test_shap_values_of_models_that_beat_their_baseline(paths: GlitchFiles, tmp_path: Path) -> None:
    key = {"family": "F001", "ifo": "H1", "view": "witness", "event_time": 300.0, "glitch_id": "g0"}
    values = [
        key | {"model": model, "channel": f"H1:{number:02d}", "shap": number - 6.0, "value": 1.0}
        for model in ("xgboost", "random_forest")
        for number in range(12)
    ]
    tables.write(SHAP_VALUES, pd.DataFrame(values), tmp_path / "F001/shap_values.parquet")
    row = dict.fromkeys(SKILL.names, 0.5) | {"family": "F001", "ifo": "H1", "view": "witness", "reason": ""}
    row |= dict.fromkeys((name for name in FAMILY_SKILL.names if name.startswith("n_")), 9)
    row |= {"blocks": 9, "slid_beats": False, "base_value": -2.0}
    skill = pd.DataFrame(
        [row | {"model": "xgboost", "beats": True}, row | {"model": "random_forest", "beats": False}]
    )
    tables.write(SKILL, skill, tmp_path / "skill.parquet")
    own = replace(paths, shap=[tmp_path / "F001/shap_values.parquet"], skill=tmp_path / "skill.parquet")
    part = shap_part(own, numbers_of(ordered(own)))
    assert set(part["model"]) == {"xgboost"}
    assert part["number"].tolist() == [2] * 10
    assert part["channel"].tolist()[:3] == ["H1:00", "H1:01", "H1:11"]
    assert part["base"].dropna().tolist() == [-2.0]
    assert part["rest"].dropna().tolist() == [1.0]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (
            "frames",
            "TimeSeries.read(glob('aux/{ifo}/**/*.gwf', recursive=True), '{channel}', {start}, {end})",
        ),
        ("nds2", "TimeSeries.get('{channel}', {start}, {end})"),
        ("arrakis", None),
    ],
)
def test_the_line_that_reads_a_channel(source: str, line: str | None) -> None:
    assert channel_line(source, frames="aux/{ifo}", frame_type=None) == line

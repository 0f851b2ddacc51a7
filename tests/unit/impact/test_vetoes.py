"""Vetoes by hand, their properties, and their files as gwpy reads them."""

import time

import numpy as np
import pandas as pd
import pytest
from gwpy.segments import DataQualityFlag, SegmentList
from hypothesis import given
from hypothesis import strategies as st

from glitch_explorer.core import tables
from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.impact.drivers.veto_files import write_veto
from glitch_explorer.impact.drivers.vetoes import (
    Veto,
    best_witness,
    effect,
    family_veto,
    veto_segments,
)
from glitch_explorer.impact.reasons import Reason
from glitch_explorer.impact.schemas import VETOES
from tests.fixtures.worlds import Plant, make_world, name

LIVE = np.array([[0.0, 100.0], [200.0, 300.0]])


def glitches(times, durations):
    return pd.DataFrame({"event_time": times, "duration_s": durations})


def witnesses(*rows):
    named = ["channel", "band", "lag", "t_peak", "p_fwer", "safety"]
    return pd.DataFrame(rows, columns=named).astype({"p_fwer": float})


def test_a_cell_vetoes_where_its_glitch_is_expected():
    # Cell 40 is 20.0 … 20.5 s. It is high 3 s before a glitch: 23.0 … 23.5 s, half a second more.
    assert veto_segments(np.array([40]), -3.0, LIVE).tolist() == [[22.5, 24.0]]
    assert veto_segments(np.array([40]), 3.0, LIVE).tolist() == [[16.5, 18.0]]
    # Neighbours join, and what is outside the live time is cut off.
    assert veto_segments(np.array([198, 199, 399, 450]), 0.0, LIVE).tolist() == [
        [98.5, 100.0],
        [200.0, 200.5],
        [224.5, 226.0],
    ]
    assert veto_segments(np.empty(0, int), 0.0, LIVE).shape == (0, 2)


def test_efficiency_and_deadtime_by_hand():
    segments = np.array([[10.0, 12.0], [50.0, 51.0]])
    # Gates: 8.5 … 9.5 misses; 9.2 … 10.2 meets; 44 … 56 meets; 150 s is not live; 249.5 … 250.5 misses.
    family = glitches([9.0, 9.7, 50.0, 150.0, 250.0], [0.1, np.nan, 12.0, 1.0, 0.2])
    result = effect(segments, LIVE, family)
    assert (result["n_glitches"], result["n_vetoed"], result["n_segments"]) == (4, 2, 2)
    assert result["efficiency"] == 0.5
    assert result["vetoed_s"] == 3.0
    assert result["deadtime"] == pytest.approx(3 / 200)
    assert result["efficiency_over_deadtime"] == pytest.approx(0.5 * 200 / 3)
    nothing = effect(np.empty((0, 2)), np.empty((0, 2)), family)
    assert np.isnan(nothing["efficiency"])
    assert np.isnan(nothing["deadtime"])


@given(st.sets(st.integers(-20, 700), max_size=60), st.integers(-60, 10))
def test_veto_segments_are_live_disjoint_and_as_long_as_their_cells_ask(cells, lag):
    result = veto_segments(np.array(sorted(cells), dtype=int), float(lag), LIVE)
    assert (result[:, 1] > result[:, 0]).all()
    assert (result[1:, 0] >= result[:-1, 1]).all()
    ticks = (np.arange(0, 1200) + 0.5) / 4  # quarter seconds
    live = ((ticks[:, None] > LIVE[:, 0]) & (ticks[:, None] < LIVE[:, 1])).any(axis=1)
    at = np.array(sorted(cells), dtype=float) * BIN_S - lag
    asked = ((ticks[:, None] > at - 0.5) & (ticks[:, None] < at + BIN_S + 0.5)).any(axis=1) & live
    inside = ((ticks[:, None] > result[:, 0]) & (ticks[:, None] < result[:, 1])).any(axis=1)
    assert np.array_equal(inside, asked)
    assert np.diff(result, axis=1).sum() == pytest.approx(asked.sum() / 4)


def test_the_best_witness_is_surest_then_largest_and_never_unsafe():
    rows = witnesses(
        ("H1:UNSAFE", "1-3", 0.0, 50.0, np.nan, "unsafe"),
        ("H1:A", "1-3", 0.0, 9.0, 0.002, "safe"),
        ("H1:B", "1-3", 0.0, -12.0, 0.002, "unknown"),
        ("H1:C", "1-3", 0.0, 20.0, 0.01, "safe"),
    )
    assert best_witness(rows)["channel"] == "H1:B"
    assert best_witness(rows.assign(p_fwer=0.06)) is None
    assert best_witness(rows.head(0)) is None


@pytest.fixture(scope="module")
def world():
    return make_world(
        4, plants=(Plant(2, -3.0, height=12),), channels=4, glitches=60, others=100, segments=10
    )


def test_a_planted_witness_makes_a_veto_that_catches_its_glitches(world):
    times = world.family["event_time"].to_numpy()
    rows = witnesses((name(2), "1-3", -3.0, 9.0, 0.002, "safe"))
    veto = family_veto(world.features, world.family, times, world.quiet, rows)
    assert len(tables.conform(VETOES, pd.DataFrame([{"family": "F001", "ifo": "H1", **veto.row}]))) == 1
    assert veto.row["efficiency"] > 0.85
    assert veto.row["deadtime"] < 0.12
    assert veto.row["n_glitches"] == len(times)
    turned = family_veto(world.features, world.family, times, world.quiet, rows.assign(t_peak=-9.0))
    assert turned.row["efficiency"] < 0.3  # low values say nothing here


def test_no_witness_is_a_row_with_a_reason(world):
    veto = family_veto(world.features, world.family, np.empty(0), world.quiet, witnesses())
    row = pd.DataFrame([{"family": "F001", "ifo": "H1", **veto.row}])
    assert len(tables.conform(VETOES, row)) == 1
    assert veto.row["reason"] == Reason.NO_WITNESS
    assert np.isnan(veto.row["efficiency"])
    assert len(veto.segments) == 0


def test_gwpy_reads_back_what_was_written(tmp_path, monkeypatch):
    folder, out = tmp_path / "elsewhere", tmp_path / "out"
    folder.mkdir()
    monkeypatch.chdir(folder)
    segments = np.array([[1_262_304_010.25, 1_262_304_011.5], [1_262_304_050.0, 1_262_304_060.75]])
    live = np.array([[1_262_304_000.0, 1_262_304_030.5], [1_262_304_040.0, 1_262_304_100.0]])
    veto = Veto(segments, live, {"channel": "H1:A", "band": "1-3"})
    write_veto(veto, out, family="F001", ifo="H1")
    for kind, ending in (("ligolw", "xml.gz"), ("hdf5", "h5")):
        flag = DataQualityFlag.read(str(out / f"H1-F001.{ending}"), format=kind)
        assert flag.name == "H1:F001-VETO:1"
        assert [[float(a), float(b)] for a, b in flag.active] == segments.tolist()
        assert [[float(a), float(b)] for a, b in flag.known] == live.tolist()
    assert not list(folder.iterdir())  # nothing is left where the job runs
    path = str(out / "H1-F001.txt")
    listed = SegmentList.read(path, format="segwizard", gpstype=float)
    assert [list(row) for row in listed] == segments.tolist()
    assert np.loadtxt(path).tolist() == segments.tolist()
    before = [(p.name, p.read_bytes()) for p in sorted(out.iterdir())]
    time.sleep(1.1)
    write_veto(veto, out, family="F001", ifo="H1")
    assert before == [(p.name, p.read_bytes()) for p in sorted(out.iterdir())]


def test_gwpy_reads_an_empty_veto(tmp_path):
    veto = Veto(np.empty((0, 2)), LIVE, {"channel": "", "band": ""})
    write_veto(veto, tmp_path, family="F002", ifo="L1")
    for kind, ending in (("ligolw", "xml.gz"), ("hdf5", "h5")):
        flag = DataQualityFlag.read(str(tmp_path / f"L1-F002.{ending}"), format=kind)
        assert not flag.active
        assert [[float(a), float(b)] for a, b in flag.known] == LIVE.tolist()

"""Job of one family: its tables and veto files, also without times or witnesses."""

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core import tables
from glitch_explorer.core.intervals import segments_of
from glitch_explorer.coupling.family import FamilyData, intervals_of, timed_glitches
from glitch_explorer.coupling.schemas import FAMILY_WITNESSES
from glitch_explorer.impact.drivers import family, training
from glitch_explorer.impact.drivers.family import TABLES, Settings, explain_family
from glitch_explorer.impact.reasons import Reason
from glitch_explorer.map.schemas import MEMBERS
from glitch_explorer.sources.schemas import SEGMENTS
from tests.fixtures.worlds import Plant, make_world, name

SETTINGS = Settings(max_glitches=200, seed=1, threads=1)


@pytest.fixture(scope="module")
def world():
    plants = (Plant(2, -5.0, height=12),)
    return make_world(
        9, plants=plants, channels=4, glitches=120, segments=14, segment_s=900, others=60, isolated=True
    )


def members(world, ifo, count):
    """Return a member file's rows of one detector: glitches and quiet stretches."""
    family = world.family.head(count)
    glitches = family.assign(kind="glitch", glitch_id=[f"{ifo}-{k}" for k in range(len(family))])
    quiet = pd.DataFrame({"event_time": world.quiet[:, 0], "duration_s": np.diff(world.quiet)[:, 0]})
    quiet = quiet.assign(kind="quiet", glitch_id="")
    rows = pd.concat([glitches, quiet], ignore_index=True).assign(ifo=ifo, view="")
    return rows.reindex(columns=MEMBERS.names)


def witnesses(ifo):
    row = {field.name: 0.0 for field in FAMILY_WITNESSES}
    row |= {"family": "F001", "ifo": ifo, "channel": name(2), "band": "1-3", "safety": "safe"}
    row |= {"relation": "leads", "lag": -5.0, "t_peak": 9.0, "p_fwer": 0.002, "hveto_overstated": False}
    return pd.DataFrame([row | dict.fromkeys(("n_glitches", "n_alone", "n_leading"), 50)])


def run(world, rows, witness_table, folder, monkeypatch):
    def data(rows, ifo, *, segments, source, max_glitches):
        glitches = timed_glitches(rows)
        quiet = intervals_of(rows[rows["kind"] == "quiet"])
        return FamilyData(
            glitches, glitches, quiet, segments_of(segments, ifo), world.channels, world.features
        )

    monkeypatch.setattr(family, "family_data", data)
    monkeypatch.setattr(training, "_TREES", 20)
    segments = pd.DataFrame(world.segments, columns=["start", "end"])
    segments = pd.concat([segments.assign(ifo=ifo, flag="", source="") for ifo in ("H1", "L1")])
    tables.write(MEMBERS, rows, folder / "F001.parquet")
    tables.write(SEGMENTS, segments, folder / "segments.parquet")
    tables.write(FAMILY_WITNESSES, witness_table, folder / "witnesses.parquet")
    paths = [folder / name for name in ("F001.parquet", "segments.parquet", "witnesses.parquet", "out")]
    explain_family(*paths, source=None, settings=SETTINGS)
    return {name: tables.read(schema, folder / "out" / f"{name}.parquet") for name, schema in TABLES.items()}


@pytest.mark.slow
def test_each_detector_has_its_rows_and_its_veto(world, tmp_path, monkeypatch):
    rows = pd.concat([members(world, "H1", 500), members(world, "L1", 5)])
    result = run(world, rows, witnesses("H1"), tmp_path, monkeypatch)
    skill = result["skill"].set_index("ifo")
    assert skill.loc["H1", "reason"].eq("").all()
    assert skill.loc["L1", "reason"].eq(Reason.FEW_TIMED).all()
    assert skill.loc["L1", "n_timed"].eq(5).all()
    best = result["drivers"].dropna(subset="mean_abs_shap").groupby(["view", "model"]).first()
    assert (best["channel"] == name(2)).all()
    assert set(result["shap_values"]["ifo"]) == {"H1"}
    assert set(result["shap_values"]["glitch_id"]) <= set(rows["glitch_id"])
    vetoes = result["vetoes"].set_index("ifo")
    assert vetoes.index.tolist() == ["H1", "L1"]
    assert vetoes.loc["L1", ["reason", "n_timed"]].tolist() == [Reason.FEW_TIMED, 5]
    assert vetoes.loc["H1", "channel"] == name(2)
    assert vetoes.loc["H1", "efficiency"] > 0.8
    written = sorted(path.name for path in (tmp_path / "out" / "vetoes").iterdir())
    assert written == ["H1-F001.h5", "H1-F001.txt", "H1-F001.xml.gz"]


def test_a_family_without_times_or_witness_has_tables_all_the_same(world, tmp_path, monkeypatch):
    rows = members(world, "H1", 30)
    rows.loc[rows["kind"] == "glitch", "event_time"] = np.nan
    result = run(world, rows, tables.empty(FAMILY_WITNESSES), tmp_path, monkeypatch)
    for table in ("skill", "vetoes"):
        assert result[table]["reason"].eq(Reason.FEW_TIMED).all()
        assert result[table]["n_timed"].eq(0).all()
    assert result["vetoes"]["efficiency"].isna().all()
    assert result["drivers"]["channel"].eq("").all()
    assert list((tmp_path / "out" / "vetoes").iterdir()) == []

"""The impact stage in a small run: its tables of every family, and what it reruns."""

import json

import pandas as pd
import pytest
from gwpy.segments import DataQualityFlag

from glitch_explorer.core import tables
from glitch_explorer.impact.reasons import Reason
from glitch_explorer.impact.schemas import COST, COST_BY_DAY, DRIVERS, MINUTES, SKILL, VETOES
from tests.fixtures.project import SMALL, Project
from tests.workflow.test_coupling import names

pytestmark = pytest.mark.slow

CHANNEL = SMALL["impact"]["range_channel"]


def test_every_family_has_a_cost_or_a_reason(finished):
    results = finished.folder / "results/impact"
    cost = tables.read(COST, results / "cost.parquet")
    assert set(cost["family"]) == set(names(finished))
    known = cost["cost_mpc3_yr"].notna()
    assert known.any()
    assert (cost.loc[~known, "reason"] != "").all()
    assert sorted(cost.loc[known, "rank"]) == list(range(1, known.sum() + 1))
    assert (cost["marginal_deadtime_s"] <= cost["deadtime_s"] + 1e-9).all()
    by_day = tables.read(COST_BY_DAY, results / "cost_by_day.parquet")
    total = by_day.groupby(["family", "ifo"])["cost_mpc3_yr"].sum()
    for row in cost[known].itertuples():
        assert total[row.family, row.ifo] == pytest.approx(row.cost_mpc3_yr)
    report = json.loads((results / "cost.json").read_text())
    assert len(report["rows"]) == len(cost)
    assert report["settings"]["min_gate_s"] == 0.5
    assert len(pd.read_csv(results / "cost.csv")) == len(cost)
    minutes = tables.read(MINUTES, results / "minutes/H1.parquet")
    assert minutes["range_mpc"].dropna().between(80, 130).all()
    assert set(minutes["source"]) == {CHANNEL.format(ifo="H1")}


def test_every_family_has_models_or_a_reason(finished):
    results = finished.folder / "results/impact"
    skill = tables.read(SKILL, results / "skill.parquet")
    assert set(skill["family"]) == set(names(finished))
    assert set(skill["view"]) == {"witness", "precursor"}
    assert skill.loc[skill["ap"].isna(), "reason"].isin(list(Reason)).all()
    drivers = tables.read(DRIVERS, results / "drivers.parquet")
    assert (drivers.loc[drivers["gated"], "channel"] == "").all()
    assert drivers.groupby(["family", "ifo", "view", "model"]).ngroups == len(skill)
    assert not (drivers["safety"] == "unsafe").any()
    for name in names(finished):
        for veto in tables.read(VETOES, results / name / "vetoes.parquet").itertuples():
            if veto.n_segments:
                path = results / f"{name}/vetoes/{veto.ifo}-{name}.h5"
                flag = DataQualityFlag.read(path, format="hdf5")
                assert float(abs(flag.active)) == pytest.approx(veto.vetoed_s)
            else:
                assert veto.reason


def test_the_pages_are_there(finished):
    results = finished.folder / "results"
    text = (results / "site/cost.html").read_text()
    for name in names(finished):
        assert f"family/{name}.html" in text
        assert (results / f"impact/pages/{name}.html").is_file()
    assert (results / "site/cost/cost.csv").read_bytes() == (results / "impact/cost.csv").read_bytes()


def test_what_a_cost_assumes_remakes_no_model(finished, tmp_path):
    clone = finished.clone(tmp_path / "clone")
    clone.configure(impact={"range_channel": CHANNEL, "cbc_rate_per_yr": 7})
    assert clone.plan("impact") == {"cost": 1, "impact_pages": 1}
    clone.configure(impact={"range_channel": CHANNEL, "cbc_rate_per_yr": 50, "gate_snr": 10})
    assert clone.plan("impact") == {"measure_range": 2, "cost": 1, "impact_pages": 1}
    clone.configure(impact={"range_channel": CHANNEL, "gate_snr": None, "gate_threshold": 25})
    assert clone.plan("impact") == {"measure_excursions": 2, "cost": 1, "impact_pages": 1}
    clone.configure(impact={"range_channel": CHANNEL, "gate_threshold": 50, "seed": 1})
    n = len(names(finished))
    assert clone.plan("impact") == {"explain_family": n, "gather_drivers": 1, "cost": 1, "impact_pages": 1}


def test_without_pictures_and_strain_a_run_is_refused_before_its_first_job(root, tmp_path):
    project = Project.copied(root, tmp_path / "none", SMALL | {"strain": {"source": "none"}})
    answer = project.run(check=False)
    assert "strain.source is none, but source.kind is catalogue" in answer
    assert not (project.folder / "results/catalog").exists()
    assert project.plan("catalog")["catalog"] == 1


def test_without_a_range_the_stage_is_left_out(pictures, tmp_path):
    clone = pictures.clone(tmp_path / "clone")
    clone.configure(coupling=SMALL["coupling"], impact={"range_channel": None})
    planned = clone.plan()
    assert not set(planned) & {"measure_range", "cost", "explain_family", "gather_drivers", "impact_pages"}
    assert "witness_pages" in planned  # they no longer lead to it

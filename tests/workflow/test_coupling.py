"""The coupling stage in a small run: its results, and which jobs a change reruns."""

import json
import shutil

import pytest

from glitch_explorer.core import tables
from glitch_explorer.coupling.rates.schemas import SLOW_DRIVERS
from glitch_explorer.coupling.schemas import CHANNEL_GROUPS, WITNESSES
from glitch_explorer.map.schemas import MEMBERS
from tests.fixtures.project import Project

pytestmark = pytest.mark.slow

BEFORE = {"catalog", "make_views", "embed_shard", "map_graph", "map_layout", "map_families"}


def names(project: Project) -> list[str]:
    return sorted(path.stem for path in (project.folder / "results/map/members").glob("*.parquet"))


def test_every_family_is_tested_or_has_a_reason(finished):
    results = finished.folder / "results/coupling"
    witnesses = tables.read(WITNESSES, results / "witnesses.parquet")
    listed = json.loads((results / "notes.json").read_text())
    assert sorted(listed) == names(finished)
    for family, detectors in listed.items():
        for ifo, notes in detectors.items():
            tested = ((witnesses["family"] == family) & (witnesses["ifo"] == ifo)).any()
            assert notes
            assert tested != (notes[0]["code"] in ("too_few", "no_data"))
    unsafe = witnesses[witnesses["safety"] == "unsafe"]
    assert unsafe["rank"].isna().all()
    assert unsafe["q_value"].isna().all()
    groups = tables.read(CHANNEL_GROUPS, results / "groups/H1.parquet")
    assert len(groups) >= 60
    slow = tables.read(SLOW_DRIVERS, results / "slow_drivers/H1.parquet")
    assert set(slow["answer"]) == {"too short"}  # four segments, and few glitches in each family
    assert set(slow["reason"]) <= {"few_glitches", "few_blocks", "no_data"}


def test_every_family_gets_a_part_of_a_page(finished):
    pages = finished.folder / "results/coupling/pages"
    assert {path.name for path in pages.iterdir() if path.name[0] != "."} == {
        f"{name}.{kind}" for name in names(finished) for kind in ("html", "json", "png", "parquet")
    }
    assert "Not tested: fewer than" in (pages / f"{names(finished)[0]}.html").read_text()
    assert (finished.folder / "results/site/witnesses.html").is_file()


def test_a_key_of_the_statistics_reruns_no_map(finished, tmp_path):
    clone = finished.clone(tmp_path / "clone")
    clone.configure(coupling={"seed": 43})
    planned = clone.plan("coupling")
    assert planned["couple_family"] == len(names(finished))
    assert planned["couple_detector"] == 2
    assert not set(planned) & (BEFORE | {"write_auxiliary"})


def test_a_family_reruns_alone(finished, tmp_path):
    clone = finished.clone(tmp_path / "clone")
    first = names(finished)[0]
    shutil.rmtree(clone.folder / f"results/coupling/{first}")
    assert clone.plan(f"results/coupling/{first}/witnesses.parquet") == {"couple_family": 1}
    clone = finished.clone(tmp_path / "other")
    members = clone.folder / f"results/map/members/{first}.parquet"
    tables.write(MEMBERS, tables.read(MEMBERS, members).iloc[1:], members)
    gathered = {"couple_detector": 2, "gather_witnesses": 1}  # they read all families
    gathered |= {"gather_evidence": 1, "witness_pages": 1}
    assert clone.plan("coupling") == {"couple_family": 1, **gathered}


def test_a_store_that_is_gone_or_smaller_changes_nothing(finished, tmp_path):
    clone = finished.clone(tmp_path / "clone")
    stores = clone.folder / "results/coupling/store"
    before = {name: data for name, data in clone.contents().items() if "/store/" not in name}
    halves = sorted(path for path in stores.rglob("*") if path.is_file() and path.suffix != ".lock")
    halves[0].write_bytes(halves[0].read_bytes()[: halves[0].stat().st_size // 2])
    for path in halves[1 : len(halves) // 2]:
        path.unlink()
    clone.configure(coupling={"store_gib": 1})
    assert "Nothing to be done" in clone.run("--dry-run", "coupling")
    clone.run("coupling", "--forcerun", "couple_family", "couple_detector")
    after = {name: data for name, data in clone.contents().items() if "/store/" not in name}
    assert before == after


def test_a_channel_list_with_a_fault_stops_with_its_name(finished, tmp_path):
    clone = finished.clone(tmp_path / "clone")
    (clone.folder / "mine.csv").write_text("channel,rate\nH1:PEM-X,16\n")
    clone.configure(coupling={"channels": ["mine.csv"]})
    # Jobs of all families and detectors read the same list.
    text = clone.run(f"results/coupling/{names(clone)[0]}/witnesses.parquet", check=False)
    logs = "".join(path.read_text() for path in (clone.folder / "results/logs").rglob("*.log"))
    assert "mine.csv" in text + logs
    assert "rate_hz" in text + logs

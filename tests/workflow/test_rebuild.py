"""Only what must be remade is remade: proven by counting jobs."""

import shutil
import subprocess
import sys

import pandas as pd
import pytest

from tests.fixtures.project import SMALL, Project, done_jobs, jobs

pytestmark = pytest.mark.slow

MAPPED = "map/families.parquet"
BEFORE_MAP = {
    "plan_observatory",
    "write_frames",
    "segments",
    "events",
    "catalog",
    "make_views",
    "embed_shard",
}


def test_a_finished_run_has_nothing_to_do(finished):
    assert "Nothing to be done" in finished.run("--dry-run")


def test_the_plan_of_a_first_run_is_small_and_the_trainer_is_not_in_it(root, tmp_path):
    project = Project.copied(root, tmp_path / "fresh", SMALL)
    planned = project.plan()
    assert planned["catalog"] == 1
    assert sum(planned.values()) < 40
    assert "train_encoder" not in planned
    assert project.plan("train_encoder") == {"train_encoder": 1}


def test_one_family_is_found_from_an_empty_folder_and_an_unknown_one_is_refused(root, finished, tmp_path):
    project = Project.copied(root, tmp_path / "fresh", SMALL)
    planned = project.plan("results/coupling/F001/witnesses.parquet")
    assert planned["map_families"] == planned["couple_family"] == 1
    assert "Nothing to be done" in finished.run("--dry-run", "results/coupling/F001/witnesses.parquet")
    text = finished.run("--dry-run", "results/coupling/F999/witnesses.parquet", check=False)
    assert "the map has no family F999; its families are F001 to " in text


def test_results_lie_in_any_folder(root, tmp_path):
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "-s",
        root / "Snakefile",
        "--dry-run",
        "--directory",
        tmp_path,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert jobs(done.stdout + done.stderr)["plan_observatory"] == 1


@pytest.mark.parametrize("history", [True, False])
def test_results_copied_into_a_fresh_clone_are_complete(root, finished, tmp_path, history):
    clone = Project.copied(root, tmp_path / "clone", SMALL)
    shutil.copytree(finished.folder / "results", clone.folder / "results", symlinks=True)
    if history:
        shutil.copytree(finished.folder / ".snakemake", clone.folder / ".snakemake", symlinks=True)
    assert "Nothing to be done" in clone.run("--dry-run")


def test_what_no_job_reaches_changes_nothing(finished, tmp_path):
    """Comments, docstrings, descriptions of columns, texts of messages, definitions that nothing uses."""
    clone = finished.clone(tmp_path / "clone")
    for path in sorted((clone.folder / "src").rglob("*.py")):
        path.write_text(path.read_text() + "\n\n# a comment at the end\n")
    clone.edit("src/glitch_explorer/core/files.py", '"""Write UTF-8', '"""Put UTF-8')
    clone.edit("scripts/make_views.py", '"""', '"""Here: ')
    clone.edit("src/glitch_explorer/map/schemas.py", "HDBSCAN membership probability", "probability")
    clone.edit("src/glitch_explorer/core/tables.py", "not a valid", "no valid")
    clone.edit("src/glitch_explorer/views/shard.py", "_LOG.info(", '_LOG.info("views: " ')
    clone.edit(
        "src/glitch_explorer/audit/gate.py", "def check_leakage(", "_SPARE = 1\n\n\ndef check_leakage("
    )
    assert "Nothing to be done" in clone.run("--dry-run")


def test_a_columns_type_remakes_its_writers_and_readers(finished, tmp_path):
    clone = finished.clone(tmp_path / "clone")
    clone.edit("src/glitch_explorer/audit/schemas.py", "purity=number(", "purity=Column(INT, ")
    planned = set(clone.plan())
    assert {"audit_labels", "atlas"} <= planned
    assert not planned & (BEFORE_MAP | {"map_graph", "map_layout", "map_families", "audit_leakage"})


def test_a_colour_remakes_figures_only(finished, tmp_path):
    clone = finished.clone(tmp_path / "clone")
    clone.configure(figures={"unassigned": "#AAAAAA"})
    # The pages show copies; the tutorial says four jobs, with the record, which `plan` leaves out.
    assert clone.plan() == {"figures": 1, "front_page": 1, "audit_page": 1}
    # Jobs that find the same rows in quarantine again do not hide it.
    clone.configure(limits={"quarantined_share": 0.3})
    assert done_jobs(clone.run())["figures"] == 1
    assert clone.plan() == {}


def test_a_umap_key_remakes_nothing_before_the_map(finished, tmp_path):
    clone = finished.clone(tmp_path / "clone")
    clone.configure(map={"min_dist": 0.2})
    planned = clone.plan()
    assert planned["map_layout"] == 1
    assert planned["map_families"] == 1
    assert not set(planned) & (BEFORE_MAP | {"map_graph"})


def test_a_library_function_remakes_what_reaches_it_and_what_lies_behind(finished, tmp_path):
    clone = finished.clone(tmp_path / "clone")
    n_shards = len((clone.folder / "results/catalog/shards.txt").read_text().split())
    clone.edit("src/glitch_explorer/views/qscan.py", "def qscan(", "print('changed')\n\n\ndef qscan(")
    planned = clone.plan()
    assert planned["make_views"] == n_shards
    assert not set(planned) & (BEFORE_MAP - {"make_views", "embed_shard"})


def test_one_more_glitch_touches_its_shard_and_the_global_part(finished, tmp_path):
    clone = finished.clone(tmp_path / "clone")
    path = clone.folder / "results/observatory/catalog.csv"
    table = pd.read_csv(path)
    segments = pd.read_csv(clone.folder / "results/observatory/segments.csv")
    more = table[table["ifo"] == "H1"].iloc[[0]].copy()
    segment = segments[(segments["ifo"] == "H1") & (segments["start"] <= more["event_time"].iloc[0])].iloc[-1]
    times = table["event_time"].to_numpy()
    free = [
        t for t in range(int(segment["start"]) + 10, int(segment["end"]) - 10) if abs(times - t).min() > 2
    ]
    more["event_time"] = more["peak_time"] = more["start_time"] = float(free[0])
    more["gravityspy_id"] = "onemorexyz"
    pd.concat([table, more]).to_csv(path, index=False)
    done = done_jobs(clone.run("map"))
    assert done["catalog"] == 1
    assert done["make_views"] == 1
    assert done["embed_shard"] == 1
    assert done["map_graph"] == 1
    assert not {"plan_observatory", "write_frames", "segments", "events"} & set(done)
    assert "Nothing to be done" in clone.run("map", "--dry-run")
    members = {path.name: path.read_bytes() for path in clone.folder.glob("results/map/members/*")}
    before = {path.name: path.read_bytes() for path in finished.folder.glob("results/map/members/*")}
    planned = clone.plan()
    changed = sum(before.get(name) != rows for name, rows in members.items())
    assert planned["couple_family"] == planned["explain_family"] == changed
    behind = {"audit_labels", "similar_neighbours", "couple_detector", "cost", "atlas", "explorer"}
    assert behind | {"glitch_page"} <= set(planned)
    assert not set(planned) & (BEFORE_MAP | set(done))


def test_a_new_shard_is_embedded_alone_and_families_keep_their_ids(finished, tmp_path):
    clone = finished.clone(tmp_path / "clone")
    catalog, families = (clone.folder / f"results/{name}" for name in ("observatory/catalog.csv", MAPPED))
    table = pd.read_csv(catalog)
    table[table["ifo"] == "H1"].to_csv(catalog, index=False)
    clone.run(f"results/{MAPPED}")
    before = pd.read_parquet(families)
    assert before["family"].str.startswith("F").any()
    shutil.copyfile(families, clone.folder / "reference.parquet")
    clone.configure(map={"reference": "reference.parquet"})
    for path in clone.folder.glob("results/*/L1-*"):
        path.unlink()
    table.to_csv(catalog, index=False)
    done = done_jobs(clone.run(f"results/{MAPPED}"))
    shards = (clone.folder / "results/catalog/shards.txt").read_text().split()
    assert done["make_views"] == done["embed_shard"] == sum(name.startswith("L1") for name in shards)
    assert not {"plan_observatory", "write_frames", "segments", "events"} & set(done)
    both = before.merge(pd.read_parquet(families), on="glitch_id")
    both = both[(both["family_x"] != "-1") & (both["family_y"] != "-1")]
    assert (both["family_x"] == both["family_y"]).mean() > 0.7


def test_a_replaced_picture_touches_its_shard_and_the_global_part(pictures, tmp_path):
    clone = pictures.clone(tmp_path / "clone")
    assert "Nothing to be done" in clone.run("map", "--dry-run")
    paths = sorted((clone.folder / "pictures").rglob("*_spectrogram_1.0.png"))
    shutil.copy(paths[-1], paths[0])
    done = done_jobs(clone.run("map"))
    assert done["catalog"] == done["make_views"] == done["embed_shard"] == done["map_graph"] == 1


def test_job_tables_are_read():
    text = "Job stats:\njob     count\n-----  -------\nall       1\nmake_views     3\ntotal     4\n"
    assert jobs(text) == {"make_views": 3}

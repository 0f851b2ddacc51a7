"""Kills, clocks, full disks, wrong configs and missing files: nothing lost, and told in plain words."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.fixtures.project import SMALL, Project

pytestmark = pytest.mark.slow


def kill_group(process: subprocess.Popen) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for_lock(project: Project) -> None:
    """Wait until a run that was started holds its folder."""
    deadline = time.monotonic() + 120
    while not list((project.folder / ".snakemake").glob("locks/*")):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_killed_run_resumes_on_one_core_to_the_same_bytes(root, request, tmp_path):
    project = Project.copied(root, tmp_path / "killed", SMALL)
    draws = random.Random(7)
    for job_first in (False, True, False):
        process = project.start()
        wait_for_lock(project)
        time.sleep(draws.uniform(4, 18))
        if job_first:
            while not (killed := project.kill_job()) and process.poll() is None:
                time.sleep(0.1)
            assert killed
            time.sleep(draws.uniform(0, 4))
        if process.poll() is None:
            kill_group(process)
            assert "--unlock" in project.run(check=False)
            project.run("--unlock")
        else:
            assert job_first  # the run ended itself after the loss of a job
    project.run("--cores", "1")
    # Asked for only now: another process makes it meanwhile.
    expected, got = request.getfixturevalue("finished").contents(), project.contents()
    assert sorted(got) == sorted(expected)
    assert [name for name in expected if got[name] != expected[name]] == []


def test_a_full_disk_stops_the_run_with_its_name_and_a_larger_one_ends_it(finished, small_disk, tmp_path):
    project = finished.clone(tmp_path / "full")
    views = project.folder / "results/views"
    for path in views.glob("H1-*"):  # fits, with no room for L1
        shutil.copy2(path, small_disk.folder)
    shutil.rmtree(views)
    views.symlink_to(small_disk.folder)
    answer = project.run("views", check=False)
    assert re.search(r"Error: results/views/.*\.npy: the disk is full: free some space and run again", answer)
    assert "Traceback" not in answer
    expected = {path.name: path.read_bytes() for path in (finished.folder / "results/views").iterdir()}
    assert all(expected[path.name] == path.read_bytes() for path in small_disk.folder.iterdir())
    small_disk.resize("64m")
    project.run("views")
    assert {path.name: path.read_bytes() for path in small_disk.folder.iterdir()} == expected


def test_a_read_only_folder_of_results_is_named(finished, tmp_path):
    project = finished.clone(tmp_path / "read-only")
    (project.folder / "results/map/quality.parquet").unlink()
    before = project.contents()
    mounted = 'mount --bind results results && mount -o remount,bind,ro results && exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mounted, "sh", *project.command("map")],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    answer = done.stdout + done.stderr
    assert re.search(r"Write-protected output files.*results/map/", answer, re.DOTALL)
    assert "Traceback" not in answer
    assert project.contents() == before


def test_a_clock_that_jumped_back_remakes_what_seems_old_until_it_is_touched(finished, tmp_path):
    project = finished.clone(tmp_path / "clock")
    # As with files over that limit, which are compared by time.
    by_time = ("--max-checksum-file-size", "0")
    for path in (project.folder / "results/embeddings").iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    planned = project.plan(*by_time)
    assert planned["embed_shard"] >= 1
    assert not {"catalog", "make_views"} & set(planned)
    project.run("--touch", *by_time)
    assert project.plan(*by_time) == {}


def test_a_config_runs_no_code(root, tmp_path):
    project = Project.copied(root, tmp_path / "yaml", SMALL)
    (project.folder / "study.yaml").write_text('unit: !!python/object/apply:os.system ["touch harm"]\n')
    answer = project.run("--dry-run", check=False)
    assert "not valid JSON or YAML" in answer
    assert not (project.folder / "harm").exists()


def test_a_random_fault_of_the_benchmark_ends_right(root, finished, tmp_path):
    """The third draws a table that is cut short under the figures; kills and full disks are tested above."""
    command = [
        sys.executable,
        root / "benchmarks/faults.py",
        "--folder",
        tmp_path,
        "--finished",
        finished.folder,
    ]
    done = subprocess.run(
        [*command, "--runs", "1", "--first", "3"], capture_output=True, text=True, check=False
    )
    assert "1 of 1 end right" in done.stdout, done.stdout + done.stderr


def test_two_runs_in_one_folder_are_refused(root, tmp_path):
    project = Project.copied(root, tmp_path / "twice", SMALL)
    first = project.start()
    try:
        wait_for_lock(project)
        assert "LockException" in project.run("catalog", check=False)
    finally:
        kill_group(first)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"mapp": {}}, "mapp: no such key; did you mean 'map'"),
        ({"map": {"n_neighbours": 9}}, "map.n_neighbours: no such key; did you mean 'n_neighbors'"),
        ({"source": {"kind": "catalogue", "paths": ["nowhere.csv"]}}, "nowhere.csv"),
        ({"source": {"kind": "images", "paths": ["nowhere"]}}, "nowhere"),
    ],
)
def test_a_wrong_config_is_named_without_a_traceback(root, tmp_path, change, expected):
    project = Project.copied(root, tmp_path / "wrong", SMALL | change)
    answer = project.run(check=False)
    assert expected in answer
    assert "Traceback" not in answer


BAD_ROWS = [f"H1,{'NaN' if i % 2 else 1262304000 + i},id{i:08d},8.0,100" for i in range(20)]


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        ("ifo,event_tme,gravityspy_id", ["H1,1262304001.5,abcdefghij"], "event_time.*event_tme"),
        ("ifo,event_time,gravityspy_id,snr,peak_frequency", BAD_ROWS, "quarantined"),
    ],
)
def test_a_wrong_catalogue_is_named_without_a_traceback(root, tmp_path, header, rows, expected):
    project = Project.copied(root, tmp_path / "catalogue", SMALL)
    project.configure(source={"paths": ["own.csv"]}, segments={"files": []}, events={"files": []})
    (project.folder / "own.csv").write_text("\n".join([header, *rows]) + "\n")
    answer = project.run("catalog", check=False)
    assert re.search(expected, answer)
    assert "Traceback" not in answer

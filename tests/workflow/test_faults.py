"""Kills, wrong configs and missing files: nothing lost, and told in plain words."""

import os
import random
import re
import signal
import subprocess
import time

import pytest

from tests.workflow.conftest import SMALL, Project

pytestmark = pytest.mark.slow


def kill_group(process: subprocess.Popen) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_killed_run_resumes_on_one_core_to_the_same_bytes(root, request, tmp_path):
    project = Project.copied(root, tmp_path / "killed", SMALL)
    draws = random.Random(7)
    refused = 0
    for _ in range(5):
        process = subprocess.Popen(
            project.command(),
            cwd=project.folder,
            env=project.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(draws.uniform(8, 22))
        if process.poll() is None:
            kill_group(process)
            answer = project.run(check=False)
            refused += "--unlock" in answer
            project.run("--unlock")
    assert refused >= 1
    project.run("--cores", "1")
    # Asked for only now: another process makes it meanwhile.
    expected, got = request.getfixturevalue("finished").contents(), project.contents()
    assert sorted(got) == sorted(expected)
    assert [name for name in expected if got[name] != expected[name]] == []


def test_two_runs_in_one_folder_are_refused(root, tmp_path):
    project = Project.copied(root, tmp_path / "twice", SMALL)
    first = subprocess.Popen(
        project.command(),
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not list((project.folder / ".snakemake").glob("locks/*")) and time.monotonic() < deadline:
            time.sleep(0.2)
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


def test_a_missing_column_is_named(root, tmp_path):
    project = Project.copied(root, tmp_path / "column", SMALL)
    project.configure(source={"paths": ["own.csv"]}, segments={"files": []}, events={"files": []})
    (project.folder / "own.csv").write_text("ifo,event_tme,gravityspy_id\nH1,1262304001.5,abcdefghij\n")
    answer = project.run("catalog", check=False)
    assert re.search(r"event_time.*event_tme", answer)
    assert "Traceback" not in answer


def test_too_many_unreadable_rows_stop_the_run_after_the_table_is_written(root, tmp_path):
    project = Project.copied(root, tmp_path / "bad", SMALL)
    project.configure(source={"paths": ["own.csv"]}, segments={"files": []}, events={"files": []})
    rows = [f"H1,{'NaN' if i % 2 else 1262304000 + i},id{i:08d},8.0,100" for i in range(20)]
    (project.folder / "own.csv").write_text(
        "ifo,event_time,gravityspy_id,snr,peak_frequency\n" + "\n".join(rows) + "\n"
    )
    answer = project.run("catalog", check=False)
    assert "quarantined" in answer
    assert "Traceback" not in answer

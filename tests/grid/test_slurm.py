"""The small demo up to its neighbour graph on a SLURM cluster that loses a job and a node: the same bytes.

What the later stages submit is looked at in `test_htcondor.py`.
"""

import re
import subprocess
import time

import pytest

from tests.fixtures.project import SMALL, Project

pytestmark = pytest.mark.slow

#: Single jobs, a checkpoint, both kinds of bundles before the map, and a job on several cores.
TARGET = "results/map/neighbours.npz"
#: What this cluster lacks of one with accounting and GPUs, and shorter waits.
HERE = (
    *("--slurm-status-command", "squeue", "--slurm-no-account", "--resources", "gpu=0"),
    *("--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "20"),
)


def run_on(cluster, executors, project: Project, log) -> subprocess.Popen:
    command = project.command(TARGET, "--workflow-profile", "profiles/slurm", *HERE)
    return subprocess.Popen(
        command,
        cwd=project.folder,
        env=cluster.environment | {"PYTHONPATH": f"{project.environment['PYTHONPATH']}:{executors}"},
        stdout=log,
        stderr=subprocess.STDOUT,
    )


def running_job(cluster, process: subprocess.Popen, rules: str, seconds: float = 900) -> tuple[str, str]:
    """Wait for a job of one of the rules, and give its number and node."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        for job, (node, what) in cluster.running().items():
            if re.search(rules, what):
                return job, node
        time.sleep(0.5)
    raise AssertionError(f"no job of {rules} ran")


def test_a_cancelled_job_and_a_lost_node_cost_only_time(root, cluster, executors, request, tmp_path):
    project = Project.copied(root, tmp_path / "grid", SMALL)
    with (tmp_path / "log").open("w") as log:
        process = run_on(cluster, executors, project, log)
        try:
            cancelled, _ = running_job(cluster, process, "write_frames")
            cluster.ask("scancel", cancelled)
            bundle, node = running_job(cluster, process, "views_make_views")
            cluster.lose(node)
            cluster.ask("scontrol", "update", f"jobid={bundle}", "starttime=now")  # and not in two minutes
            process.wait(timeout=2400)
        finally:
            process.kill()
            process.wait()
    text = (tmp_path / "log").read_text()
    assert process.returncode == 0, text[-6000:]
    assert f"SLURM-job '{cancelled}' failed, SLURM status is: 'CANCELLED'" in text
    assert "Restarts=1" in cluster.ask("scontrol", "show", "job", bundle)
    expected, got = request.getfixturevalue("finished").contents(), project.contents()
    assert {"catalog/glitches.parquet", "map/neighbours.npz"} <= set(got) <= set(expected)
    assert [name for name in got if got[name] != expected[name]] == []

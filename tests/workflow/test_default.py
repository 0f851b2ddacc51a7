"""The embedded default: planted answers are found, within the time that is promised."""

import json
import resource

import pytest
import yaml

from tests.workflow.conftest import Project, jobs

pytestmark = pytest.mark.slow


def core_minutes() -> float:
    """Give what finished child processes have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) / 60


def test_the_simulated_observatory_is_read_right(root, tmp_path):
    config = yaml.safe_load((root / "config/config.yaml").read_text())
    project = Project.copied(root, tmp_path / "default", config)
    before = core_minutes()
    text = project.run()
    minutes = core_minutes() - before
    report = json.loads((project.folder / "results/validate/validation.json").read_text())
    table = (project.folder / "results/validate/validation.md").read_text()
    print(table)
    assert report["passed"], table
    assert sum(jobs(text).values()) < 60
    assert "Open results/site/index.html" in text
    # The clock's minutes are fewer on two idle cores; those of a shared machine say nothing.
    assert minutes < 10, f"the demo took {minutes:.1f} core minutes"
    archive = project.folder / "report.zip"
    project.run("--report", str(archive))
    assert archive.stat().st_size > 100_000

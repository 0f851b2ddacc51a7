"""The embedded default: planted answers are found, within the time that is promised."""

import json
import time

import pytest
import yaml

from tests.workflow.conftest import Project, jobs

pytestmark = pytest.mark.slow


def test_the_simulated_observatory_is_read_right(root, tmp_path):
    config = yaml.safe_load((root / "config/config.yaml").read_text())
    project = Project.copied(root, tmp_path / "default", config)
    start = time.monotonic()
    text = project.run()
    minutes = (time.monotonic() - start) / 60
    report = json.loads((project.folder / "results/validate/validation.json").read_text())
    table = (project.folder / "results/validate/validation.md").read_text()
    print(table)
    assert report["passed"], table
    assert sum(jobs(text).values()) < 60
    assert "Open results/site/index.html" in text
    assert minutes < 10, f"the demo took {minutes:.1f} minutes"
    archive = project.folder / "report.zip"
    project.run("--report", str(archive))
    assert archive.stat().st_size > 100_000

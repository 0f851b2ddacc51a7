"""What the tests of grids share."""

import os
import sys
from pathlib import Path

import pytest

from tests.grid.slurm import Cluster, missing_programs


@pytest.fixture(scope="session")
def executors() -> Path:
    """Return the folder that snakemake's executors for grids were installed into."""
    folder = Path(sys.prefix) / "grid"
    assert folder.is_dir(), f"no executors in {folder}: run `make .venv/grid/.ready`"
    return folder


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Return a running SLURM cluster; without SLURM, skip on a machine that need not have it."""
    lacking = missing_programs()
    if lacking and "NEEDS_SLURM" not in os.environ:
        pytest.skip(f"no SLURM here: {', '.join(lacking)} (Debian: apt-get install slurm-wlm munge, as root)")
    assert not lacking, f"NEEDS_SLURM is set, but there is no {', '.join(lacking)}"
    cluster = Cluster(tmp_path_factory.mktemp("slurm"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()

"""Fixtures that all tests share."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from tests.fixtures.once import made_once
from tests.fixtures.project import SMALL, Project

# A processor busy with something else is no fault of the code; what hangs, the timeout ends.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data beside the project, or skip."""
    path = ROOT.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip("real data are not here: ../shared/data is missing")
    return path


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """Return the folder of small inputs that were once misread, or skip."""
    path = ROOT.parent / "shared" / "cases"
    if not path.is_dir():
        pytest.skip("the cases are not here: ../shared/cases is missing")
    return path


@pytest.fixture(scope="session")
def finished(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a complete run of the small demo, the one that all tests share; clone it, do not change it."""

    def make(folder: Path) -> None:
        Project.copied(root, folder, SMALL).run()

    return Project(made_once(tmp_path_factory, "finished", make))


@dataclass
class SmallDisk:
    """A file system of a few megabytes in memory, mounted at `folder`."""

    folder: Path

    def resize(self, size: str, mode: str = "rw") -> None:
        subprocess.run(["mount", "-o", f"remount,{mode},size={size}", self.folder], check=True)


@pytest.fixture
def small_disk(tmp_path) -> Iterator[SmallDisk]:
    """Mount a disk of 1 MiB, which only root can."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    disk = SmallDisk(tmp_path / "disk")
    disk.folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "small", disk.folder], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk.folder], check=True)


#: What takes longest starts first, so that two processes end at about the same time.
LONGEST = (
    "test_default.py",
    "test_slurm.py",
    "test_faults.py",
    "test_benchmarks.py",
    "test_workflow_real.py",
    "test_real_data_page.py",
    "test_rebuild.py",
    "test_public_configs.py",
    "test_families.py",
    "test_triggers.py",
    "test_similar_place.py",
    "test_coupling.py",
    "test_htcondor.py",
    "test_scattering_real.py",
    "test_impact.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the files that take longest."""
    turns = {name: turn for turn, name in enumerate(LONGEST)}
    items.sort(key=lambda item: turns.get(item.path.name, len(LONGEST)))

"""Fixtures that all tests share."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """Give the project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Give the folder of real data beside the project, or skip."""
    path = ROOT.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip("real data are not here: ../shared/data is missing")
    return path


#: What takes longest starts first, so that two processes end at about the same time.
LONGEST = (
    "test_rebuild.py",
    "test_faults.py",
    "test_slurm.py",
    "test_default.py",
    "test_workflow_real.py",
    "test_benchmarks.py",
    "test_similar_place.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the files that take longest."""
    turns = {name: turn for turn, name in enumerate(LONGEST)}
    items.sort(key=lambda item: turns.get(item.path.name, len(LONGEST)))

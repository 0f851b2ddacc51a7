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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares an expensive fixture, and start with what takes longest."""
    for item in items:
        shared = SMALL_RUNS & set(getattr(item, "fixturenames", ()))
        item.add_marker(pytest.mark.xdist_group("small runs" if shared else item.path.name))
    items.sort(key=_place)


#: Fixtures of tests/workflow/conftest.py that run the whole workflow.
SMALL_RUNS = {"finished", "pictures"}


def _place(item: pytest.Item) -> int:
    """Give a test's turn: small runs first, then the default, real data, all else."""
    if SMALL_RUNS & set(getattr(item, "fixturenames", ())):
        return 0
    parts = item.path.parts
    return 1 if "workflow" in parts else 2 if "real" in parts else 3

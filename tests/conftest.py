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

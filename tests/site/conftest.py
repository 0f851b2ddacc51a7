"""A small site, made once for all tests of this folder, and a browser to open it in."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

# The tests of this folder share the module that makes the fake results.
sys.path.insert(0, str(Path(__file__).parent))

from fake_coupling import fake_coupling, make_pages
from fake_impact import fake_impact, make_cost
from fake_results import fake_results, make_site
from watched import Watched

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.map.schemas import FAMILIES
from tests.fixtures.once import made_once

BROWSER = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def make_results(folder: Path) -> None:
    fake_results(folder)
    fragments = make_pages(folder, folder / "site", fake_coupling(folder), cost=True)
    costs = make_cost(folder, folder / "site", fake_impact(folder))
    make_site(folder, folder / "site", folder / "figures", fragments, costs)


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return fake results with their site; copy them, do not change them."""
    return made_once(tmp_path_factory, "fake_results", make_results)


@pytest.fixture(scope="session")
def site(results: Path) -> Path:
    return results / "site"


@pytest.fixture(scope="session")
def rows(results: Path) -> pd.DataFrame:
    """Return the rows of the map with what the catalogue knows of them; do not change them."""
    families = tables.read(FAMILIES, results / "map/families.parquet")
    return families.merge(tables.read(GLITCHES, results / "catalog/glitches.parquet"), on="glitch_id")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    found = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=BROWSER)
        yield browser
        browser.close()


@pytest.fixture
def watched(chromium: Any) -> Iterator[Watched]:
    page = Watched(chromium)
    yield page
    page.close()

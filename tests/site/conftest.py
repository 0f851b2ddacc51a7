"""A small site, made once for all tests of this folder, and a browser to open it in."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# The tests of this folder share the module that makes the fake results.
sys.path.insert(0, str(Path(__file__).parent))

from fake_coupling import fake_coupling, make_pages
from fake_impact import fake_impact, make_cost
from fake_results import fake_results, make_site

BROWSER = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_results(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="session")
def site(results: Path) -> Path:
    fragments = make_pages(results, results / "site", fake_coupling(results), cost=True)
    costs = make_cost(results, results / "site", fake_impact(results))
    make_site(results, results / "site", results / "figures", fragments, costs)
    return results / "site"


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

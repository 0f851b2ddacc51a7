"""Every page of a whole site: packed, unpacked, opened at three sizes, in light and in dark.

Its catalogue is hostile: scripts, quotes, characters that change the reading direction, 10,000 characters.
A page that fails shows a dialog, sends a request or writes to the console.
"""

import json
import shutil
import threading
from dataclasses import asdict
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from fake_coupling import EVIL
from fake_results import WORST, make_site
from watched import Watched, broken

from glitch_explorer.core import files, tables
from glitch_explorer.validate.check import Check
from glitch_explorer.validate.page import write_validation_page
from glitch_explorer.validate.schemas import COUPLINGS, MONTH, PLANTED_COSTS, PLANTED_DRIVERS

pytestmark = pytest.mark.browser

PAGES = ("index", "map", "glitch", "atlas", "audit", "witnesses", "cost", "methods", "validation")
#: A laptop's page at 200 %; and a phone.
ENLARGED, PHONE = {"width": 640, "height": 360}, {"width": 390, "height": 844}
GRAVE = ("serious", "critical")


def write_validation(site: Path) -> None:
    """Write the page of the simulated observatory: a bound met, one missed, hostile names."""
    checks = [Check("ami_all", 0.9, 300, 0.75), Check("unsafe_ranked", 9.0, 2, 0.0, at_most=True)]
    folder = site.parent / "validate"
    values = [{**asdict(check), "passed": check.passed} for check in checks]
    files.write_json(folder / "validation.json", {"passed": False, "checks": values})
    planted = dict.fromkeys(COUPLINGS.names, None)
    planted |= {
        "planted_class": WORST,
        "ifo": "H1",
        "channel": EVIL,
        "n_glitches": 9,
        "planted_band": "10-30",
    }
    planted |= {"planted_lag": -2.0, "planted_relation": "leads"}
    tables.write(COUPLINGS, pd.DataFrame([planted]), folder / "couplings.parquet")
    tables.write(PLANTED_DRIVERS, tables.empty(PLANTED_DRIVERS), folder / "drivers.parquet")
    tables.write(PLANTED_COSTS, tables.empty(PLANTED_COSTS), folder / "costs.parquet")
    tables.write(MONTH, tables.empty(MONTH), folder / "month.parquet")
    write_validation_page(folder, site / "validation.html", witnesses=True, cost=True)


@pytest.fixture(scope="module")
def whole(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site with every stage, packed and unpacked elsewhere."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copytree(site, folder / "site")
    write_validation(folder / "site")
    archive = shutil.make_archive(str(folder / "site"), "zip", folder / "site")
    shutil.unpack_archive(archive, folder / "to a colleague" / "site")
    return folder / "to a colleague" / "site"


def overflow(page: Any) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def grave(page: Any) -> list[str]:
    """Return the serious violations that axe finds, with the first element of each."""
    # Preloading asks for style sheets in a way that `file://` refuses.
    options = {"resultTypes": ["violations"], "preload": False}
    violations = Axe().run(page, options=options).response["violations"]
    grave = [violation for violation in violations if violation["impact"] in GRAVE]
    return [f"{violation['id']}: {violation['nodes'][0]['html'][:200]}" for violation in grave]


@pytest.mark.parametrize("name", [*PAGES, "family/F001", "family/F003", "family/F006"])
def test_page_is_whole_at_every_size_in_light_and_dark(whole: Path, watched: Watched, name: str) -> None:
    page = watched.open(whole / f"{name}.html")
    assert overflow(page) <= 0
    assert grave(page) == []
    page.set_viewport_size(ENLARGED)
    assert overflow(page) <= 0
    assert broken(page) == []
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    page.reload()
    assert overflow(page) <= 0
    assert grave(page) == []


class Refers(HTMLParser):
    """Collect the addresses that a page refers to, and those that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for key, value in attrs if key in ("href", "src")]
        self.ids += [value or "" for key, value in attrs if key == "id"]


def test_every_link_leads_to_a_page_and_a_place_on_it(whole: Path) -> None:
    pages = {path: Refers(path.read_text(encoding="utf-8")) for path in whole.rglob("*.html")}
    assert {path.relative_to(whole).with_suffix("").as_posix() for path in pages} >= set(PAGES)
    # The page of any glitch has a place for each id of its index.
    index = (whole / "glitches/index.js").read_text(encoding="utf-8")
    pages[whole / "glitch.html"].ids += json.loads(index.removeprefix("window.GLITCH_INDEX=").rstrip(";\n"))[
        "ids"
    ]
    for path, found in pages.items():
        assert len(found.ids) == len(set(found.ids)), path.name
        for link in found.links:
            if link.startswith("data:,"):
                continue
            target, _, place = unquote(link).partition("#")
            goal = (path.parent / target).resolve() if target else path
            assert goal.is_file(), (path.name, link)
            # An address with a value is a page's state, not a place on it.
            if place and "=" not in place:
                assert place in pages[goal].ids, (path.name, link)


def test_the_site_works_in_a_folder_of_a_web_server(whole: Path, watched: Watched) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=whole.parent)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        watched.source = f"http://127.0.0.1:{server.server_port}/site/"
        page = watched.page
        page.goto(watched.source + "index.html")
        # What is still on its way when its page is left would count as a failed request.
        assert broken(page) == []
        page.locator("header").get_by_role("link", name="Map").click()
        page.wait_for_selector("html[data-ready=true]")
        page.locator("header").get_by_role("link", name="Atlas").click()
        assert broken(page) == []
        page.locator("table.atlas tbody a").first.click()
        page.wait_for_selector("h1:has-text('Family F')")
        assert broken(page) == []
        page.locator("header").get_by_role("link", name="Cost").click()
        page.wait_for_selector("#ranking .main-svg")
        server.shutdown()


def test_stages_that_were_not_run_leave_their_pages_out_and_say_so(
    results: Path, tmp_path: Path, watched: Watched
) -> None:
    make_site(results, tmp_path / "site", tmp_path / "figures")
    assert not (tmp_path / "site/witnesses.html").exists()
    assert not (tmp_path / "site/cost.html").exists()
    page = watched.open(tmp_path / "site" / "atlas.html")
    assert broken(page) == []
    page.get_by_role("link", name="Not run: witnesses, cost").click()
    assert page.url.endswith("index.html#left-out")
    said = page.locator("section[aria-labelledby=left-out]").inner_text()
    for command in ("coupling", "impact", "validate"):
        assert f"snakemake --cores all {command}" in said
    assert "coupling.channels" in said
    assert page.locator("a[href*='witnesses.html'], a[href*='cost.html']").count() == 0


def test_findings_lead_to_their_pages_and_to_what_the_number_means(whole: Path, watched: Watched) -> None:
    page = watched.open(whole / "index.html")
    lines = page.locator(".findings li")
    assert lines.count() == 5
    assert all("95 % interval" in text for text in lines.all_inner_texts())
    lines.nth(1).get_by_text("what the number means").click()
    assert page.url.endswith("methods.html#cost")
    assert page.locator(".method:target").inner_text().startswith("Cost")

"""The page of any glitch in a browser, opened from a folder: ids, times, and links of other pages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from astropy.time import Time
from fake_results import HOSTILE, change, fake_results, make_glitches
from map_page import Explorer
from test_site_whole import grave, overflow
from watched import Watched

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import files, tables
from glitch_explorer.core.views import VIEW_PRESENT
from glitch_explorer.impact.schemas import SHAP_VALUES
from glitch_explorer.map.schemas import FAMILIES
from glitch_explorer.site.glitch.order import index_data
from glitch_explorer.site.pages import script_data

pytestmark = pytest.mark.browser


class GlitchPage(Watched):
    """The page at an address, with what tests do on it."""

    def __init__(self, browser: Any, site: Path, address: str, scheme: str = "light") -> None:
        super().__init__(browser, scheme)
        self.site = site
        self.go(address)

    def go(self, address: str) -> None:
        self.page.goto(f"{(self.site / 'glitch.html').as_uri()}#{address}")
        self.page.wait_for_selector("html[data-ready=true]")

    def shown(self, glitch: str) -> None:
        self.page.wait_for_selector(f"html[data-glitch='{glitch}']")

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()


@pytest.fixture
def opened(site: Path, chromium: Any) -> Iterator[GlitchPage]:
    page = GlitchPage(chromium, site, "")
    yield page
    page.close()


def alone(rows: pd.DataFrame) -> pd.Series:
    """Return a glitch of H1 in a family, far from all others in time."""
    times = np.sort(rows["event_time"].to_numpy())
    gap = np.array([np.sort(np.abs(times - time))[1] for time in rows["event_time"]])
    family = rows["family"].isin(["F001", "F002"])
    return rows[family & (rows["ifo"] == "H1") & (gap > 30) & rows["label"].notna()].iloc[0]


def test_an_id_shows_what_is_known(opened: GlitchPage, rows: pd.DataFrame, results: Path) -> None:
    values = tables.read(SHAP_VALUES, results / "impact/F001/shap_values.parquet")
    known = rows[(rows["glitch_id"].isin(values["glitch_id"])) & (rows["ifo"] == "H1")]
    glitch = known.iloc[0]
    opened.go(glitch.glitch_id)
    opened.shown(glitch.glitch_id)
    assert opened.text("h1") == glitch.glitch_id
    facts = opened.text("#facts")
    assert f"GPS {glitch.event_time:.3f} · {Time(glitch.event_time, format='gps').utc.iso} UTC" in facts
    assert f"SNR {glitch.snr:.1f}" in facts
    assert f"membership {glitch.probability:.3f}" in opened.text("#family")
    assert opened.page.locator("#views canvas").count() in (3, 4)
    assert "H1:PEM-ACC_A_DQ" in opened.text("#witnesses")
    assert "XGBoost, all lags" in opened.text("#model")
    assert "The costs gate GPS" in opened.text("#gates")
    assert "Nearest in L1: g" in opened.text("#others")
    assert opened.page.locator("#near li").count() == 8
    code = opened.text("#python")
    assert f"fetch_open_data('H1', {glitch.event_time - 8:.3f}, {glitch.event_time + 8:.3f})" in code
    assert f'print(glitch.loc["{glitch.glitch_id}"])' in code
    compile(code, "python", "exec")


def test_times_find_the_nearest_glitch_and_say_how_far_it_is(opened: GlitchPage, rows: pd.DataFrame) -> None:
    glitch = alone(rows)
    time = Time(glitch.event_time + 0.25, format="gps").utc.isot
    for address in (
        f"H1@{glitch.event_time + 0.25:.3f}",
        f"{glitch.event_time + 0.25:.3f}",
        f"H1@{time}",
        time,
    ):
        opened.go("")
        opened.go(address)
        opened.shown(glitch.glitch_id)
        assert opened.text("#answer") == "The nearest glitch of H1: 0.250 s before the time asked."
    opened.page.fill("#query", glitch.glitch_id)
    opened.page.locator("#ask button").click()
    opened.page.wait_for_function("document.getElementById('answer').textContent === ''")


def test_glitches_of_two_detectors_at_one_time_are_both_listed(tmp_path: Path, chromium: Any) -> None:
    root = fake_results(tmp_path, count=60, families=2)
    path = root / "catalog/glitches.parquet"
    glitches = tables.read(GLITCHES, path)
    time = 1262400000.0
    pair = [glitches.index[glitches["ifo"] == ifo][0] for ifo in ("H1", "L1")]
    glitches.loc[pair, "event_time"] = [time, time + 0.005]
    tables.write(GLITCHES, glitches, path)
    make_glitches(root, root / "site")
    page = GlitchPage(chromium, root / "site", f"{time + 0.1}")
    assert "2 detectors have a glitch within 0.5 s of GPS 1262400000.100" in page.text("#answer")
    page.page.locator("#choices a[href^='#']").first.click()
    page.page.wait_for_selector("html[data-glitch]")
    assert "Within the 10.0 ms that light takes between the two." in page.text("#others")
    assert page.text("#witnesses") == "The run has no auxiliary channels."
    assert page.text("#gates") == "The run has no costs."
    page.close()


def test_what_is_not_there_is_answered(opened: GlitchPage, rows: pd.DataFrame) -> None:
    assert opened.page.locator("#choices tbody tr").count() == 10
    glitch = alone(rows)
    opened.go(f"H1@{glitch.event_time + 5:.3f}")
    assert opened.text("#answer").startswith("The catalogue has no glitch of H1 within 0.5 s of GPS ")
    assert f"{glitch.glitch_id}\tH1\t{glitch.event_time:.3f}\t5.000 s before" in opened.text("#choices")
    assert not opened.page.locator("#glitch").is_visible()
    opened.go("V1@1262304000")
    assert opened.text("#answer") == "The catalogue has no glitch of V1 with a time."
    opened.go("g00001")
    assert opened.text("#answer") == "No glitch has the id g00001. These begin with it:"
    assert opened.page.locator("#choices a[href^='#g00001']").count() == 8
    opened.go("x")
    opened.shown("g000000")
    assert opened.text("#answer") == "x repeats a glitch of the catalogue, which is shown in its place."
    for hostile in (HOSTILE, "%E0%A4%A", "constructor", "gps=a"):
        opened.go(hostile)
        assert opened.text("#answer").startswith("No glitch has the id ")
    opened.page.locator("#choices a").first.wait_for(state="detached")
    opened.go(glitch.glitch_id)
    opened.shown(glitch.glitch_id)
    opened.page.locator(".skip").press("Enter")
    assert opened.text("h1") == glitch.glitch_id


def test_a_glitch_off_the_map_says_why(tmp_path: Path, chromium: Any) -> None:
    root = fake_results(tmp_path, count=60, families=2)
    glitch = tables.read(FAMILIES, root / "map/families.parquet")["glitch_id"].iloc[0]
    change(root / "map/families.parquet", lambda rows: rows[rows["glitch_id"] != glitch])
    change(root / "catalog/quarantine.parquet", lambda rows: rows.assign(glitch_id=glitch, stage="views"))
    change(
        next(
            path for path in root.glob("views/*.parquet") if glitch in set(pd.read_parquet(path)["glitch_id"])
        ),
        lambda rows: rows.assign(**dict.fromkeys(VIEW_PRESENT, False)),
    )
    make_glitches(root, root / "site")
    page = GlitchPage(chromium, root / "site", glitch)
    page.shown(glitch)
    assert page.text("#views") == "It has no spectrogram."
    assert page.text("#family").startswith("It is not on the map: views excluded it, not_a_number.")
    assert "neighbours" not in page.text("#family")
    assert page.page.get_by_role("link", name="on the map").count() == 0
    page.close()


def test_a_view_opens_at_full_size_and_the_scale_changes(opened: GlitchPage, rows: pd.DataFrame) -> None:
    glitch = alone(rows)
    opened.go(glitch.glitch_id)
    opened.shown(glitch.glitch_id)
    width = opened.page.locator("#views canvas").first.bounding_box()["width"]
    opened.page.get_by_role("button", name="full size, view of 1 s").click()
    box = opened.page.locator("#large canvas").bounding_box()
    assert box["width"] > 1.2 * width
    opened.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert opened.text("#large .pointer").split(",")[0] in ("0.000 s", "−0.000 s", "0.001 s", "−0.001 s")
    assert opened.text("#large .pointer").endswith("143 Hz")
    assert "25.5" in opened.text("#large .scale")
    opened.page.keyboard.press("Escape")
    table = opened.page.locator("#viridis feComponentTransfer > *").first
    before = table.get_attribute("tableValues")
    opened.page.select_option("#most", "6")
    assert table.get_attribute("tableValues") != before
    assert opened.text("#end") == "6.0"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440, 2560])
def test_the_page_fits_every_screen(
    site: Path, chromium: Any, rows: pd.DataFrame, scheme: str, width: int
) -> None:
    glitch = alone(rows)
    page = GlitchPage(chromium, site, glitch.glitch_id, scheme)
    page.page.set_viewport_size({"width": width, "height": 900})
    page.shown(glitch.glitch_id)
    assert overflow(page.page) <= 0
    assert grave(page.page) == []
    sizes = """[...document.querySelectorAll("main *")].filter((node) => node.checkVisibility()
        && [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim()))
        .map((node) => parseFloat(getComputedStyle(node).fontSize))"""
    assert min(page.page.evaluate(sizes)) >= 12
    page.close()


def test_tables_cards_and_the_map_lead_here(
    site: Path, chromium: Any, watched: Watched, rows: pd.DataFrame
) -> None:
    page = watched.open(site / "family/F001.html")
    link = page.locator("figcaption a[href*='glitch.html#']").first
    glitch = link.inner_text()
    link.click()
    page.wait_for_selector(f"html[data-glitch='{glitch}']")
    page = watched.open(site / "audit.html")
    page.locator("#cards a[href^='glitch.html#']").first.click()
    page.wait_for_selector("html[data-glitch]")
    explorer = Explorer(chromium, site / "map.html")
    row = explorer.some()
    explorer.click(row)
    explorer.page.locator("#what a[href^='glitch.html#']").click()
    explorer.page.wait_for_selector(f"html[data-glitch='{rows.glitch_id[row]}']")
    explorer.page.get_by_role("link", name="on the map").click()
    explorer.page.wait_for_selector("html[data-ready=true]")
    assert explorer.text("#what").startswith(rows.glitch_id[row])
    explorer.close()
    other = Explorer(chromium, site / "map.html", "#pin=nothing")
    assert other.text("#found") == "Not on this map: nothing."
    other.close()
    found = Explorer(chromium, site / "map.html", f"#gps={rows.event_time[3] + 0.1:.3f}")
    assert "Nearest in time, 0.1" in found.text("#found")
    found.close()


def test_a_page_of_34332_glitches_is_quick(site: Path, tmp_path: Path, chromium: Any) -> None:
    """The index of a whole Gravity Spy catalogue; blocks of full size repeat one of the small site."""
    count = 34_332
    generator = np.random.default_rng(2)
    many = pd.DataFrame({"event_time": np.sort(1262304000 + generator.random(count) * 1e7)})
    many = many.assign(ifo=generator.choice(["H1", "L1"], count), snr=10.0, label="Blip", family="F001")
    many["glitch_id"] = [f"m{number:09d}" for number in range(count)]
    (tmp_path / "glitches").mkdir()
    for path in (site / "glitches").glob("*.*"):
        (tmp_path / "glitches" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "glitch.html").write_bytes((site / "glitch.html").read_bytes())
    page = GlitchPage(chromium, site, "")
    settings = page.page.evaluate("window.GLITCH_INDEX")
    block = page.page.evaluate("Data.record(0).then(() => [...GLITCH_BLOCK, ...GLITCH_BLOCK].slice(0, 500))")
    page.close()
    index = settings | index_data(many, [], {}, {})
    files.write_text(tmp_path / "glitches/index.js", script_data("GLITCH_INDEX", index))
    for number in range(-(-count // 500)):
        files.write_text(tmp_path / f"glitches/{number:03d}.js", script_data("GLITCH_BLOCK", block))
    page = GlitchPage(chromium, tmp_path, f"{many['ifo'][20_000]}@{many['event_time'][20_000]:.3f}")
    page.shown(many["glitch_id"][20_000])
    assert page.page.evaluate("performance.getEntriesByName('glitch-shown')[0].startTime") < 1000
    page.close()

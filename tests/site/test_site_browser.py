"""The pages in a real browser, opened from a folder."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_coupling import EVIL
from fake_results import HOSTILE
from PIL import Image

pytestmark = pytest.mark.browser


class Watched:
    """A page, what it asked for and what it complained about."""

    def __init__(self, browser: Any, scheme: str = "light") -> None:
        self.page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme=scheme)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("requestfailed", lambda request: self.complaints.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message) or dialog.dismiss())

    def open(self, path: Path) -> Any:
        self.page.goto(path.as_uri())
        if path.name == "map.html":
            self.page.wait_for_selector("#plot .main-svg")
        return self.page

    def spread(self) -> float:
        """Standard deviation of the grey levels on the screen."""
        with Image.open(io.BytesIO(self.page.screenshot())) as picture:
            return float(np.asarray(picture.convert("L")).std())


@pytest.fixture
def watched(chromium: Any) -> Iterator[Watched]:
    made = Watched(chromium)
    yield made
    made.page.close()
    assert not made.complaints
    assert made.requests
    assert all(url.startswith(("file:", "data:", "blob:")) for url in made.requests)


def point(page: Any) -> tuple[float, float]:
    """Give the place on the screen of some point of the map."""
    box = page.locator("#plot .scatterlayer .trace path.point").first.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize(
    "name",
    [
        "index.html",
        "atlas.html",
        "family/F001.html",
        "family/F003.html",
        "map.html",
        "witnesses.html",
        "cost.html",
    ],
)
def test_page_opens_from_a_folder(site: Path, watched: Watched, name: str) -> None:
    page = watched.open(site / name)
    assert watched.spread() > 10
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    broken = page.evaluate(
        "Promise.all([...document.images].map("
        "image => { image.loading = 'eager'; return image.decode().catch(() => true); }))"
    )
    assert not any(broken)


def test_pointing_at_a_glitch_shows_its_picture(site: Path, watched: Watched) -> None:
    page = watched.open(site / "map.html")
    before = page.locator("#picture").screenshot()
    page.mouse.move(*point(page))
    page.wait_for_function("document.querySelector('#picture').style.backgroundImage !== ''")
    page.wait_for_timeout(300)
    with Image.open(io.BytesIO(page.locator("#picture").screenshot())) as shown:
        colours = np.asarray(shown.convert("RGB")).reshape(-1, 3)
    assert page.locator("#picture").screenshot() != before
    assert colours.std(axis=0).max() > 10
    assert "Family: F" in page.locator("#what").inner_text()
    assert "Label: " in page.locator("#what").inner_text()


def test_a_click_keeps_the_glitch_and_its_family_opens(site: Path, watched: Watched) -> None:
    page = watched.open(site / "map.html")
    page.mouse.click(*point(page))
    page.mouse.move(5, 400)
    page.locator("#what a").click()
    page.wait_for_selector("h1")
    assert page.locator("h1").inner_text().startswith("Family F")


def test_more_like_this_leads_from_glitch_to_glitch(site: Path, watched: Watched) -> None:
    page = watched.open(site / "map.html")
    assert not page.locator("#like").is_visible()
    page.mouse.click(*point(page))
    page.mouse.move(5, 400)
    assert page.locator("#near li").count() == 8
    wanted = page.locator("#near button").first.inner_text()
    page.locator("#near button").first.click()
    assert page.locator("#what").inner_text().startswith(wanted)


def test_a_label_that_is_a_script_is_text(site: Path, watched: Watched) -> None:
    page = watched.open(site / "map.html")
    page.select_option("#mode", "label")
    assert HOSTILE in page.locator("#legend .name").all_inner_texts()
    assert HOSTILE in watched.open(site / "family" / "F002.html").locator("main").inner_text()


def test_colours_groups_and_search(site: Path, watched: Watched) -> None:
    page = watched.open(site / "map.html")
    points = "#plot .scatterlayer .trace path.point"
    everything = page.locator(points).count()
    page.locator("#none").click()
    page.wait_for_function(f"document.querySelectorAll('{points}').length === 0")
    assert page.locator("#empty").is_visible()
    page.locator("#legend input").first.check()
    page.wait_for_function(f"document.querySelectorAll('{points}').length > 0")
    assert page.locator(points).count() < everything
    page.select_option("#mode", "detector")
    assert page.locator("#legend .name").all_inner_texts() == ["H1", "L1"]
    page.fill("#find", "g00000")
    page.keyboard.press("Enter")
    assert page.locator("#what").inner_text().startswith("g00000")


def test_keyboard_reaches_and_steps_through_the_glitches(site: Path, watched: Watched) -> None:
    page = watched.open(site / "map.html")
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "plot":
            break
    assert page.evaluate("document.activeElement.id") == "plot"
    page.keyboard.press("ArrowRight")
    first = page.locator("#what").inner_text()
    page.keyboard.press("ArrowRight")
    assert page.locator("#what").inner_text() != first
    page.keyboard.press("ArrowLeft")
    assert page.locator("#what").inner_text() == first


@pytest.mark.parametrize("name", ["witnesses.html", "family/F001.html"])
def test_witnesses_fit_a_phone_in_the_dark(site: Path, chromium: Any, name: str) -> None:
    phone = Watched(chromium, "dark")
    phone.page.set_viewport_size({"width": 390, "height": 720})
    page = phone.open(site / name)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert EVIL in page.locator("main").inner_text()
    page.close()
    assert not phone.complaints


def test_dark_pages_are_dark(site: Path, chromium: Any) -> None:
    dark = Watched(chromium, "dark")
    page = dark.open(site / "map.html")
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        assert np.median(np.asarray(picture.convert("L"))) < 60
    page.close()
    assert not dark.complaints

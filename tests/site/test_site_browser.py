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
        self.page.on("requestfailed", self._failed)
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message) or dialog.dismiss())

    def _failed(self, request: Any) -> None:
        # Aborted is what was still on its way when its page was left.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.url}: {request.failure}")

    def open(self, path: Path) -> Any:
        self.page.goto(path.as_uri())
        if path.name == "map.html":
            self.page.wait_for_selector("html[data-ready=true]")
        return self.page

    def close(self) -> None:
        """Close the page, which must not have complained."""
        self.page.close()
        assert not self.complaints


@pytest.fixture
def watched(chromium: Any) -> Iterator[Watched]:
    page = Watched(chromium)
    yield page
    page.close()
    assert page.requests
    assert all(url.startswith(("file:", "data:", "blob:")) for url in page.requests)


@pytest.mark.parametrize(
    ("name", "text"), [("family/F002", HOSTILE), ("witnesses", EVIL), ("family/F001", EVIL)]
)
def test_a_name_that_is_a_script_is_text(site: Path, watched: Watched, name: str, text: str) -> None:
    assert text in watched.open(site / f"{name}.html").locator("main").inner_text()


def test_dark_pages_are_dark(site: Path, chromium: Any) -> None:
    dark = Watched(chromium, "dark")
    page = dark.open(site / "map.html")
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        assert np.median(np.asarray(picture.convert("L"))) < 60
    dark.close()

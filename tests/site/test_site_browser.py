"""The pages in a real browser, opened from a folder."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_coupling import EVIL
from fake_results import HOSTILE
from PIL import Image
from watched import Watched

pytestmark = pytest.mark.browser


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

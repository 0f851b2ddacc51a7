"""The interactive map in a browser, with what tests do on it."""

import io
from pathlib import Path
from typing import Any

from PIL import Image
from watched import Watched

#: A row that is drawn last at its place, as a filled shape.
ALONE = """Array.from(Filters.rows()).reverse().find((row) => Colours.shapes[row] === 0 &&
    Filters.rows().every((other) => other <= row ||
        Math.hypot(...Plot.position(other).map((value, axis) => value - Plot.position(row)[axis])) > 9))"""


class Explorer(Watched):
    """The map, with what tests do on it."""

    def __init__(self, browser: Any, path: Path, hash_: str = "", scheme: str = "light") -> None:
        super().__init__(browser, scheme)
        self.page.goto(path.as_uri() + hash_)
        self.page.wait_for_selector("html[data-ready=true]")

    def js(self, code: str, *values: Any) -> Any:
        return self.page.evaluate(code, *values)

    def at(self, row: int) -> tuple[float, float]:
        """Return the position of a row on the screen."""
        x, y = self.js("row => Plot.position(row)", row)
        box = self.page.locator("#plot").bounding_box()
        return box["x"] + x, box["y"] + y

    def some(self) -> int:
        """Return a row of family F002."""
        return self.js("Array.from(Filters.rows()).find(row => Data.family[row] === 1)")

    def alone(self) -> int:
        """Return a row that no other is drawn over."""
        return self.js(ALONE)

    def click(self, row: int) -> None:
        self.page.mouse.click(*self.at(row))

    def drag(self, *points: tuple[float, float]) -> None:
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*point, steps=4)
        self.page.mouse.up()

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def shown(self) -> int:
        return int(self.text("#shown").split(" of ")[0])

    def colour(self, row: int) -> tuple[int, ...]:
        """Return the colour on the screen in the middle of a row's point."""
        x, y = self.at(row)
        with Image.open(io.BytesIO(self.page.screenshot())) as picture:
            return picture.convert("RGB").getpixel((round(x), round(y)))

    def downloaded(self, selector: str) -> Path:
        """Click, and return the downloaded file."""
        with self.page.expect_download() as download:
            self.page.locator(selector).click()
        return Path(download.value.path())

    def unfold(self, selector: str) -> None:
        self.js(f"document.querySelector('{selector}').closest('details').open = true")

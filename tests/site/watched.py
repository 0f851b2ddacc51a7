"""A page in a browser that notes what goes wrong."""

from pathlib import Path
from typing import Any


class Watched:
    """A page, what it asked for and what it complained about."""

    def __init__(self, browser: Any, scheme: str = "light") -> None:
        self.page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme=scheme)
        self.source = "file:"
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
        """Close the page, which must have neither complained nor asked for anything but files."""
        self.page.close()
        assert not self.complaints
        assert self.requests
        assert all(url.startswith((self.source, "data:", "blob:")) for url in self.requests)


def broken(page: Any) -> list[str]:
    """Load every picture; return those that cannot be shown."""
    script = """Promise.all([...document.images].map(image => {
        image.loading = "eager";
        return image.decode().then(() => "", () => image.src);
    }))"""
    return [source for source in page.evaluate(script) if source]

"""Copies of frame files from the web, of which the last few are kept on disk."""

import os
import tempfile
from collections import OrderedDict
from pathlib import Path

from glitch_explorer.sources.download import fetch

#: Where files of the Open Science Data Federation are asked for over HTTPS; it sends on to a cache nearby.
OSDF_DIRECTOR = "https://osdf-director.osg-htc.org"
#: The federation's part that wants no login: GWOSC's.
OSDF_PUBLIC = "osdf:///gwdata/"


class Copies:
    """Files of the web, each downloaded when it is asked for.

    Parameters
    ----------
    kept
        Files kept on disk at a time.
    timeout_s, retries
        Longest silence of a server, and failures in a row put up with.
    """

    def __init__(self, *, kept: int, timeout_s: float, retries: int) -> None:
        self._limit, self._timeout_s, self._retries = kept, timeout_s, retries
        self._folder = tempfile.TemporaryDirectory(prefix="frames-")
        self._kept: OrderedDict[str, Path] = OrderedDict()

    def path(self, url: str) -> Path:
        """Give the file of an http(s) or public osdf address, downloaded unless it is still here.

        Raises
        ------
        UserError
            When there is no such file, or the server wants a login.
        SourceFault
            When the server stays away.
        """
        path = self._kept.get(url)
        if path is None:
            while len(self._kept) >= self._limit:
                self._kept.popitem(last=False)[1].unlink()
            target = Path(self._folder.name) / url.rsplit("/", 1)[-1]
            path = fetch(_https(url), target, timeout_s=self._timeout_s, retries=self._retries)
            self._kept[url] = path
        return path


def _https(url: str) -> str:
    director = os.environ.get("OSDF_DIRECTOR", OSDF_DIRECTOR).rstrip("/")
    return director + url.removeprefix("osdf://") if url.startswith("osdf://") else url

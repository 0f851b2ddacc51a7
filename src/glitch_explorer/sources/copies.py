"""Frame files downloaded from the web, of which the last few are kept on disk."""

import os
import tempfile
from collections import OrderedDict
from pathlib import Path

from glitch_explorer.sources.download import fetch
from glitch_explorer.sources.retry import RetryPolicy

#: HTTPS server of the Open Science Data Federation; it redirects to a cache nearby.
OSDF_DIRECTOR = "https://osdf-director.osg-htc.org"
#: The part of the federation that needs no login: GWOSC's.
OSDF_PUBLIC = "osdf:///gwdata/"


class Copies:
    """Local copies of files on the web, downloaded on demand.

    Parameters
    ----------
    limit
        Files on disk at a time.
    policy
        Retries.
    """

    def __init__(self, *, limit: int, policy: RetryPolicy) -> None:
        self._limit, self._policy = limit, policy
        self._folder = tempfile.TemporaryDirectory(prefix="frames-")
        self._paths: OrderedDict[str, Path] = OrderedDict()

    def path(self, url: str) -> Path:
        """Return the local copy of an http(s) or public osdf address.

        Raises
        ------
        UserError
            When there is no such file, or the server needs a login.
        SourceFault
            When the server fails after all retries.
        """
        path = self._paths.get(url)
        if path is None:
            while len(self._paths) >= self._limit:
                self._paths.popitem(last=False)[1].unlink()
            target = Path(self._folder.name) / url.rsplit("/", 1)[-1]
            path = self._paths[url] = fetch(_https(url), target, policy=self._policy)
        return path


def _https(url: str) -> str:
    director = os.environ.get("OSDF_DIRECTOR", OSDF_DIRECTOR).rstrip("/")
    return director + url.removeprefix("osdf://") if url.startswith("osdf://") else url

"""Where the frames of an interval are: GWDataFind, GWOSC and NDS2.

Each class answers `frames(ifo, start, end)` with the frames, readable here,
that overlap [start, end), `load_many(frame, channels)` with what is in one, and
`held(frame, wanted)` with the channels that match patterns.
"""

import difflib
import importlib.util
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol

import gwdatafind
import numpy as np
import requests
from gwosc.api import v2 as gwosc_api
from gwosc.locate import get_run_urls

from glitch_explorer.core.errors import UserError
from glitch_explorer.sources import frames, served
from glitch_explorer.sources.copies import OSDF_PUBLIC, Copies
from glitch_explorer.sources.frames import Frame, Piece
from glitch_explorer.sources.retry import Transient, insist

#: What `open_locator` knows.
SOURCES = ("frames", "gwdatafind", "gwosc", "nds2", "arrakis")
#: Services are asked for blocks of this length, so that neighbouring glitches share an answer.
BLOCK_S = 4096
_FRAME_FORMATS = ("gwf", "hdf5", "h5")
#: NDS2 and arrakis have no files: their data are fetched in blocks of this length.
SERVED_BLOCK_S = 64
#: Downloaded files kept on disk at a time (GWOSC's strain has 0.5 GB each at 16384 Hz).
_KEPT_DOWNLOADS = 2

_LOG = logging.getLogger(__name__)


class Locator(Protocol):
    """Something that knows where the data of an interval are."""

    def frames(self, ifo: str, start: float, end: float) -> list[Frame]:
        """List the frames that overlap [start, end)."""

    def load_many(self, frame: Frame, channels: Sequence[str]) -> dict[str, Piece | str]:
        """Read channels of one frame: the data, or in words why there are none."""

    def held(self, frame: Frame, wanted: Sequence[str]) -> dict[str, float]:
        """List the channels of one frame that match any of the patterns, with their rates in Hz."""


def open_locator(
    source: str,
    *,
    frames: str | Sequence[str] | None,
    frame_type: str | None,
    host: str | None,
    sample_rate_hz: float | None,
    timeout_s: float,
    retries: int,
) -> Locator:
    """Open a source by its name, one of `SOURCES`; the options are those of `open_strain`.

    Raises
    ------
    UserError
        When the source is unknown or something that it needs is missing.
    """
    if source == "frames":
        if not frames:
            raise UserError(
                "source is frames: set strain.frames (coupling.frames for channels) to a folder, glob or "
                "list of frame files"
            )
        return Folder(frames, frame_type=frame_type)
    if source == "gwdatafind":
        return DataFind(host, frame_type=frame_type, timeout_s=timeout_s, retries=retries)
    if source == "gwosc":
        address = host or "https://gwosc.org"
        return Gwosc(address, sample_rate_hz=sample_rate_hz, timeout_s=timeout_s, retries=retries)
    if source in served.CLIENTS:
        return Served(source, host, timeout_s=timeout_s, retries=retries)
    raise UserError(f"strain.source is {source!r}; it can be {', '.join(SOURCES)}")


def blocks(start: float, end: float, length: int) -> range:
    """Give the starts of the aligned blocks that overlap [start, end)."""
    first = int(start // length) * length
    return range(first, int(np.ceil(end)), length)


class Folder:
    """Frames in folders, globs or lists of files; see `frames.find`."""

    def __init__(self, places: str | Sequence[str], *, frame_type: str | None) -> None:
        self._places, self._frame_type = places, frame_type
        self._found: dict[str, list[Frame]] = {}
        self._spans: dict[str, np.ndarray] = {}

    def frames(self, ifo: str, start: float, end: float) -> list[Frame]:
        """List the frames that overlap [start, end); the folder is searched once."""
        if ifo not in self._found:
            self._found[ifo] = frames.find(self._places, ifo=ifo, frame_type=self._frame_type)
            self._spans[ifo] = np.array([(frame.start, frame.end) for frame in self._found[ifo]])
        starts, ends = self._spans[ifo].T
        return [self._found[ifo][i] for i in np.flatnonzero((starts < end) & (ends > start))]

    def load_many(self, frame: Frame, channels: Sequence[str]) -> dict[str, Piece | str]:
        """Read channels of one frame file."""
        return frames.load_many(frame, channels)

    def held(self, frame: Frame, wanted: Sequence[str]) -> dict[str, float]:
        """List the channels of one frame file."""
        return frames.held(frame, wanted=wanted)


class DataFind:
    """Frames that a GWDataFind server knows, and that this machine can open or GWOSC's public OSDF has."""

    def __init__(self, host: str | None, *, frame_type: str | None, timeout_s: float, retries: int) -> None:
        host = host or os.environ.get("GWDATAFIND_SERVER") or os.environ.get("LIGO_DATAFIND_SERVER")
        if not host:
            raise UserError(
                "GWDataFind: no server; set the section's host or GWDATAFIND_SERVER, e.g. datafind.gwosc.org"
            )
        if not frame_type:
            raise UserError(
                "GWDataFind: no frame type; set the section's frame_type, e.g. '{ifo}_HOFT_C00' for strain, "
                "'{ifo}_R' for channels"
            )
        self._host, self._frame_type = host, frame_type
        self._timeout_s, self._retries = timeout_s, retries
        self._found: dict[tuple[str, int], list[Frame]] = {}
        self._known_types: set[str] = set()
        self._copies = Copies(kept=_KEPT_DOWNLOADS, timeout_s=timeout_s, retries=retries)

    def frames(self, ifo: str, start: float, end: float) -> list[Frame]:
        """Ask the server, once a block, for the frames that overlap [start, end).

        Raises
        ------
        UserError
            When a frame has no address that this machine can open, or the
            server refuses.
        SourceFault
            When the server stays away.
        """
        found: set[Frame] = set()
        for block in blocks(start, end, BLOCK_S):
            if (ifo, block) not in self._found:
                self._found[ifo, block] = self._ask(ifo, block)
            found.update(self._found[ifo, block])
        return sorted(frame for frame in found if frame.start < end and frame.end > start)

    def load_many(self, frame: Frame, channels: Sequence[str]) -> dict[str, Piece | str]:
        """Read channels of one frame file, downloaded first where that must be."""
        return frames.load_many(self._here(frame), channels)

    def held(self, frame: Frame, wanted: Sequence[str]) -> dict[str, float]:
        """List the channels of one frame file."""
        return frames.held(self._here(frame), wanted=wanted)

    def _here(self, frame: Frame) -> Frame:
        if not frame.path.startswith(OSDF_PUBLIC):
            return frame
        return Frame(frame.start, frame.end, str(self._copies.path(frame.path)))

    def _ask(self, ifo: str, block: int) -> list[Frame]:
        frame_type = self._frame_type.replace("{ifo}", ifo)
        what = f"GWDataFind at {self._host}, {frame_type}, [{block}, {block + BLOCK_S})"
        for ext in _FRAME_FORMATS:
            urls = self._call(
                what,
                gwdatafind.find_urls,
                ifo[0],
                frame_type,
                block,
                block + BLOCK_S,
                urltype=None,
                on_gaps="ignore",
                ext=ext,
            )
            if urls:
                return _local_frames(urls, ifo, what)
        self._check_type(ifo[0], frame_type)
        return []

    def _check_type(self, site: str, frame_type: str) -> None:
        """Tell a time without data from a frame type that the server does not know."""
        if frame_type in self._known_types:
            return
        what = f"GWDataFind at {self._host}, frame types of {site}"
        for ext in _FRAME_FORMATS:
            self._known_types.update(self._call(what, gwdatafind.find_types, site, ext=ext))
        if frame_type not in self._known_types:
            near = difflib.get_close_matches(frame_type, sorted(self._known_types), cutoff=0.0)
            raise UserError(
                f"GWDataFind at {self._host} knows no frame type {frame_type!r} of {site}; "
                f"nearest: {', '.join(near) or 'it has none'}"
            )

    def _call(self, what: str, function: Callable[..., list[str]], *args: Any, **options: Any) -> list[str]:
        def ask() -> list[str]:
            try:
                return function(*args, host=self._host, timeout=self._timeout_s, **options)
            except requests.HTTPError as problem:
                # The answer for a site or file format that the server does not have.
                if problem.response.status_code == HTTPStatus.NOT_FOUND:
                    return []
                raise

        return insist(ask, what=what, retries=self._retries, timeout_s=2 * self._timeout_s)


def _local_frames(urls: Sequence[str], ifo: str, what: str) -> list[Frame]:
    """Choose for each frame the address that this machine can open."""
    by_name: dict[str, list[str]] = {}
    for url in urls:
        by_name.setdefault(url.rsplit("/", 1)[-1], []).append(frames.local_path(url))
    chosen = []
    for name, addresses in sorted(by_name.items()):
        here = [address for address in addresses if Path(address).is_file()]
        public = [address for address in addresses if address.startswith(OSDF_PUBLIC)]
        path = next(iter(here + public), None)
        if path is None:
            raise UserError(
                f"{what}: {name} cannot be opened here, it is at {', '.join(addresses)}; "
                "run where that file system is, or mount it (CVMFS, for osdf: addresses too); public strain "
                "is also at strain.source: gwosc"
            )
        frame = frames.parse(path, ifo=ifo, frame_type=None)
        if frame is not None:
            chosen.append(frame)
    return chosen


class Gwosc:
    """Public strain of GWOSC, each 4096 s file downloaded once for the glitches in it.

    `TimeSeries.fetch_open_data` would download a whole file for each glitch, and
    tells a broken network and a time without data with the same error. Here the
    client that it uses names the files, and `download.fetch` gets them, with its
    retries and its deadline.
    """

    def __init__(self, host: str, *, sample_rate_hz: float | None, timeout_s: float, retries: int) -> None:
        wanted = 16384 if sample_rate_hz is None or sample_rate_hz > 4096 else 4096
        self._rates = [wanted, 4096] if sample_rate_hz is None else [wanted]
        self._host, self._timeout_s, self._retries = host.rstrip("/"), timeout_s, retries
        self._found: dict[tuple[str, int], list[str]] = {}
        self._copies = Copies(kept=_KEPT_DOWNLOADS, timeout_s=timeout_s, retries=retries)

    def frames(self, ifo: str, start: float, end: float) -> list[Frame]:
        """List the files that overlap [start, end), not yet downloaded."""
        found: set[Frame] = set()
        for block in blocks(start, end, BLOCK_S):
            if (ifo, block) not in self._found:
                self._found[ifo, block] = self._ask(ifo, block)
            for url in self._found[ifo, block]:
                frame = frames.parse(url, ifo=ifo, frame_type=None)
                if frame is not None and frame.start < end and frame.end > start:
                    found.add(frame)
        return sorted(found)

    def load_many(self, frame: Frame, channels: Sequence[str]) -> dict[str, Piece | str]:
        """Download the file, unless it is still here, and read it."""
        path = self._copies.path(frame.path)
        return frames.load_many(Frame(frame.start, frame.end, str(path)), channels)

    def held(self, frame: Frame, wanted: Sequence[str]) -> dict[str, float]:  # noqa: ARG002
        """GWOSC's files hold strain and name no channel."""
        return {}

    def _ask(self, ifo: str, block: int) -> list[str]:
        for rate in self._rates:
            urls: list[str] = insist(
                partial(get_run_urls, None, ifo, block, block + BLOCK_S, sample_rate=rate, host=self._host),
                what=f"GWOSC at {self._host}, {ifo}, [{block}, {block + BLOCK_S})",
                retries=self._retries,
                # The client pauses and asks again by itself.
                timeout_s=gwosc_api.MAX_RETRIES * self._timeout_s,
            )
            if urls:
                return urls
        return []


class Served:
    """Data of an NDS2 or arrakis server, in blocks; untried where this was built.

    (The clients are not there: NDS2's is not on PyPI, arrakis wants a login.)
    """

    def __init__(self, service: str, host: str | None, *, timeout_s: float, retries: int) -> None:
        if not host:
            raise UserError(f"{service}: no server; set its host, e.g. nds.gwosc.org for nds2")
        module, package = served.CLIENTS[service]
        if importlib.util.find_spec(module) is None:
            raise UserError(f"{service}: its Python client is missing; install it with `{package}`")
        self._service, self._host, self._timeout_s, self._retries = service, host, timeout_s, retries

    def frames(self, ifo: str, start: float, end: float) -> list[Frame]:  # noqa: ARG002
        """Give the blocks that overlap [start, end), whether the server has them or not."""
        starts = blocks(start, end, SERVED_BLOCK_S)
        return [
            Frame(float(at), float(at + SERVED_BLOCK_S), f"{self._service}://{self._host}/{at}")
            for at in starts
        ]

    def load_many(self, frame: Frame, channels: Sequence[str]) -> dict[str, Piece | str]:
        """Fetch one block in a process of its own, which can be stopped when it hangs.

        Raises
        ------
        SourceFault
            When the server stays away.
        """
        named = channels[0] if len(channels) == 1 else f"{len(channels)} channels"
        what = f"{self._service} at {self._host}, {named}, [{frame.start:.0f}, {frame.end:.0f})"
        with tempfile.TemporaryDirectory(prefix="served-") as folder:
            target = Path(folder) / "data.npz"
            insist(lambda: self._run(channels, frame, target), what=what, retries=self._retries)
            return served.read(target, channels)

    def held(self, frame: Frame, wanted: Sequence[str]) -> dict[str, float]:  # noqa: ARG002
        """No server is asked what it has: its channels are named in the list, with their rates."""
        return {}

    def _run(self, channels: Sequence[str], frame: Frame, target: Path) -> None:
        command = [sys.executable, "-m", served.__name__, self._service, self._host]
        command += [f"{frame.start:.0f}", f"{frame.end:.0f}", str(target), *channels]
        try:
            done = subprocess.run(  # noqa: S603 - our own module, no shell
                command, timeout=self._timeout_s, capture_output=True, text=True, check=False
            )
        except subprocess.TimeoutExpired:
            raise Transient(f"no answer within {self._timeout_s:g} s") from None
        if done.returncode != 0:
            said = (done.stderr.strip().splitlines() or [""])[-1]
            raise Transient(said or f"the client of {self._service} ended with {done.returncode}")

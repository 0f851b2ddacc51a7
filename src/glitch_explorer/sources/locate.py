"""Where the frames of an interval are: GWDataFind, GWOSC and NDS2.

Each class answers `frames(ifo, start, end)` with the frames, readable here,
that overlap [start, end), and `load(frame, channel)` with what is in one.
"""

import difflib
import importlib.util
import logging
import os
import subprocess
import sys
import tempfile
from collections import OrderedDict
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

from glitch_explorer.errors import UserError
from glitch_explorer.sources import frames, nds2
from glitch_explorer.sources.download import fetch
from glitch_explorer.sources.frames import Frame, Piece, StrainMissing
from glitch_explorer.sources.patience import Transient, insist

#: Services are asked for blocks of this length, so that neighbouring glitches share an answer.
BLOCK_S = 4096
_FRAME_FORMATS = ("gwf", "hdf5", "h5")
#: NDS2 has no files: its data are fetched in blocks of this length.
NDS2_BLOCK_S = 64
#: Files of GWOSC kept on disk at a time (0.5 GB each at 16384 Hz).
_KEPT_DOWNLOADS = 2

_LOG = logging.getLogger(__name__)


class Locator(Protocol):
    """Something that knows where the data of an interval are."""

    def frames(self, ifo: str, start: float, end: float) -> list[Frame]:
        """List the frames that overlap [start, end)."""

    def load(self, frame: Frame, channel: str) -> Piece:
        """Read one channel of one frame."""


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

    def load(self, frame: Frame, channel: str) -> Piece:
        """Read one channel of one frame file."""
        return frames.load(frame, channel)


class DataFind:
    """Frames that a GWDataFind server knows and this machine can open."""

    def __init__(self, host: str | None, *, frame_type: str | None, timeout_s: float, retries: int) -> None:
        host = host or os.environ.get("GWDATAFIND_SERVER") or os.environ.get("LIGO_DATAFIND_SERVER")
        if not host:
            raise UserError(
                "GWDataFind: no server; set strain.host or GWDATAFIND_SERVER, e.g. datafind.gwosc.org"
            )
        if not frame_type:
            raise UserError("GWDataFind: no frame type; set strain.frame_type, e.g. '{ifo}_HOFT_C00'")
        self._host, self._frame_type = host, frame_type
        self._timeout_s, self._retries = timeout_s, retries
        self._found: dict[tuple[str, int], list[Frame]] = {}
        self._known_types: set[str] = set()

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

    def load(self, frame: Frame, channel: str) -> Piece:
        """Read one channel of one frame file."""
        return frames.load(frame, channel)

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
        path = next((address for address in addresses if Path(address).is_file()), None)
        if path is None:
            raise UserError(
                f"{what}: {name} cannot be opened here, it is at {', '.join(addresses)}; "
                "mount that file system (CVMFS, for osdf: addresses too) or use strain.source: gwosc"
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
        self._folder = tempfile.TemporaryDirectory(prefix="gwosc-")
        self._kept: OrderedDict[str, Path] = OrderedDict()

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

    def load(self, frame: Frame, channel: str) -> Piece:
        """Download the file, unless it is still here, and read it."""
        path = self._kept.get(frame.path)
        if path is None:
            while len(self._kept) >= _KEPT_DOWNLOADS:
                self._kept.popitem(last=False)[1].unlink()
            target = Path(self._folder.name) / frame.path.rsplit("/", 1)[-1]
            path = fetch(frame.path, target, timeout_s=self._timeout_s, retries=self._retries)
            self._kept[frame.path] = path
        return frames.load(Frame(frame.start, frame.end, str(path)), channel)

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


class Nds2:
    """Data of an NDS2 server, in blocks; untried where this was built (the client is not on PyPI)."""

    def __init__(self, host: str | None, *, timeout_s: float, retries: int) -> None:
        if not host:
            raise UserError("NDS2: no server; set strain.host, e.g. nds.gwosc.org")
        if importlib.util.find_spec("nds2") is None:
            raise UserError("NDS2: the client is missing; install python-nds2-client with conda")
        self._host, self._timeout_s, self._retries = host, timeout_s, retries

    def frames(self, ifo: str, start: float, end: float) -> list[Frame]:  # noqa: ARG002
        """Give the blocks that overlap [start, end), whether the server has them or not."""
        starts = blocks(start, end, NDS2_BLOCK_S)
        return [Frame(float(at), float(at + NDS2_BLOCK_S), f"nds2://{self._host}/{at}") for at in starts]

    def load(self, frame: Frame, channel: str) -> Piece:
        """Fetch one block in a process of its own, which can be stopped when it hangs.

        Raises
        ------
        StrainMissing
            When the server says that it has no such data.
        SourceFault
            When it stays away.
        """
        what = f"NDS2 at {self._host}, {channel}, [{frame.start:.0f}, {frame.end:.0f})"
        with tempfile.TemporaryDirectory(prefix="nds2-") as folder:
            target = Path(folder) / "data.npz"
            insist(
                lambda: self._run(channel, frame, target, what),
                what=what,
                retries=self._retries,
            )
            with np.load(target, allow_pickle=False) as data:
                return Piece(data["values"], float(data["t0"]), float(data["rate"]), str(data["unit"]))

    def _run(self, channel: str, frame: Frame, target: Path, what: str) -> None:
        command = [sys.executable, "-m", nds2.__name__, self._host, channel]
        command += [f"{frame.start:.0f}", f"{frame.end:.0f}", str(target)]
        try:
            done = subprocess.run(  # noqa: S603 - our own module, no shell
                command, timeout=self._timeout_s, capture_output=True, text=True, check=False
            )
        except subprocess.TimeoutExpired:
            raise Transient(f"no answer within {self._timeout_s:g} s") from None
        said = (done.stderr.strip().splitlines() or [""])[-1]
        if done.returncode == nds2.NO_DATA:
            raise StrainMissing(f"{what}: {said}")
        if done.returncode != 0:
            raise Transient(said or f"the NDS2 client ended with {done.returncode}")

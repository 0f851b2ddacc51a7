"""Locators: which frames cover an interval, in folders or from GWDataFind, GWOSC, NDS2 and arrakis."""

import difflib
import importlib.util
import os
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import gwdatafind
import numpy as np
import requests
from gwosc.api import DEFAULT_URL
from gwosc.api import v2 as gwosc_api
from gwosc.locate import get_run_urls

from glitch_explorer.core.channels import stored_channel
from glitch_explorer.core.errors import UserError
from glitch_explorer.sources import frames, retry, served
from glitch_explorer.sources.copies import OSDF_PUBLIC, Copies
from glitch_explorer.sources.frames import Frame, Piece
from glitch_explorer.sources.reasons import Reason
from glitch_explorer.sources.retry import RetryPolicy, Transient

#: Names of the sources, for `open_locator`.
SOURCES = ("frames", "gwdatafind", "gwosc", "nds2", "arrakis")
#: Requests to services begin and end at multiples of this, so that neighbouring glitches share one.
REQUEST_S = 4096
_FRAME_FORMATS = ("gwf", "hdf5", "h5")
#: NDS2 and arrakis have no files: their data are read in pieces of this length.
SERVED_S = 64
#: Downloaded files on disk at a time (GWOSC's strain has 0.5 GB a file at 16384 Hz).
_COPIES = 2


class Locator(ABC):
    """Finds and reads the frames of one source."""

    @abstractmethod
    def frames(self, ifo: str, start: float, end: float) -> list[Frame]:
        """Return the frames that overlap [start, end) and can be read here.

        Raises
        ------
        UserError
            When a frame has no address that this machine can open, or a server refuses.
        SourceFault
            When a server fails after all retries.
        """

    def load_many(self, frame: Frame, channels: Sequence[str]) -> dict[str, Piece | Reason]:
        """Read channels of one frame: the data, or why there are none.

        A suffix of NDS2 (`,reduced`, `,m-trend`) is no part of a name in frame files.
        """
        stored = {channel: stored_channel(channel) for channel in channels}
        pieces = frames.load_many(self._local(frame), list(dict.fromkeys(stored.values())))
        return {channel: pieces[name] for channel, name in stored.items()}

    def channel_rates(self, frame: Frame, patterns: Sequence[str]) -> dict[str, float]:
        """Return the channels of one frame that match any of the patterns, with their rates in Hz."""
        return frames.channel_rates(self._local(frame), patterns)

    def _local(self, frame: Frame) -> Frame:
        """Return the frame with a path on this machine."""
        return frame


def open_locator(
    source: str,
    *,
    frames: str | Sequence[str] | None,
    frame_type: str | None,
    host: str | None,
    sample_rate_hz: float | None,
    policy: RetryPolicy = retry.DEFAULT,
) -> Locator:
    """Open a source by its name, one of `SOURCES`; the parameters are those of `strain.open_strain`.

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
        return DataFind(host, frame_type=frame_type, policy=policy)
    if source == "gwosc":
        return Gwosc(host or DEFAULT_URL, sample_rate_hz=sample_rate_hz, policy=policy)
    if source in served.CLIENTS:
        return Served(source, host, policy=policy)
    raise UserError(f"strain.source is {source!r}; it can be {', '.join(SOURCES)}")


def aligned_starts(start: float, end: float, length: int) -> range:
    """Return the multiples of `length` at which the pieces that overlap [start, end) begin."""
    first = int(start // length) * length
    return range(first, int(np.ceil(end)), length)


class Folder(Locator):
    """Frames in folders, globs or lists of files; see `frames.find_frames`."""

    def __init__(self, places: str | Sequence[str], *, frame_type: str | None) -> None:
        self._places, self._frame_type = places, frame_type
        self._frames: dict[str, list[Frame]] = {}
        self._spans: dict[str, np.ndarray] = {}

    def frames(self, ifo: str, start: float, end: float) -> list[Frame]:
        """Return the frames that overlap [start, end); the folder is searched once."""
        if ifo not in self._frames:
            self._frames[ifo] = frames.find_frames(self._places, ifo=ifo, frame_type=self._frame_type)
            self._spans[ifo] = np.array([(frame.start, frame.end) for frame in self._frames[ifo]])
        starts, ends = self._spans[ifo].T
        return [self._frames[ifo][i] for i in np.flatnonzero((starts < end) & (ends > start))]


class _Service(Locator):
    """Files that a service lists; those with a web address are downloaded when they are read."""

    def __init__(self, host: str, policy: RetryPolicy) -> None:
        self._host, self._policy = host.rstrip("/"), policy
        self._answers: dict[tuple[str, int], list[Frame]] = {}
        self._copies = Copies(limit=_COPIES, policy=policy)

    def frames(self, ifo: str, start: float, end: float) -> list[Frame]:
        """Return the frames that overlap [start, end); each request is made once."""
        listed: set[Frame] = set()
        for gps in aligned_starts(start, end, REQUEST_S):
            if (ifo, gps) not in self._answers:
                self._answers[ifo, gps] = self._ask(ifo, gps, gps + REQUEST_S)
            listed.update(self._answers[ifo, gps])
        return sorted(frame for frame in listed if frame.start < end and frame.end > start)

    @abstractmethod
    def _ask(self, ifo: str, start: int, end: int) -> list[Frame]:
        """Query the service for the frames that overlap [start, end)."""

    def _local(self, frame: Frame) -> Frame:
        return replace(frame, path=str(self._copies.path(frame.path))) if "://" in frame.path else frame


class DataFind(_Service):
    """Frames that a GWDataFind server lists; this machine can open them, or GWOSC's public OSDF has them."""

    def __init__(self, host: str | None, *, frame_type: str | None, policy: RetryPolicy) -> None:
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
        super().__init__(host, policy)
        self._frame_type = frame_type
        self._known_types: set[str] = set()

    def _ask(self, ifo: str, start: int, end: int) -> list[Frame]:
        frame_type = self._frame_type.replace("{ifo}", ifo)
        what = f"GWDataFind at {self._host}, {frame_type}, [{start}, {end})"
        interval = (ifo[0], frame_type, start, end)
        for ext in _FRAME_FORMATS:
            urls = self._call(what, gwdatafind.find_urls, *interval, urltype=None, on_gaps="ignore", ext=ext)
            if urls:
                return _local_frames(urls, ifo, what)
        self._check_type(ifo[0], frame_type)
        return []

    def _check_type(self, site: str, frame_type: str) -> None:
        """Refuse a frame type that the server does not know: it answers as for a time without data."""
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
        def client() -> list[str]:
            try:
                return function(*args, host=self._host, timeout=self._policy.timeout_s, **options)
            except requests.HTTPError as problem:
                # The answer for a site or file format that the server does not have.
                if problem.response.status_code == HTTPStatus.NOT_FOUND:
                    return []
                raise

        return self._policy.ask(client, what=what, deadline_s=2 * self._policy.timeout_s)


def _local_frames(urls: Sequence[str], ifo: str, what: str) -> list[Frame]:
    """Select for each frame the address that this machine can open."""
    by_name: dict[str, list[str]] = {}
    for url in urls:
        by_name.setdefault(url.rsplit("/", 1)[-1], []).append(frames.local_path(url))
    selected = []
    for name, addresses in sorted(by_name.items()):
        local = [address for address in addresses if Path(address).is_file()]
        public = [address for address in addresses if address.startswith(OSDF_PUBLIC)]
        path = next(iter(local + public), None)
        if path is None:
            raise UserError(
                f"{what}: {name} cannot be opened on this machine; its addresses are "
                f"{', '.join(addresses)}; run where that file system is, or mount it (CVMFS, also for osdf: "
                "addresses); strain.source: gwosc has public strain"
            )
        frame = frames.parse(path, ifo=ifo, frame_type=None)
        if frame is not None:
            selected.append(frame)
    return selected


class Gwosc(_Service):
    """Public strain of GWOSC; each 4096 s file is downloaded once for all glitches in it.

    `TimeSeries.fetch_open_data` would download a whole file for each glitch, and raises the
    same error for a broken network and a time without data. Here GWOSC's client names the
    files and `download.fetch` downloads them.
    """

    def __init__(self, host: str, *, sample_rate_hz: float | None, policy: RetryPolicy) -> None:
        rate = 16384 if sample_rate_hz is None or sample_rate_hz > 4096 else 4096
        super().__init__(host, policy)
        self._rates = [rate, 4096] if sample_rate_hz is None else [rate]

    def channel_rates(self, frame: Frame, patterns: Sequence[str]) -> dict[str, float]:  # noqa: ARG002
        """Return nothing: GWOSC's files have strain only and name no channel."""
        return {}

    def _ask(self, ifo: str, start: int, end: int) -> list[Frame]:
        for rate in self._rates:
            urls: list[str] = self._policy.ask(
                partial(get_run_urls, None, ifo, start, end, sample_rate=rate, host=self._host),
                what=f"GWOSC at {self._host}, {ifo}, [{start}, {end})",
                # The client retries by itself.
                deadline_s=gwosc_api.MAX_RETRIES * self._policy.timeout_s,
            )
            if urls:
                parsed = [frames.parse(url, ifo=ifo, frame_type=None) for url in urls]
                return [frame for frame in parsed if frame is not None]
        return []


class Served(Locator):
    """Data of an NDS2 or arrakis server, in pieces of 64 s; not tested against a real server.

    (NDS2's client is not on PyPI, arrakis needs a login.)
    """

    def __init__(self, service: str, host: str | None, *, policy: RetryPolicy) -> None:
        if not host:
            raise UserError(f"{service}: no server; set its host, e.g. nds.gwosc.org for nds2")
        module, package = served.CLIENTS[service]
        if importlib.util.find_spec(module) is None:
            raise UserError(f"{service}: its Python client is missing; install it with `{package}`")
        self._service, self._host, self._policy = service, host, policy

    def frames(self, ifo: str, start: float, end: float) -> list[Frame]:  # noqa: ARG002
        """Return the pieces that overlap [start, end), whether the server has them or not."""
        address = f"{self._service}://{self._host}"
        starts = aligned_starts(start, end, SERVED_S)
        return [Frame(float(gps), float(gps + SERVED_S), f"{address}/{gps}") for gps in starts]

    def load_many(self, frame: Frame, channels: Sequence[str]) -> dict[str, Piece | Reason]:
        """Read one piece in a process of its own, which can be stopped when it hangs.

        Raises
        ------
        SourceFault
            When the server fails after all retries.
        """
        label = channels[0] if len(channels) == 1 else f"{len(channels)} channels"
        what = f"{self._service} at {self._host}, {label}, [{frame.start:.0f}, {frame.end:.0f})"
        with tempfile.TemporaryDirectory(prefix="served-") as folder:
            target = Path(folder) / "data.npz"
            self._policy.run(lambda: self._run(channels, frame, target), what=what)
            return served.read(target, channels)

    def channel_rates(self, frame: Frame, patterns: Sequence[str]) -> dict[str, float]:  # noqa: ARG002
        """Return nothing: channels of a server are in the list, with their rates."""
        return {}

    def _run(self, channels: Sequence[str], frame: Frame, target: Path) -> None:
        command = [sys.executable, "-m", served.__name__, self._service, self._host]
        command += [f"{frame.start:.0f}", f"{frame.end:.0f}", str(target), *channels]
        try:
            done = subprocess.run(  # noqa: S603 - our own module, no shell
                command, timeout=self._policy.timeout_s, capture_output=True, text=True, check=False
            )
        except subprocess.TimeoutExpired:
            raise Transient(f"no answer within {self._policy.timeout_s:g} s") from None
        if done.returncode != 0:
            message = (done.stderr.strip().splitlines() or [""])[-1]
            raise Transient(message or f"the client of {self._service} exited with {done.returncode}")

"""Locators of files that a web service lists: GWDataFind and GWOSC."""

import difflib
import os
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import gwdatafind
import requests
from gwosc.api import DEFAULT_URL
from gwosc.api import v2 as gwosc_api
from gwosc.locate import get_run_urls

from glitch_explorer.core.errors import UserError
from glitch_explorer.sources import frame_files
from glitch_explorer.sources.copies import OSDF_PUBLIC, Copies
from glitch_explorer.sources.frame_files import Frame
from glitch_explorer.sources.locate import Locator, aligned_starts
from glitch_explorer.sources.retry import RetryPolicy

#: Requests to services begin and end at multiples of this, so that neighbouring glitches share one.
REQUEST_S = 4096
_FRAME_FORMATS = ("gwf", "hdf5", "h5")
#: Downloaded files on disk at a time (GWOSC's strain has 0.5 GB a file at 16384 Hz).
_COPIES = 2


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
        """Refuse a frame type that the server does not know, since it answers as if there were no data."""
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
        by_name.setdefault(url.rsplit("/", 1)[-1], []).append(frame_files.local_path(url))
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
        frame = frame_files.parse(path, ifo=ifo, frame_type=None)
        if frame is not None:
            selected.append(frame)
    return selected


class Gwosc(_Service):
    """Public strain of GWOSC; each 4096 s file is downloaded once for all glitches in it.

    `TimeSeries.fetch_open_data` would download a whole file for each glitch, and raises the
    same error for a broken network and a time without data. Here GWOSC's client names the
    files and `download.fetch` downloads them.
    """

    def __init__(self, host: str | None, *, sample_rate_hz: float | None, policy: RetryPolicy) -> None:
        rate = 16384 if sample_rate_hz is None or sample_rate_hz > 4096 else 4096
        super().__init__(host or DEFAULT_URL, policy)
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
                parsed = [frame_files.parse(url, ifo=ifo, frame_type=None) for url in urls]
                return [frame for frame in parsed if frame is not None]
        return []

"""Locators: which frames cover an interval, in folders or from GWDataFind, GWOSC, NDS2 and arrakis."""

import importlib.util
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from glitch_explorer.core.channels import stored_channel
from glitch_explorer.core.errors import UserError
from glitch_explorer.sources import frame_files, frames, retry, served
from glitch_explorer.sources.frame_files import Frame
from glitch_explorer.sources.frames import Piece
from glitch_explorer.sources.reasons import Reason
from glitch_explorer.sources.retry import RetryPolicy, Transient

#: Names of the sources, for `open_locator`.
SOURCES = ("frames", "gwdatafind", "gwosc", "nds2", "arrakis")
#: NDS2 and arrakis have no files: their data are read in pieces of this length.
SERVED_S = 64


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
    if source in ("gwdatafind", "gwosc"):
        from glitch_explorer.sources import (
            services,  # clients of the web, which frames in folders do not need
        )

        if source == "gwdatafind":
            return services.DataFind(host, frame_type=frame_type, policy=policy)
        return services.Gwosc(host, sample_rate_hz=sample_rate_hz, policy=policy)
    if source in served.CLIENTS:
        return Served(source, host, policy=policy)
    raise UserError(f"strain.source is {source!r}; it can be {', '.join(SOURCES)}")


def aligned_starts(start: float, end: float, length: int) -> range:
    """Return the multiples of `length` at which the pieces that overlap [start, end) begin."""
    first = int(start // length) * length
    return range(first, int(np.ceil(end)), length)


class Folder(Locator):
    """Frames in folders, globs or lists of files; see `frame_files.find_frames`."""

    def __init__(self, places: str | Sequence[str], *, frame_type: str | None) -> None:
        self._places, self._frame_type = places, frame_type
        self._frames: dict[str, list[Frame]] = {}
        self._spans: dict[str, np.ndarray] = {}

    def frames(self, ifo: str, start: float, end: float) -> list[Frame]:
        """Return the frames that overlap [start, end); the folder is searched once."""
        if ifo not in self._frames:
            self._frames[ifo] = frame_files.find_frames(self._places, ifo=ifo, frame_type=self._frame_type)
            self._spans[ifo] = np.array([(frame.start, frame.end) for frame in self._frames[ifo]])
        starts, ends = self._spans[ifo].T
        return [self._frames[ifo][i] for i in np.flatnonzero((starts < end) & (ends > start))]


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

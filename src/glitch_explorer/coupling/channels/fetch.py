"""Samples of many channels of one detector, read in order of time; each frame file is opened once."""

import logging
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Float64
from glitch_explorer.core.intervals import subtract
from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.sources.frame_files import Frame
from glitch_explorer.sources.frames import Piece
from glitch_explorer.sources.locate import Locator
from glitch_explorer.sources.reasons import Reason

#: Data of frames beyond this size are moved from memory to a temporary file.
_MEMORY_BYTES = 256 << 20

_LOG = logging.getLogger(__name__)
_Content = dict[str, Piece | Reason]


@dataclass(frozen=True, order=True)
class Missing:
    """An interval [start, end) GPS in which a channel has no data, and why."""

    channel: str
    start: float
    end: float
    reason: Reason


class ChannelReader:
    """Reads a detector's channels interval by interval.

    Intervals are read in order of time: a frame is opened once, for all channels, and released
    when an interval begins after it.

    Parameters
    ----------
    locator
        Finds the frames (`glitch_explorer.sources.locate.open_locator`).
    ifo
        Detector.
    table
        Table "channels". Data at another rate than the table's are not used; rates that agree to a
        thousandth are the same, since 1/60 Hz, a minute trend's, has no exact decimal.
    segments
        Intervals (k, 2), sorted and disjoint, outside which nothing is read.
    """

    def __init__(self, locator: Locator, *, ifo: str, table: pd.DataFrame, segments: Float64) -> None:
        self._locator, self._ifo, self._segments = locator, ifo, segments
        self._names = list(table["channel"])
        self._rates = dict(zip(self._names, table["rate_hz"].astype(float), strict=True))
        self._warned: defaultdict[str, set[float]] = defaultdict(set)
        self._loaded: dict[Frame, _Content] = {}
        self._spill: dict[Frame, tempfile.TemporaryDirectory[str]] = {}
        self.opened = 0

    def inside(self, start: float, end: float) -> list[tuple[float, float]]:
        """Return the parts of [start, end) that lie in the segments."""
        cut = np.clip(self._segments, start, end)
        return [(a, b) for a, b in cut[cut[:, 1] > cut[:, 0]].tolist()]

    def frames(self, start: float, end: float) -> list[Frame]:
        """List the frames that overlap [start, end) inside the segments."""
        parts = self.inside(start, end)
        return sorted({frame for part in parts for frame in self._locator.frames(self._ifo, *part)})

    def advance(self, start: float, end: float) -> None:
        """Open the frames of [start, end) and release those that end before it.

        Raises
        ------
        UserError
            When a frame cannot be opened here, or a server refuses.
        SourceFault
            When a server does not answer.
        """
        for frame in [frame for frame in self._loaded if frame.end <= start]:
            del self._loaded[frame]
            if frame in self._spill:
                self._spill.pop(frame).cleanup()
        for frame in self.frames(start, end):
            if frame not in self._loaded:
                content = {
                    channel: piece.at_rate(self._rates[channel]) if isinstance(piece, Piece) else piece
                    for channel, piece in self._locator.load_many(frame, self._names).items()
                }
                self.opened += 1
                self._warn(frame, content)
                self._loaded[frame] = self._bounded(frame, content)

    def samples(self, channels: Sequence[str], start: float, end: float) -> tuple[np.ndarray, list[Missing]]:
        """Return the samples of channels of one rate in [start, end), which `advance` has opened.

        Returns
        -------
        values
            float64 ``(c, n)``, NaN where there is no data, sample i at start + i / rate.
        missing
            Where data are missing, and why.
        """
        rate = self._rates[channels[0]]
        values = np.full((len(channels), round((end - start) * rate)), np.nan)
        frames = sorted(frame for frame in self._loaded if frame.start < end and frame.end > start)
        for frame in frames:
            for row, channel in enumerate(channels):
                piece = self._loaded[frame][channel]
                if isinstance(piece, Piece) and piece.rate == rate:
                    piece.copy_to(values[row], start)
        low = 0
        for a, b in [*self.inside(start, end), (end, end)]:
            values[:, low : max(low, int(np.ceil((a - start) * rate - 1e-3)))] = np.nan
            low = int(np.floor((b - start) * rate + 1e-3))
        values[np.isinf(values)] = np.nan
        missing = []
        for row, channel in enumerate(channels):
            if np.isnan(values[row]).any():
                missing += self._reasons(channel, values[row], start, end, frames)
        return values, missing

    def _reasons(
        self, channel: str, values: np.ndarray, start: float, end: float, frames: Sequence[Frame]
    ) -> list[Missing]:
        """Return each run of NaN inside the segments, cut at the frames, with its reason."""
        rate, missing = self._rates[channel], []
        for a, b in self.inside(start, end):
            low, high = round((a - start) * rate), round((b - start) * rate)
            gone = np.flatnonzero(np.isnan(values[low:high])) + low
            # Runs that are less than a time bin apart count as one.
            breaks = np.flatnonzero(np.diff(gone) > max(1.0, BIN_S * rate)) + 1
            for run in np.split(gone, breaks):
                if run.size:
                    missing += self._cut(channel, start + run[0] / rate, start + (run[-1] + 1) / rate, frames)
        return missing

    def _cut(self, channel: str, start: float, end: float, frames: Sequence[Frame]) -> list[Missing]:
        """Cut one run of NaN at the frames and return each part with its reason."""
        missing, covered = [], float(start)
        for frame in frames:
            low, high = max(covered, frame.start), min(end, frame.end)
            if high <= low:
                continue
            if low > covered:
                missing.append(Missing(channel, covered, float(low), Reason.NO_FRAME))
            missing += self._in_frame(channel, float(low), float(high), frame)
            covered = float(high)
        if covered < end:
            missing.append(Missing(channel, covered, float(end), Reason.NO_FRAME))
        return missing

    def _in_frame(self, channel: str, start: float, end: float, frame: Frame) -> list[Missing]:
        """Return the parts of a run of NaN that lies in one file, each with its reason."""
        piece = self._loaded[frame][channel]
        if isinstance(piece, Reason):
            return [Missing(channel, start, end, piece)]
        if piece.rate != self._rates[channel]:
            return [Missing(channel, start, end, Reason.OTHER_RATE)]
        absent = np.array(piece.absent, np.float64).reshape(-1, 2)
        parts = [(float(a), float(b), Reason.NOT_FINITE) for a, b in subtract(start, end, absent)]
        cut = np.clip(absent, start, end)
        parts += [(float(a), float(b), Reason.NO_CHANNEL) for a, b in cut if b > a]
        return [Missing(channel, *part) for part in sorted(parts)]

    def _warn(self, frame: Frame, content: _Content) -> None:
        """Log channels that have another rate than in the list, each rate once."""
        for channel, piece in content.items():
            if not isinstance(piece, Piece) or piece.rate in {self._rates[channel], *self._warned[channel]}:
                continue
            self._warned[channel].add(piece.rate)
            _LOG.warning(
                "%s has %g Hz, not %g Hz, in %s and perhaps other frames",
                channel,
                piece.rate,
                self._rates[channel],
                frame.path,
            )

    def _bounded(self, frame: Frame, content: _Content) -> _Content:
        """Move a frame's data to disk where memory would be exceeded."""
        size = sum(_size(each) for each in [content, *self._loaded.values()])
        if size <= _MEMORY_BYTES:
            return content
        folder = tempfile.TemporaryDirectory(prefix="channels-")
        self._spill[frame] = folder
        moved: _Content = {}
        for number, (channel, piece) in enumerate(content.items()):
            if isinstance(piece, Piece):
                path = Path(folder.name) / f"{number}.npy"
                np.save(path, piece.values)
                piece = replace(piece, values=np.load(path, mmap_mode="r"))  # noqa: PLW2901
            moved[channel] = piece
        return moved


def _size(content: _Content) -> int:
    pieces = [piece for piece in content.values() if isinstance(piece, Piece)]
    return sum(0 if isinstance(piece.values, np.memmap) else piece.values.nbytes for piece in pieces)

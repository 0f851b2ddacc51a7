"""Strain, whatever it comes from, through one interface."""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from gwpy.timeseries import TimeSeries

from glitch_explorer.sources.frames import Frame, Piece, StrainMissing
from glitch_explorer.sources.locate import Locator, open_locator
from glitch_explorer.sources.reasons import Reason

__all__ = ["Strain", "StrainMissing", "open_strain"]

#: Frames of a detector are kept in memory up to this size, and always the last two:
#: windows of glitches sorted by time go back and forth across one border.
_KEPT_BYTES = 128 << 20
_KEPT_FRAMES = 2

_LOG = logging.getLogger(__name__)


def open_strain(
    *,
    source: str,
    channel: str,
    frames: str | Sequence[str] | None = None,
    frame_type: str | None = None,
    host: str | None = None,
    sample_rate_hz: float | None = None,
    timeout_s: float = 60.0,
    retries: int = 3,
) -> "Strain":
    """Open a source of strain (or of any channel).

    Parameters
    ----------
    source
        "frames" (folders, globs or lists of GWF or HDF5 files), "gwdatafind",
        "gwosc", or "nds2" and "arrakis" (thin, and untried where this was built).
    channel
        Name of the channel; `{ifo}` stands for the detector. GWOSC's HDF5
        files hold one channel, whatever its name.
    frames
        For "frames": where they are; `{ifo}` is filled in.
    frame_type
        For "gwdatafind" the frame type, for "frames" the tag in the file names;
        `{ifo}` is filled in.
    host
        Server of "gwdatafind" (else GWDATAFIND_SERVER), "gwosc", "nds2" or "arrakis".
    sample_rate_hz
        Data at a higher rate are resampled to this one; None leaves them. From
        GWOSC None takes 16384 Hz where that exists, else 4096 Hz.
    timeout_s, retries
        Longest silence of a server, and failures in a row put up with.

    Raises
    ------
    UserError
        When the source is unknown or something that it needs is missing.
    """
    locator = open_locator(
        source,
        frames=frames,
        frame_type=frame_type,
        host=host,
        sample_rate_hz=sample_rate_hz,
        timeout_s=timeout_s,
        retries=retries,
    )
    return Strain(locator, channel=channel, sample_rate_hz=sample_rate_hz)


@dataclass
class _Window:
    """Samples of [start, end): values (n,) with NaN where there are none, and what was in the way."""

    t0: float = 0.0
    rate: float = 0.0
    unit: str = ""
    values: np.ndarray = field(default_factory=lambda: np.empty(0))
    reasons: list[str] = field(default_factory=list)


class Strain:
    """One channel of the detectors, read by interval; made by `open_strain`.

    Ask for glitches in order of time: each frame is then read once.
    """

    def __init__(self, locator: Locator, *, channel: str, sample_rate_hz: float | None) -> None:
        self._locator, self._channel, self._sample_rate_hz = locator, channel, sample_rate_hz
        self._pieces: dict[str, OrderedDict[str, Piece]] = {}
        self._damaged: dict[tuple[str, str], str] = {}

    def read(self, ifo: str, start: float, end: float) -> TimeSeries:
        """Read [start, end), joined over frames, as float64.

        Parameters
        ----------
        ifo
            Detector, e.g. H1.
        start, end
            GPS seconds. The first sample is the one at or just before `start`.

        Raises
        ------
        StrainMissing
            When any of it is missing: no frame, a gap, NaN, a damaged frame.
        UserError
            When a frame cannot be opened here, or a server refuses.
        SourceFault
            When a server stays away.
        """
        window = self._window(ifo, start, end)
        good = _runs(window)
        if len(good) != 1 or len(window.values) != good[0][1] - good[0][0]:
            raise self._missing(window, good, ifo, start, end)
        channel = self._channel.replace("{ifo}", ifo)
        series = TimeSeries(
            window.values,
            t0=window.t0,
            sample_rate=window.rate,
            unit=window.unit,
            name=channel,
            channel=channel,
        )
        if self._sample_rate_hz is not None and window.rate > self._sample_rate_hz:
            series = series.resample(self._sample_rate_hz)
        return series

    def available(self, ifo: str, start: float, end: float) -> list[tuple[float, float]]:
        """Give the stretches of [start, end) that `read` can read, in order of time.

        File names alone would promise data where there are NaN or a damaged
        file, so the frames are read; they are kept, and the `read` that follows
        costs nothing more. Where no stretch holds what is wanted, `read` of that
        tells why.

        Raises
        ------
        UserError, SourceFault
            As `read`.
        """
        window = self._window(ifo, start, end)
        edges = [(window.t0 + a / window.rate, window.t0 + b / window.rate) for a, b in _runs(window)]
        return [(max(a, start), min(b, end)) for a, b in edges]

    def _window(self, ifo: str, start: float, end: float) -> _Window:
        window = _Window()
        for frame in self._locator.frames(ifo, start, end):
            piece = self._piece(ifo, frame, window.reasons)
            if piece is None:
                continue
            if not window.rate:
                window.rate, window.unit = piece.rate, piece.unit
                # 1e-3 of a sample: GPS seconds as float64 are that coarse.
                first = np.floor((start - piece.t0) * piece.rate + 1e-3)
                window.t0 = piece.t0 + first / piece.rate
                window.values = np.full(round((end - start) * piece.rate), np.nan)
            if piece.rate != window.rate:
                window.reasons.append(f"{frame.path} has {piece.rate:g} Hz, not {window.rate:g} Hz")
                continue
            _fill(window, piece)
        return window

    def _piece(self, ifo: str, frame: Frame, reasons: list[str]) -> Piece | None:
        """Give the frame's data, kept or read, or note why there are none."""
        channel = self._channel.replace("{ifo}", ifo)
        kept = self._pieces.setdefault(ifo, OrderedDict())
        if frame.path in kept:
            kept.move_to_end(frame.path)
            return kept[frame.path]
        reason = self._damaged.get((ifo, frame.path))
        if reason is None:
            found = self._locator.load_many(frame, [channel])[channel]
            if isinstance(found, Piece):
                kept[frame.path] = found
                while len(kept) > _KEPT_FRAMES and sum(p.values.nbytes for p in kept.values()) > _KEPT_BYTES:
                    kept.popitem(last=False)
                return found
            reason = f"{channel} cannot be read from {frame.path.rsplit('/', 1)[-1]}: {found}"
            _LOG.warning("%s", reason)
            self._damaged[ifo, frame.path] = reason
        reasons.append(reason)
        return None

    def _missing(
        self, window: _Window, good: list[tuple[int, int]], ifo: str, start: float, end: float
    ) -> StrainMissing:
        where = {"channel": self._channel.replace("{ifo}", ifo), "interval": _interval(start, end)}
        if window.reasons:
            return StrainMissing(Reason.FRAME_UNUSABLE, **where, frames="; ".join(window.reasons))
        if not window.rate:
            return StrainMissing(Reason.NO_FRAME, **where)
        available = [_interval(*(window.t0 + edge / window.rate for edge in run)) for run in good]
        return StrainMissing(Reason.STRAIN_GAP, **where, available=" ".join(available) or "none")


def _interval(start: float, end: float) -> str:
    return f"[{start:.3f}, {end:.3f})"


def _fill(window: _Window, piece: Piece) -> None:
    """Put the piece's samples where the window has none yet."""
    offset = round((piece.t0 - window.t0) * window.rate)
    low, high = max(0, offset), min(len(window.values), offset + len(piece.values))
    if low < high:
        target = window.values[low:high]
        np.copyto(target, piece.values[low - offset : high - offset], where=np.isnan(target))


def _runs(window: _Window) -> list[tuple[int, int]]:
    """Give the index ranges [a, b) of the window that hold data."""
    edges = np.flatnonzero(np.diff(np.isfinite(window.values).astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]

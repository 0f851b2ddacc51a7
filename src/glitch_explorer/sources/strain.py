"""Strain by detector and interval, from any source."""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from glitch_explorer.core.arrays import Bool, Float64, runs
from glitch_explorer.core.intervals import union
from glitch_explorer.sources import retry
from glitch_explorer.sources.frame_files import Frame
from glitch_explorer.sources.frames import Piece
from glitch_explorer.sources.locate import Locator, open_locator
from glitch_explorer.sources.reasons import Reason, StrainMissing
from glitch_explorer.sources.retry import RetryPolicy

_LOG = logging.getLogger(__name__)

#: Frames of a detector are kept in memory up to this size, and always the last two:
#: intervals around glitches that are sorted by time go back and forth across one border.
_KEPT_BYTES = 128 << 20
_KEPT_FRAMES = 2
#: Live strain never repeats a value for long: each sample has noise of its own. Front ends deliver blocks of
#: 1/16 s, and a missing block is zero or a held value. Where this share of the samples in that time equals
#: the one before, there are no data; not all of them need to, because a saturated signal changes its rail.
_BLOCK_S = 1 / 16
_REPEATED_SHARE = 0.9
#: Slower channels, such as a range, may hold a value.
_LEAST_STRAIN_HZ = 256


def open_strain(
    *,
    source: str,
    channel: str,
    frames: str | Sequence[str] | None = None,
    frame_type: str | None = None,
    host: str | None = None,
    sample_rate_hz: float | None = None,
    policy: RetryPolicy = retry.DEFAULT,
) -> "Strain":
    """Return a reader of strain (or of any channel).

    Parameters
    ----------
    source
        "frames" (folders, globs or lists of GWF or HDF5 files), "gwdatafind",
        "gwosc", or "nds2" and "arrakis" (not tested against real servers).
    channel
        Name of the channel; `{ifo}` means the detector. GWOSC's HDF5
        files have one channel, whatever its name.
    frames
        For "frames": their folder, file or glob; `{ifo}` is replaced.
    frame_type
        For "gwdatafind" the frame type, for "frames" the tag in the file names;
        `{ifo}` is filled in.
    host
        Server of "gwdatafind" (else GWDATAFIND_SERVER), "gwosc", "nds2" or "arrakis".
    sample_rate_hz
        Data at a higher rate are resampled to this one; with None they are not. None
        selects 16384 Hz at GWOSC where that exists, else 4096 Hz.
    policy
        Retries of requests to servers.

    Returns
    -------
    Strain
        Its method ``read(ifo, start, end)`` returns a `Piece`: ``values``, ``t0``, ``rate`` and ``unit``.

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
        policy=policy,
    )
    return Strain(locator, channel=channel, sample_rate_hz=sample_rate_hz)


@dataclass
class _Samples:
    """Samples of [start, end): values (n,), NaN where there are no data, and why some are missing.

    `repeated` (n,) is true where the frames have values that only repeat, `unusable` has the facts of
    unusable frames.
    """

    t0: float = 0.0
    rate: float = 0.0
    unit: str = ""
    values: np.ndarray = field(default_factory=lambda: np.empty(0))
    repeated: Bool = field(default_factory=lambda: np.empty(0, bool))
    unusable: list[tuple[Reason, dict[str, str]]] = field(default_factory=list)


class Strain:
    """Reader of one channel of the detectors, from `open_strain`.

    Intervals in order of time need each frame once.
    """

    def __init__(self, locator: Locator, *, channel: str, sample_rate_hz: float | None) -> None:
        self._locator, self._channel, self._sample_rate_hz = locator, channel, sample_rate_hz
        self._pieces: dict[str, OrderedDict[str, Piece]] = {}
        self._unusable: dict[tuple[str, str], Reason] = {}
        # `available`, `repeated` and `read` are asked about the same interval, one after the other.
        self._samples = lru_cache(maxsize=1)(self._read_frames)

    def read(self, ifo: str, start: float, end: float) -> Piece:
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
            When any of it is missing: no frame, a gap, a frame without the channel, NaN, a damaged frame, or
            values that only repeat, in a channel of 256 Hz or more.
        UserError
            When a frame cannot be opened on this machine, or a server refuses.
        SourceFault
            When a server fails after all retries.
        """
        samples = self._samples(ifo, start, end)
        if not len(samples.values) or not np.isfinite(samples.values).all():
            raise self._missing(samples, ifo, start, end)
        piece = Piece(samples.values.copy(), samples.t0, samples.rate, samples.unit)
        if self._sample_rate_hz is not None and piece.rate > self._sample_rate_hz:
            piece = resampled(piece, self._sample_rate_hz)
        return piece

    def available(self, ifo: str, start: float, end: float) -> list[tuple[float, float]]:
        """Return the parts of [start, end) that `read` can read, in order of time.

        The frames are read, because NaN and damage do not show in a file's name; they are
        kept for the next `read`. `read` raises why a part is missing.

        Raises
        ------
        UserError, SourceFault
            As `read`.
        """
        samples = self._samples(ifo, start, end)
        return [(max(a, start), min(b, end)) for a, b in _intervals(samples, np.isfinite(samples.values))]

    def repeated(self, ifo: str, start: float, end: float) -> list[tuple[float, float]]:
        """Return the parts of [start, end) in which values only repeat: zeros, a held value, saturation.

        They are no data to `read` and `available`.

        Raises
        ------
        UserError, SourceFault
            As `read`.
        """
        samples = self._samples(ifo, start, end)
        return [(max(a, start), min(b, end)) for a, b in _intervals(samples, samples.repeated)]

    def _read_frames(self, ifo: str, start: float, end: float) -> _Samples:
        samples = _Samples()
        for frame in self._locator.frames(ifo, start, end):
            piece = self._piece(ifo, frame)
            name = frame.path.rsplit("/", 1)[-1]
            if isinstance(piece, Reason):
                samples.unusable.append((piece, {"frame": name}))
                continue
            if not samples.rate:
                samples.rate, samples.unit = piece.rate, piece.unit
                # GPS seconds as float64 are exact to 1e-3 of a sample.
                first = np.floor((start - piece.t0) * piece.rate + 1e-3)
                samples.t0 = piece.t0 + first / piece.rate
                samples.values = np.full(round((end - start) * piece.rate), np.nan)
            piece = piece.at_rate(samples.rate)
            if piece.rate != samples.rate:
                rates = {"rate_hz": f"{piece.rate:g}", "expected_hz": f"{samples.rate:g}"}
                samples.unusable.append((Reason.OTHER_RATE, {"frame": name, **rates}))
                continue
            piece.copy_to(samples.values, samples.t0)
        samples.repeated = _repeated(samples.values, samples.rate)
        samples.values[samples.repeated] = np.nan
        return samples

    def _piece(self, ifo: str, frame: Frame) -> Piece | Reason:
        """Return the frame's samples, kept or read, or why there are none."""
        channel = self._channel.replace("{ifo}", ifo)
        cache = self._pieces.setdefault(ifo, OrderedDict())
        if frame.path in cache:
            cache.move_to_end(frame.path)
            return cache[frame.path]
        if (ifo, frame.path) in self._unusable:
            return self._unusable[ifo, frame.path]
        piece = self._locator.load_many(frame, [channel])[channel]
        if isinstance(piece, Reason):
            _LOG.warning("%s has no usable %s: %s", frame.path, channel, piece)
            self._unusable[ifo, frame.path] = piece
            return piece
        cache[frame.path] = piece
        while len(cache) > _KEPT_FRAMES and sum(p.values.nbytes for p in cache.values()) > _KEPT_BYTES:
            cache.popitem(last=False)
        return piece

    def _missing(self, samples: _Samples, ifo: str, start: float, end: float) -> StrainMissing:
        """Return why any of [start, end) is missing, with the first unusable frame if there is one."""
        where = {"channel": self._channel.replace("{ifo}", ifo), "interval": _text(start, end)}
        if samples.unusable:
            reason, facts = samples.unusable[0]
            return StrainMissing(reason, **where, **facts)
        if not samples.rate:
            return StrainMissing(Reason.NO_FRAME, **where)
        if samples.repeated.any():
            return StrainMissing(Reason.CONSTANT, **where)
        available = " ".join(_text(a, b) for a, b in _intervals(samples, np.isfinite(samples.values)))
        return StrainMissing(Reason.STRAIN_GAP, **where, available=available or "none")


def resampled(piece: Piece, rate: float) -> Piece:
    """Return samples at a lower `rate` in Hz, as gwpy's `TimeSeries.resample` does."""
    from gwpy.timeseries import TimeSeries  # two seconds, and most strain keeps its rate

    series = TimeSeries(piece.values, t0=piece.t0, sample_rate=piece.rate, unit=piece.unit)
    return Piece.of(series.resample(rate))


def _text(start: float, end: float) -> str:
    return f"[{start:.3f}, {end:.3f})"


def _repeated(values: Float64, rate: float) -> Bool:
    """Mark the samples (n,) of all blocks in which nearly all equal the one before."""
    marked = np.zeros(len(values), bool)
    block = round(_BLOCK_S * rate)
    if rate < _LEAST_STRAIN_HZ or len(values) < block:
        return marked
    same = np.append(False, values[1:] == values[:-1])
    if np.count_nonzero(same) < _REPEATED_SHARE * block:
        return marked
    counts = np.concatenate([[0], np.cumsum(same)])
    starts = np.flatnonzero(counts[block:] - counts[:-block] >= _REPEATED_SHARE * block)
    for start, end in union(np.column_stack([starts, starts + block]).astype(float)).astype(int):
        marked[start:end] = True
    return marked


def _intervals(samples: _Samples, mask: Bool) -> list[tuple[float, float]]:
    """Return the GPS intervals of the samples that `mask` (n,) selects."""
    pairs = runs(mask)
    return [(samples.t0 + a / samples.rate, samples.t0 + b / samples.rate) for a, b in pairs]

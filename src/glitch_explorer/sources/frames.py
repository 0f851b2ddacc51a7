"""How channels of a frame file are read."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import h5py
import lal
import lalframe
import numpy as np

from glitch_explorer.core import hdf5
from glitch_explorer.core.arrays import Float64
from glitch_explorer.core.errors import UserError
from glitch_explorer.sources import gwf
from glitch_explorer.sources.frame_files import Frame, read_series
from glitch_explorer.sources.reasons import Reason

# gwpy is imported where it is used: it takes seconds, and most frames are read without it.
if TYPE_CHECKING:
    from gwpy.timeseries import TimeSeries


#: The data set of GWOSC's files.
_GWOSC_STRAIN = "strain/Strain"
#: Attributes of a data set in files of GWOSC and of gwpy: GPS time of the first sample, step in s, unit.
_GWOSC_ATTRIBUTES, _GWPY_ATTRIBUTES = ("Xstart", "Xspacing", "Yunits"), ("x0", "dx", "unit")
#: LALFrame's readers, by the type of the samples.
_READERS = {
    lal.I2_TYPE_CODE: lalframe.FrFileReadINT2TimeSeries,
    lal.I4_TYPE_CODE: lalframe.FrFileReadINT4TimeSeries,
    lal.I8_TYPE_CODE: lalframe.FrFileReadINT8TimeSeries,
    lal.U2_TYPE_CODE: lalframe.FrFileReadUINT2TimeSeries,
    lal.U4_TYPE_CODE: lalframe.FrFileReadUINT4TimeSeries,
    lal.U8_TYPE_CODE: lalframe.FrFileReadUINT8TimeSeries,
    lal.S_TYPE_CODE: lalframe.FrFileReadREAL4TimeSeries,
    lal.D_TYPE_CODE: lalframe.FrFileReadREAL8TimeSeries,
}

#: LALFrame's message for a channel that the frame does not have (XLAL_ENAME).
_NOT_IN_FRAME = "Wrong name"

_LOG = logging.getLogger(__name__)


class _NotInFrame(Exception):  # noqa: N818 - a finding about a frame, no error of the program
    """The frame does not have the channel."""


@dataclass(frozen=True)
class Piece:
    """Samples of a channel in one file, or joined over files.

    Attributes
    ----------
    values
        Samples (n,).
    t0, rate, unit
        GPS time of the first sample, rate in Hz, and unit.
    absent
        GPS intervals [start, end) of the file's frames that lack the channel.
    """

    values: np.ndarray
    t0: float
    rate: float
    unit: str
    absent: tuple[tuple[float, float], ...] = ()

    @classmethod
    def of(cls, series: "TimeSeries") -> "Piece":
        """Return the samples of a gwpy series."""
        return cls(series.value, float(series.t0.value), float(series.sample_rate.value), str(series.unit))

    def at_rate(self, rate: float) -> "Piece":
        """Return the samples nearest to those at `rate` in Hz, if it agrees to a thousandth; else itself."""
        if self.rate == rate or not math.isclose(self.rate, rate, rel_tol=1e-3):
            return self
        nearest = np.rint(np.arange(round(len(self.values) * rate / self.rate)) * (self.rate / rate))
        return replace(self, values=self.values.take(nearest.astype(int), mode="clip"), rate=rate)

    def copy_to(self, target: Float64, start: float) -> None:
        """Write the samples to `target`, which begins at GPS `start`, where it is NaN."""
        offset = round((self.t0 - start) * self.rate)
        low, high = max(0, offset), min(len(target), offset + len(self.values))
        if low < high:
            part = target[low:high]
            np.copyto(part, self.values[low - offset : high - offset], where=np.isnan(part))


def load_many(frame: Frame, channels: Sequence[str]) -> dict[str, Piece | Reason]:
    """Read channels of one frame file, which is opened once.

    Each channel is read whole: it is compressed in one piece, and a part takes as long.
    Other channels of the file are not read. What is read is verified against its checksums;
    details of a damaged file go to the log.

    Returns
    -------
    dict
        For each channel its samples, or why there are none.

    Raises
    ------
    UserError
        When the file cannot be opened: it does not exist, or permission is denied.
    """
    try:
        # Unbuffered, so that no more is read than is needed.
        with open(frame.path, "rb", buffering=0) as stream:
            if frame.path.endswith(".gwf"):
                return _read_verified(frame.path, stream.fileno(), channels)
    except OSError as problem:
        raise UserError(f"frame file {frame.path} cannot be opened: {problem.strerror}") from problem
    if frame.path.endswith(".csv"):
        start, step, series = read_series(frame.path)
        # A CSV file names no units.
        return {
            name: Piece(series[name], start, 1 / step, "") if name in series else Reason.NO_CHANNEL
            for name in channels
        }
    return _read_hdf5(frame.path, channels)


def _read_verified(path: str, file: int, channels: Sequence[str]) -> dict[str, Piece | Reason]:
    """Read channels of a GWF file whose bytes are as they were written, as far as checksums tell."""
    try:
        try:
            return _read_parts(path, gwf.layout(file), channels)
        except gwf.UncheckedFile:
            gwf.check_whole(file)
            listed = set(_lal_names(path))
            return dict.fromkeys(channels, Reason.NO_CHANNEL) | _read_gwf(
                path, path, [channel for channel in channels if channel in listed]
            )
    except gwf.DamagedFile as problem:
        return dict.fromkeys(channels, _damaged(path, problem))


def _damaged(path: str, problem: object) -> Reason:
    """Log what is wrong with a file."""
    _LOG.warning("%s is damaged: %s", path, problem)
    return Reason.FRAME_DAMAGED


def _read_parts(path: str, layout: gwf.Layout, channels: Sequence[str]) -> dict[str, Piece | Reason]:
    """Read no more of the file than the channels need."""
    contents: dict[str, Piece | Reason] = dict.fromkeys(channels, Reason.NO_CHANNEL)
    for group in gwf.groups(layout, [channel for channel in channels if channel in layout.channels]):
        with gwf.excerpt(layout, group) as (copy, damaged):
            contents |= {channel: _damaged(path, f"{channel}: {why}") for channel, why in damaged.items()}
            contents |= _read_gwf(path, copy, [channel for channel in group if channel not in damaged])
    return contents


def _read_gwf(path: str, copy: str, channels: Sequence[str]) -> dict[str, Piece | Reason]:
    """Read channels of file `path`, or of a copy of its parts in memory, through LALFrame."""
    contents: dict[str, Piece | Reason] = {}
    kind, level = lal.S_TYPE_CODE, lal.GetDebugLevel()
    # LAL would print a message for each channel of another type than the one before it.
    lal.ClobberDebugLevel(0)
    try:
        with gwf.damage(RuntimeError):
            file = lalframe.FrFileOpenURL(f"file://localhost{quote(str(Path(copy).absolute()))}")
            count = lalframe.FrFileQueryNFrame(file)
        for channel in channels:
            try:
                pieces: list[Piece] = []
                absent: list[tuple[float, float]] = []
                for position in range(count):
                    try:
                        piece, kind = _read_series(file, channel, position, kind)
                        pieces.append(piece)
                    except _NotInFrame:
                        absent.append(_interval(file, position))
                contents[channel] = _joined(pieces, tuple(absent)) if pieces else Reason.NO_CHANNEL
            except gwf.DamagedFile as problem:
                contents[channel] = _damaged(path, f"{channel}: {problem}")
        return contents
    finally:
        lal.ClobberDebugLevel(level)


def _read_series(file: Any, channel: str, position: int, kind: int) -> tuple[Piece, int]:
    """Read one frame's samples and their type; `kind` is tried first: asking for the type costs a reading."""
    try:
        with gwf.damage(RuntimeError):
            series = _READERS[kind](file, channel, position)
    except gwf.DamagedFile:
        try:
            kind = lalframe.FrFileQueryChanType(file, channel, position)
        except RuntimeError as problem:
            if str(problem) == _NOT_IN_FRAME:
                raise _NotInFrame from None
            raise gwf.DamagedFile(str(problem)) from problem
        if kind not in _READERS:
            raise gwf.DamagedFile(f"its samples have LAL's type {kind}, which is not a real number") from None
        with gwf.damage(RuntimeError):
            series = _READERS[kind](file, channel, position)
    return Piece(series.data.data, float(series.epoch), 1 / series.deltaT, str(series.sampleUnits)), kind


def _interval(file: Any, position: int) -> tuple[float, float]:
    """Read the GPS interval of one frame of a file."""
    start = lal.LIGOTimeGPS()
    with gwf.damage(RuntimeError):
        lalframe.FrFileQueryGTime(start, file, position)
        return float(start), float(start) + float(lalframe.FrFileQueryDt(file, position))


def _joined(pieces: Sequence[Piece], absent: tuple[tuple[float, float], ...]) -> Piece:
    """Join the frames of one file, with NaN between them."""
    first = pieces[0]
    if len(pieces) == 1:
        return replace(first, absent=absent)
    pieces = [piece.at_rate(first.rate) for piece in pieces]
    rates = {piece.rate for piece in pieces}
    if len(rates) > 1:
        raise gwf.DamagedFile(f"its rate changes inside: {sorted(rates)} Hz")
    starts = [round((piece.t0 - first.t0) * first.rate) for piece in pieces]
    ends = [start + len(piece.values) for start, piece in zip(starts, pieces, strict=True)]
    dtype = first.values.dtype
    if sum(len(piece.values) for piece in pieces) < max(ends):
        dtype = np.result_type(dtype, np.float32)
    values = np.full(max(ends), np.nan if dtype.kind == "f" else 0, dtype)
    for start, end, piece in zip(starts, ends, pieces, strict=True):
        values[start:end] = piece.values
    return Piece(values, first.t0, first.rate, first.unit, absent)


def _read_hdf5(path: str, channels: Sequence[str]) -> dict[str, Piece | Reason]:
    """Read HDF5: GWOSC's, which has one channel, or gwpy's, one data set a channel.

    gwpy itself would unpickle what a file calls its channel.
    """
    try:
        with gwf.damage(OSError), h5py.File(path, "r") as file:
            with gwf.damage(*hdf5.ERRORS):
                from_gwosc = _GWOSC_STRAIN in file
            if from_gwosc:
                return dict.fromkeys(channels, _read_dataset(path, file, _GWOSC_STRAIN, _GWOSC_ATTRIBUTES))
            return {channel: _read_dataset(path, file, channel, _GWPY_ATTRIBUTES) for channel in channels}
    except gwf.DamagedFile as problem:
        return dict.fromkeys(channels, _damaged(path, problem))


def _read_dataset(path: str, file: h5py.File, name: str, attributes: Sequence[str]) -> Piece | Reason:
    """Read a data set, and from its `attributes` the first time, the step of time and the unit."""
    try:
        with gwf.damage(*hdf5.ERRORS):
            if name not in file:
                return Reason.NO_CHANNEL
            data = hdf5.member(file, name)
            first, step, unit = (data.attrs[attribute] for attribute in attributes)
        with gwf.damage(TypeError, ValueError):
            t0, step_s = float(first), float(step)
        if not (
            isinstance(data, h5py.Dataset) and data.dtype.kind in "iuf" and data.ndim == 1 and step_s > 0
        ):
            return _damaged(path, f"{name}: it is no series of numbers")
        with gwf.damage(*hdf5.ERRORS):
            return Piece(data[()], t0, 1 / step_s, str(unit))
    except gwf.DamagedFile as problem:
        return _damaged(path, f"{name}: {problem}")


def channel_rates(frame: Frame, patterns: Sequence[str]) -> dict[str, float]:
    """Return the channels of a frame file that match any of the patterns, with their rates in Hz.

    Raises
    ------
    UserError
        When the file cannot be read.
    """
    try:
        names = [name for name in _names_in(frame.path) if any(fnmatchcase(name, p) for p in patterns)]
    except gwf.DamagedFile as problem:
        raise UserError(f"frame file {frame.path} cannot be read: {problem}") from problem
    return {name: piece.rate for name, piece in load_many(frame, names).items() if isinstance(piece, Piece)}


def _names_in(path: str) -> list[str]:
    """Read the names of a file's channels; GWOSC's HDF5 names none."""
    if path.endswith(".gwf"):
        with gwf.damage(OSError), open(path, "rb", buffering=0) as stream:
            try:
                return list(gwf.layout(stream.fileno()).channels)
            except gwf.UncheckedFile:
                gwf.check_whole(stream.fileno())
                return _lal_names(path)
    if path.endswith(".csv"):
        return list(read_series(path)[2])
    with gwf.damage(*hdf5.ERRORS), h5py.File(path, "r") as file:
        return [name for name in file if isinstance(hdf5.member(file, name), h5py.Dataset)]


def _lal_names(path: str) -> list[str]:
    """Read the names of a GWF file's channels through LALFrame, which crashes on many damaged files."""
    with gwf.damage(RuntimeError):
        file = lalframe.FrameUFrFileOpen(path, "r")
        contents = lalframe.FrameUFrTOCRead(file)  # reads from `file`, which must stay open
        return [
            getattr(lalframe, f"FrameUFrTOCQuery{kind}Name")(contents, number)
            for kind in ("Adc", "Proc", "Sim")
            for number in range(getattr(lalframe, f"FrameUFrTOCQuery{kind}N")(contents))
        ]

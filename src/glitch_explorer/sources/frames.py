"""Frame files: which exist, what they cover, and how one is read."""

import glob
import os
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, BinaryIO, Literal
from urllib.parse import quote, unquote, urlparse

import h5py
import lal
import lalframe
import numpy as np
from gwpy.io.gwf import get_channel_names
from gwpy.timeseries import TimeSeries

from glitch_explorer.errors import UserError

#: `SITE-TAG-GPS-DURATION.ext` (LIGO-T050017).
_NAME = re.compile(r"^([A-Z][A-Z0-9]*)-([^-]+)-(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)\.(?:gwf|hdf5|h5)$")
#: The first part of a tag that names one detector, e.g. H1_HOFT_C00.
_TAG_IFO = re.compile(r"^([A-Z]\d)(?:_|$)")
_ENDINGS = (".gwf", ".hdf5", ".h5")
_GWF_VERSION = b"\x08"
_CHUNK_BYTES = 1 << 22
#: A larger file's checksum is not verified, only its length: raw frames hold 10^5 channels,
#: and reading all of them for the few that are wanted would cost more than the work itself.
_CHECKED_BYTES = 1 << 28
_CRC_START = 0xFFFFFFFF
#: Every byte with its bits in reverse order.
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_LIST_ENDINGS = (".lcf", ".cache", ".ffl", ".txt")


#: Reasons why a frame gives no data; a damaged one may say more after a colon.
NO_CHANNEL, DAMAGED = "no such channel", "truncated or damaged"
#: What lalframe, h5py and gwpy raise for a damaged file; there is no common class.
_DAMAGE = (RuntimeError, ValueError, OSError, KeyError, TypeError, IndexError)
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


class StrainMissing(Exception):  # noqa: N818 - a reason for quarantine, no error of the program
    """There are no usable data for this channel and interval, and why."""


@dataclass(frozen=True, order=True)
class Frame:
    """A file (or block of a service) and the GPS interval [start, end) that it covers."""

    start: float
    end: float
    path: str


@dataclass(frozen=True)
class Piece:
    """What was read from a frame: values (n,), time of the first in GPS s, rate in Hz, unit."""

    values: np.ndarray
    t0: float
    rate: float
    unit: str

    @classmethod
    def of(cls, series: TimeSeries) -> "Piece":
        """Take a piece out of a gwpy series."""
        return cls(series.value, float(series.t0.value), float(series.sample_rate.value), str(series.unit))


def parse(path: str, *, ifo: str, frame_type: str | None) -> Frame | None:
    """Read a frame's cover off its name; None where it is another detector's or type's, or no frame."""
    found = _NAME.match(path.rsplit("/", 1)[-1])
    if found is None:
        return None
    sites, tag, start, length = found.groups()
    owner = _TAG_IFO.match(tag)
    if ifo[0] not in sites or (owner is not None and len(sites) == 1 and owner[1] != ifo):
        return None
    if frame_type is not None and tag != frame_type:
        return None
    return Frame(float(start), float(start) + float(length), path)


def find(places: str | Sequence[str], *, ifo: str, frame_type: str | None) -> list[Frame]:
    """List the frames of a detector, in order of time.

    Parameters
    ----------
    places
        Folders (searched at any depth), globs, files, or lists of files (LAL
        cache, ffl or one path a line; `.lcf`, `.cache`, `.ffl`, `.txt`).
    ifo
        The detector; fills `{ifo}` in `places` and `frame_type`.
    frame_type
        Tag that the file names must carry; None takes all.

    Raises
    ------
    UserError
        When nothing there is a frame of this detector.
    """
    places = [places] if isinstance(places, str) else list(places)
    filled = [place.replace("{ifo}", ifo) for place in places]
    wanted = frame_type.replace("{ifo}", ifo) if frame_type is not None else None
    paths = {path for place in filled for path in _paths(place)}
    frames = sorted(frame for path in paths if (frame := parse(path, ifo=ifo, frame_type=wanted)) is not None)
    if not frames:
        raise UserError(
            f"no frame of {ifo}{f' of type {wanted}' if wanted else ''} in {', '.join(filled)} "
            f"({len(paths)} files there); names must be like H-H1_TYPE-1266281937-128.gwf (or .hdf5, .h5)"
        )
    return frames


def _paths(place: str) -> Iterable[str]:
    path = Path(place)
    if path.is_dir():
        return [str(found) for found in path.rglob("*") if found.suffix in _ENDINGS and found.is_file()]
    if path.suffix in _LIST_ENDINGS and path.is_file():
        return _listed(path)
    return glob.glob(place, recursive=True)


def _listed(path: Path) -> list[str]:
    """Read the paths off a list of frames: the last word of a line that ends like a frame."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        names = [word for word in line.split() if word.endswith(_ENDINGS)]
        if names and not line.startswith("#"):
            found.append(local_path(names[-1]))
    return found


def local_path(url: str) -> str:
    """Give the path of a `file:` address, and anything else as it is."""
    parts = urlparse(url)
    return unquote(parts.path) if parts.scheme == "file" else url


def load_many(frame: Frame, channels: Sequence[str]) -> dict[str, Piece | str]:
    """Read channels of one frame file, opened once, each whole.

    A part of a GWF channel costs as much time as the whole: it is compressed in
    one piece. Other channels in the file are not read.

    Returns
    -------
    dict
        For each channel what was read, or in words why there is nothing.

    Raises
    ------
    UserError
        When the file cannot be opened: gone, or no permission.
    """
    try:
        with open(frame.path, "rb") as stream:
            sound = _is_sound(stream)
    except OSError as problem:
        raise UserError(f"frame file {frame.path} cannot be opened: {problem.strerror}") from problem
    if not sound:
        return dict.fromkeys(channels, DAMAGED)
    try:
        return _read_gwf(frame.path, channels) if frame.path.endswith(".gwf") else _read_hdf5(frame, channels)
    except _DAMAGE as problem:
        return dict.fromkeys(channels, f"{DAMAGED}: {problem}")


def _is_sound(stream: BinaryIO) -> bool:
    """Compare a GWF file's length and checksum with its bytes; True where there are none to compare.

    Of files over 256 MiB the length alone is compared.

    lalframe can crash the process on a file with a block of zeros. A version 8
    frame file (LIGO-T970130) ends with its length, as 8 bytes 28 before the end,
    and, where byte 39 of its header is 1, the POSIX cksum of all before the last 4 bytes.
    """
    head = stream.read(40)
    if not head.startswith(b"IGWD\0") or head[5:6] != _GWF_VERSION:
        return True
    order: Literal["little", "big"] = "little" if head[12:14] == b"\x34\x12" else "big"
    length = stream.seek(0, os.SEEK_END) - 4
    stream.seek(max(0, length - 24))
    end = stream.read()
    stored = int.from_bytes(end[-4:], order)
    if int.from_bytes(end[:8], order) != length + 4:
        return False
    if head[39] != 1 or length > _CHECKED_BYTES:
        return True
    stream.seek(0)
    register, rest = _CRC_START, length
    while rest:
        chunk = stream.read(min(rest, _CHUNK_BYTES))
        register, rest = zlib.crc32(chunk.translate(_REVERSED), register), rest - len(chunk)
    size = length.to_bytes((length.bit_length() + 7) // 8, "little")
    register = zlib.crc32(size.translate(_REVERSED), register)
    # zlib's CRC reads bits in the other order than POSIX's.
    return stored == int(f"{register:032b}"[::-1], 2)


def _read_gwf(path: str, channels: Sequence[str]) -> dict[str, Piece | str]:
    """Read channels through LALFrame, which finds each by the file's table of contents."""
    before = lal.GetDebugLevel()
    # A channel that is not there is nothing to print about.
    lal.ClobberDebugLevel(0)
    try:
        file = lalframe.FrFileOpenURL(f"file://localhost{quote(str(Path(path).resolve()))}")
        count = lalframe.FrFileQueryNFrame(file)
        found: dict[str, Piece | str] = {}
        kind = lal.S_TYPE_CODE
        for channel in channels:
            try:
                pieces = []
                for position in range(count):
                    series, kind = _read_series(file, channel, position, kind)
                    pieces.append(series)
                found[channel] = _joined(pieces)
            except _DAMAGE as problem:
                missing = str(problem).lower() == "wrong name"
                found[channel] = NO_CHANNEL if missing else f"{DAMAGED}: {problem}"
        return found
    finally:
        lal.ClobberDebugLevel(before)


def _read_series(file: Any, channel: str, position: int, kind: int) -> tuple[Piece, int]:
    """Read one frame's samples, trying type `kind` first: asking for the type costs a reading."""
    try:
        series = _READERS[kind](file, channel, position)
    except RuntimeError as problem:
        if str(problem).lower() == "wrong name":
            raise
        kind = lalframe.FrFileQueryChanType(file, channel, position)
        series = _READERS[kind](file, channel, position)
    return Piece.of(TimeSeries.from_lal(series, copy=False)), kind


def _joined(pieces: Sequence[Piece]) -> Piece:
    """Join the frames of one file, NaN between them."""
    first = pieces[0]
    if len(pieces) == 1:
        return first
    rates = {piece.rate for piece in pieces}
    if len(rates) > 1:
        raise ValueError(f"it changes its rate inside: {sorted(rates)} Hz")
    starts = [round((piece.t0 - first.t0) * first.rate) for piece in pieces]
    ends = [start + len(piece.values) for start, piece in zip(starts, pieces, strict=True)]
    whole = first.values.dtype
    if sum(len(piece.values) for piece in pieces) < max(ends):
        whole = np.result_type(whole, np.float32)
    values = np.full(max(ends), np.nan if whole.kind == "f" else 0, whole)
    for start, end, piece in zip(starts, ends, pieces, strict=True):
        values[start:end] = piece.values
    return Piece(values, first.t0, first.rate, first.unit)


def _read_hdf5(frame: Frame, channels: Sequence[str]) -> dict[str, Piece | str]:
    """Read HDF5: GWOSC's, which holds one channel, or gwpy's, one data set a channel."""
    found: dict[str, Piece | str] = {}
    with h5py.File(frame.path, "r") as file:
        if "strain/Strain" in file:
            piece = Piece.of(TimeSeries.read(frame.path, format="hdf5.gwosc"))
            return dict.fromkeys(channels, piece)
        for channel in channels:
            try:
                has = channel in file
                found[channel] = (
                    Piece.of(TimeSeries.read(file, channel, format="hdf5")) if has else NO_CHANNEL
                )
            except _DAMAGE as problem:
                found[channel] = f"{DAMAGED}: {problem}"
    return found


def held(frame: Frame, *, wanted: Sequence[str] = ("*",)) -> dict[str, float]:
    """List the channels of a frame file that match any of the patterns, with their rates in Hz.

    Raises
    ------
    UserError
        When the file cannot be read.
    """
    try:
        names = [name for name in _names_in(frame.path) if any(fnmatchcase(name, p) for p in wanted)]
    except _DAMAGE as problem:
        raise UserError(f"frame file {frame.path} cannot be read: {problem}") from problem
    return {name: piece.rate for name, piece in load_many(frame, names).items() if isinstance(piece, Piece)}


def _names_in(path: str) -> list[str]:
    """List the channels of a file; GWOSC's HDF5 names none."""
    if path.endswith(".gwf"):
        return list(get_channel_names(path))
    with h5py.File(path, "r") as file:
        return [name for name in file if isinstance(file[name], h5py.Dataset)]

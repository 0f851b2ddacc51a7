"""Frame files: which exist, what they cover, and how one is read."""

import glob
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlparse

import h5py
import lal
import lalframe
import numpy as np

from glitch_explorer.core import hdf5
from glitch_explorer.core.errors import Quarantined, UserError
from glitch_explorer.sources import gwf

# gwpy is imported where it is used: it takes seconds, and what the store has needs no frame.
if TYPE_CHECKING:
    from gwpy.timeseries import TimeSeries

#: `SITE-TAG-GPS-DURATION.ext` (LIGO-T050017).
_NAME = re.compile(r"^([A-Z][A-Z0-9]*)-([^-]+)-(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)\.(?:gwf|hdf5|h5)$")
#: The first part of a tag that names one detector, e.g. H1_HOFT_C00.
_TAG_IFO = re.compile(r"^([A-Z]\d)(?:_|$)")
_ENDINGS = (".gwf", ".hdf5", ".h5")
_LIST_ENDINGS = (".lcf", ".cache", ".ffl", ".txt")


#: Reasons why a frame gives no data; a damaged one may say more after a colon.
NO_CHANNEL, DAMAGED = "no such channel", "truncated or damaged"
#: What lalframe, gwpy and h5py raise for a damaged file; there is no common class.
_LAL_DAMAGE = (RuntimeError, ValueError, KeyError, TypeError, IndexError)
_DAMAGE = (*_LAL_DAMAGE, OSError)
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


class StrainMissing(Quarantined):
    """There are no usable data for this channel and interval."""


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
    def of(cls, series: "TimeSeries") -> "Piece":
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
    one piece. Other channels in the file are not read; what is read is held against
    its checksums.

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
        # Unbuffered: what is read is what is wanted.
        with open(frame.path, "rb", buffering=0) as stream:
            if frame.path.endswith(".gwf"):
                return _read_checked(frame.path, stream.fileno(), channels)
    except OSError as problem:
        raise UserError(f"frame file {frame.path} cannot be opened: {problem.strerror}") from problem
    try:
        return _read_hdf5(frame, channels)
    except _DAMAGE as problem:
        return dict.fromkeys(channels, f"{DAMAGED}: {problem}")


def _read_checked(path: str, file: int, channels: Sequence[str]) -> dict[str, Piece | str]:
    """Read channels of a GWF file whose bytes are as they were written, as far as can be told."""
    try:
        try:
            return _read_parts(gwf.layout(file), channels)
        except gwf.UncheckedFile:
            gwf.check_whole(file)
            return _read_gwf(path, channels)
    except (gwf.DamagedFile, *_LAL_DAMAGE) as problem:
        return dict.fromkeys(channels, f"{DAMAGED}: {problem}")


def _read_parts(layout: gwf.Layout, channels: Sequence[str]) -> dict[str, Piece | str]:
    """Read no more of the file than the channels need."""
    found: dict[str, Piece | str] = {}
    for group in gwf.groups(layout, channels):
        with gwf.excerpt(layout, group) as (path, damaged):
            found |= {channel: f"{DAMAGED}: {why}" for channel, why in damaged.items()}
            found |= _read_gwf(path, [channel for channel in group if channel not in damaged])
    return {channel: found[channel] for channel in channels}


def _read_gwf(path: str, channels: Sequence[str]) -> dict[str, Piece | str]:
    """Read channels through LALFrame, which finds each by the file's table of contents."""
    before = lal.GetDebugLevel()
    # A channel that is not there is nothing to print about.
    lal.ClobberDebugLevel(0)
    try:
        file = lalframe.FrFileOpenURL(f"file://localhost{quote(str(Path(path).absolute()))}")
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
    unit = str(series.sampleUnits)
    return Piece(series.data.data, float(series.epoch), 1 / series.deltaT, unit), kind


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
    from gwpy.timeseries import TimeSeries

    found: dict[str, Piece | str] = {}
    with h5py.File(frame.path, "r") as file:
        if "strain/Strain" in file:
            hdf5.member(file, "strain/Strain")
            piece = Piece.of(TimeSeries.read(frame.path, format="hdf5.gwosc"))
            return dict.fromkeys(channels, piece)
        for channel in channels:
            try:
                if channel not in file:
                    found[channel] = NO_CHANNEL
                    continue
                hdf5.member(file, channel)
                found[channel] = Piece.of(TimeSeries.read(file, channel, format="hdf5"))
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
        from gwpy.io.gwf import get_channel_names

        return list(get_channel_names(path))
    with h5py.File(path, "r") as file:
        return [name for name in file if isinstance(hdf5.member(file, name), h5py.Dataset)]

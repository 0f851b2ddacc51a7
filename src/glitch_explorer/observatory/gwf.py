"""Frame files (GWF) whose bytes depend on their content only.

LALFrame writes the current time into each file. Here it is replaced by the time of the data,
and the checksums are computed again. Samples are stored uncompressed: noise does not compress,
and gzip would take longer than everything else.
"""

import ctypes
import os
import struct
from dataclasses import dataclass
from pathlib import Path

import lal
import lalframe
import numpy as np

from glitch_explorer.core import files
from glitch_explorer.sources.gwf import posix_checksum

_WRITER = b"FrameLib:"
_PROJECT = "OBS"
_TYPES = {"float32": lalframe.FRAMEU_FR_VECT_4R, "float64": lalframe.FRAMEU_FR_VECT_8R}
#: Bytes of a structure's header in frame format version 8 (LIGO-T970130): length, checksum type,
#: class, instance.
_HEADER = 14


@dataclass(frozen=True)
class Series:
    """Samples (n,) of float32 or float64 of one channel, with its rate in Hz and its unit."""

    channel: str
    samples: np.ndarray
    rate: int
    unit: str


def write(path: str | Path, series: list[Series], *, start: int) -> None:
    """Write channels of one length in seconds as one frame, which starts at GPS second `start`."""
    with files.whole(path) as temporary:
        try:
            _write_lal(temporary, series, start)
        except RuntimeError:
            # LALFrame does not say why; a full or read-only disk does.
            with temporary.open("wb") as stream:
                os.posix_fallocate(stream.fileno(), 0, sum(item.samples.nbytes for item in series))
            raise
        content = temporary.read_bytes()
        with temporary.open("r+b") as stream:
            for position, patch in _without_clock(content, start):
                stream.seek(position)
                stream.write(patch)


def _write_lal(path: Path, series: list[Series], start: int) -> None:
    """Write the frame through LALFrame, uncompressed."""
    (duration,) = {len(item.samples) / item.rate for item in series}
    channels = [_channel(item, duration) for item in series]  # before the frame: the order is in the bytes
    frame = lalframe.FrameNew(lal.LIGOTimeGPS(start), duration, _PROJECT, 0, 0, 0)
    for channel in channels:
        lalframe.FrameUFrameHFrChanAdd(frame, channel)
    lalframe.FrameWrite(frame, str(path))


def _channel(series: Series, duration: float) -> object:
    """Build LALFrame's structure of a channel."""
    samples = np.ascontiguousarray(series.samples)
    dtype = _TYPES[samples.dtype.name]
    vector = lalframe.FrameUFrProcChanAlloc(
        series.channel,
        lalframe.FRAMEU_FR_PROC_TYPE_TIME_SERIES,
        lalframe.FRAMEU_FR_PROC_SUB_TYPE_UNKNOWN,
        dtype,
        len(samples),
    )
    lalframe.FrameUFrChanVectorAlloc(vector, dtype, len(samples))
    memory = lalframe.FrameUFrChanVectorQueryData(vector)
    memory.disown()  # the frame frees it
    ctypes.memmove(int(memory), samples.ctypes.data, samples.nbytes)
    lalframe.FrameUFrChanSetTRange(vector, duration)
    lalframe.FrameUFrChanVectorSetName(vector, series.channel)
    lalframe.FrameUFrChanVectorSetDx(vector, 1.0 / series.rate)
    lalframe.FrameUFrChanVectorSetStartX(vector, 0.0)
    lalframe.FrameUFrChanVectorSetUnitX(vector, "s")
    lalframe.FrameUFrChanVectorSetUnitY(vector, series.unit)
    return vector


def _without_clock(content: bytes, start: int) -> list[tuple[int, bytes]]:
    """Return the patches (position, bytes) that replace the time of writing by `start`.

    The history structure is: header, name, time (4 bytes), comment, pointer to the next
    (2 + 4 bytes), checksum (4 bytes). The last 4 bytes of the file are its own checksum.
    """
    comment = content.index(_WRITER)
    time = comment - 2 - 4
    name = struct.pack("<H", len(_PROJECT) + 1) + _PROJECT.encode() + b"\0"
    begin = time - len(name) - _HEADER
    (length,) = struct.unpack_from("<Q", content, begin)
    if content[time - len(name) : time] != name:
        raise RuntimeError("LALFrame wrote a history that is not where frame format version 8 has it")
    stamp = struct.pack("<I", start)
    history = content[begin:time] + stamp + content[time + 4 : begin + length - 4]
    checksum = struct.pack("<I", posix_checksum([history]))
    end = begin + length
    patched = b"".join((content[:begin], history, checksum, content[end:-4]))
    whole = struct.pack("<I", posix_checksum([patched]))
    return [(time, stamp), (end - 4, checksum), (len(content) - 4, whole)]

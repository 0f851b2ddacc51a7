"""GWF files: their checksums, and a copy in memory of the parts that some channels need.

LALFrame reads 16 KiB beyond every channel, reports all channels behind a damaged one as missing,
and can crash the process on damaged files. Here each structure that is needed is read once,
verified against its own checksum, and written at its place in a file in memory, which LALFrame
then decodes. Layout and checksums are those of frame format version 8 (LIGO-T970130).
docs/reference/dependencies.md compares it with LALFrame and gwframe.
"""

import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

_MAGIC, _VERSION = b"IGWD\0", 8
#: Bytes of a file's header, of a structure's header (length, checksum type, class, instance), and of
#: the structure that ends a file.
_FILE_HEADER, _HEADER, _END = 40, 14, 46
#: Kinds of data that are time series.
_SERIES = ("ADC", "processed", "simulated")
#: A count in the table of contents for "not known"; no entries follow it.
_UNKNOWN = 0xFFFFFFFF
#: Of a larger file whose structures have no checksums only the length is verified.
_CHECKED_BYTES = 1 << 28
_CHUNK_BYTES = 1 << 22
#: Bytes of a file that are copied to memory at a time.
_GROUP_BYTES = 1 << 26
#: Every byte with its bits in reverse order.
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class DamagedFile(Exception):  # noqa: N818 - a finding about a file, no error of the program
    """The file, or the part of it that was read, is not what was written."""


class UncheckedFile(Exception):  # noqa: N818 - as above
    """The file has another version or no table of contents or no checksums: it cannot be read in parts."""


@contextmanager
def damage(*errors: type[Exception]) -> Iterator[None]:
    """Raise `DamagedFile` for the errors that a library has for a damaged file."""
    try:
        yield
    except errors as problem:
        raise DamagedFile(str(problem)) from problem


def posix_checksum(chunks: Iterable[bytes]) -> int:
    """Compute the checksum of POSIX `cksum`, which frame files use.

    It is CRC-32 with the most significant bit first. zlib's has the least significant
    bit first, so bits are reversed on the way in and out.
    """
    register, length = 0xFFFFFFFF, 0
    for chunk in chunks:
        register, length = zlib.crc32(chunk.translate(_REVERSED), register), length + len(chunk)
    tail = length.to_bytes((length.bit_length() + 7) // 8, "little")
    return int(f"{zlib.crc32(tail.translate(_REVERSED), register):032b}"[::-1], 2)


@dataclass(frozen=True)
class Layout:
    """Positions of the parts of an open file.

    Attributes
    ----------
    file
        Descriptor of the file.
    order
        Byte order as `struct` writes it.
    size
        Bytes of the file.
    common
        Spans (start, end) in bytes that all channels need: what is before the channels, and
        the table of contents.
    channels
        Spans of each channel, one for each frame that has it.
    """

    file: int
    order: str
    size: int
    common: list[tuple[int, int]]
    channels: dict[str, list[tuple[int, int]]]


def layout(file: int) -> Layout:
    """Read from a version 8 file where its parts are.

    Raises
    ------
    DamagedFile
        When the file is truncated, or its header, end or table of contents is damaged.
    UncheckedFile
        When it cannot be read in parts.
    """
    head = os.pread(file, _FILE_HEADER, 0)
    if head[:6] != _MAGIC + bytes([_VERSION]):
        raise UncheckedFile
    order = "<" if head[12:14] == b"\x34\x12" else ">"
    size, back = _ending(file, head, order)
    if not _END < back < size - _FILE_HEADER:
        raise UncheckedFile
    contents = _verified(file, size - back, size - _END, order)
    try:
        return _parsed(contents, file, order, size, size - back)
    except (struct.error, UnicodeDecodeError):
        # The checksum is right, so this is a layout that is not known here; LALFrame may know it.
        raise UncheckedFile from None


def _ending(file: int, head: bytes, order: str) -> tuple[int, int]:
    """Verify length, end and header; return the length, and how far before the end the contents begin."""
    size = os.fstat(file).st_size
    end = os.pread(file, _END, max(0, size - _END))
    length, back = struct.unpack_from(order + "QQ", end, _HEADER + 4) if len(end) == _END else (-1, 0)
    if length != size:
        raise DamagedFile("the length differs from the one at its end: truncated, or not a frame file")
    of_header, of_end = struct.unpack_from(order + "II", end, _END - 12)
    if end[8] == 1 and of_end != posix_checksum([end[:-8]]):
        raise DamagedFile("checksum mismatch at the end of the file")
    if head[39] == 1 and of_header != posix_checksum([head]):
        raise DamagedFile("checksum mismatch in the file's header")
    return size, back


def check_whole(file: int) -> None:
    """Verify the length of a version 8 file, and up to 256 MiB its checksum, where it has one.

    Raises
    ------
    DamagedFile
        When they differ.
    """
    head = os.pread(file, _FILE_HEADER, 0)
    if head[:6] != _MAGIC + bytes([_VERSION]):
        return
    order = "<" if head[12:14] == b"\x34\x12" else ">"
    size, _ = _ending(file, head, order)
    if head[39] != 1 or size > _CHECKED_BYTES:
        return
    (stored,) = struct.unpack(order + "I", os.pread(file, 4, size - 4))
    chunks = (
        os.pread(file, min(_CHUNK_BYTES, size - 4 - offset), offset)
        for offset in range(0, size - 4, _CHUNK_BYTES)
    )
    if posix_checksum(chunks) != stored:
        raise DamagedFile("checksum mismatch of the whole file")


def groups(layout: Layout, channels: Sequence[str]) -> Iterator[list[str]]:
    """Yield groups of channels that have at most 64 MiB in the file, or are one channel."""
    group: list[str] = []
    total = 0
    for channel in channels:
        size = sum(end - start for start, end in layout.channels[channel])
        if group and total + size > _GROUP_BYTES:
            yield group
            group, total = [], 0
        group.append(channel)
        total += size
    if group:
        yield group


@contextmanager
def excerpt(layout: Layout, channels: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Write the parts that channels need to a file in memory, each at its place.

    Yields the path of that file, and what is wrong with the channels whose parts are damaged;
    those are not in it.

    Raises
    ------
    DamagedFile
        When a part that every channel needs is damaged.
    UncheckedFile
        When a part has no checksum.
    """
    memory = os.memfd_create("frame")
    try:
        os.ftruncate(memory, layout.size)
        for start, end in layout.common:
            os.pwrite(memory, _verified(layout.file, start, end, layout.order), start)
        os.pwrite(memory, os.pread(layout.file, _END, layout.size - _END), layout.size - _END)
        damaged = {}
        for channel in channels:
            spans = layout.channels[channel]
            try:
                parts = [(_verified(layout.file, start, end, layout.order), start) for start, end in spans]
            except DamagedFile as problem:
                damaged[channel] = str(problem)
                continue
            for part, start in parts:
                os.pwrite(memory, part, start)
        yield f"/proc/self/fd/{memory}", damaged
    finally:
        os.close(memory)


def _verified(file: int, start: int, end: int, order: str) -> bytes:
    """Read a span of whole structures and verify the checksum of each."""
    content = os.pread(file, end - start, start)
    offset = _FILE_HEADER if start == 0 else 0
    while offset < end - start:
        try:
            length, kind = struct.unpack_from(order + "QB", content, offset)
            (stored,) = struct.unpack_from(order + "I", content, offset + length - 4)
        except struct.error:
            raise DamagedFile("a structure is longer than its place") from None
        if length < _HEADER + 4:
            raise DamagedFile("a structure has no length")
        if kind != 1:
            raise UncheckedFile
        if posix_checksum([content[offset : offset + length - 4]]) != stored:
            raise DamagedFile("checksum mismatch of a structure")
        offset += length
    return content


class _Reader:
    """Reads numbers and texts from a structure, one after the other."""

    def __init__(self, content: bytes, order: str) -> None:
        self._content, self._order, self._at = content, order, _HEADER

    def numbers(self, kind: str, count: int) -> tuple[int, ...]:
        form = f"{self._order}{count}{kind}"
        values = struct.unpack_from(form, self._content, self._at)
        self._at += struct.calcsize(form)
        return values

    def count(self) -> int:
        (value,) = self.numbers("I", 1)
        return 0 if value == _UNKNOWN else value

    def texts(self, count: int) -> list[str]:
        texts = []
        for _ in range(count):
            (length,) = self.numbers("H", 1)
            texts.append(self._content[self._at : self._at + length].rstrip(b"\0").decode())
            self._at += length
        return texts


def _parsed(contents: bytes, file: int, order: str, size: int, table: int) -> Layout:
    """Parse the table of contents, which begins at `table`."""
    read = _Reader(contents, order)
    read.numbers("h", 1)
    frames = read.count()
    for kind in "IIIdiI":  # data quality, times, lengths, runs, frames
        read.numbers(kind, frames)
    heads = read.numbers("Q", frames)
    read.numbers("Q", 4 * frames)
    kinds = read.count()
    read.numbers("H", kinds)
    read.texts(kinds)
    detectors = read.count()
    read.texts(detectors)
    frame_parts = [*heads, *read.numbers("Q", detectors)]
    known = [*frame_parts, table]
    static = read.count()
    read.texts(2 * static)
    read.numbers("I", static)
    instances = read.count()
    read.numbers("I", 3 * instances)
    known += read.numbers("Q", instances)
    places: dict[str, list[int]] = {}
    for kind in ("ADC", "processed", "simulated", "serial", "summary"):
        count = read.count()
        names = read.texts(count)
        read.numbers("I", 2 * count if kind == "ADC" else 0)
        positions = read.numbers("Q", count * frames)
        known += positions
        if kind in _SERIES:
            for number, name in enumerate(names):
                places[name] = list(positions[number * frames : (number + 1) * frames])
    # A frame that lacks the channel has 0, or all bits set, for its place.
    places = {name: [spot for spot in spots if 0 < spot < size] for name, spots in places.items()}
    edges = dict(pairwise(sorted({offset for offset in known if 0 < offset < size})))
    first = min((offset for spots in places.values() for offset in spots), default=table)
    common = [(0, first), (table, size - _END)]
    common += [(offset, edges[offset]) for offset in frame_parts if offset >= first]
    spans = {name: [(spot, edges[spot]) for spot in spots] for name, spots in places.items() if spots}
    return Layout(file, order, size, common, spans)

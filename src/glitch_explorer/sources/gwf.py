"""GWF files: their checksums, and the parts of one that some channels need.

LALFrame reads 16 KiB beyond every channel and checks nothing, and can crash the process on
a block of zeros. Here each structure that is wanted is read once, held against its own checksum,
and laid at its place in a file in memory, which LALFrame then decodes. Layout and checksums are
those of frame format version 8 (LIGO-T970130).
"""

import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

_MAGIC, _VERSION = b"IGWD\0", 8
#: Bytes of the file's header, of a structure's (length, checksum type, class, instance), and of the
#: structure that ends a file.
_FILE_HEADER, _HEADER, _END = 40, 14, 46
#: A count in the table of contents that the writer did not know; nothing follows it.
_UNKNOWN = 0xFFFFFFFF
#: A larger file whose structures have no checksums is held against its length only.
_CHECKED_BYTES = 1 << 28
_CHUNK_BYTES = 1 << 22
#: What is laid in memory at a time.
_GROUP_BYTES = 1 << 26
#: Every byte with its bits in reverse order.
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class DamagedFile(Exception):  # noqa: N818 - a reason why there are no data, no error of the program
    """The file, or the part of it that was asked for, is not what was written."""


class UncheckedFile(Exception):  # noqa: N818 - as above
    """The file is another version's or format's, or has no contents or checksums: take or check it whole."""


def posix_checksum(chunks: Iterable[bytes]) -> int:
    """Give the checksum of POSIX `cksum`, which frame files use.

    It is CRC-32 with the most significant bit first, zlib's the other way round:
    bits are reversed on the way in and out.
    """
    register, length = 0xFFFFFFFF, 0
    for chunk in chunks:
        register, length = zlib.crc32(chunk.translate(_REVERSED), register), length + len(chunk)
    tail = length.to_bytes((length.bit_length() + 7) // 8, "little")
    return int(f"{zlib.crc32(tail.translate(_REVERSED), register):032b}"[::-1], 2)


@dataclass(frozen=True)
class Layout:
    """Where the parts of an open file lie.

    Attributes
    ----------
    file
        Its descriptor.
    order
        Byte order as `struct` writes it.
    size
        Bytes of the file.
    common
        Spans (start, end) that every reading needs: what is before the channels, and the
        table of contents.
    channels
        Spans of each channel, one a frame.
    """

    file: int
    order: str
    size: int
    common: list[tuple[int, int]]
    channels: dict[str, list[tuple[int, int]]]


def layout(file: int) -> Layout:
    """Read where a version 8 file's parts lie.

    Raises
    ------
    DamagedFile
        When the file is shorter than it says, or its table of contents is damaged.
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
    contents = _checked(file, size - back, size - _END, order)
    try:
        return _laid_out(contents, file, order, size, size - back)
    except (struct.error, UnicodeDecodeError):
        # As it was written, and yet nothing that is understood here: LALFrame may.
        raise UncheckedFile from None


def _ending(file: int, head: bytes, order: str) -> tuple[int, int]:
    """Read the file's length, held against what it says, and how far before it the contents begin."""
    size = os.fstat(file).st_size
    end = os.pread(file, _END, max(0, size - _END))
    said, back = struct.unpack_from(order + "QQ", end, _HEADER + 4) if len(end) == _END else (-1, 0)
    if said != size:
        raise DamagedFile("its length is not what its end says")
    of_header, own = struct.unpack_from(order + "II", end, _END - 12)
    if end[8] == 1 and own != posix_checksum([end[:-8]]):
        raise DamagedFile("its end has another checksum")
    if head[39] == 1 and of_header != posix_checksum([head]):
        raise DamagedFile("its header has another checksum")
    return size, back


def check_whole(file: int) -> None:
    """Hold a version 8 file against its length, and up to 256 MiB against its checksum where it has one.

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
    chunks = (os.pread(file, min(_CHUNK_BYTES, size - 4 - at), at) for at in range(0, size - 4, _CHUNK_BYTES))
    if posix_checksum(chunks) != stored:
        raise DamagedFile("its checksum is another")


def groups(found: Layout, channels: Sequence[str]) -> Iterator[list[str]]:
    """Divide channels into groups of at most 64 MiB in the file, or one channel."""
    group: list[str] = []
    held = 0
    for channel in channels:
        size = sum(end - start for start, end in found.channels.get(channel, []))
        if group and held + size > _GROUP_BYTES:
            yield group
            group, held = [], 0
        group.append(channel)
        held += size
    if group:
        yield group


@contextmanager
def excerpt(found: Layout, channels: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Lay the parts that channels need into a file in memory, each at its place.

    Yields its path, and of the channels whose parts are damaged, and not in it, what is wrong.

    Raises
    ------
    DamagedFile
        When a part that every channel needs is damaged.
    UncheckedFile
        When a part has no checksum.
    """
    memory = os.memfd_create("frame")
    try:
        os.ftruncate(memory, found.size)
        for start, end in found.common:
            os.pwrite(memory, _checked(found.file, start, end, found.order), start)
        os.pwrite(memory, os.pread(found.file, _END, found.size - _END), found.size - _END)
        damaged = {}
        for channel in channels:
            spans = found.channels.get(channel, [])
            try:
                parts = [(_checked(found.file, start, end, found.order), start) for start, end in spans]
            except DamagedFile as problem:
                damaged[channel] = str(problem)
                continue
            for part, start in parts:
                os.pwrite(memory, part, start)
        yield f"/proc/self/fd/{memory}", damaged
    finally:
        os.close(memory)


def _checked(file: int, start: int, end: int, order: str) -> bytes:
    """Read a span of whole structures, each held against its checksum."""
    content = os.pread(file, end - start, start)
    at = _FILE_HEADER if start == 0 else 0
    while at < end - start:
        try:
            length, kind = struct.unpack_from(order + "QB", content, at)
            (stored,) = struct.unpack_from(order + "I", content, at + length - 4)
        except struct.error:
            raise DamagedFile("a structure ends outside its place") from None
        if length < _HEADER + 4:
            raise DamagedFile("a structure has no length")
        if kind != 1:
            raise UncheckedFile
        if posix_checksum([content[at : at + length - 4]]) != stored:
            raise DamagedFile("a structure's checksum is another")
        at += length
    return content


class _Reader:
    """Takes numbers and words from a structure, one after the other."""

    def __init__(self, content: bytes, order: str) -> None:
        self._content, self._order, self._at = content, order, _HEADER

    def numbers(self, kind: str, count: int) -> tuple[int, ...]:
        form = f"{self._order}{count}{kind}"
        found = struct.unpack_from(form, self._content, self._at)
        self._at += struct.calcsize(form)
        return found

    def count(self) -> int:
        (found,) = self.numbers("I", 1)
        return 0 if found == _UNKNOWN else found

    def words(self, count: int) -> list[str]:
        found = []
        for _ in range(count):
            (length,) = self.numbers("H", 1)
            found.append(self._content[self._at : self._at + length].rstrip(b"\0").decode())
            self._at += length
        return found


def _laid_out(contents: bytes, file: int, order: str, size: int, table: int) -> Layout:
    """Understand the table of contents, which begins at `table`."""
    read = _Reader(contents, order)
    read.numbers("h", 1)
    frames = read.count()
    for kind in "IIIdiI":  # data quality, times, lengths, runs, frames
        read.numbers(kind, frames)
    heads = read.numbers("Q", frames)
    read.numbers("Q", 4 * frames)
    kinds = read.count()
    read.numbers("H", kinds)
    read.words(kinds)
    detectors = read.count()
    read.words(detectors)
    own = [*heads, *read.numbers("Q", detectors)]
    known = [*own, table]
    static = read.count()
    read.words(2 * static)
    read.numbers("I", static)
    instances = read.count()
    read.numbers("I", 3 * instances)
    known += read.numbers("Q", instances)
    places: dict[str, list[int]] = {}
    for numbered in (2, 0, 0, 0, 0):  # ADC, processed, simulated, serial, summary
        count = read.count()
        names = read.words(count)
        read.numbers("I", numbered * count)
        positions = read.numbers("Q", count * frames)
        known += positions
        for number, name in enumerate(names):
            places[name] = list(positions[number * frames : (number + 1) * frames])
    edges = dict(pairwise(sorted({at for at in known if at})))
    first = min((at for spots in places.values() for at in spots if at), default=table)
    common = [(0, first), (table, size - _END)]
    common += [(at, edges[at]) for at in own if at >= first]
    spans = {name: [(at, edges[at]) for at in spots if at] for name, spots in places.items()}
    return Layout(file, order, size, common, spans)

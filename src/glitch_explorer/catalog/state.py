# Paths stay as the config writes them, and os.scandir asks the disk once a folder:
# ruff: noqa: PTH116, PTH112, PTH118
"""What lies below the source paths, and a digest of it that notices changes.

Light on purpose: a workflow asks for the digest each time it is parsed.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from glitch_explorer.core.errors import UserError

#: Folders that archivers and operating systems leave beside the data.
_IGNORED = {"__MACOSX", "__pycache__"}


class Found(NamedTuple):
    """A file below a source path: path relative to it (empty for itself), size, change time."""

    rest: str
    size: int
    mtime_ns: int


def join(path: str, rest: str) -> str:
    """Give the path of what was found at `rest` below the source `path`."""
    return os.path.join(path, rest) if rest else path


def find_files(path: str) -> Iterator[Found]:
    """List the files below `path` in sorted order, hidden ones left out.

    Linked folders are followed, each folder once.

    Raises
    ------
    UserError
        When nothing is at `path`.
    """
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError) as problem:
        raise UserError(f"source {path!r} does not exist: correct source.paths in the config") from problem
    if not os.path.isdir(path):
        yield Found("", status.st_size, status.st_mtime_ns)
        return
    yield from _below(path, "", {(status.st_dev, status.st_ino)})


def _below(root: str, rest: str, seen: set[tuple[int, int]]) -> Iterator[Found]:
    with os.scandir(os.path.join(root, rest)) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.name.startswith(".") or entry.name in _IGNORED:
            continue
        inside = f"{rest}/{entry.name}" if rest else entry.name
        try:
            status = entry.stat()
        except FileNotFoundError:  # a link to nothing: listed, and set aside when it is opened
            yield Found(inside, 0, 0)
            continue
        if not entry.is_dir():
            yield Found(inside, status.st_size, status.st_mtime_ns)
            continue
        place = (status.st_dev, status.st_ino)
        if place not in seen:
            seen.add(place)
            yield from _below(root, inside, seen)


def source_state(paths: Iterable[str]) -> str:
    """Give a digest of the relative path, size and change time of every file below `paths`.

    Raises
    ------
    UserError
        When a path does not exist.
    """
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        digest.update(b"\0source\0")
        for found in find_files(path):
            digest.update(
                f"{found.rest}\0{found.size}\0{found.mtime_ns}\n".encode("utf-8", "surrogateescape")
            )
    return digest.hexdigest()

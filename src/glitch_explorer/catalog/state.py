# Paths stay as the config writes them, and os.scandir asks the disk once a folder:
# ruff: noqa: PTH116, PTH112, PTH118
"""The files below the source paths, and a digest that changes with them.

Fast on purpose: the digest is computed each time the workflow is parsed.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from glitch_explorer.core.errors import UserError

#: Folders that archivers and operating systems leave behind.
_IGNORED = {"__MACOSX", "__pycache__"}


class File(NamedTuple):
    """A file below a source path: its path relative to that (empty for itself), size and change time."""

    relative: str
    size: int
    mtime_ns: int


def join(path: str, relative: str) -> str:
    """Return the path of the file `relative` below the source `path`."""
    return os.path.join(path, relative) if relative else path


def find_files(path: str) -> Iterator[File]:
    """Yield the files below `path` in sorted order, without hidden ones.

    Links to folders are followed, each folder once.

    Raises
    ------
    UserError
        When `path` does not exist.
    """
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError) as problem:
        raise UserError(f"source {path!r} does not exist: correct source.paths in the config") from problem
    if not os.path.isdir(path):
        yield File("", status.st_size, status.st_mtime_ns)
        return
    yield from _below(path, "", {(status.st_dev, status.st_ino)})


def _below(root: str, relative: str, seen: set[tuple[int, int]]) -> Iterator[File]:
    with os.scandir(os.path.join(root, relative)) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        if entry.name.startswith(".") or entry.name in _IGNORED:
            continue
        inside = f"{relative}/{entry.name}" if relative else entry.name
        try:
            status = entry.stat()
        except FileNotFoundError:  # a dangling link is quarantined when it is opened
            yield File(inside, 0, 0)
            continue
        if not entry.is_dir():
            yield File(inside, status.st_size, status.st_mtime_ns)
            continue
        folder = (status.st_dev, status.st_ino)
        if folder not in seen:
            seen.add(folder)
            yield from _below(root, inside, seen)


def source_state(paths: Iterable[str]) -> str:
    """Return a digest of the relative path, size and change time of every file below `paths`.

    Raises
    ------
    UserError
        When a path does not exist.
    """
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        digest.update(b"\0source\0")
        for file in find_files(path):
            text = f"{file.relative}\0{file.size}\0{file.mtime_ns}\n"
            digest.update(text.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()

"""Write files atomically (complete or not at all), and read arrays."""

import hashlib
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from glitch_explorer.core.errors import UserError

#: Names of temporary files and folders: a dot, the name, the process's id, the ending.
_UNFINISHED = re.compile(r"\..+\.\d+(\.\w+)?")


@contextmanager
def named(path: str | Path) -> Iterator[None]:
    """Add `path` to errors of writing, which do not name the file."""
    try:
        yield
    except OSError as problem:
        if problem.filename is None:
            problem.filename = str(path)
        raise


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that is renamed to it on success.

    The temporary name has this process's id, because an orphan of a killed run may
    still be writing.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}{path.suffix}")
    try:
        with named(path):
            yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path` that replaces it on success.

    An old folder is renamed and removed afterwards, so that a killed process leaves no half of it at `path`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    # A killed process may have had the same id.
    shutil.rmtree(temporary, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    temporary.mkdir()
    try:
        with named(path):
            yield temporary
        if path.exists():
            path.replace(old)
        temporary.replace(path)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_unfinished(folder: str | Path) -> None:
    """Remove the temporary files and folders that killed processes left below `folder`.

    Call this only when no other process writes there: such a process would fail.
    """
    for parent, folders, names in os.walk(folder):
        for name in filter(_UNFINISHED.fullmatch, names):
            Path(parent, name).unlink(missing_ok=True)
        for name in filter(_UNFINISHED.fullmatch, folders):
            shutil.rmtree(Path(parent, name), ignore_errors=True)
        folders[:] = [name for name in folders if not _UNFINISHED.fullmatch(name)]


def write_bytes(path: str | Path, content: bytes, *, keep_same: bool = False) -> None:
    """Write `content` to `path` atomically.

    With `keep_same` a file that already has these bytes is not written again: its
    modification time stays, so that nothing that depends on it is computed again.
    """
    path = Path(path)
    if keep_same and path.exists() and path.read_bytes() == content:
        return
    with whole(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 `text` to `path` atomically."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as sorted, indented JSON."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n")


def write_array(path: str | Path, array: np.ndarray) -> None:
    """Write `array` as a `.npy` file without pickle."""
    with whole(path) as temporary, temporary.open("wb") as stream:
        # To a file object numpy writes in C, and its error does not say why the write failed. For any other
        # object it calls `write`, whose OSError does.
        plain = SimpleNamespace(write=stream.write)
        np.lib.format.write_array(plain, np.asanyarray(array), allow_pickle=False)


def write_parts(path: str | Path, parts: Iterable[np.ndarray]) -> None:
    """Concatenate one or more arrays along the first axis into one `.npy` file.

    They must have the same dtype, and the same shape apart from the first axis. Only one of them is in memory
    at a time.
    """
    with whole(path) as temporary, temporary.open("wb") as stream:
        n = 0
        for number, part in enumerate(parts):
            if number == 0:
                header = np.lib.format.header_data_from_array_1_0(part)
                np.lib.format.write_array_header_1_0(stream, header)
            stream.write(np.ascontiguousarray(part).data)
            n += len(part)
        # The header has room for any number of rows, so its length stays.
        stream.seek(0)
        np.lib.format.write_array_header_1_0(stream, header | {"shape": (n, *part.shape[1:])})


def write_arrays(path: str | Path, arrays: dict[str, np.ndarray]) -> None:
    """Write named arrays as an uncompressed `.npz` file without pickle."""
    with whole(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's content in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Read the arrays of a `.npz` file, refusing pickles.

    Raises
    ------
    UserError
        When the file is damaged.
    """
    with _undamaged(path), np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def read_array(path: str | Path) -> np.ndarray:
    """Open a `.npy` file memory-mapped and read-only, refusing pickles.

    Raises
    ------
    UserError
        When the file is damaged.
    """
    with _undamaged(path):
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
        return array


@contextmanager
def _undamaged(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, EOFError, zipfile.BadZipFile) as problem:
        raise UserError(
            f"{path} is damaged, or not a file of arrays ({problem}): delete it and run again"
        ) from problem

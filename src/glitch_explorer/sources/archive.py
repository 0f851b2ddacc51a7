"""Unpacking of archives: files are written only inside the folder, up to a size limit."""

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from glitch_explorer.core import files
from glitch_explorer.core.errors import UserError

#: File name endings of archives; the compound ones before `.tar`.
ARCHIVES = (".tar.gz", ".tar.xz", ".tar.bz2", ".tgz", ".tar", ".zip")
#: File in an unpacked folder with the hash of its archive.
MARKER = ".unpacked"
#: Limits of the unpacked size: bytes, multiple of the archive's size, and bytes that are always allowed.
_LARGEST_BYTES, _LARGEST_RATIO, _SMALL_BYTES = 200 * 10**9, 100.0, 1 << 20
_CHUNK_BYTES = 1 << 20
#: Flag of an encrypted member of a zip file.
_ENCRYPTED = 1
#: What tarfile, zipfile and their decompressors raise for a damaged or unknown archive.
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
)


def is_archive(path: str | Path) -> bool:
    """Return whether the file's name is that of an archive."""
    return Path(path).name.endswith(ARCHIVES)


def unpack_once(archive: str | Path) -> Path:
    """Unpack `archive` into the folder beside it that has its name without ending.

    It is not unpacked again if the marker in that folder has the archive's hash.
    """
    archive = Path(archive)
    ending = next(ending for ending in ARCHIVES if archive.name.endswith(ending))
    folder = archive.with_name(archive.name.removesuffix(ending))
    digest = files.sha256(archive)
    marker = folder / MARKER
    if not marker.exists() or marker.read_text(encoding="utf-8").strip() != digest:
        unpack(archive, folder)
        marker.write_text(digest + "\n", encoding="utf-8")
    return folder


def unpack(archive: str | Path, folder: str | Path) -> Path:
    """Unpack a tar or zip file into `folder`, which appears whole and replaces an older one.

    Only plain files and folders are accepted: a link could make a later file be written outside the folder.

    Raises
    ------
    UserError
        When a file would be written outside the folder, an entry is neither a plain file nor a folder, the
        archive is damaged, or it unpacks to more than 100 times its size (1 MiB is always allowed) or 200 GB.
    """
    archive, folder = Path(archive), Path(folder)
    budget = min(_LARGEST_BYTES, max(_LARGEST_RATIO * archive.stat().st_size, _SMALL_BYTES))
    members = _zip_members if archive.name.endswith(".zip") else _tar_members
    try:
        with files.whole_folder(folder) as temporary:
            for name, content in members(archive):
                target = temporary / _checked(archive, name)
                if content is not None:
                    budget = _extract(archive, target, content, budget)
    except _DAMAGED as problem:
        raise UserError(
            f"{archive} cannot be unpacked: {problem}; download it again, or unpack it yourself if its "
            "format is not supported"
        ) from problem
    return folder


def _checked(archive: Path, name: str) -> PurePosixPath:
    """Return the path of an entry of the archive.

    Raises
    ------
    UserError
        When the entry would be written outside the folder.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1]):
        raise UserError(f"{archive}: {name!r} would be written outside the folder; nothing was unpacked")
    return path


def _extract(archive: Path, target: Path, content: IO[bytes], budget: float) -> float:
    """Write one file and return the remaining budget in bytes.

    Bytes are counted, because sizes in headers can be wrong.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as stream:
        while chunk := content.read(_CHUNK_BYTES):
            budget -= len(chunk)
            if budget < 0:
                raise UserError(
                    f"{archive} unpacks to more than 100 times its size or 200 GB; nothing was unpacked. "
                    "If it is no decompression bomb, unpack it yourself"
                )
            stream.write(chunk)
    return budget


def _tar_members(archive: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Yield the name and content of each entry; a folder has no content."""
    with tarfile.open(archive, "r|*") as tar:
        for member in tar:
            if not (member.isdir() or member.isreg()) or member.issparse():
                raise _refused(archive, member.name)
            yield member.name, tar.extractfile(member)


def _zip_members(archive: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Yield the name and content of each entry; a folder has no content."""
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            if member.is_dir():
                yield member.filename, None
                continue
            if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
                raise _refused(archive, member.filename)
            if member.flag_bits & _ENCRYPTED:
                raise UserError(f"{archive}: member {member.filename!r} is encrypted; nothing was unpacked")
            with file.open(member) as content:
                yield member.filename, content


def _refused(archive: Path, name: str) -> UserError:
    return UserError(
        f"{archive}: {name!r} is not a plain file or folder (link, device or sparse file); nothing was "
        "unpacked. Unpack the archive yourself"
    )

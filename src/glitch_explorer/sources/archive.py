"""Unpacking of archives: nothing leaves the folder, and no decompression bomb fills the disk."""

import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

import pooch

from glitch_explorer.core import files
from glitch_explorer.core.errors import UserError

#: Endings of what can be unpacked, longest first.
ARCHIVES = (".tar.gz", ".tar.xz", ".tar.bz2", ".tgz", ".tar", ".zip")
#: File in an unpacked folder with the hash of its archive.
MARKER = ".unpacked"
#: Largest size of the unpacked files: in bytes, and as a multiple of the archive's size (above 1 MiB).
_LARGEST_BYTES, _LARGEST_RATIO, _SMALL_BYTES = 200 * 10**9, 100.0, 1 << 20
_CHUNK_BYTES = 1 << 20


def is_archive(path: str | Path) -> bool:
    """Return whether the file is an archive, by its name."""
    return Path(path).name.endswith(ARCHIVES)


def unpack_once(archive: str | Path) -> Path:
    """Unpack `archive` beside itself, into a folder of its name, unless that is done."""
    archive = Path(archive)
    ending = next(ending for ending in ARCHIVES if archive.name.endswith(ending))
    folder = archive.with_name(archive.name.removesuffix(ending))
    digest = pooch.file_hash(str(archive), alg="sha256")
    marker = folder / MARKER
    if not marker.exists() or marker.read_text(encoding="utf-8").strip() != digest:
        unpack(archive, folder)
        marker.write_text(digest + "\n", encoding="utf-8")
    return folder


def unpack(archive: str | Path, folder: str | Path) -> Path:
    """Unpack a tar or zip file into `folder`, which appears whole and replaces an older one.

    All links and devices are refused: pictures and tables need none, and a link
    is how a member gets out of the folder.

    Raises
    ------
    UserError
        When a member would leave the folder or is a link or device, the archive
        is damaged, or it unpacks to more than 100 times its size.
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
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, NotImplementedError) as problem:
        raise UserError(f"{archive} cannot be unpacked: {problem}; download it again") from problem
    return folder


def _checked(archive: Path, name: str) -> PurePosixPath:
    """Return the path of a member, or refuse one that leaves the folder."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1]):
        raise UserError(f"{archive}: member {name!r} would leave the folder; nothing was unpacked")
    return path


def _extract(archive: Path, target: Path, content: IO[bytes], budget: float) -> float:
    """Write one member and return what is left of the budget: sizes in headers are not believed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as stream:
        while chunk := content.read(_CHUNK_BYTES):
            budget -= len(chunk)
            if budget < 0:
                raise UserError(
                    f"{archive} unpacks to far more than its size (a decompression bomb): "
                    "nothing was unpacked"
                )
            stream.write(chunk)
    return budget


def _tar_members(archive: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Yield name and content of each member; a folder has no content."""
    with tarfile.open(archive, "r|*") as tar:
        for member in tar:
            if not (member.isdir() or member.isreg()) or member.issparse():
                raise _refused(archive, member.name)
            yield member.name, tar.extractfile(member)


def _zip_members(archive: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Yield name and content of each member; a folder has no content."""
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            if member.is_dir():
                yield member.filename, None
                continue
            if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
                raise _refused(archive, member.filename)
            with file.open(member) as content:
                yield member.filename, content


def _refused(archive: Path, name: str) -> UserError:
    return UserError(f"{archive}: member {name!r} is a link or device; nothing was unpacked")

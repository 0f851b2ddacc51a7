"""Archives unpacked so that nothing leaves the folder and no bomb fills the disk."""

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
#: Marks an unpacked folder with the hash of its archive.
MARKER = ".unpacked"
#: Below this many bytes a high ratio harms nobody.
_HARMLESS_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 20


def is_archive(path: str | Path) -> bool:
    """Tell by its name whether the file is an archive."""
    return Path(path).name.endswith(ARCHIVES)


def unpack_once(archive: str | Path) -> Path:
    """Unpack `archive` beside itself, into a folder of its name, unless that is done."""
    archive = Path(archive)
    ending = next(ending for ending in ARCHIVES if archive.name.endswith(ending))
    folder = archive.with_name(archive.name.removesuffix(ending))
    digest = pooch.file_hash(str(archive), alg="sha256")
    marker = folder / MARKER
    if marker.exists() and marker.read_text(encoding="utf-8").strip() == digest:
        return folder
    unpack(archive, folder)
    marker.write_text(digest + "\n", encoding="utf-8")
    return folder


def unpack(
    archive: str | Path, folder: str | Path, *, max_bytes: int = 200 * 10**9, max_ratio: float = 100.0
) -> Path:
    """Unpack a tar or zip file into `folder`, which appears whole and replaces an older one.

    Links and devices are refused, also those that stay inside: what we unpack
    are pictures and tables, and links are how archives get out of folders.

    Parameters
    ----------
    archive, folder
        From where to where.
    max_bytes
        Largest sum of the unpacked files.
    max_ratio
        Largest ratio of that sum to the archive's size (above the first MiB).

    Raises
    ------
    UserError
        When a member would leave the folder or is a link or device, the archive
        is broken, or it is a bomb.
    """
    archive, folder = Path(archive), Path(folder)
    budget = min(max_bytes, max(max_ratio * archive.stat().st_size, _HARMLESS_BYTES))
    try:
        with files.whole_folder(folder) as beside:
            members = _zip_members(archive) if archive.name.endswith(".zip") else _tar_members(archive)
            for name, content in members:
                budget = _extract(archive, beside / _inside(archive, name), content, budget)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, NotImplementedError) as problem:
        raise UserError(f"{archive} cannot be unpacked: {problem}; download it again") from problem
    return folder


def _inside(archive: Path, name: str) -> PurePosixPath:
    """Give the member's path, or refuse one that leaves the folder."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise UserError(f"{archive}: member {name!r} would leave the folder; nothing was unpacked")
    return path


def _extract(archive: Path, target: Path, content: IO[bytes], budget: float) -> float:
    """Write one member, counting what really comes out, and give what is left of the budget."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as stream:
        while chunk := content.read(_CHUNK_BYTES):
            budget -= len(chunk)
            if budget < 0:
                raise UserError(
                    f"{archive} unpacks to far more than its size, like a bomb: nothing was unpacked"
                )
            stream.write(chunk)
    return budget


def _tar_members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with tarfile.open(archive, "r|*") as tar:
        for member in tar:
            if member.isdir():
                _inside(archive, member.name)
                continue
            content = tar.extractfile(member) if member.isfile() and not member.issparse() else None
            if content is None:
                raise UserError(
                    f"{archive}: member {member.name!r} is a link or device; nothing was unpacked"
                )
            yield member.name, content


def _zip_members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(archive) as box:
        for member in box.infolist():
            if member.is_dir():
                _inside(archive, member.filename)
                continue
            if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
                raise UserError(
                    f"{archive}: member {member.filename!r} is a link or device; nothing was unpacked"
                )
            with box.open(member) as content:
                yield member.filename, content

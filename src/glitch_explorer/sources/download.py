"""Downloads that survive a broken line, and records of Zenodo."""

import contextlib
import difflib
import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import pooch
import requests
from tqdm import tqdm

from glitch_explorer.core import files as whole_files
from glitch_explorer.core.errors import UserError
from glitch_explorer.sources.archive import is_archive, unpack_once
from glitch_explorer.sources.retry import Transient, check_status, insist

_CHUNK_BYTES = 1 << 17
#: Shortest hash prefix that is taken for a check (file names of weights carry 8 digits).
_SHORTEST_PREFIX = 8


def matches(path: str | Path, digest: str) -> bool:
    """Tell whether the file has the hash `digest`, `algorithm:hex` (a prefix of 8 digits or more)."""
    algorithm, _, value = digest.partition(":")
    if len(value) < _SHORTEST_PREFIX:
        raise UserError(f"{digest!r} is no checksum: give it as md5:… or sha256:…, at least 8 digits")
    found: str = pooch.file_hash(str(path), alg=algorithm)
    return found.startswith(value.lower())


def fetch(
    url: str,
    destination: str | Path,
    *,
    digest: str | None = None,
    retries: int = 5,
    timeout_s: float = 60.0,
    pause_s: float = 1.0,
) -> Path:
    """Download `url` to `destination`, whole or not at all.

    A broken download continues where it stopped, in this call or a later one,
    from `<name>.part`; where the server changed the file or knows no ranges, it
    starts again. Proxies are taken from the environment.

    Parameters
    ----------
    url, destination
        From where to where. A file already there that has the right hash (or
        any, where `digest` is None) is not fetched again.
    digest
        Expected hash as `algorithm:hex`, e.g. ``md5:9a…``; a prefix of at least
        8 digits will do.
    retries
        Failures in a row, without a byte gained, that are put up with.
    timeout_s
        Longest silence of the server in seconds.
    pause_s
        Seconds before the first retry; doubles each time.

    Raises
    ------
    UserError
        When there is no such file, a web page comes in its place, the hash is
        wrong twice, the disk is full, or another process fetches the same file.
    SourceFault
        When the server stays away.
    """
    destination = Path(destination)
    if destination.exists() and (digest is None or matches(destination, digest)):
        return destination
    destination.parent.mkdir(parents=True, exist_ok=True)
    part = destination.with_name(destination.name + ".part")
    with part.open("ab", buffering=0) as stream, _alone(stream, part):
        job = _Job(url, destination, part, stream, digest, timeout_s)
        for _ in range(2):
            insist(job.advance, what=url, retries=retries, pause_s=pause_s, progress=job.size)
            if digest is None or matches(part, digest):
                part.replace(destination)
                job.note.unlink(missing_ok=True)
                return destination
            stream.truncate(0)
        part.unlink()
        job.note.unlink(missing_ok=True)
    raise UserError(
        f"{url}: what was downloaded, twice, does not have the hash {digest}; "
        "the file was changed at its source or on the way"
    )


@contextlib.contextmanager
def _alone(stream: BinaryIO, part: Path) -> Iterator[None]:
    """Hold a lock on the unfinished file: two writers would spoil it."""
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(f"{part} is being written by another process; wait for it or stop it") from None
    yield


@dataclass
class _Job:
    """One file on its way into `part`; `note` holds the server's mark of its version."""

    url: str
    destination: Path
    part: Path
    stream: BinaryIO
    digest: str | None
    timeout_s: float

    @property
    def note(self) -> Path:
        return self.part.with_name(self.part.name + ".version")

    def size(self) -> int:
        return self.stream.seek(0, os.SEEK_END)

    def advance(self) -> None:
        """Fetch what is missing, or raise `Transient` with what came kept."""
        have = self.size()
        version = self.note.read_text(encoding="utf-8") if self.note.exists() else ""
        if have and not (version or self.digest):
            have = self._restart()  # nothing could tell an old half from a new one
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
            if version:
                headers["If-Range"] = version
        with requests.get(self.url, headers=headers, stream=True, timeout=self.timeout_s) as response:
            span = _content_range(response)
            if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                if span.total == have:
                    return
                self._restart()
                raise Transient("the unfinished file is longer than the file; starting again")
            check_status(response, self.url)
            if response.status_code == HTTPStatus.PARTIAL_CONTENT:
                if span.start != have:
                    self._restart()
                    raise Transient("the server sent another part than was asked for; starting again")
                total = span.total
            else:
                have, total = self._restart(), _content_length(response)
                self._accept(response)
            self._receive(response, have, total)

    def _restart(self) -> int:
        self.stream.truncate(0)
        self.note.unlink(missing_ok=True)
        return 0

    def _accept(self, response: requests.Response) -> None:
        """Refuse a web page in place of a file, and note the version of the file."""
        kind = response.headers.get("Content-Type", "").lower()
        if kind.startswith("text/html") and self.destination.suffix not in (".html", ".htm"):
            raise UserError(
                f"{self.url} gave a web page in place of {self.destination.name}; "
                "open the address in a browser: a login, a proxy's page or a wrong name"
            )
        version = response.headers.get("ETag", "")
        # A weak ETag does not promise the same bytes, and If-Range may not carry it.
        version = response.headers.get("Last-Modified", "") if version.startswith("W/") else version
        if version:
            self.note.write_text(version, encoding="utf-8")

    def _receive(self, response: requests.Response, have: int, total: int | None) -> None:
        if total is not None and total - have > shutil.disk_usage(self.part.parent).free:
            raise self._full(f"{(total - have) / 1e6:.0f} MB are still to come")
        try:
            with tqdm(
                total=total,
                initial=have,
                unit="B",
                unit_scale=True,
                mininterval=1.0,
                desc=self.destination.name,
            ) as bar:
                for chunk in response.iter_content(_CHUNK_BYTES):
                    self._write(chunk)
                    bar.update(len(chunk))
        except OSError as problem:
            if problem.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise self._full(str(problem.strerror)) from problem
        if total is not None and self.size() != total:
            raise Transient(f"broken off at {self.size()} of {total} bytes")

    def _write(self, chunk: bytes) -> None:
        """Write without a buffer, which would lose what came when the process dies."""
        rest = memoryview(chunk)
        while rest:
            rest = rest[self.stream.write(rest) :]

    def _full(self, why: str) -> UserError:
        return UserError(
            f"the disk of {self.part.parent} is full ({why}); {self.part.name} is kept: "
            "free some space and run again, the download continues"
        )


@dataclass(frozen=True)
class _Span:
    start: int | None
    total: int | None


def _content_range(response: requests.Response) -> _Span:
    """Read `bytes 5-9/10` or `bytes */10`."""
    found = re.fullmatch(
        r"bytes\s+(?:(\d+)-\d+|\*)/(\d+|\*)", response.headers.get("Content-Range", "").strip()
    )
    if found is None:
        return _Span(None, None)
    start, total = found.groups()
    return _Span(None if start is None else int(start), None if total == "*" else int(total))


def _content_length(response: requests.Response) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def download_record(
    *,
    record: int | str,
    files: Sequence[str] | None,
    folder: str | Path,
    base_url: str = "https://zenodo.org",
    unpack: bool = True,
    retries: int = 5,
    timeout_s: float = 60.0,
    pause_s: float = 1.0,
) -> Path:
    """Fetch a Zenodo record into `folder`, check its hashes and unpack its archives.

    Parameters
    ----------
    record
        Number of the record, e.g. 1476551.
    files
        Names of the files wanted; None takes all.
    folder
        Where they go; an archive is unpacked into a folder of its name.
    base_url
        The service; another InvenioRDM site will do.
    unpack
        Unpack `.tar`, `.tar.gz`, `.tgz` and `.zip`.
    retries, timeout_s, pause_s
        As for `fetch`.

    Returns
    -------
    Path
        `manifest.json` in `folder`: name, size, checksum and unpacked folder of
        each file, by relative paths.

    Raises
    ------
    UserError, SourceFault
        As `fetch`; also where the record does not hold a file.
    """
    folder = Path(folder)
    entries = _record_files(record, base_url, retries=retries, timeout_s=timeout_s, pause_s=pause_s)
    manifest = []
    for name in sorted(entries) if files is None else sorted(set(files)):
        entry = _entry(entries, name, record)
        path = fetch(
            f"{base_url}/records/{record}/files/{quote(name)}?download=1",
            folder / name,
            digest=entry["checksum"],
            retries=retries,
            timeout_s=timeout_s,
            pause_s=pause_s,
        )
        inside = unpack_once(path).name if unpack and is_archive(path) else None
        manifest.append(
            {"name": name, "size": path.stat().st_size, "checksum": entry["checksum"], "unpacked": inside}
        )
    target = folder / "manifest.json"
    whole_files.write_json(target, {"record": str(record), "files": manifest})
    return target


def _record_files(
    record: int | str, base_url: str, *, retries: int, timeout_s: float, pause_s: float
) -> dict[str, dict[str, Any]]:
    """Ask the service what the record holds: entry by name."""
    url = f"{base_url}/api/records/{record}"

    def ask() -> Any:
        response = requests.get(url, headers={"Accept": "application/json"}, timeout=timeout_s)
        check_status(response, url)
        return response

    response = insist(ask, what=f"record {record}", retries=retries, pause_s=pause_s, timeout_s=2 * timeout_s)
    try:
        found = {entry["key"]: entry for entry in response.json()["files"]}
    except (ValueError, KeyError, TypeError) as problem:
        raise UserError(f"{url} is no description of a record: {problem!r}") from problem
    for name in found:
        if Path(name).name != name or name.startswith("."):
            raise UserError(f"record {record} holds a file named {name!r}, which leaves the folder")
    return found


def _entry(entries: dict[str, dict[str, Any]], name: str, record: int | str) -> dict[str, Any]:
    if name in entries:
        return entries[name]
    near = difflib.get_close_matches(name, entries, n=1, cutoff=0.0)
    raise UserError(
        f"record {record} holds no file {name!r}; {'nearest is ' + repr(near[0]) if near else 'it is empty'}"
    )

"""Downloads that continue after a broken connection, and records of Zenodo."""

import difflib
import errno
import fcntl
import logging
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import pooch
import requests
from tqdm import tqdm

from glitch_explorer.core import files as whole_files
from glitch_explorer.core.errors import UserError
from glitch_explorer.sources.archive import is_archive, unpack_once
from glitch_explorer.sources.retry import RetryPolicy, Transient, check_status

_LOG = logging.getLogger(__name__)

_CHUNK_BYTES = 1 << 17
#: Shortest hash prefix that is a check (file names of weights carry 8 digits).
_SHORTEST_PREFIX = 8
#: Retries of downloads, which are long.
DOWNLOADS = RetryPolicy(retries=5)


def matches(path: str | Path, digest: str) -> bool:
    """Return whether the file has the hash `digest`, `algorithm:hex` (a prefix of 8 digits or more)."""
    algorithm, _, value = digest.partition(":")
    if len(value) < _SHORTEST_PREFIX:
        raise UserError(f"{digest!r} is not a checksum: write md5:… or sha256:…, with at least 8 digits")
    hexadecimal: str = pooch.file_hash(str(path), alg=algorithm)
    return hexadecimal.startswith(value.lower())


def fetch(
    url: str, destination: str | Path, *, digest: str | None = None, policy: RetryPolicy = DOWNLOADS
) -> Path:
    """Download `url` to `destination`, whole or not at all.

    A broken download continues where it stopped. With a `digest` a later call continues it too,
    from `<name>.part`; without one nothing shows whether the file has changed since. If the
    server has changed the file or does not support ranges, the download starts again. Proxies
    are those of the environment.

    Parameters
    ----------
    url
        Address of the file.
    destination
        Path of the file. An existing file with the right hash, or any existing file if
        `digest` is None, is not downloaded again.
    digest
        Expected hash as `algorithm:hex`, e.g. ``md5:9a…``; a prefix of at least 8 digits is
        enough.
    policy
        Retries; their count starts again after a try that received bytes.

    Raises
    ------
    UserError
        When the file does not exist, the server sends a web page instead, the hash is
        wrong twice, or another process downloads the same file.
    SourceFault
        When the server fails after all retries.
    OSError
        When the disk is full.
    """
    destination = Path(destination)
    if destination.exists() and (digest is None or matches(destination, digest)):
        return destination
    destination.parent.mkdir(parents=True, exist_ok=True)
    part = destination.with_name(destination.name + ".part")
    with whole_files.named(part), part.open("ab") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"{part} is being written by another process; wait for it or stop it") from None
        if digest is None:
            stream.truncate(0)
        for _ in range(2):
            download = _Download(url, destination.name, stream, digest, policy.timeout_s)
            policy.run(download.advance, what=url, progress=download.size)
            if digest is None or matches(part, digest):
                part.replace(destination)
                return destination
            stream.truncate(0)
        part.unlink()
    raise UserError(
        f"{url}: the file was downloaded twice and does not have the hash {digest}; "
        "it was changed at its source or on the way"
    )


@dataclass
class _Download:
    """One file on its way into `stream`; `version` is the server's mark of its content."""

    url: str
    name: str
    stream: BinaryIO
    digest: str | None
    timeout_s: float
    version: str = ""

    def size(self) -> int:
        return self.stream.seek(0, os.SEEK_END)

    def advance(self) -> None:
        """Download what is missing, or raise `Transient` and keep what came."""
        have = self.size() if self.version or self.digest else 0
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-"}
            headers |= {"If-Range": self.version} if self.version else {}
        with requests.get(self.url, headers=headers, stream=True, timeout=self.timeout_s) as response:
            # `bytes 5-9/10`, or `bytes */10` where the range is beyond the file
            span, _, total = response.headers.get("Content-Range", "").partition("/")
            status = response.status_code
            if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and total == str(have):
                return
            if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or (
                status == HTTPStatus.PARTIAL_CONTENT and not span.startswith(f"bytes {have}-")
            ):
                self.stream.truncate(0)
                raise Transient("the server cannot continue the unfinished file; starting again")
            check_status(response, self.url)
            if status != HTTPStatus.PARTIAL_CONTENT:
                have, total = 0, response.headers.get("Content-Length", "")
                self._start(response)
            self._receive(response, have, int(total) if total.isdigit() else None)

    def _start(self, response: requests.Response) -> None:
        """Refuse a web page in place of the file, and note the file's version."""
        kind = response.headers.get("Content-Type", "").lower()
        if kind.startswith("text/html") and not self.name.endswith((".html", ".htm")):
            raise UserError(
                f"{self.url} sent a web page in place of {self.name}; open the address in a browser: "
                "is it a login, a proxy's page or a wrong name?"
            )
        self.stream.truncate(0)
        self.version = response.headers.get("ETag", "")
        if self.version.startswith("W/"):
            # A weak ETag does not promise the same bytes, and If-Range may not carry it.
            self.version = response.headers.get("Last-Modified", "")

    def _receive(self, response: requests.Response, have: int, total: int | None) -> None:
        if total is not None and total - have > shutil.disk_usage(self.stream.name).free:
            raise OSError(errno.ENOSPC, f"{(total - have) / 1e6:.0f} MB do not fit on the disk")
        with tqdm(
            total=total, initial=have, unit="B", unit_scale=True, mininterval=1.0, desc=self.name
        ) as progress:
            for chunk in response.iter_content(_CHUNK_BYTES):
                self.stream.write(chunk)
                # What is in a buffer is lost when the process is killed.
                self.stream.flush()
                progress.update(len(chunk))
        if total is not None and self.size() != total:
            raise Transient(f"broken off at {self.size()} of {total} bytes")


def download_record(
    *,
    record: int | str,
    files: Sequence[str] | None,
    folder: str | Path,
    base_url: str = "https://zenodo.org",
    unpack: bool = True,
    policy: RetryPolicy = DOWNLOADS,
) -> Path:
    """Download a Zenodo record into `folder`, check its hashes and unpack its archives.

    Parameters
    ----------
    record
        Number of the record, e.g. 1476551.
    files
        Names of the files; None downloads all.
    folder
        Folder for the files; an archive is unpacked into a folder named after it.
    base_url
        The service: Zenodo or another InvenioRDM site.
    unpack
        Unpack the files that are archives by their names (`archive.ARCHIVES`).
    policy
        Retries.

    Returns
    -------
    Path
        `manifest.json` in `folder`: name, size, checksum and unpacked folder of
        each file, by relative paths.

    Raises
    ------
    UserError, SourceFault
        As `fetch`; also where the record does not have a file.
    """
    folder = Path(folder)
    checksums = _checksums(record, base_url, policy)
    manifest = []
    for name in sorted(checksums) if files is None else sorted(set(files)):
        if name not in checksums:
            nearest = difflib.get_close_matches(name, checksums, n=1, cutoff=0.0)
            raise UserError(
                f"record {record} has no file {name!r}; the nearest name is {nearest[0]!r}"
                if nearest
                else f"record {record} is empty"
            )
        url = f"{base_url}/records/{record}/files/{quote(name)}?download=1"
        path = fetch(url, folder / name, digest=checksums[name], policy=policy)
        unpacked = unpack_once(path).name if unpack and is_archive(path) else None
        manifest.append(
            {"name": name, "size": path.stat().st_size, "checksum": checksums[name], "unpacked": unpacked}
        )
    _LOG.info("record %s: %d of %d files are downloaded", record, len(manifest), len(checksums))
    target = folder / "manifest.json"
    whole_files.write_json(target, {"record": str(record), "files": manifest})
    return target


def _checksums(record: int | str, base_url: str, policy: RetryPolicy) -> dict[str, str]:
    """Query the service for the checksum of each file of the record, by name."""
    url = f"{base_url}/api/records/{record}"

    def description() -> dict[str, str]:
        response = requests.get(url, headers={"Accept": "application/json"}, timeout=policy.timeout_s)
        check_status(response, url)
        return {entry["key"]: entry["checksum"] for entry in response.json()["files"]}

    checksums = policy.ask(description, what=f"record {record} at {url}", deadline_s=2 * policy.timeout_s)
    for name in checksums:
        if Path(name).name != name or name.startswith("."):
            raise UserError(f"record {record} has a file named {name!r}, which would leave the folder")
    return checksums

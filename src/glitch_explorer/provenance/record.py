"""The record of a run: from which files, config, code, weights and versions its results came."""

import hashlib
import json
import platform
import re
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from glitch_explorer.catalog.state import find_files
from glitch_explorer.core import files
from glitch_explorer.core.credentials import without_credentials
from glitch_explorer.core.job import SHIPPED

_PACKAGE = "glitch-explorer"


def file_entry(path: str | Path) -> dict[str, Any]:
    """Describe a file by size in bytes and SHA-256."""
    path = Path(path)
    return {"path": path.as_posix(), "bytes": path.stat().st_size, "sha256": files.sha256(path)}


def folder_entry(path: str | Path) -> dict[str, Any]:
    """Describe a folder by the names and sizes of the files below it, which are not read."""
    entries = list(find_files(str(path)))
    listing = "".join(f"{entry.relative}\0{entry.size}\n" for entry in entries)
    digest = hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()
    return {
        "path": Path(path).as_posix(),
        "files": len(entries),
        "bytes": sum(entry.size for entry in entries),
        "listing_sha256": digest,
    }


def package_versions() -> dict[str, str]:
    """Return the version of each installed package that the project depends on."""
    versions = {}
    for requirement in requires(_PACKAGE) or []:
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        try:
            versions[name] = version(name)
        except PackageNotFoundError:  # a stage's environment holds what the stage needs
            continue
    return versions


def commit_of(project: str | Path) -> str | None:
    """Return the commit checked out in `project`, with `-dirty` where files differ; None outside of git."""
    command = ["git", "-C", str(project), "describe", "--always", "--abbrev=40", "--dirty", "--exclude", "*"]
    try:
        output = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        return None
    return output.stdout.strip() if output.returncode == 0 else None


def make_record(
    out: str | Path,
    *,
    config: Mapping[str, Any],
    inputs: Mapping[str, Sequence[str]],
    results: Sequence[str | Path],
    encoder: str | Path | None,
    used: Sequence[str | Path],
    codes: Mapping[str, str],
    lock: str,
    project: str | Path,
) -> None:
    """Write the record of a run.

    Nothing in it depends on the clock or on the place of the run, so that the
    same run gives the same bytes.

    Parameters
    ----------
    out
        The JSON file to write.
    config
        As resolved, defaults filled in.
    inputs
        Files and folders that the config names, by key; those under
        ``resources/`` ship with the project.
    results
        Files to name by hash.
    encoder
        Record of the map's encoder (`embed.record`); None where no map was made.
    used
        What each shard was embedded with, one JSON file per shard.
    codes
        Fingerprint of each rule's code.
    lock
        Hash of the lock of all packages.
    project
        Folder of the project, to ask git for the commit.
    """
    devices = Counter(Path(path).read_text(encoding="utf-8") for path in used)
    record = {
        "config": config,
        "inputs": {key: [_entry(path, Path(project)) for path in paths] for key, paths in inputs.items()},
        "encoder": json.loads(Path(encoder).read_text(encoding="utf-8")) if encoder else None,
        "embedded_on": [json.loads(text) | {"shards": n} for text, n in sorted(devices.items())],
        "software": {
            "name": _PACKAGE,
            "version": version(_PACKAGE),
            "commit": commit_of(project),
            "code": dict(codes),
            "lock": lock,
            "python": platform.python_version(),
            "packages": package_versions(),
        },
        "results": [file_entry(path) for path in sorted(results, key=str)],
    }
    files.write_text(out, without_credentials(json.dumps(record, indent=1, sort_keys=True)) + "\n")


def _entry(path: str, project: Path) -> dict[str, Any]:
    if Path(path).is_dir():
        return folder_entry(path)
    return file_entry(project / path if path.startswith(SHIPPED) else path) | {"path": path}

"""An RO-Crate of the results, made from the record of their run, for sharing.

Its terms are those of Process Run Crate (Leo et al. 2024, doi:10.1371/journal.pone.0309210): the run
is an action with the software as instrument, its inputs as objects and the tables as results.
"""

import json
from pathlib import Path
from typing import Any

from rocrate.model import ContextEntity, Entity
from rocrate.rocrate import ROCrate

from glitch_explorer.core import files

_FORMATS = {
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".csv": "text/csv",
    ".html": "text/html",
}
_FRONT_PAGE = "site/index.html"
_DESCRIPTION = (
    "Glitches of gravitational-wave detectors in families, with audit, witnesses and costs. The record of "
    "the run, provenance.json, has config, inputs and versions in full."
)


def make_crate(record: str | Path, out: str | Path, *, date: str) -> None:
    """Write ``ro-crate-metadata.json``.

    Parameters
    ----------
    record
        The run's record, in the folder to be shared.
    out
        The file to write, in the same folder.
    date
        Day of publication, ISO 8601: the standard asks for it.
    """
    record = Path(record)
    run = json.loads(record.read_text(encoding="utf-8"))
    software = run["software"]
    crate = ROCrate(version="1.1")
    crate.name = "Families of glitches"
    crate.description = _DESCRIPTION
    crate.license = "Not stated: whoever shares these results names one."
    crate.root_dataset["datePublished"] = date
    results = [_add_file(crate, entry, record.parent) for entry in run["results"]]
    for name in (record.name, _FRONT_PAGE):
        if (record.parent / name).is_file():
            crate.add_file(dest_path=name, properties=_format(name))
    inputs = [
        _add_input(crate, f"#{key}-{number}", entry, record.parent)
        for key, entries in run["inputs"].items()
        for number, entry in enumerate(entries)
    ]
    instrument = _add(
        crate,
        "#software",
        "SoftwareApplication",
        name=software["name"],
        version=software["commit"] or software["version"],
        softwareRequirements=[f"{name} {version}" for name, version in sorted(software["packages"].items())],
    )
    action = _add(crate, "#run", "CreateAction", name="Run of the workflow")
    action["instrument"], action["object"], action["result"] = instrument, inputs, results
    crate.root_dataset["mentions"] = action
    files.write_json(out, crate.metadata.generate())


def _add(crate: ROCrate, identifier: str, kind: str, /, **properties: Any) -> Entity:
    """Add an entity that is no file."""
    return crate.add(ContextEntity(crate, identifier, properties={"@type": kind, **properties}))


def _add_file(crate: ROCrate, entry: dict[str, Any], folder: Path) -> Entity:
    """Add a file of the folder by its path there."""
    name = Path(entry["path"]).relative_to(folder).as_posix()
    properties = {"contentSize": str(entry["bytes"]), "sha256": entry["sha256"], **_format(name)}
    return crate.add_file(dest_path=name, properties=properties)


def _add_input(crate: ROCrate, identifier: str, entry: dict[str, Any], folder: Path) -> Entity:
    """Add an input: a file of the folder as such, what lies elsewhere by name and hash."""
    if Path(entry["path"]).is_relative_to(folder) and "sha256" in entry:
        return _add_file(crate, entry, folder)
    digest = entry.get("sha256") or entry["listing_sha256"]
    return _add(crate, identifier, "CreativeWork", name=entry["path"], identifier=f"sha256:{digest}")


def _format(name: str) -> dict[str, str]:
    """Return the media type of a file, where it is one of the project's."""
    suffix = Path(name).suffix
    return {"encodingFormat": _FORMATS[suffix]} if suffix in _FORMATS else {}

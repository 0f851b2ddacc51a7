"""An RO-Crate (1.1) of the results, made from the record of their run, for sharing.

Its terms are those of Process Run Crate (Leo et al. 2024, doi:10.1371/journal.pone.0309210): the run
is an action with the software as instrument, the config's files as objects and the tables as results.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glitch_explorer.core import files

_FORMATS = {
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".csv": "text/csv",
    ".html": "text/html",
}
#: The page to start from.
_FRONT = "site/index.html"

Entity = dict[str, Any]


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
    told = json.loads(record.read_text(encoding="utf-8"))
    parts = [_file(_inside(entry, record.parent), entry) for entry in told["results"]]
    pages = [_FRONT] if (record.parent / _FRONT).is_file() else []
    parts += [{"@id": name, "@type": "File", **_kind(name)} for name in (record.name, *pages)]
    objects = list(_objects(told["inputs"], record.parent))
    known = {part["@id"] for part in parts}
    parts += [entity for entity in objects if entity["@type"] == "File" and entity["@id"] not in known]
    software = told["software"]
    graph = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": "Families of glitches",
            "description": "Glitches of gravitational-wave detectors in families, with audit, witnesses and "
            "costs. The record of the run, provenance.json, has config, inputs and versions in full.",
            "datePublished": date,
            "license": "Not stated: whoever shares these results names one.",
            "hasPart": [{"@id": part["@id"]} for part in parts],
            "mentions": {"@id": "#run"},
        },
        {
            "@id": "#software",
            "@type": "SoftwareApplication",
            "name": software["name"],
            "version": software["version"] if software["commit"] is None else software["commit"],
            "softwareRequirements": [f"{name} {one}" for name, one in sorted(software["packages"].items())],
        },
        {
            "@id": "#run",
            "@type": "CreateAction",
            "name": "Run of the workflow",
            "instrument": {"@id": "#software"},
            "object": [{"@id": entity["@id"]} for entity in objects],
            "result": [{"@id": _inside(entry, record.parent)} for entry in told["results"]],
        },
        *parts,
        *(entity for entity in objects if entity["@type"] != "File"),
    ]
    files.write_json(out, {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph})


def _inside(entry: Entity, folder: Path) -> str:
    """Give a result's path as it is in the folder."""
    return Path(entry["path"]).relative_to(folder).as_posix()


def _kind(name: str) -> Entity:
    ending = Path(name).suffix
    return {"encodingFormat": _FORMATS[ending]} if ending in _FORMATS else {}


def _file(name: str, entry: Entity) -> Entity:
    return {
        "@id": name,
        "@type": "File",
        "contentSize": str(entry["bytes"]),
        "sha256": entry["sha256"],
        **_kind(name),
    }


def _objects(inputs: dict[str, list[Entity]], folder: Path) -> Iterator[Entity]:
    """Describe what went in: a file of the folder as such, what lies elsewhere by name and hash."""
    for key, entries in inputs.items():
        for number, entry in enumerate(entries):
            path = Path(entry["path"])
            if path.is_relative_to(folder) and "sha256" in entry:
                yield _file(_inside(entry, folder), entry)
            else:
                yield {
                    "@id": f"#{key}-{number}",
                    "@type": "CreativeWork",
                    "name": entry["path"],
                    "identifier": f"sha256:{entry.get('sha256') or entry['listing_sha256']}",
                }

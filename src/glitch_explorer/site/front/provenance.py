"""How the results were computed, and how to cite them: settings, versions, references."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from glitch_explorer import __version__
from glitch_explorer.core.job import SIMULATED
from glitch_explorer.provenance.record import package_versions

#: Packages that the numbers rest on.
PACKAGES = (
    "cleanlab", "gwpy", "hdbscan", "lalsuite", "numpy", "pandas", "plotly", "scikit-learn", "scipy", "shap",
    "snakemake", "torch", "umap-learn", "xgboost",
)  # fmt: skip


@dataclass(frozen=True)
class Provenance:
    """How the results were computed."""

    #: Sections of the config that the numbers rest on.
    settings: Mapping[str, Any]
    #: Name of each stage to the fingerprint of its code.
    codes: Mapping[str, str]
    #: Content of CITATION.cff.
    citation: Mapping[str, Any]
    #: The data are the simulated observatory's.
    simulated: bool

    def facts(self) -> dict[str, Any]:
        """Return the facts of the provenance that the page shows."""
        return {
            "settings": setting_rows(self.settings),
            "versions": versions(),
            "codes": self.codes,
            "citations": citations(self.citation, sources(self.settings)),
            "simulated": self.simulated,
        }


def versions() -> dict[str, str]:
    """Return the versions of this software and of those of `PACKAGES` that are installed."""
    installed = package_versions()
    return {"glitch-explorer": __version__} | {
        name: installed[name] for name in PACKAGES if name in installed
    }


def setting_rows(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return settings as pairs of `section.key` and value; of an absolute path only the file's name.

    Parameters
    ----------
    settings
        Sections of the config.
    prefix
        Put before each key.
    """
    rows: list[tuple[str, str]] = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            rows += setting_rows(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", _value(value)))
    return rows


def _value(value: Any) -> str:
    """Write the value of a setting."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_value(part)}' for key, part in value.items())}}}"
    if value is None:
        return "none"
    if isinstance(value, str) and PurePath(value).is_absolute():
        return PurePath(value).name
    return str(value)


def sources(settings: Mapping[str, Any]) -> set[str]:
    """Return the public sources that a config reads, as the references' `scope` calls them.

    Parameters
    ----------
    settings
        The config's sections `source`, `strain`, `events` and, where it was run, `coupling`.
    """
    paths = settings["source"]["paths"]
    used = set()
    if settings["source"]["kind"] != "triggers" and not all(path.startswith(SIMULATED) for path in paths):
        used.add("Gravity Spy")
    parts = [settings[name] for name in ("strain", "coupling") if name in settings]
    hosts = [part[key] or "" for part in parts for key in ("source", "host")]
    if settings["events"]["gwosc"] or any("gwosc" in name for name in hosts):
        used.add("GWOSC")
    return used


def citations(citation: Mapping[str, Any], used: set[str]) -> list[dict[str, Any]]:
    """Return the software's own citation, then the references of the sources `used`.

    Parameters
    ----------
    citation
        Content of CITATION.cff.
    used
        The `scope` of the references to return.

    Returns
    -------
    list of dict
        `names` (the authors as one text) and `year`, beside the keys of CITATION.cff.
    """
    software = {**citation, "names": _names(citation["authors"]), "year": str(citation["date-released"])[:4]}
    references = [entry for entry in citation["references"] if entry["scope"] in used]
    return [software, *({**entry, "names": _names(entry["authors"])} for entry in references)]


def _names(authors: Sequence[Mapping[str, str]]) -> str:
    """Write authors as `Glanzer, J., et al.`."""
    return ", ".join(
        author.get("name") or f"{author['family-names']}, {author['given-names']}" for author in authors
    )

"""How the results were made, and how to cite them: settings, versions, stages, references."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from glitch_explorer import __version__
from glitch_explorer.provenance.record import package_versions

#: Packages that the numbers rest on.
HEART = (
    "cleanlab", "gwpy", "hdbscan", "lalsuite", "numpy", "pandas", "plotly", "scikit-learn", "scipy", "shap",
    "snakemake", "torch", "umap-learn", "xgboost",
)  # fmt: skip
#: Folder of what the simulated observatory makes.
SIMULATED = "results/observatory/"


def versions() -> dict[str, str]:
    """Give the versions of this software and of the packages of `HEART` that are installed here."""
    installed = package_versions()
    return {"glitch-explorer": __version__} | {name: installed[name] for name in HEART if name in installed}


def setting_lines(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """List settings as `section.key` and value; of a path from the machine's root only the name is told.

    Parameters
    ----------
    settings
        Sections of the config.
    prefix
        What goes before each key.
    """
    lines: list[tuple[str, str]] = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            lines += setting_lines(value, f"{prefix}{key}.")
        else:
            lines.append((f"{prefix}{key}", _value(value)))
    return lines


def _value(value: Any) -> str:
    """Write the value of a setting."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if value is None:
        return "none"
    if isinstance(value, str) and PurePath(value).is_absolute():
        return PurePath(value).name
    return str(value)


def left_out(*, witnesses: bool, cost: bool, simulated: bool) -> list[dict[str, str]]:
    """List the stages that were not run: why, what to set, and the command that runs each."""
    stages = []
    if not witnesses:
        stages.append(
            {
                "name": "Witnesses",
                "why": "no auxiliary channels were looked at, so there are no witnesses and no drivers",
                "set": "coupling.channels",
                "command": "snakemake --cores all coupling",
            }
        )
    if not cost:
        stages.append(
            {
                "name": "Cost",
                "why": "nothing says how far the detectors could see, so no family has a cost",
                "set": "impact.range_channel or strain.source",
                "command": "snakemake --cores all impact",
            }
        )
    if not simulated:
        stages.append(
            {
                "name": "Validation",
                "why": "answers are planted in the simulated observatory only",
                "set": "nothing: the config that ships with the project",
                "command": "snakemake --cores all validate",
            }
        )
    return stages


def sources(settings: Mapping[str, Any]) -> set[str]:
    """Name the public sources that a config reads, as the references' `scope` calls them.

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
    asked = [part[key] or "" for part in parts for key in ("source", "host")]
    if settings["events"]["gwosc"] or any("gwosc" in name for name in asked):
        used.add("GWOSC")
    return used


def citations(citation: Mapping[str, Any], used: set[str]) -> list[str]:
    """Write the software's own citation, then the references of the sources `used`.

    Parameters
    ----------
    citation
        Content of CITATION.cff.
    used
        The `scope` of the references to give.
    """
    year = str(citation["date-released"])[:4]
    own = f"{_names(citation['authors'])} ({year}): {citation['title']}, version {citation['version']}."
    return [own, *(_reference(one) for one in citation["references"] if one["scope"] in used)]


def _reference(one: Mapping[str, Any]) -> str:
    """Write a reference of CITATION.cff."""
    journal = f" {one['journal']}," if "journal" in one else ""
    names = _names(one["authors"])
    return f"{names} ({one['year']}): {one['title']}.{journal} doi:{one['doi']} ({one['scope']})."


def _names(authors: Sequence[Mapping[str, str]]) -> str:
    """Write authors as `Glanzer, J., et al.`."""
    return ", ".join(one.get("name") or f"{one['family-names']}, {one['given-names']}" for one in authors)

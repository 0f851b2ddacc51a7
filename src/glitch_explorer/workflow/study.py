"""The files that a study's jobs read, derived from its config alone."""

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from glitch_explorer.catalog.state import source_state
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.job import SHIPPED, SIMULATED
from glitch_explorer.embed import UNTRAINED
from glitch_explorer.sources import IMAGENET
from glitch_explorer.workflow.fingerprint import digest

#: Folder of the site's templates, styles and scripts: what all pages share, and a folder for each part.
SITE = "src/glitch_explorer/site"
#: What a finished run names: the map, and the first page.
PICTURE, FRONT_PAGE = "results/figures/umap_family.png", "results/site/index.html"
#: Sections of the config that the front page shows; for each stage, the rule whose fingerprint it shows;
#: and the same for stages that not every study runs.
FRONT = (
    "detectors",
    "unit",
    "source",
    "strain",
    "segments",
    "events",
    "views",
    "embedding",
    "families",
    "map",
    "audit",
)
FRONT_RULES = {
    "catalog": "catalog",
    "views": "make_views",
    "embed": "embed_shard",
    "map": "map_families",
    "audit": "audit_labels",
}
#: The same without a map, and the sections that have no effect then.
GROUPED_RULES = {"catalog": "catalog", "map": "group_families", "audit": "audit_groups"}
OF_THE_MAP = ("unit", "views", "embedding", "map", "audit")
LATER_RULES = {"coupling": "couple_family", "impact": "cost"}


def shard_names(shards: str | Path) -> list[str]:
    """Return the names of the catalogue's shards.

    Parameters
    ----------
    shards
        Their list, which the rule `catalog` writes.

    Raises
    ------
    UserError
        When the table of a shard is missing.
    """
    names = Path(shards).read_text(encoding="utf-8").split()
    return _written(names, Path(shards).parent / "shards", rule="catalog")


def family_names(family_ids: str | Path) -> list[str]:
    """Return the names of the map's families, sorted.

    Parameters
    ----------
    family_ids
        Table "family_ids", which the rule `map_families` writes.

    Raises
    ------
    UserError
        When the table cannot be read, or the member file of a family is missing.
    """
    return _family_names(Path(family_ids), Path(family_ids).stat().st_mtime_ns)


@cache
def _family_names(family_ids: Path, mtime_ns: int) -> list[str]:  # noqa: ARG001 - a changed file is read again
    """Return the names of the map's families; many input functions need them."""
    from glitch_explorer.core import tables  # pandas: most jobs start without it
    from glitch_explorer.map.schemas import FAMILY_IDS

    names = sorted(tables.read(FAMILY_IDS, family_ids)["family"])
    return _written(names, family_ids.parent / "members", rule="map_families")


def members_file(family: str, family_ids: str | Path) -> str:
    """Return the path of the table of a family's members.

    Parameters
    ----------
    family
        Name of the family, as F001.
    family_ids
        Table "family_ids", which the rule `map_families` writes.

    Raises
    ------
    UserError
        When the map has no such family.
    """
    names = family_names(family_ids)
    if family not in names:
        last = f"; its families are {names[0]} to {names[-1]}" if names else ""
        raise UserError(f"the map has no family {family}{last} ({family_ids})")
    return f"{Path(family_ids).parent}/members/{family}.parquet"


def _written(names: list[str], folder: Path, *, rule: str) -> list[str]:
    """Return names of tables that a checkpoint writes beside its outputs; a missing one is an error."""
    for name in names:
        if not (folder / f"{name}.parquet").is_file():
            raise UserError(
                f"{folder}/{name}.parquet is missing: make it again with `snakemake --forcerun {rule}`"
            )
    return names


def closing_message(outputs: Iterable[str]) -> str:
    """Return what a finished run prints: that it is done, and which of the results to open.

    Parameters
    ----------
    outputs
        Files of the target that was run.
    """
    ready = set(outputs)
    advice = (
        "Done.",
        f"Picture: {PICTURE}." if PICTURE in ready else "",
        f"Open {FRONT_PAGE} in a browser." if FRONT_PAGE in ready else "",
    )
    return " ".join(part for part in advice if part)


class Study:
    """The files of a study.

    Parameters
    ----------
    config
        The checked config.
    base
        Folder of the project.
    """

    def __init__(self, config: dict[str, Any], base: Path) -> None:
        self.config = config
        self.base = base
        # Several rules use the same shipped files: hash each only once.
        self.shipped = cache(self._shipped)

    @property
    def mapped(self) -> bool:
        """Whether the families are those of a map, rather than of labels or a file."""
        return bool(self.config["families"]["source"] == "map")

    def check_map(self) -> None:
        """Check that the study makes a map; called where a target needs one.

        Raises
        ------
        UserError
            When families come from labels or a file.
        """
        if not self.mapped:
            raise UserError(
                f"families.source is {self.config['families']['source']}, so no map is made, and no vectors:"
                " set families.source to map for a target that needs them"
            )

    @property
    def witnesses(self) -> bool:
        """Whether there are channels to search for witnesses."""
        return bool(self.config["coupling"]["channels"])

    @property
    def triggers(self) -> bool:
        """Whether there are auxiliary triggers, flags or trends to compare with the glitches."""
        return bool(self.auxiliary_paths())

    def auxiliary_paths(self, ifo: str | None = None) -> list[str]:
        """Return the files and folders of auxiliary triggers, flags and trends.

        Parameters
        ----------
        ifo
            The detector; all of them where it is not given.
        """
        coupling = self.config["coupling"]
        paths: list[str] = [entry["path"] for entry in coupling["triggers"]]
        paths += coupling["flags"] + coupling["trends"]["files"]
        detectors: list[str] = [ifo] if ifo else self.config["detectors"]
        return list(dict.fromkeys(path.replace("{ifo}", name) for name in detectors for path in paths))

    @staticmethod
    def without_folders(paths: Iterable[str]) -> list[str]:
        """Return the paths that are no folders, those that do not exist included: inputs of rules."""
        return [path for path in paths if not Path(path).is_dir()]

    def check_views(self) -> None:
        """Check that there is something to make views from; called where a target needs views.

        Raises
        ------
        UserError
            When the glitches have neither pictures nor strain.
        """
        kind = self.config["source"]["kind"]
        if kind != "images" and self.config["strain"]["source"] == "none":
            self.check_map()
            raise UserError(
                f"strain.source is none, but source.kind is {kind}: without pictures the views are made from"
                " strain: set source.kind to images if you have the pictures, or set strain.source (frames,"
                " gwdatafind, gwosc or nds2) and the keys that it needs (docs/how-to/own-data.md), or take"
                " families from labels with families.source: labels (docs/how-to/families.md), or make only"
                " the table of glitches with the target `catalog`"
            )

    @property
    def costed(self) -> bool:
        """Whether the BNS range is known, from a range channel or from strain; costs need it."""
        return bool(self.config["impact"]["range_channel"]) or self.config["strain"]["source"] != "none"

    @property
    def simulated(self) -> bool:
        """Whether the study is of the simulated observatory."""
        sections = [("source", "paths"), ("segments", "files"), ("events", "files")]
        return any(
            path.startswith(SIMULATED) for section, key in sections for path in self.config[section][key]
        )

    @staticmethod
    def user_files(paths: Iterable[str]) -> list[str]:
        """Return the files that do not ship with the project; they are inputs of rules."""
        return [path for path in paths if not path.startswith(SHIPPED)]

    def _shipped(self, path: str) -> str:
        """Return the hash of a file, or folder, that ships with the project.

        Raises
        ------
        UserError
            When the project has no such file.
        """
        if not (self.base / path).exists():
            raise UserError(f"the project has no file {path}; see {Path(path).parent}/README.md")
        return digest(self.base / path)

    def digests(self, paths: Iterable[str]) -> list[str]:
        """Return the hashes of those of `paths` that ship with the project."""
        return [self.shipped(path) for path in paths if path.startswith(SHIPPED)]

    def page_paths(self, *parts: str) -> list[Path]:
        """Return the templates, styles and scripts that pages of the site are made from.

        Parameters
        ----------
        *parts
            Folders and files below `SITE`, e.g. "cost" and "front/findings.html". Files that all pages share
            are always included.
        """
        site = self.base / SITE
        paths = [*site.glob("*")]
        for part in parts:
            path = site / part
            paths += [path] if path.suffix else path.rglob("*")
        return sorted(path for path in paths if path.suffix in (".html", ".css", ".js"))

    def page_files(self, *parts: str) -> list[str]:
        """Return the hashes of `page_paths`."""
        return [self.shipped(path.relative_to(self.base).as_posix()) for path in self.page_paths(*parts)]

    def source_files(self) -> list[str]:
        """Return the source's files, without its folders of pictures, which `listing` covers.

        Raises
        ------
        UserError
            When a file that the target `download` would fetch is not there.
        """
        fetched = Path(self.config["download"]["folder"])
        paths: list[str] = self.config["source"]["paths"] + self.config["source"]["metadata"]
        for path in paths:
            if (
                self.config["download"]["record"]
                and fetched in Path(path).parents
                and not Path(path).exists()
            ):
                raise UserError(
                    f"{path} is not there; fetch it first: run `snakemake --cores 1 download` with the same"
                    " --configfile"
                )
        return [path for path in paths if not Path(path).is_dir()]

    @staticmethod
    def listing(paths: Iterable[str]) -> str:
        """Return a digest of the names, sizes and change times of all files in the folders of pictures."""
        return source_state([path for path in paths if Path(path).is_dir()])

    def frames(self, section: str, ifo: str | None = None) -> list[str]:
        """Return the folders of frame files that the workflow itself produces.

        Frame files of the user are not inputs of rules.

        Parameters
        ----------
        section
            Section of the config that names the frames, "strain" or "coupling".
        ifo
            The detector; all of them where it is not given.
        """
        folder: str = self.config[section]["frames"] or ""
        detectors: list[str] = [ifo] if ifo else self.config["detectors"]
        return [folder.replace("{ifo}", name) for name in detectors] if folder.startswith(SIMULATED) else []

    def range_frames(self, ifo: str) -> list[str]:
        """Return the folders of frames that the range is measured from, where the workflow makes them."""
        return self.frames("coupling" if self.config["impact"]["range_channel"] else "strain", ifo)

    @staticmethod
    def weights_of(encoder: dict[str, Any]) -> str | list[str]:
        """Return a backbone's weights as an input; none if it is untrained or they ship with the project."""
        name: str = encoder["weights"]
        if name == UNTRAINED or name.startswith(SHIPPED):
            return []
        if name == IMAGENET:
            return f"results/weights/{encoder['backbone']}-{name}.safetensors"
        return name

    def weights_digest(self, encoder: dict[str, Any]) -> str | None:
        """Return the hash of a backbone's weights where they ship with the project."""
        return next(iter(self.digests([encoder["weights"]])), None)

    def old_map(self) -> list[str]:
        """Return the files of the map that new glitches are assigned to.

        Raises
        ------
        UserError
            When the config names none.
        """
        folder = self.config["place"]["onto"]
        if folder is None:
            raise UserError(
                "place.onto is not set: name the folder of a finished map, such as ../last-month/results/map"
            )
        names = ("rows.parquet", "coordinates.parquet", "families.parquet")
        return [f"{folder}/{name}" for name in (*names, "vectors.npy", "neighbours.npz", "encoder.json")]

    def provenance(self, fingerprint: Callable[[str], str]) -> dict[str, Any]:
        """Return what the front page shows of how the results were produced.

        That is the config's settings, fingerprints of the code, the citation, and whether the study is of the
        simulated observatory.

        Parameters
        ----------
        fingerprint
            Function that returns the fingerprint of a rule's code.
        """
        coupled = self.witnesses or self.triggers
        later = [stage for stage, run in (("coupling", coupled), ("impact", self.costed)) if run]
        rules = FRONT_RULES if self.mapped else GROUPED_RULES
        rules = rules | {stage: LATER_RULES[stage] for stage in later}
        if self.triggers and not self.witnesses:
            rules["coupling"] = "couple_triggers"
        sections = [name for name in (*FRONT, *later) if self.mapped or name not in OF_THE_MAP]
        return {
            "settings": {name: self.config[name] for name in sections},
            "codes": {stage: fingerprint(rule) for stage, rule in rules.items()},
            "citation": yaml.safe_load((self.base / "CITATION.cff").read_text(encoding="utf-8")),
            "simulated": self.simulated,
        }

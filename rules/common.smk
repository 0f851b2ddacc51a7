# The checked config, and what several stages need. Functions live here and nowhere else.
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError

from glitch_explorer.catalog.state import source_state
from glitch_explorer.errors import UserError
from glitch_explorer.workflow.config import check_config, load_schema
from glitch_explorer.workflow.fingerprint import Fingerprints, digest

BASE = Path(workflow.basedir)
fingerprints = Fingerprints(BASE / "scripts", BASE / "src")

try:
    config.update(
        check_config(config, load_schema(BASE / "config/schemas/config.schema.yaml"))
    )
except UserError as problem:
    raise WorkflowError(str(problem)) from None

CONFIGURED_FILES = (
    config["source"]["paths"] + config["segments"]["files"] + config["events"]["files"]
)
WITNESSES = bool(config["coupling"]["channels"])
# A cost needs a range, from a channel or from the strain; without one the impact stage is left out.
COSTED = bool(config["impact"]["range_channel"]) or config["strain"]["source"] != "none"
SIMULATED = any(path.startswith("results/observatory/") for path in CONFIGURED_FILES)


def code(rule):
    """Give a parameter: the fingerprint of a rule's code, made where a job of the rule is looked at."""
    return lambda wildcards: fingerprints(rule)


def gpus(wildcards):
    """One GPU where the profile gives a total, none where the total is 0."""
    total = (
        workflow.global_resources["gpu"].value
        if "gpu" in workflow.global_resources
        else 0
    )
    return min(1, int(total or 0))


@cache
def shipped(path):
    """Hash of a file that ships with the project: enters as a parameter, not by its time."""
    return digest(BASE / path)


def ours(path):
    """Whether a file ships with the project; it then enters by its hash."""
    return path.startswith("resources/")


def own(paths):
    """The files of a study's own, which are inputs."""
    return [path for path in paths if not ours(path)]


def digests(paths):
    """Hashes of the files that ship with the project."""
    for path in filter(ours, paths):
        if not (BASE / path).is_file():
            raise WorkflowError(
                f"the project has no file {path}; see {Path(path).parent}/README.md"
            )
    return [shipped(path) for path in filter(ours, paths)]


def source_files(wildcards):
    """Source files, as inputs; folders of pictures are watched through `source_listing`."""
    paths = config["source"]["paths"] + config["source"]["metadata"]
    for path in paths:
        fetched = Path(config["download"]["folder"]) in Path(path).parents
        if config["download"]["record"] and fetched and not Path(path).exists():
            raise WorkflowError(
                f"{path} is not there; fetch it first: run `snakemake --cores 1 download` with the same"
                " --configfile"
            )
    return [path for path in paths if not Path(path).is_dir()]


def listing(paths):
    """Digest of names, sizes and times of the pictures, so that a replaced one is noticed."""
    try:
        return source_state([path for path in paths if Path(path).is_dir()])
    except UserError as problem:
        raise WorkflowError(str(problem)) from None


def source_listing(wildcards):
    """Digest of the source's pictures."""
    return listing(config["source"]["paths"])


def frames(wildcards):
    """Frames that the workflow makes itself: of a shard's detector, else of all; a user's own are no input."""
    folder = config["strain"]["frames"] or ""
    shard = wildcards.get("shard")
    own = expand(folder, ifo=[shard.split("-")[0]] if shard else config["detectors"])
    return own if folder.startswith("results/observatory/") else []


def weights_of(encoder):
    """Weights of a backbone as an input; none where it is untrained or they ship with the project."""
    name = encoder["weights"]
    fetched = f"results/weights/{encoder['backbone']}-{name}.safetensors"
    if name == "untrained" or ours(name):
        return []
    return fetched if name.startswith("IMAGENET1K") else name


def weights_digest(encoder):
    """Hash of the weights where they ship with the project."""
    return next(iter(digests([encoder["weights"]])), None)


def weights_file(wildcards):
    """Weights of the backbone that embeds."""
    return weights_of(config["embedding"])


def old_map(wildcards):
    """Files of the map that new glitches are placed on."""
    folder = config["place"]["onto"]
    if folder is None:
        raise WorkflowError(
            "place.onto is not set: name the folder of a finished map, such as ../last-month/results/map"
        )
    names = ["rows", "coordinates", "families"]
    tables = expand("{folder}/{name}.parquet", folder=folder, name=names)
    return [
        *tables,
        f"{folder}/vectors.npy",
        f"{folder}/neighbours.npz",
        f"{folder}/encoder.json",
    ]


def shards(pattern):
    """Give an input function: `pattern` for each shard of the catalogue."""
    return lambda wildcards: expand(
        pattern, shard=Path(checkpoints.catalog.get().output.shards).read_text().split()
    )


def families(*patterns):
    """Give an input function: the patterns for each family of the map."""

    def named(wildcards):
        checkpoints.map_families.get()
        names = glob_wildcards("results/map/members/{family}.parquet").family
        return expand(patterns, family=sorted(names))

    return named


def auxiliary(wildcards):
    """Frames of auxiliary channels that the workflow makes itself; a user's own are no input."""
    folder = config["coupling"]["frames"] or ""
    own = expand(folder, ifo=wildcards.get("ifo", config["detectors"]))
    return own if folder.startswith("results/observatory/") else []


def range_frames(wildcards):
    """Frames that the range is measured from, where the workflow makes them itself."""
    channel = config["impact"]["range_channel"]
    folder = config["coupling" if channel else "strain"]["frames"] or ""
    return (
        expand(folder, ifo=wildcards.ifo)
        if folder.startswith("results/observatory/")
        else []
    )


def impact_tables(wildcards):
    """What was found of drivers and costs, by name; nothing where the stage is left out."""
    if not COSTED:
        return {}
    return {
        "drivers": "results/impact/drivers.parquet",
        "cost": "results/impact/cost.parquet",
        "skill": families("results/impact/{family}/skill.parquet")(wildcards),
    }


def coupling_tables(wildcards):
    """What was found of couplings, drivers and costs, by name; nothing where no channels are looked at."""
    if not config["coupling"]["channels"]:
        return {}
    slow = "results/coupling/slow_drivers/{ifo}.parquet"
    return {
        "witnesses": "results/coupling/witnesses.parquet",
        "calibration": "results/coupling/calibration.parquet",
        "slow_drivers": expand(slow, ifo=config["detectors"]),
        "scattering": families("results/coupling/{family}/scattering.parquet")(
            wildcards
        ),
        **impact_tables(wildcards),
    }

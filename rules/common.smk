# The checked config, and input functions of several stages; their logic is in the library.
import math
import os
from functools import wraps
from pathlib import Path

from snakemake.exceptions import WorkflowError

from glitch_explorer.embed.device import has_gpu
from glitch_explorer.core.errors import UserError
from glitch_explorer.workflow.config import check_config, load_schema
from glitch_explorer.workflow.fingerprint import Fingerprints
from glitch_explorer.workflow.study import Study


def plainly(function):
    """End the run with the message alone where the user made a mistake."""

    @wraps(function)
    def called(*arguments):
        try:
            return function(*arguments)
        except UserError as problem:
            raise WorkflowError(str(problem)) from None

    return called


BASE = Path(workflow.basedir)
SCHEMA = load_schema(BASE / "config/schemas/config.schema.yaml")
config.update(plainly(check_config)(config, SCHEMA))
fingerprints = Fingerprints(BASE / "scripts", BASE / "src")
study = Study(config, BASE)
WITNESSES, COSTED, SIMULATED = study.witnesses, study.costed, study.simulated
shipped, digests, listing = map(plainly, (study.shipped, study.digests, study.listing))
page_files = study.page_files
own, weights_of, weights_digest = (
    study.own,
    study.weights_of,
    plainly(study.weights_digest),
)
source_files = plainly(lambda wildcards: study.source_files())
source_listing = plainly(lambda wildcards: study.listing(config["source"]["paths"]))
weights_file = lambda wildcards: study.weights_of(config["embedding"])
old_map = plainly(lambda wildcards: study.old_map())
auxiliary = lambda wildcards: study.frames("coupling", wildcards.get("ifo"))
range_frames = lambda wildcards: study.range_frames(wildcards.ifo)


def code(rule):
    """Return a parameter: the fingerprint of a rule's code, computed when a job of the rule is planned."""
    return lambda wildcards: fingerprints(rule)


def gpus(wildcards):
    """Return 1 where the profile has GPUs, else 0; in a grid's job, whether the node has one."""
    if workflow.remote_exec:
        return int(has_gpu(os.environ))
    total = workflow.global_resources
    return min(1, int(total["gpu"].value or 0)) if "gpu" in total else 0


def needs(mem_mb, runtime, gpu=False, times_input=0, each_thread=0):
    """
    Memory (MB) and time (minutes) of a job, more with each attempt, and its GPU where it can use one.

    Jobs that hold their input ask for `times_input` times its size beside `mem_mb`, and `each_thread` times
    for each of their threads.
    HTCondor's executor reads names of its own, and wants GPUs of 8,000 MB.
    """

    def memory(wildcards, input, attempt, threads):
        times = times_input + each_thread * threads
        held = times * input.size_mb if times else 0
        return attempt * (mem_mb + math.ceil(held))

    resources = {
        "mem_mb": memory,
        "htcondor_request_mem_mb": memory,
        "runtime": lambda wildcards, attempt: attempt * runtime,
    }
    on_gpu = {
        "gpu": gpus,
        "request_gpus": gpus,
        "htcondor_gpus_min_mem_mb": lambda wildcards: 8000 * gpus(wildcards),
    }
    return resources | on_gpu if gpu else resources


def frames(wildcards):
    """Frames of strain that the workflow makes itself: of a shard's detector, else of all."""
    return study.frames("strain", wildcards.get("shard", "").split("-")[0])


def beside(rule, folder, names):
    """Names of tables that a checkpoint wrote beside its outputs; a missing one is an error."""
    lost = [name for name in names if not Path(folder, f"{name}.parquet").is_file()]
    if lost:
        raise WorkflowError(
            f"{folder}/{lost[0]}.parquet is missing: make it again with `snakemake --forcerun {rule}`"
        )
    return names


def shards(pattern):
    """Return an input function: `pattern` for each shard of the catalogue."""

    def named(wildcards):
        names = Path(checkpoints.catalog.get().output.shards).read_text().split()
        return expand(pattern, shard=beside("catalog", "results/catalog/shards", names))

    return named


def families(*patterns):
    """Return an input function: the patterns for each family of the map."""

    def named(wildcards):
        from glitch_explorer.core import tables  # pandas: most jobs start without it
        from glitch_explorer.map.schemas import FAMILY_IDS

        ids = checkpoints.map_families.get().output.ids
        try:
            names = sorted(tables.read(FAMILY_IDS, ids)["family"])
        except UserError as problem:
            raise WorkflowError(str(problem)) from None
        return expand(
            patterns, family=beside("map_families", "results/map/members", names)
        )

    return named


def coupling_tables(wildcards):
    """What was found of couplings, drivers and costs, by name; nothing where it was not looked for."""
    if not WITNESSES:
        return {}
    slow = "results/coupling/slow_drivers/{ifo}.parquet"
    found = {
        "witnesses": "results/coupling/witnesses.parquet",
        "calibration": "results/coupling/calibration.parquet",
        "slow_drivers": expand(slow, ifo=config["detectors"]),
        "scattering": families("results/coupling/{family}/scattering.parquet")(
            wildcards
        ),
    }
    if COSTED:
        found["drivers"] = "results/impact/drivers.parquet"
        found["cost"] = "results/impact/cost.parquet"
        skill = families("results/impact/{family}/skill.parquet")
        found["skill"] = skill(wildcards)
    return found

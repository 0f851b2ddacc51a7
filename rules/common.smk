# The checked config, and input functions of several stages; their logic is in the library.
import os
from functools import wraps
from pathlib import Path

from snakemake.exceptions import WorkflowError

from glitch_explorer.core.errors import UserError
from glitch_explorer.embed.device import has_gpu
from glitch_explorer.workflow.config import check_config, load_schema
from glitch_explorer.workflow.fingerprint import Fingerprints
from glitch_explorer.workflow.resources import job_resources
from glitch_explorer.workflow.study import Study, family_names, shard_names


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
page_files, user_files, weights_of = (
    study.page_files,
    study.user_files,
    study.weights_of,
)
weights_digest = plainly(study.weights_digest)
source_files = plainly(lambda wildcards: study.source_files())
source_listing = plainly(lambda wildcards: study.listing(config["source"]["paths"]))
weights_file = lambda wildcards: study.weights_of(config["embedding"])
old_map = plainly(lambda wildcards: study.old_map())
auxiliary = lambda wildcards: study.frames("coupling", wildcards.get("ifo"))
range_frames = lambda wildcards: study.range_frames(wildcards.ifo)
# Strain frames that the workflow makes: of a shard's detector, else of all.
frames = lambda wildcards: study.frames(
    "strain", wildcards.get("shard", "").split("-")[0]
)


def code(rule):
    """Return a parameter: the fingerprint of a rule's code, computed when a job of the rule is planned."""
    return lambda wildcards: fingerprints(rule)


def gpus(wildcards):
    """Return 1 where the profile has GPUs, else 0; in a grid's job, whether the node has one."""
    if workflow.remote_exec:
        return int(has_gpu(os.environ))
    total = workflow.global_resources
    return min(1, int(total["gpu"].value or 0)) if "gpu" in total else 0


def needs(mem_mb, runtime, gpu=False, **multiples):
    """Return the resources of a rule: memory in MB, time in minutes, and a GPU where it can use one."""
    return job_resources(mem_mb, runtime, gpus=gpus if gpu else None, **multiples)


def shards(pattern):
    """Return an input function: `pattern` for each shard of the catalogue."""

    @plainly
    def paths(wildcards):
        return expand(
            pattern, shard=shard_names(checkpoints.catalog.get().output.shards)
        )

    return paths


def families(*patterns):
    """Return an input function: the patterns for each family of the map."""

    @plainly
    def paths(wildcards):
        names = family_names(checkpoints.map_families.get().output.ids)
        return expand(patterns, family=names)

    return paths

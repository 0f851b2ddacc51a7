# The checked config, and input functions of several stages; their logic is in the library.
import atexit
import gc
import os
from functools import partial
from pathlib import Path

from snakemake.exceptions import WorkflowError

from glitch_explorer.core.errors import UserError
from glitch_explorer.embed.device import has_gpu
from glitch_explorer.workflow.config import check_config, load_schema
from glitch_explorer.workflow.fingerprint import Fingerprints
from glitch_explorer.workflow.resources import job_resources
from glitch_explorer.workflow.study import (
    Study,
    family_names,
    members_file,
    shard_names,
)

# Snakemake ends without a search of all imported packages for cycles: 0.4 core-s of each start.
atexit.register(gc.freeze)


def plainly(function):
    """End the run with the message alone where the user made a mistake."""

    def called(*arguments):
        try:
            return function(*arguments)
        except UserError as problem:
            raise WorkflowError(str(problem)) from None

    return called


def gpus(wildcards):
    """Return 1 where the profile has GPUs, else 0; in a grid's job, whether the node has one."""
    if workflow.remote_exec:
        return int(has_gpu(os.environ))
    total = workflow.global_resources
    return min(1, int(total["gpu"].value or 0)) if "gpu" in total else 0


def half_the_cores(wildcards):
    """Return half of the cores, at most 16, so that a job need not wait until all are free; on a grid, 16."""
    grid = workflow.remote_exec or workflow.non_local_exec
    return 16 if grid else min(16, max(1, (workflow.cores or 1) // 2))


BASE = Path(workflow.basedir)
SCHEMA = load_schema(BASE / "config/schemas/config.schema.yaml")
config.update(plainly(check_config)(config, SCHEMA))
fingerprints = Fingerprints(BASE / "scripts", BASE / "src")
study = Study(config, BASE)
WITNESSES, COSTED, MAPPED = study.witnesses, study.costed, study.mapped
TRIGGERS = study.triggers
SIMULATED, COMPARE = study.simulated, bool(config["families"]["compare"])
# The truth of the simulated observatory is compared with the map and all that follows.
VALIDATED = SIMULATED and MAPPED
shipped, digests, listing = map(plainly, (study.shipped, study.digests, study.listing))
page_files, user_files = study.page_files, study.user_files
weights_digest = plainly(study.weights_digest)
weights_file = lambda wildcards: study.weights_of(config["embedding"])
auxiliary = lambda wildcards: study.frames("coupling", wildcards.get("ifo"))
needs = partial(job_resources, gpus)
# Priority of the jobs that lead to the map, so that it can be viewed while the rest runs.
MAP_FIRST = 1
code = lambda rule: lambda wildcards: fingerprints(rule)  # when a job is planned


def shards(pattern):
    """Return an input function: `pattern` for each shard of the catalogue."""

    def names():
        study.check_views()
        return shard_names(checkpoints.catalog.get().output.shards)

    return lambda wildcards: expand(pattern, shard=plainly(names)())


def family_ids():
    """Return the table of the families; a map, or groups, that are not there are made first."""
    made = checkpoints.map_families if MAPPED else checkpoints.group_families
    # If the catalogue is made again and does not change, the families are not made again. Snakemake then
    # evaluates only those input functions again that have asked for the catalogue.
    if Path("results/map/family_ids.parquet").exists():
        checkpoints.catalog.get()
    return made.get().output.ids


def families(*patterns):
    """Return an input function: the patterns for each family."""
    names = plainly(lambda: family_names(family_ids()))
    return lambda wildcards: expand(patterns, family=names())


def members(wildcards):
    """Return the table of a family's members."""
    return plainly(members_file)(wildcards.family, family_ids())

"""What a job requests of Snakemake and of its executors for grids."""

import math
from collections.abc import Callable
from typing import Any

#: Memory in MB of the GPUs that HTCondor is asked for.
GPU_MEM_MB = 8000


def job_resources(
    gpus: Callable[[Any], int],
    *,
    mem_mb: int,
    runtime: int,
    gpu: bool = False,
    times_input: float = 0,
    each_thread: float = 0,
) -> dict[str, Callable[..., int]]:
    """Return the resources of a rule: memory and time, which grow with each attempt, and its GPU.

    HTCondor's executor has other names for them than Snakemake.

    Parameters
    ----------
    gpus
        Number of GPUs for a job of a rule that can use one, by its wildcards.
    mem_mb
        Memory in MB, beside what the input takes.
    runtime
        Time in minutes.
    gpu
        Whether the rule can use a GPU.
    times_input, each_thread
        Memory of jobs that read all of their input into memory, as multiples of its size: in all, and for
        each thread.
    """

    # Snakemake passes arguments by these names.
    def memory(wildcards: Any, input: Any, attempt: int, threads: int) -> int:  # noqa: A002, ARG001
        times = times_input + each_thread * threads
        loaded = times * input.size_mb if times else 0
        return attempt * (mem_mb + math.ceil(loaded))

    def minutes(wildcards: Any, attempt: int) -> int:  # noqa: ARG001
        return attempt * runtime

    resources: dict[str, Callable[..., int]] = {
        "mem_mb": memory,
        "htcondor_request_mem_mb": memory,
        "runtime": minutes,
    }
    if gpu:
        resources |= {
            "gpu": gpus,
            "request_gpus": gpus,
            "htcondor_gpus_min_mem_mb": lambda wildcards: GPU_MEM_MB * gpus(wildcards),
        }
    return resources

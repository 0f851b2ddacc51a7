"""Which GPU a job may use. Imports no torch, which must be imported after the choice."""

import logging
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

_LOG = logging.getLogger(__name__)

_VISIBLE = "CUDA_VISIBLE_DEVICES"
#: Beginnings of the names of GPUs and of their parts.
_GPU_NAMES = ("GPU-", "MIG-")
#: HTCondor's index in a slot without a GPU (ENVIRONMENT_VALUE_FOR_UnAssignedGPUs).
_NO_INDEX = 10000
#: Folder of the lock files, shared by all runs on a workstation.
LOCK_FOLDER = Path(tempfile.gettempdir()) / "glitch-explorer-gpus"
#: A scheduler sets one of these, and grants GPUs in CUDA_VISIBLE_DEVICES.
_SCHEDULERS = ("SLURM_JOB_ID", "_CONDOR_SLOT", "PBS_JOBID", "LSB_JOBID")


def count_gpus(timeout_s: float = 60.0) -> int:
    """Return the number of GPUs that the driver lists; 0 when it does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    command = [program, "--list-gpus"]
    try:
        listing = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout_s)  # noqa: S603
    except subprocess.TimeoutExpired:
        _LOG.warning("the GPU driver does not answer within %g s: using no GPU", timeout_s)
        return 0
    if listing.returncode != 0:
        return 0
    return sum(line.startswith("GPU ") for line in listing.stdout.splitlines())


def has_gpu(environment: Mapping[str, str]) -> bool:
    """Return whether a scheduler, or the user, granted this job a GPU.

    CUDA sees no GPU where the first entry is neither an index nor a GPU's name, such as SLURM's `NoDevFiles`.
    """
    first = environment.get(_VISIBLE, "").split(",")[0].strip()
    if first.startswith(_GPU_NAMES):
        return True
    return first.isdecimal() and int(first) < _NO_INDEX


def _lock_free(folder: Path, gpus: int, pause_s: float) -> tuple[int, FileLock]:
    """Lock the first free GPU, after waiting for one if necessary, and return its index and lock."""
    folder.mkdir(parents=True, exist_ok=True)
    waited = False
    while True:
        for index in range(gpus):
            lock = FileLock(folder / f"gpu{index}.lock")
            try:
                lock.acquire(blocking=False)
            except Timeout:
                continue
            return index, lock
        if not waited:
            _LOG.info("all %d GPUs are in use by other jobs: waiting", gpus)
            waited = True
        time.sleep(pause_s)


@contextmanager
def claimed_device(
    environment: MutableMapping[str, str],
    *,
    lock_folder: str | Path = LOCK_FOLDER,
    gpus: int | None = None,
    pause_s: float = 1.0,
) -> Iterator[str]:
    """Claim a GPU for this job, if there is one.

    Parameters
    ----------
    environment
        `os.environ`; on a workstation its CUDA_VISIBLE_DEVICES is set for the duration.
    lock_folder
        Folder of the workstation's lock files, one for each GPU.
    gpus
        Number of GPUs; None counts them.
    pause_s
        Seconds between attempts while all are in use.

    Yields
    ------
    str
        ``"cuda"`` or ``"cpu"``.

    Notes
    -----
    Where CUDA_VISIBLE_DEVICES is set, or a scheduler runs the job, the granted GPU is
    used and nothing is locked.
    """
    if _VISIBLE in environment or any(name in environment for name in _SCHEDULERS):
        device = "cuda" if has_gpu(environment) else "cpu"
        _LOG.info("%s=%r is set: running on %s", _VISIBLE, environment.get(_VISIBLE, ""), device)
        yield device
        return
    gpus = count_gpus() if gpus is None else gpus
    if not gpus:
        _LOG.info("no GPU here: running on the CPU")
        yield "cpu"
        return
    index, lock = _lock_free(Path(lock_folder), gpus, pause_s)
    order = environment.get("CUDA_DEVICE_ORDER")
    environment.update({"CUDA_DEVICE_ORDER": "PCI_BUS_ID", _VISIBLE: str(index)})
    try:
        _LOG.info("running on GPU %d of %d", index, gpus)
        yield "cuda"
    finally:
        del environment[_VISIBLE], environment["CUDA_DEVICE_ORDER"]
        if order is not None:
            environment["CUDA_DEVICE_ORDER"] = order
        lock.release()

"""The vectors of one shard of the catalogue."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from glitch_explorer.core import files, tables
from glitch_explorer.core.arrays import Bool, Float32, Int64, UInt8
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.threads import one_thread
from glitch_explorer.core.views import VIEW_LENGTHS_S, VIEW_PRESENT, VIEW_PRESENT_UNKNOWN
from glitch_explorer.embed.backbone import Backbone, load_backbone
from glitch_explorer.embed.precision import choose_precision
from glitch_explorer.views.schemas import VIEWS

_LOG = logging.getLogger(__name__)

#: Views in a batch on a CPU: one size, and one thread a batch, so that sums have one order.
CPU_BATCH = 32
#: Views in a batch on a GPU at first; halved while its memory is short, down to the least.
GPU_BATCH, LEAST_GPU_BATCH = 1024, 64


@dataclass(frozen=True)
class Used:
    """What a shard was embedded with, which depends on the machine."""

    device: str
    precision: str
    batch: int
    fell_back: bool


def _wanted(status: str | Path, n: int) -> Bool:
    """Say which slots of the views array hold a picture, ``(n, 4)``."""
    table = tables.read(VIEWS, status)
    if len(table) != n:
        raise UserError(f"{status} has {len(table)} rows for {n} glitches: make the shard's views again")
    present = table[list(VIEW_PRESENT)].to_numpy(dtype=bool).copy()
    present[:, 0] |= table[VIEW_PRESENT_UNKNOWN].to_numpy(dtype=bool)
    return present


def _usable(device: str) -> str:
    """Give the device, or the CPU where this torch cannot use it."""
    if device == "cuda" and not torch.cuda.is_available():
        _LOG.warning("a GPU was given, but this torch cannot use it: running on the CPU")
        return "cpu"
    return device


def _batches(pictures: UInt8, rows: Int64, size: int) -> list[Callable[[], torch.Tensor]]:
    """Give functions that read `rows` of `pictures` in batches of exactly `size`, the last padded."""

    def read(start: int) -> torch.Tensor:
        chosen = rows[start : start + size]
        batch = np.zeros((size, 1, *pictures.shape[1:]), np.uint8)
        batch[: len(chosen), 0] = pictures[chosen]
        return torch.from_numpy(batch)

    return [partial(read, start) for start in range(0, max(len(rows), 1), size)]


def _on_cpu(backbone: Backbone, pictures: UInt8, rows: Int64, threads: int) -> Float32:
    """Embed on the CPU, a batch a thread."""

    def embed(read: Callable[[], torch.Tensor]) -> Float32:
        with torch.inference_mode():
            return backbone(read()).numpy()

    batches = _batches(pictures, rows, CPU_BATCH)
    with one_thread(), ThreadPoolExecutor(threads, "embed", torch.set_num_threads, (1,)) as pool:
        done = tqdm(pool.map(embed, batches), total=len(batches), unit="batch", mininterval=5)
        return np.concatenate(list(done))[: len(rows)]


def _on_gpu(backbone: Backbone, pictures: UInt8, rows: Int64, batch: int) -> Float32:
    """Embed on the GPU, with sums in one order."""
    with (
        torch.inference_mode(),
        torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False),
    ):
        reads = tqdm(_batches(pictures, rows, batch), unit="batch", mininterval=5)
        vectors = [backbone(read().to("cuda")).cpu().numpy() for read in reads]
    return np.concatenate(vectors)[: len(rows)]


def embed_pictures(
    pictures: UInt8,
    rows: Int64,
    *,
    load: Callable[[], Backbone],
    precision: str,
    device: str,
    threads: int,
) -> tuple[Float32, Used]:
    """Embed some of many pictures.

    Parameters
    ----------
    pictures
        uint8 ``(m, H, W)``, may be memory-mapped.
    rows
        ``(k,)``: which of them.
    load
        Gives a fresh backbone.
    precision, device, threads
        As for `embed_shard`.

    Returns
    -------
    vectors
        float32 ``(k, d)``. On a CPU a vector depends on its picture only, not on `threads`.
    used
        What it was done with. When the GPU's memory is short the batch is halved, and at last
        the CPU is taken.

    Raises
    ------
    UserError
        When the GPU fails in another way: nothing more can be done with it in this process.
    """
    fell_back = False
    batch = GPU_BATCH
    while device == "cuda":
        backbone = load()
        kind = choose_precision(precision, device) if backbone.half_precision else torch.float32
        try:
            vectors = _on_gpu(backbone.to(device=device, dtype=kind), pictures, rows, batch)
            return vectors, Used(device, str(kind), batch, fell_back)
        except torch.cuda.OutOfMemoryError:
            fell_back = True
            batch //= 2
            device = "cuda" if batch >= LEAST_GPU_BATCH else "cpu"
            _LOG.warning("the GPU's memory is short: trying %s, %d views at a time", device, batch)
            torch.cuda.empty_cache()
        except torch.AcceleratorError as problem:
            reason = str(problem).splitlines()[0]
            raise UserError(
                f"the GPU failed ({reason}): the job is tried again with what the machine then has; "
                "if that fails too, run with --resources gpu=0"
            ) from problem
    backbone = load()
    kind = choose_precision(precision, "cpu") if backbone.half_precision else torch.float32
    vectors = _on_cpu(backbone.to(device="cpu", dtype=kind), pictures, rows, threads)
    return vectors, Used("cpu", str(kind), CPU_BATCH, fell_back)


def embed_shard(
    views: str | Path,
    status: str | Path,
    out: str | Path,
    *,
    backbone: str,
    weights: str | Path,
    precision: str,
    device: str,
    threads: int,
    seed: int = 0,
    sha256: str | None = None,
) -> Used:
    """Embed the views of one shard.

    Parameters
    ----------
    views
        Array uint8 ``(n, 4, H, W)``.
    status
        Its table "views".
    out
        Array float32 ``(n, 4, d)`` to write, NaN where a view is missing.
    backbone, weights, seed, sha256
        See `backbone.load_backbone`.
    precision
        See `precision.choose_precision`.
    device
        ``"cpu"``, or ``"cuda"`` where one was claimed (`device.claimed_device`).
    threads
        CPU threads; the bytes written do not depend on it.

    Raises
    ------
    UserError
        When the files do not belong together, or the backbone cannot be loaded.
    """
    claimed, device = device, _usable(device)
    array = files.read_array(views)
    if array.ndim != 4 or array.shape[1] != len(VIEW_LENGTHS_S) or array.dtype != np.uint8:
        raise UserError(f"{views} is {array.dtype} {array.shape}, not uint8 (n, 4, H, W): make it again")
    present = _wanted(status, len(array))
    rows = np.flatnonzero(present.ravel())
    found, used = embed_pictures(
        array.reshape(-1, *array.shape[2:]),
        rows,
        load=partial(load_backbone, backbone, weights, seed=seed, sha256=sha256),
        precision=precision,
        device=device,
        threads=threads,
    )
    used = replace(used, fell_back=used.fell_back or device != claimed)
    vectors = np.full((*present.shape, found.shape[1]), np.nan, np.float32)
    vectors[present] = found
    files.write_array(out, vectors)
    _LOG.info("%d views of %d glitches: %s", len(rows), len(array), used)
    return used

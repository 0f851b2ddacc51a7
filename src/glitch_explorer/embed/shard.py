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
from glitch_explorer.embed.backbone import load_backbone
from glitch_explorer.embed.front import Backbone
from glitch_explorer.embed.precision import choose_precision
from glitch_explorer.views.schemas import VIEWS

_LOG = logging.getLogger(__name__)

#: Views per batch on a CPU: of one size, on one thread, so that sums have one order.
CPU_BATCH = 32
#: Views per batch on a GPU at first; halved while its memory is too small, down to the least.
GPU_BATCH, LEAST_GPU_BATCH = 1024, 64


@dataclass(frozen=True)
class Used:
    """How a shard was embedded, as far as it depends on the machine."""

    device: str
    precision: str
    batch: int
    fell_back: bool


def _present(status: str | Path, n: int) -> Bool:
    """Return which slots of the views array have a view, ``(n, 4)``."""
    table = tables.read(VIEWS, status)
    if len(table) != n:
        raise UserError(f"{status} has {len(table)} rows for {n} glitches: make the shard's views again")
    present = table[list(VIEW_PRESENT)].to_numpy(dtype=bool).copy()
    present[:, 0] |= table[VIEW_PRESENT_UNKNOWN].to_numpy(dtype=bool)
    return present


def _usable(device: str) -> str:
    """Return the device, or the CPU when this torch cannot use it."""
    if device == "cuda" and not torch.cuda.is_available():
        _LOG.warning("this torch cannot use the GPU: running on the CPU")
        return "cpu"
    return device


def _batches(views: UInt8, rows: Int64, size: int) -> list[Callable[[], torch.Tensor]]:
    """Return functions that read `rows` of `views` in batches of `size`, the last one padded."""

    def read(start: int) -> torch.Tensor:
        chosen = rows[start : start + size]
        batch = np.zeros((size, 1, *views.shape[1:]), np.uint8)
        batch[: len(chosen), 0] = views[chosen]
        return torch.from_numpy(batch)

    return [partial(read, start) for start in range(0, max(len(rows), 1), size)]


def _on_cpu(backbone: Backbone, views: UInt8, rows: Int64, threads: int) -> Float32:
    """Embed on the CPU, one batch per thread."""

    def embed(read: Callable[[], torch.Tensor]) -> Float32:
        with torch.inference_mode():
            vectors: torch.Tensor = backbone(read())
            return vectors.numpy()

    batches = _batches(views, rows, CPU_BATCH)
    with one_thread(), ThreadPoolExecutor(threads, "embed", torch.set_num_threads, (1,)) as pool:
        done = tqdm(pool.map(embed, batches), total=len(batches), unit="batch", mininterval=5)
        return np.concatenate(list(done))[: len(rows)]


def _on_gpu(backbone: Backbone, views: UInt8, rows: Int64, batch: int) -> Float32:
    """Embed on the GPU, with sums in one order."""
    with (
        torch.inference_mode(),
        torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False),
    ):
        reads = tqdm(_batches(views, rows, batch), unit="batch", mininterval=5)
        vectors = [backbone(read().to("cuda")).cpu().numpy() for read in reads]
    return np.concatenate(vectors)[: len(rows)]


def embed_views(
    views: UInt8,
    rows: Int64,
    *,
    load: Callable[[], Backbone],
    precision: str = "auto",
    device: str = "cpu",
    threads: int = 1,
) -> tuple[Float32, Used]:
    """Embed views.

    Parameters
    ----------
    views
        uint8 ``(m, H, W)``, may be memory-mapped.
    rows
        ``(k,)``: the views to embed.
    load
        Function that returns a new backbone.
    precision, device, threads
        As for `embed_shard`.

    Returns
    -------
    vectors
        float32 ``(k, d)``. On a CPU a vector depends on its own view only, not on `threads`.
    used
        How it was done. While the GPU's memory is too small the batch is halved; in the end the
        CPU is used.

    Raises
    ------
    UserError
        When the GPU fails in another way: this process cannot use it any more.
    """
    fell_back = False
    batch = GPU_BATCH
    while device == "cuda":
        backbone = load()
        kind = choose_precision(precision, device) if backbone.half_precision else torch.float32
        try:
            vectors = _on_gpu(backbone.to(device=device, dtype=kind), views, rows, batch)
            return vectors, Used(device, str(kind), batch, fell_back)
        except torch.cuda.OutOfMemoryError:
            fell_back = True
            batch //= 2
            device = "cuda" if batch >= LEAST_GPU_BATCH else "cpu"
            _LOG.warning("the GPU's memory is too small: trying %s, %d views at a time", device, batch)
            torch.cuda.empty_cache()
        except torch.AcceleratorError as problem:
            reason = str(problem).splitlines()[0]
            raise UserError(
                f"the GPU failed ({reason}): Snakemake tries the job again; "
                "if that fails too, run with --resources gpu=0"
            ) from problem
    backbone = load()
    kind = choose_precision(precision, "cpu") if backbone.half_precision else torch.float32
    vectors = _on_cpu(backbone.to(device="cpu", dtype=kind), views, rows, threads)
    return vectors, Used("cpu", str(kind), CPU_BATCH, fell_back)


def embed_shard(
    views: str | Path,
    status: str | Path,
    out: str | Path,
    *,
    backbone: str,
    weights: str | Path,
    precision: str = "auto",
    device: str = "cpu",
    threads: int = 1,
) -> Used:
    """Embed the views of one shard.

    Parameters
    ----------
    views
        Array uint8 ``(n, 4, H, W)``.
    status
        The shard's table "views".
    out
        Array float32 ``(n, 4, d)`` to write, NaN where a view is missing.
    backbone, weights
        See `backbone.load_backbone`.
    precision
        See `precision.choose_precision`.
    device
        ``"cpu"``, or ``"cuda"`` after `device.claimed_device`.
    threads
        CPU threads; the bytes written do not depend on it.

    Raises
    ------
    UserError
        When the files are not of the same shard, or the backbone cannot be loaded.
    """
    claimed, device = device, _usable(device)
    array = files.read_array(views)
    if array.ndim != 4 or array.shape[1] != len(VIEW_LENGTHS_S) or array.dtype != np.uint8:
        raise UserError(f"{views} is {array.dtype} {array.shape}, not uint8 (n, 4, H, W): make it again")
    present = _present(status, len(array))
    rows = np.flatnonzero(present.ravel())
    embedded, used = embed_views(
        array.reshape(-1, *array.shape[2:]),
        rows,
        load=partial(load_backbone, backbone, weights),
        precision=precision,
        device=device,
        threads=threads,
    )
    used = replace(used, fell_back=used.fell_back or device != claimed)
    vectors = np.full((*present.shape, embedded.shape[1]), np.nan, np.float32)
    vectors[present] = embedded
    files.write_array(out, vectors)
    _LOG.info("%d views of %d glitches: %s", len(rows), len(array), used)
    return used

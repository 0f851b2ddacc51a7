"""Compare pictures and vectors on a GPU with this machine's CPU: `python benchmarks/gpu.py`.

Printed are the time of both, how far their vectors and pixels agree, whether a repeated run gives the same
bytes, and whether vectors are still computed when the GPU's memory is too small. Without a GPU it prints
that there is none. Needs no data: pictures are random spots, strain is white noise with sine-Gaussians.
"""

import argparse
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from glitch_explorer.embed import shard
from glitch_explorer.embed.backbone import load_backbone
from glitch_explorer.embed.device import claimed_device
from glitch_explorer.views.qscan import qscan

WEIGHTS = Path(__file__).resolve().parents[1] / "resources/encoders/glitch_resnet18.safetensors"
RATE, SECONDS = 4096, 64


def pictures(n: int) -> np.ndarray:
    """Draw spots of all sizes, uint8 (n, 128, 128)."""
    rng = np.random.default_rng(1)
    grid = np.linspace(-1, 1, 128)
    centre, width = rng.uniform(-0.5, 0.5, (2, n, 1)), rng.uniform(0.02, 0.5, (2, n, 1))
    shape = np.exp(-(((grid - centre) / width) ** 2))
    return (255 * shape[0][:, :, None] * shape[1][:, None, :]).astype(np.uint8)


def strain(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw white noise with a sine-Gaussian in the middle, (n, 64 s)."""
    rng = np.random.default_rng(2)
    t = np.arange(RATE * SECONDS) / RATE - SECONDS / 2
    rows = rng.standard_normal((n, len(t)))
    for k in range(n):
        frequency, length = rng.uniform(30, 500), rng.uniform(0.01, 0.3)
        rows[k] += 8 * np.exp(-((t / length) ** 2)) * np.sin(2 * np.pi * frequency * t)
    return rows, np.full(n, SECONDS / 2)


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Time a call, including work that the GPU does later."""
    begin = time.perf_counter()
    done = work()
    torch.cuda.synchronize()
    return time.perf_counter() - begin, done


def embed(images: np.ndarray, device: str, threads: int) -> tuple[np.ndarray, shard.Used]:
    return shard.embed_views(
        images,
        np.arange(len(images)),
        load=lambda: load_backbone("resnet18", WEIGHTS),
        precision="auto",
        device=device,
        threads=threads,
    )


def vectors(count: int, on_cpu: int, threads: int) -> None:
    """Compare the vectors of GPU and CPU."""
    images = pictures(count)
    embed(images[:2048], "cuda", threads)  # the first call starts the libraries
    spent, (on_gpu, used) = timed(lambda: embed(images, "cuda", threads))
    again = embed(images, "cuda", threads)[0]
    slow, (plain, _) = timed(lambda: embed(images[:on_cpu], "cpu", threads))
    cosine = (on_gpu[:on_cpu] * plain).sum(1) / np.linalg.norm(on_gpu[:on_cpu], axis=1)
    cosine /= np.linalg.norm(plain, axis=1)
    rates = count / spent, on_cpu / slow
    print(f"vectors: {rates[0]:.0f} pictures/s on the GPU ({used}), {rates[1]:.0f} on {threads} threads")
    print(f"ratio {rates[0] / rates[1]:.1f}; cosine with the CPU's: least {cosine.min():.5f}")
    print(f"the same bytes again: {np.array_equal(on_gpu, again)}")
    free = torch.cuda.mem_get_info()[0]
    torch.cuda.set_per_process_memory_fraction(min(1.0, 1.0e9 / torch.cuda.mem_get_info()[1]))
    shard.GPU_BATCH = 65536  # far more than that memory holds
    torch.cuda.empty_cache()
    short, used = embed(images[:1000], "cuda", threads)
    torch.cuda.set_per_process_memory_fraction(1.0)
    shard.GPU_BATCH = 1024
    near = (
        (short * on_gpu[:1000]).sum(1) / np.linalg.norm(short, axis=1) / np.linalg.norm(on_gpu[:1000], axis=1)
    )
    print(f"with 1 of {free / 1e9:.0f} GB: {used}; cosine {near.min():.5f}")


def scans(count: int, on_cpu: int, threads: int) -> None:
    """Compare the Q-scans of GPU and CPU."""
    rows, offsets = strain(count)
    qscan(rows[:16], sample_rate=RATE, event_offset=offsets[:16], device="cuda")
    spent, (on_gpu, _) = timed(lambda: qscan(rows, sample_rate=RATE, event_offset=offsets, device="cuda"))
    slow, (plain, _) = timed(
        lambda: qscan(rows[:on_cpu], sample_rate=RATE, event_offset=offsets[:on_cpu], threads=threads)
    )
    away = np.abs(on_gpu[:on_cpu].astype(int) - plain)
    alike = [
        np.corrcoef(first.ravel(), second.ravel())[0, 1]
        for first, second in zip(on_gpu[:on_cpu], plain, strict=True)
    ]
    rates = count / spent, on_cpu / slow
    print(f"Q-scans: {rates[0]:.1f} glitches/s on the GPU, {rates[1]:.1f} on {threads} threads")
    print(f"ratio {rates[0] / rates[1]:.1f}; pixels differ by at most {away.max()} of 255, "
          f"correlation at least {min(alike):.5f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=40000)
    parser.add_argument("--scans", type=int, default=256)
    parser.add_argument("--on-cpu", type=int, default=512, help="pictures that the CPU does too")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    threads = os.cpu_count() or 1
    with claimed_device(os.environ) as device:
        if device != "cuda" or not torch.cuda.is_available():
            print("no GPU here: nothing to compare")
            return
        print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {threads} threads")
        vectors(options.pictures, options.on_cpu, threads)
        scans(options.scans, max(16, options.on_cpu // 16), threads)


if __name__ == "__main__":
    main()

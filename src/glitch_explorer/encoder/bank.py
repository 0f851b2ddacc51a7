"""Banks of Q-scanned training glitches, each determined by the seed and its number."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from glitch_explorer.core import files
from glitch_explorer.core.arrays import Float, Int64, UInt8
from glitch_explorer.core.threads import one_thread
from glitch_explorer.core.views import VIEW_LENGTHS_S
from glitch_explorer.encoder import HELD_OUT
from glitch_explorer.encoder.classes import SEEN, draw_class
from glitch_explorer.encoder.generic import draw_generic
from glitch_explorer.encoder.noise import draw_noise
from glitch_explorer.encoder.scan import scan_white
from glitch_explorer.views import colormap
from glitch_explorer.views.whitening import RATE

#: Pixels of a view's side.
SIDE = 128
#: Members of a family of random shapes.
MEMBERS = 4
#: Glitches per file.
CHUNK = 256
#: Probabilities of a second glitch, and of JPEG compression.
_SECOND, _JPEG = 0.08, 0.25
#: Keys added to the seed, so that each random stream has one purpose.
_CLASS, _VALIDATION = range(2)


@dataclass(frozen=True)
class Bank:
    """Scanned glitches: `views` uint8 ``(n, 4, side, side)`` and `labels` ``(n,)``.

    Labels below ``len(SEEN)`` are classes, the others families of random shapes; in a
    validation bank the held-out classes follow the seen ones.
    """

    views: UInt8
    labels: Int64


def jpeg(view: UInt8, quality: int) -> UInt8:
    """Return a view after drawing it in viridis, twice as large, and compressing it as JPEG."""
    side = 2 * view.shape[0]
    energy = np.asarray(Image.fromarray(view).resize((side, side), Image.Resampling.BILINEAR))
    stream = io.BytesIO()
    Image.fromarray(colormap.viridis()[energy]).save(stream, "JPEG", quality=quality)
    rgba = np.asarray(Image.open(stream).convert("RGBA"))
    return np.asarray(Image.fromarray(colormap.energy(rgba)).resize(view.shape[::-1], Image.Resampling.BOX))


def _scanned(wave: Float, snr: float, rng: np.random.Generator) -> UInt8:
    """Return the views of a glitch in noise, sometimes with a second glitch."""
    data = draw_noise(rng) + snr * wave
    if rng.uniform() < _SECOND:
        other, _ = draw_class(SEEN[int(rng.integers(len(SEEN)))], rng)
        shift_s = rng.choice([-1.0, 1.0]) * rng.uniform(0.4, 1.9)
        data = data + rng.uniform(5.0, 15.0) * np.roll(other, round(shift_s * RATE))
    views = scan_white(data, height=SIDE, width=SIDE)
    if rng.uniform() < _JPEG:
        quality = int(rng.integers(50, 96))
        views = np.stack([jpeg(view, quality) for view in views])
    return views


def draw_labelled(number: int, *, seed: int) -> tuple[UInt8, int]:
    """Draw training glitch `number`: an even one of a class, an odd one of a family of random shapes."""
    rng = np.random.default_rng([seed, _CLASS, number])
    if number % 2 == 0:
        label = int(rng.integers(len(SEEN)))
        wave, snr = draw_class(SEEN[label], rng)
    else:
        family, member = divmod(number // 2, MEMBERS)
        label = len(SEEN) + family
        wave, snr = draw_generic(family, member, seed=seed)
    return _scanned(wave, snr, rng), label


def draw_validation(number: int, *, seed: int) -> tuple[UInt8, int]:
    """Draw validation glitch `number`, of the seen and held-out classes in turn."""
    rng = np.random.default_rng([seed, _VALIDATION, number])
    names = (*SEEN, *HELD_OUT)
    label = number % len(names)
    wave, snr = draw_class(names[label], rng)
    return _scanned(wave, snr, rng), label


def _chunk(
    draw: Callable[[int], tuple[UInt8, int]], numbers: range, path: Path, *, threads: int
) -> tuple[UInt8, Int64]:
    """Draw glitches, or read them if they were drawn before."""
    if not path.exists():
        with one_thread(), ThreadPoolExecutor(threads, "bank", torch.set_num_threads, (1,)) as pool:
            drawn = list(pool.map(draw, numbers))
        views, labels = zip(*drawn, strict=True)
        files.write_arrays(path, {"views": np.stack(views), "labels": np.array(labels, np.int64)})
    stored = files.read_arrays(path)
    return stored["views"], stored["labels"]


def make_bank(folder: str | Path, *, glitches: int, seed: int, validation: bool, threads: int) -> Bank:
    """Draw a bank of glitches, stored in `folder` in parts.

    Parameters
    ----------
    folder : path
        Folder of the parts; a stopped run continues from them.
    glitches : int
        Number of glitches.
    seed : int
        Seed of all random numbers.
    validation : bool
        Draw for validation: other glitches than in training, and held-out classes, too.
    threads : int
        CPU threads; the glitches do not depend on it.
    """
    kind = "validation" if validation else "training"
    draw = partial(draw_validation if validation else draw_labelled, seed=seed)
    starts = range(0, glitches, CHUNK)
    views = np.empty((glitches, len(VIEW_LENGTHS_S), SIDE, SIDE), np.uint8)
    labels = np.empty(glitches, np.int64)
    for start in tqdm(starts, desc=f"{kind} glitches", unit=f"{CHUNK} glitches"):
        numbers = range(start, min(start + CHUNK, glitches))
        path = Path(folder) / f"{kind}-{seed}-{numbers.start}-{numbers.stop}.npz"
        views[start : numbers.stop], labels[start : numbers.stop] = _chunk(
            draw, numbers, path, threads=threads
        )
    return Bank(views, labels)

"""How real the simulated glitches look: `python benchmarks/realism.py --golden ../shared/data/images/golden`.

Simulated Q-scans are the library; the field guide's example pictures ask for their
nearest neighbour in it (cosine of plain pixels, each view less its mean). Printed is the
share that gets its own class, for each view and for the views together, and beside it
what the pictures' own pixels reach among themselves, leaving out the glitch that asks.
Types that are not simulated take no part.
"""

import argparse
import re
from pathlib import Path

import numpy as np

from glitch_explorer.catalog.classes import canonical_class
from glitch_explorer.core.views import VIEW_NAMES
from glitch_explorer.observatory import noise, shapes, waveforms
from glitch_explorer.observatory.morphology import CLASSES, MORPHOLOGIES
from glitch_explorer.observatory.plan import SNR_INDEX
from glitch_explorer.views.pictures import read_view
from glitch_explorer.views.qscan import qscan

RATE, SIDE, HALF_S = 8192, 128, 32


def golden(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read the example pictures: views (n, 4, SIDE, SIDE), which exist (n, 4), classes (n,)."""
    found: dict[tuple[str, str], dict[str, Path]] = {}
    for path in sorted(folder.glob("*/*.png")):
        match = re.fullmatch(r"(.+)_spectrogram_([\d.]+)\.png", path.name)
        name = canonical_class(path.parent.name)
        if match and name in CLASSES:
            found.setdefault((name, match[1]), {})[match[2]] = path
    views = np.zeros((len(found), 4, SIDE, SIDE), np.uint8)
    present = np.zeros((len(found), 4), bool)
    for i, paths in enumerate(found.values()):
        for v, length in enumerate(VIEW_NAMES):
            if length in paths:
                views[i, v], _ = read_view(paths[length], height=SIDE, width=SIDE)
                present[i, v] = True
    return views, present, np.array([name for name, _ in found])


def simulated(each: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Make `each` glitches of every class: views (n, 4, SIDE, SIDE), classes (n,)."""
    views, names = [], []
    for k, name in enumerate(CLASSES):
        for i in range(each):
            rng = np.random.default_rng([seed, k, i])
            wave = waveforms.draw(name, rng, RATE)
            white = np.zeros(2 * HALF_S * RATE)
            first = HALF_S * RATE - len(wave) // 2
            white[first : first + len(wave)] = shapes.power_law(rng, MORPHOLOGIES[name].snr, SNR_INDEX) * wave
            level = noise.draw_level(rng)
            strain = noise.strain(white, ifo="H1", level=level, rate=RATE, rng=rng)
            scan, _ = qscan(
                strain[None], sample_rate=RATE, event_offset=np.array([HALF_S]), height=SIDE, width=SIDE
            )
            views.append(scan[0])
            names.append(name)
    return np.array(views), np.array(names)


def vectors(views: np.ndarray) -> np.ndarray:
    """Give unit vectors of pixels less their mean: (n, 4, SIDE * SIDE)."""
    flat = views.reshape(*views.shape[:2], -1).astype(np.float32)
    flat -= flat.mean(axis=2, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=2, keepdims=True), 1e-6)


def similarity(a: np.ndarray, b: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Give the mean cosine over the views that exist in a: (len(a), len(b))."""
    total = np.einsum("nv,nvp,mvp->nm", present.astype(np.float32), a, b, optimize=True)
    return total / np.maximum(present.sum(axis=1, keepdims=True), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--golden", type=Path, required=True, help="folder of the field guide's pictures")
    parser.add_argument("--each", type=int, default=10, help="simulated glitches of each class")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    pictures, present, truth = golden(arguments.golden)
    scans, names = simulated(arguments.each, arguments.seed)
    asked, library = vectors(pictures), vectors(scans)
    print(f"{len(truth)} pictures of {len(set(truth))} types, {len(names)} simulated glitches")
    print("view       simulated  pictures' own")
    for label, chosen in [*((f"{name} s", [v]) for v, name in enumerate(VIEW_NAMES)), ("all", [0, 1, 2, 3])]:
        mask = np.zeros_like(present)
        mask[:, chosen] = present[:, chosen]
        asks = mask.any(axis=1)
        nearest = names[similarity(asked, library, mask).argmax(axis=1)]
        both = similarity(asked * mask[..., None], asked * mask[..., None], mask)
        both[:, ~asks] = -2.0
        np.fill_diagonal(both, -2.0)
        own = truth[both.argmax(axis=1)]
        print(f"{label:9s}  {(nearest == truth)[asks].mean():9.2f}  {(own == truth)[asks].mean():13.2f}")
        if label == "all":
            wrong = [f"{a} -> {b}" for a, b in zip(truth, nearest, strict=True) if a != b]
            print("taken for another:", "; ".join(wrong) or "none")


if __name__ == "__main__":
    main()

"""Time pictures to vectors: the seed's code against ours, on the same machine in one run.

The baseline is the seed's code: torchvision's ImageFolder, Resize 224, ToTensor, Normalize, batches of 64
without workers, ResNet-18 in float32. Ours decodes to views of 128 x 128, then calls `embed_views`; that
these have 3.1 times fewer pixels is part of the comparison. All networks are untrained, which changes no
time.

Both run in separate processes on the same generated tree of 800 x 600 pictures with axes, read from the
file cache.

    python benchmarks/embedding.py --images 800 --threads 2
"""

import argparse
import io
import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from harness import peak_mib, run_part, timed

from glitch_explorer.core.views import VIEW_NAMES

CLASSES = ("Blip", "Low_Frequency_Burst", "Scattered_Light", "Whistle", "Power_Line", "Repeating_Blips")
#: The picture within an 800 x 600 image of Gravity Spy: rows 66-531, columns 105-670.
TOP, LEFT, HEIGHT, WIDTH = 66, 105, 466, 566
#: Views of 1,000 glitches.
SHARD = 4000


def energy(rng: np.random.Generator, kind: int, seconds: float) -> np.ndarray:
    """Draw a picture of one kind of glitch in noise, 0 to 255, (466, 566)."""
    row = np.linspace(0, 128, HEIGHT)[:, None]
    time = np.linspace(-seconds / 2, seconds / 2, WIDTH)[None]
    shift, size, loud = rng.uniform(-5, 5), rng.uniform(0.7, 1.4), rng.uniform(150, 600)
    away = [
        np.hypot(time / (0.012 * size), (row - 50 - shift) / 20),
        np.hypot(time / 0.3, (row - 112 - shift) / (6 * size)),
        np.abs(row - 85 - shift + 25 * size * np.cos(time * 4)) / 4,
        np.abs(row - 25 - shift + 40 * size * np.abs(time)) / 3 + (np.abs(time) > 0.5) * 9,
        np.hypot(time / (0.2 * size), (row - 84 - shift / 3) / 2),
        np.hypot(((time + 0.15) % 0.3 - 0.15) / 0.012, (row - 65 - shift) / 14),
    ][kind]
    noise = rng.exponential(10, (HEIGHT // 3 + 1, WIDTH // 3 + 1)).repeat(3, 0).repeat(3, 1)
    return (noise[:HEIGHT, :WIDTH] + loud * np.exp(-0.5 * away**2)).clip(0, 255)


def frame() -> np.ndarray:
    """Draw the axes, labels and colour bar that every image shares, uint8 (600, 800, 3)."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt
    from PIL import Image

    mpl.use("Agg")
    figure = plt.figure(figsize=(8, 6), dpi=100)
    axes = figure.add_axes((LEFT / 800, 1 - (TOP + HEIGHT) / 600, WIDTH / 800, HEIGHT / 600))
    axes.set(xlim=(-0.25, 0.25), ylim=(10, 2048), xlabel="Time [seconds]", ylabel="Frequency [Hz]")
    axes.set_yscale("log", base=2)
    mappable = axes.imshow([[0, 25.5]], cmap="viridis", aspect="auto", extent=(-0.25, 0.25, 10, 2048))
    bar = figure.add_axes((0.86, 1 - (TOP + HEIGHT) / 600, 0.03, HEIGHT / 600))
    figure.colorbar(mappable, cax=bar, label="Normalized energy")
    stream = io.BytesIO()
    figure.savefig(stream)
    return np.asarray(Image.open(stream).convert("RGB"))


def make_tree(folder: Path, images: int) -> None:
    """Write `images` pictures, four views of each glitch, in folders by class."""
    import matplotlib as mpl
    from PIL import Image

    colours = (mpl.colormaps["viridis"](np.arange(256))[:, :3] * 255).round().astype(np.uint8)
    blank, rng = frame(), np.random.default_rng(1)
    for glitch in range(images // 4):
        kind = glitch % len(CLASSES)
        subfolder = folder / CLASSES[kind]
        subfolder.mkdir(exist_ok=True)
        for view in VIEW_NAMES:
            picture = blank.copy()
            pixels = colours[energy(rng, kind, float(view)).astype(np.uint8)]
            picture[TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH] = pixels
            Image.fromarray(picture).save(subfolder / f"H1_glitch{glitch:05d}_spectrogram_{view}.png")


def seed_way(tree: Path, threads: int, _precision: str, _backbone: str) -> np.ndarray:
    """Return the vectors of the seed's code."""
    import torch
    from torchvision import datasets, models, transforms

    torch.set_num_threads(threads)
    change = transforms.Compose(
        [
            transforms.Resize((224, 224)),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    torch.manual_seed(0)
    network = models.resnet18(weights=None).eval()
    network.fc = torch.nn.Identity()
    loader = torch.utils.data.DataLoader(
        datasets.ImageFolder(str(tree), change), batch_size=64, num_workers=0
    )
    with torch.no_grad():
        return np.concatenate([network(batch).numpy() for batch, _ in loader])


def our_way(tree: Path, threads: int, precision: str, backbone: str) -> np.ndarray:
    """Return the vectors of the project's code."""
    from glitch_explorer.embed.backbone import load_backbone
    from glitch_explorer.embed.shard import embed_views
    from glitch_explorer.views.pictures import read_view

    paths = sorted(tree.rglob("*.png"))
    with ThreadPoolExecutor(threads) as pool:
        views = np.stack(list(pool.map(lambda path: read_view(path, height=128, width=128)[0], paths)))
    vectors, _ = embed_views(
        views,
        np.arange(len(views)),
        load=lambda: load_backbone(backbone, "untrained"),
        precision=precision,
        device="cpu",
        threads=threads,
    )
    return vectors


WAYS = {"seed": seed_way, "ours": our_way}


def measure(arguments: argparse.Namespace) -> None:
    """Time one of the two; imports are not timed, as a job imports once."""
    import torchvision  # noqa: F401

    from glitch_explorer.embed import network, shard  # noqa: F401
    from glitch_explorer.views import pictures  # noqa: F401

    way = WAYS[arguments.way]
    with timed() as spent:
        vectors = way(arguments.tree, arguments.threads, arguments.precision, arguments.backbone)
    np.save(arguments.tree.parent / "vectors.npy", vectors)
    print(json.dumps({"wall": spent.seconds, "cores": spent.core_seconds, "peak_mb": peak_mib()}))


def neighbours(vectors: np.ndarray) -> np.ndarray:
    """Return the ten nearest glitches of each glitch, by its four views."""
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).reshape(len(vectors) // 4, -1)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -9)
    return np.argsort(-similarity, axis=1)[:, :10]


def main() -> None:
    """Write the tree, run each in a separate process, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=800)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--tree", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--precision", help=argparse.SUPPRESS)
    parser.add_argument("--backbone", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        measure(arguments)
        return
    runs = [
        ("seed", "float32", "resnet18"),
        ("ours", "float32", "resnet18"),
        ("ours", "auto", "resnet18"),
        ("ours", "auto", "gradients"),
    ]
    near: dict[tuple[str, str, str], np.ndarray] = {}
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        tree.mkdir()
        make_tree(tree, arguments.images)
        kinds = np.array([path.parent.name for path in sorted(tree.rglob("*.png"))][::4])
        base = base_work = 0.0
        for way, precision, backbone in runs:
            options = ("--way", way, "--tree", tree, "--precision", precision, "--backbone", backbone)
            threads = arguments.threads
            report = run_part(__file__, *options, "--threads", threads, OMP_NUM_THREADS=str(threads))
            near[way, precision, backbone] = nearest = neighbours(np.load(Path(folder) / "vectors.npy"))
            rate, work = (arguments.images / report[key] for key in ("wall", "cores"))
            base, base_work = base or rate, base_work or work
            right = (kinds[nearest[:, 0]] == kinds).mean()
            print(
                f"from PNG: {way} {backbone:9} {precision:8} {rate:7.1f} images/s ({rate / base:4.1f} x), "
                f"{SHARD / work:6.1f} core-seconds per 1,000 glitches ({work / base_work:4.1f} x), "
                f"peak {report['peak_mb']:.0f} MB, nearest right {right:.3f}",
                flush=True,
            )
    pairs = zip(near["ours", "float32", "resnet18"], near["ours", "auto", "resnet18"], strict=True)
    print(f"recall@10 of auto against float32: {np.mean([len(set(a) & set(b)) / 10 for a, b in pairs]):.3f}")


if __name__ == "__main__":
    main()

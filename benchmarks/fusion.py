"""How to put the four views of a glitch together: side by side, their mean, or learned.

Simulated glitches only, of seeds that the encoder never saw; `--tree` adds real pictures in folders
by class as queries among the simulated ones. A learned fusion is trained on draws of their own, of
the classes and random families that training knows: a weight for each length of view, or a linear
map of the four vectors side by side, both with the encoder's contrastive loss.

    python benchmarks/fusion.py
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from glitch_explorer.core.views import VIEW_NAMES
from glitch_explorer.embed.backbone import load_backbone
from glitch_explorer.embed.shard import embed_pictures
from glitch_explorer.encoder import HELD_OUT
from glitch_explorer.encoder.bank import Bank, make_bank
from glitch_explorer.encoder.classes import SEEN
from glitch_explorer.encoder.loss import supervised_contrastive
from glitch_explorer.encoder.validation import nearest_right
from glitch_explorer.views.pictures import read_view

ARCHITECTURE = "resnet18"
SHIPPED = Path(__file__).resolve().parents[1] / "resources/encoders/glitch_resnet18.safetensors"
SEED = 11
EPOCHS = 60
BATCH = 256


def vectors(views: np.ndarray, weights: Path, threads: int) -> Tensor:
    """Embed uint8 (n, 4, H, W) as unit vectors (n, 4, d)."""
    found, _ = embed_pictures(
        views.reshape(-1, *views.shape[2:]),
        np.arange(views.shape[0] * views.shape[1]),
        load=lambda: load_backbone(ARCHITECTURE, weights),
        precision="auto",
        device="cpu",
        threads=threads,
    )
    return functional.normalize(torch.from_numpy(found.reshape(*views.shape[:2], -1)), dim=2)


class Weighted(nn.Module):
    """Side by side, each length with a weight."""

    def __init__(self, lengths: int, _: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.ones(lengths, 1))

    def forward(self, x: Tensor) -> Tensor:
        return functional.normalize((self.weights * x).flatten(1), dim=1)


class Linear(nn.Module):
    """A linear map of the four vectors side by side, begun as their mean."""

    def __init__(self, lengths: int, dimension: int) -> None:
        super().__init__()
        self.map = nn.Linear(lengths * dimension, dimension, bias=False)
        with torch.no_grad():
            self.map.weight.copy_(torch.eye(dimension).repeat(1, lengths) / lengths)

    def forward(self, x: Tensor) -> Tensor:
        return functional.normalize(self.map(x.flatten(1)), dim=1)


def learned(kind: type[nn.Module], x: Tensor, labels: Tensor) -> nn.Module:
    """Train a fusion on vectors (n, 4, d)."""
    torch.manual_seed(SEED)
    head = kind(x.shape[1], x.shape[2])
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-3, weight_decay=0.01)
    for _ in range(EPOCHS):
        for part in torch.randperm(len(x)).split(BATCH):
            loss = supervised_contrastive(
                head(x[part]), labels[part], torch.zeros(len(part)), temperature=0.1, across=1.0
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return head.eval()


def real_tree(tree: Path) -> tuple[np.ndarray, list[str]]:
    """Read the four views of each glitch of `tree`, and its class."""
    views, names = [], []
    for first in sorted(tree.rglob(f"*_{VIEW_NAMES[0]}.png")):
        paths = [Path(str(first).replace(f"_{VIEW_NAMES[0]}.", f"_{name}.")) for name in VIEW_NAMES]
        views.append(np.stack([read_view(path, height=128, width=128)[0] for path in paths]))
        names.append(first.parent.name)
    return np.stack(views), names


def draws(folder: Path, glitches: int, threads: int) -> tuple[Bank, Bank]:
    """Draw glitches to learn a fusion from, and others to judge it by."""
    own = {"seed": SEED, "threads": threads}
    return (
        make_bank(folder, glitches=glitches, validation=False, **own),
        make_bank(folder, glitches=glitches // 2, validation=True, **own),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=SHIPPED)
    parser.add_argument("--glitches", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tree", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        train, held = draws(Path(folder), arguments.glitches, arguments.threads)
    x, y = (vectors(bank.views, arguments.weights, arguments.threads) for bank in (train, held))
    labels = torch.from_numpy(train.labels)
    ways = {f"{name} s alone": lambda v, i=i: v[:, i] for i, name in enumerate(VIEW_NAMES)}
    ways["side by side"] = lambda v: v.flatten(1)
    ways["mean"] = lambda v: v.mean(1)
    ways["learned weights"] = learned(Weighted, x, labels)
    ways["learned linear map"] = learned(Linear, x, labels)
    seen = held.labels < len(SEEN)
    real = None
    if arguments.tree:
        pictures, names = real_tree(arguments.tree)
        real = vectors(pictures, arguments.weights, arguments.threads)
        gallery = np.array((*SEEN, *HELD_OUT))[held.labels]
    with torch.inference_mode():
        for name, fuse in ways.items():
            right = nearest_right(fuse(y).numpy(), held.labels)
            line = f"{name:20} seen {right[seen].mean():.3f}, unseen {right[~seen].mean():.3f}"
            if real is not None:
                near = functional.normalize(fuse(real)) @ functional.normalize(fuse(y)).T
                line += f", real {np.mean(gallery[near.argmax(1).numpy()] == np.array(names)):.3f}"
            print(line, flush=True)
        print("weights by length:", ways["learned weights"].weights.detach().flatten().numpy().round(2))


if __name__ == "__main__":
    main()

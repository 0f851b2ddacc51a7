"""Real pretrained weights on real pictures."""

from collections import defaultdict
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from glitch_explorer.core.errors import UserError
from glitch_explorer.core.views import VIEW_NAMES
from glitch_explorer.embed.backbone import load_backbone
from glitch_explorer.embed.shard import embed_views
from glitch_explorer.views.pictures import read_view

#: SqueezeNet 1.1's `features` only, with ImageNet weights.
WEIGHTS = "weights/squeezenet1_1_features_from_keras.pt"


@pytest.fixture(scope="module")
def glitches(shared_data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Blips and scratchies: views (n, 4, 128, 128) and classes (n,)."""
    paths = sorted((shared_data / "images" / "training_tree").rglob("*.png"))
    glitches: dict[tuple[str, str], dict[str, Path]] = defaultdict(dict)
    for path in paths:
        name, view = path.stem.split("_spectrogram_")
        glitches[path.parent.name, name][view] = path
    views = [
        [read_view(files[view], height=128, width=128)[0] for view in VIEW_NAMES]
        for files in glitches.values()
    ]
    return np.array(views), np.array([label for label, _ in glitches])


def nearest_accuracy(vectors: np.ndarray, labels: np.ndarray) -> float:
    """Share of glitches whose nearest other glitch, by the four views, has their class."""
    unit = (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).reshape(len(vectors), -1)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -9)
    return float((labels[similarity.argmax(1)] == labels).mean())


def embed(views: np.ndarray, name: str, weights: str | Path) -> np.ndarray:
    pictures, load = views.reshape(-1, *views.shape[2:]), partial(load_backbone, name, weights)
    vectors, _ = embed_views(pictures, np.arange(len(pictures)), load=load, threads=2)
    return vectors.reshape(len(views), 4, -1)


def test_squeezenet_beats_pixels(shared_data: Path, glitches: tuple[np.ndarray, np.ndarray]) -> None:
    views, labels = glitches
    assert views.shape[1:] == (4, 128, 128)
    pixels = views.reshape(len(views), 4, 32, 4, 16, 8).mean((3, 5)).reshape(len(views), 4, -1)
    vectors = embed(views, "squeezenet1_1", shared_data / WEIGHTS)
    assert vectors.shape[2] == 512
    assert nearest_accuracy(vectors, labels) >= max(nearest_accuracy(pixels, labels), 0.9)


def test_gradients_on_real_pictures(glitches: tuple[np.ndarray, np.ndarray]) -> None:
    views, labels = glitches
    assert nearest_accuracy(embed(views, "gradients", "untrained"), labels) >= 0.9


def test_weights_of_another_network_are_refused(shared_data: Path) -> None:
    with pytest.raises(UserError, match=r"missing \(bn1.bias"):
        load_backbone("resnet18", shared_data / WEIGHTS)

"""The encoder that ships with the project: small, stable in bfloat16, and better than gradients."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from glitch_explorer.embed.backbone import load_backbone
from glitch_explorer.embed.shard import embed_views
from glitch_explorer.encoder.bank import Bank, make_bank
from glitch_explorer.encoder.classes import SEEN
from glitch_explorer.encoder.validation import nearest_right

WEIGHTS = "resources/encoders/glitch_resnet18.safetensors"


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    folder = tmp_path_factory.mktemp("bank")
    return make_bank(folder, glitches=69, seed=4242, validation=True, threads=2)


@pytest.fixture(scope="module")
def embedded(root: Path, bank: Bank) -> dict[tuple[str, str], np.ndarray]:
    """The 2 s views by backbone and precision, as directions."""
    embedded = {}
    for backbone, weights, precision in (
        ("resnet18", root / WEIGHTS, "float32"),
        ("resnet18", root / WEIGHTS, "bfloat16"),
        ("gradients", "untrained", "float32"),
    ):
        load = partial(load_backbone, backbone, weights)
        rows = np.arange(len(bank.views))
        vectors, _ = embed_views(bank.views[:, 2], rows, load=load, precision=precision, threads=2)
        embedded[backbone, precision] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return embedded


def test_the_file_is_small_and_has_a_card(root: Path) -> None:
    assert (root / WEIGHTS).stat().st_size <= 25e6
    assert "Limits" in (root / WEIGHTS).with_suffix(".md").read_text()


@pytest.mark.slow
def test_neighbours_are_alike_more_often_than_with_gradients(
    bank: Bank, embedded: dict[tuple[str, str], np.ndarray]
) -> None:
    trained = nearest_right(embedded["resnet18", "float32"], bank.labels)
    gradients = nearest_right(embedded["gradients", "float32"], bank.labels)
    assert trained.mean() >= 0.75
    assert trained.mean() > gradients.mean() + 0.1
    assert trained[bank.labels >= len(SEEN)].mean() >= 0.7


@pytest.mark.slow
def test_bfloat16_finds_the_same_neighbours(embedded: dict[tuple[str, str], np.ndarray]) -> None:
    near = [
        np.argsort(-(vectors @ vectors.T), axis=1)[:, :11]
        for vectors in (embedded["resnet18", "float32"], embedded["resnet18", "bfloat16"])
    ]
    recall = np.mean([len(set(a) & set(b)) / 11 for a, b in zip(*near, strict=True)])
    assert recall >= 0.95

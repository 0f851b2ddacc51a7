"""Backbones: their input, their weights, and what they refuse."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from safetensors.torch import save_file

from glitch_explorer.core.errors import UserError
from glitch_explorer.embed.backbone import load_backbone
from glitch_explorer.embed.front import compress


def vectors(backbone: object, pictures: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return backbone(torch.from_numpy(pictures[:, None])).numpy()  # type: ignore[operator]


def spot(*, row: float, column: float, tall: float, wide: float) -> np.ndarray:
    """A bright ellipse, uint8 (128, 128)."""
    at = np.arange(128)
    across = np.exp(-0.5 * ((at - column) / wide) ** 2)
    along = np.exp(-0.5 * ((at - row) / tall) ** 2)
    return np.round(250 * np.outer(along, across)).astype(np.uint8)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.fixture(scope="module")
def resnet_state() -> dict[str, torch.Tensor]:
    torch.manual_seed(3)
    return torchvision.models.resnet18(weights=None).state_dict()


def test_noise_is_removed_and_a_glitch_is_not() -> None:
    noise = np.random.default_rng(1).exponential(10, (1, 1, 128, 128)).clip(0, 255).astype(np.uint8)
    assert float((compress(torch.from_numpy(noise)) > 0).float().mean()) < 0.02
    loud = compress(torch.full((1, 1, 128, 128), 250, dtype=torch.uint8))[0, 0, 64, 64]
    assert float(loud) == pytest.approx(np.log1p(25 - 3.5), rel=1e-5)


def test_gradients_tolerate_a_shift_in_time_but_not_in_frequency() -> None:
    here, later, higher, flat = vectors(
        load_backbone("gradients", "untrained"),
        np.stack(
            [
                spot(row=64, column=64, tall=12, wide=3),
                spot(row=64, column=66, tall=12, wide=3),
                spot(row=30, column=64, tall=12, wide=3),
                spot(row=64, column=64, tall=3, wide=12),
            ]
        ),
    )
    assert cosine(here, later) > 0.95
    assert cosine(here, higher) < 0.4
    assert cosine(here, flat) < 0.6


def test_gradients_know_the_direction_of_an_edge() -> None:
    """A step in time puts all its edge into one orientation, a step in frequency into another."""
    step = np.zeros((128, 128), np.uint8)
    step[:, 64:] = 200
    vertical, horizontal = vectors(load_backbone("gradients", "untrained"), np.stack([step, step.T]))
    sums = (np.stack([vertical, horizontal]) ** 2).reshape(2, 8, 64).sum(2)
    assert sums.argmax(1).tolist() == [0, 4]
    assert (sums.max(1) > 0.85 * sums.sum(1)).all()


def test_empty_views_are_alike() -> None:
    quiet = vectors(load_backbone("gradients", "untrained"), np.zeros((2, 128, 128), np.uint8))
    assert np.linalg.norm(quiet[0]) > 0
    assert cosine(*quiet) == pytest.approx(1)


@pytest.mark.parametrize(("name", "dimension"), [("squeezenet1_1", 512), ("gradients", 512)])
def test_dimension_is_that_of_the_network(name: str, dimension: int) -> None:
    backbone = load_backbone(name, "untrained")
    assert backbone.dimension == dimension
    assert vectors(backbone, np.zeros((1, 128, 128), np.uint8)).shape == (1, dimension)


@pytest.mark.slow
def test_untrained_weights_follow_from_the_seed() -> None:
    picture = spot(row=64, column=64, tall=12, wide=3)[None]
    one, same, other = (vectors(load_backbone("resnet18", "untrained", seed=s), picture) for s in (1, 1, 2))
    assert (one == same).all()
    assert not np.allclose(one, other)


def test_loading_does_not_change_the_random_state() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    load_backbone("resnet18", "untrained")
    assert torch.rand(1) == expected


@pytest.mark.parametrize(("prefix", "suffix"), [("", ".safetensors"), ("module.", ".pth")])
def test_weights_from_a_file(
    tmp_path: Path, resnet_state: dict[str, torch.Tensor], prefix: str, suffix: str
) -> None:
    """The vectors are those of torchvision's network without its last layer."""
    path = tmp_path / f"weights{suffix}"
    state = {prefix + key: value for key, value in resnet_state.items()}
    if suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    network = torchvision.models.resnet18(weights=None).eval()
    network.load_state_dict(resnet_state)
    network.fc = torch.nn.Identity()
    picture = spot(row=50, column=64, tall=10, wide=10)[None]
    grey = compress(torch.from_numpy(picture[:, None])) / 3.14
    mean, deviation = (
        torch.tensor(x).reshape(1, 3, 1, 1) for x in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    with torch.inference_mode():
        expected = network((grey - mean) / deviation).numpy()
    np.testing.assert_allclose(
        vectors(load_backbone("resnet18", path), picture), expected, rtol=1e-3, atol=1e-4
    )


def test_a_state_dict_without_features_prefix(tmp_path: Path) -> None:
    torch.manual_seed(1)
    state = torchvision.models.squeezenet1_1(weights=None).features.state_dict()
    save_file(state, tmp_path / "features.safetensors")
    assert load_backbone("squeezenet1_1", tmp_path / "features.safetensors").dimension == 512


def test_wrong_weights_are_named(tmp_path: Path, resnet_state: dict[str, torch.Tensor]) -> None:
    path = tmp_path / "other.safetensors"
    state = {key: value for key, value in resnet_state.items() if key != "layer1.0.conv1.weight"}
    save_file(state | {"conv1.weight": torch.zeros(64, 1, 7, 7), "strange": torch.zeros(1)}, path)
    with pytest.raises(UserError, match=r"1 missing \(layer1\.0\.conv1\.weight\).*strange.*conv1\.weight"):
        load_backbone("resnet18", path)


@pytest.mark.parametrize("content", [b"", b"no weights", b"<html>503</html>"])
@pytest.mark.parametrize("name", ["a.safetensors", "a.pth"])
def test_a_file_that_is_no_state_dict(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=name):
        load_backbone("resnet18", tmp_path / name)


class Harmful:
    """Unpickling it would make a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def test_code_in_weights_is_not_run(tmp_path: Path) -> None:
    torch.save({"conv1.weight": Harmful(tmp_path / "harm")}, tmp_path / "a.pth")
    with pytest.raises(UserError, match=r"a\.pth"):
        load_backbone("resnet18", tmp_path / "a.pth")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("name", "weights", "message"),
    [
        ("resnet81", "untrained", "resnet18"),
        ("gradient", "untrained", "gradients"),
        ("gradients", "IMAGENET1K_V1", "untrained"),
        ("resnet18", "nowhere.safetensors", "nowhere"),
        ("vit_b_16", "untrained", "128x128"),
    ],
)
def test_mistakes_are_named(name: str, weights: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_backbone(name, weights)

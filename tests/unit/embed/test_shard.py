"""The vectors of a shard: rows, missing views, bytes, precision."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from glitch_explorer.core import files, tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.views import VIEW_PRESENT, VIEW_PRESENT_UNKNOWN
from glitch_explorer.embed import precision, shard
from glitch_explorer.embed.backbone import load_backbone
from glitch_explorer.embed.gradients import OrientedGradients
from glitch_explorer.embed.precision import choose_precision
from glitch_explorer.embed.shard import embed_shard, embed_views
from glitch_explorer.views.schemas import VIEWS
from glitch_explorer.views.status import views_table


def simulated(n: int, seed: int = 1) -> np.ndarray:
    """Pictures of six kinds of glitch in noise, uint8 (n, 128, 128); row i is of kind i % 6."""
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[:128, :128].astype(float)
    pictures = rng.exponential(10, (n, 128, 128))
    for i in range(n):
        at, size, loud = rng.uniform(-6, 6), rng.uniform(0.7, 1.4), rng.uniform(120, 600)
        away = [
            np.hypot((column - 64) / (3 * size), (row - 50 - at) / 20),
            np.hypot((column - 64) / 25, (row - 110 - at) / (6 * size)),
            np.abs(row - 85 - at + 25 * size * np.cos((column - 64) / 20)) / 4,
            np.abs(row - 20 - at) / (2 * size),
            np.abs(row - 30 - at - 0.5 * size * np.abs(column - 64)) / 3,
            np.hypot(((column + at) % (24 * size) - 12) / 3, (row - 75) / 12),
        ][i % 6]
        pictures[i] += loud * np.exp(-0.5 * away**2)
    return pictures.clip(0, 255).astype(np.uint8)


def write_views(folder: Path, present: np.ndarray, *, unknown: int | None = None) -> np.ndarray:
    """Write a shard's views array and table; return the array."""
    views = simulated(present.size).reshape(*present.shape, 128, 128)
    views[~present] = 0
    ids = [f"g{i}" for i in range(len(present))]
    frame = views_table(ids, views, present, image_size="800x600")
    if unknown is not None:
        frame.loc[unknown, [VIEW_PRESENT[0], VIEW_PRESENT_UNKNOWN]] = [False, True]
    files.write_array(folder / "s.npy", views)
    tables.write(VIEWS, frame, folder / "s.parquet")
    return views


def embed(folder: Path, name: str = "out.npy", **changes: object) -> np.ndarray:
    options = {"backbone": "gradients", "weights": "untrained"} | changes
    embed_shard(folder / "s.npy", folder / "s.parquet", folder / name, **options)  # type: ignore[arg-type]
    return files.read_array(folder / name)


def neighbours(vectors: np.ndarray, k: int) -> np.ndarray:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -1)
    return np.argsort(-similarity, axis=1)[:, :k]


def test_missing_views_are_nan_and_the_rest_is_in_its_row(tmp_path: Path) -> None:
    present = np.random.default_rng(2).random((20, 4)) < 0.6
    present[3], present[5] = False, [True, False, False, False]
    views = write_views(tmp_path, present, unknown=5)
    embedded = embed(tmp_path)
    assert embedded.shape == (20, 4, 512)
    assert embedded.dtype == np.float32
    assert (np.isfinite(embedded).all(axis=2) == present).all()
    assert np.isnan(embedded[~present]).all()
    with torch.inference_mode():
        alone = load_backbone("gradients", "untrained")(torch.from_numpy(views[present][7][None, None]))
    np.testing.assert_allclose(embedded[present][7], alone[0], rtol=1e-3)


def test_a_shard_without_a_picture_or_a_glitch(tmp_path: Path) -> None:
    write_views(tmp_path, np.zeros((2, 4), bool))
    assert np.isnan(embed(tmp_path)).all()
    write_views(tmp_path, np.zeros((0, 4), bool))
    assert embed(tmp_path).shape == (0, 4, 512)


@pytest.mark.slow
@pytest.mark.parametrize(("backbone", "n"), [("gradients", 40), ("resnet18", 20)])
def test_bytes_depend_neither_on_threads_nor_on_the_other_glitches(
    tmp_path: Path, backbone: str, n: int
) -> None:
    present = np.ones((n, 4), bool)
    views = write_views(tmp_path, present)
    whole = embed(tmp_path, "one.npy", backbone=backbone)
    embed(tmp_path, "two.npy", backbone=backbone, threads=3)
    assert (tmp_path / "one.npy").read_bytes() == (tmp_path / "two.npy").read_bytes()
    rows = np.array([17, 3, 70])
    load = partial(load_backbone, backbone, "untrained")
    some, _ = embed_views(views.reshape(-1, 128, 128), rows, load=load)
    assert (some == whole.reshape(-1, 512)[rows]).all()


def test_torch_keeps_its_threads(tmp_path: Path) -> None:
    write_views(tmp_path, np.ones((1, 4), bool))
    before = torch.get_num_threads()
    embed(tmp_path, threads=2)
    assert torch.get_num_threads() == before


def test_neighbours_are_of_the_same_kind() -> None:
    load = partial(load_backbone, "gradients", "untrained")
    vectors, _ = embed_views(simulated(120), np.arange(120), load=load, threads=2)
    kind = np.arange(120) % 6
    assert (kind[neighbours(vectors, 1)[:, 0]] == kind).mean() > 0.97


@pytest.mark.slow
def test_bfloat16_finds_the_neighbours_of_float32() -> None:
    """Recall@10 of glitches whose four views are fused, as the map fuses them."""
    pictures = simulated(400)
    load = partial(load_backbone, "resnet18", "untrained")
    nearest = []
    for kind in ("float32", "bfloat16"):
        vectors, used = embed_views(pictures, np.arange(400), load=load, precision=kind, threads=2)
        assert used.precision == f"torch.{kind}"
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        nearest.append(neighbours(unit.reshape(100, -1), 10))
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(*nearest, strict=True)])
    assert recall >= 0.97


def test_auto_is_what_the_processor_has(monkeypatch: pytest.MonkeyPatch) -> None:
    for able, kind in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(precision, "has_bfloat16", lambda device, able=able: able)
        assert choose_precision("auto", "cpu") == kind
        assert choose_precision("float32", "cpu") == torch.float32
        assert choose_precision("bfloat16", "cpu") == torch.bfloat16
    with pytest.raises(UserError, match="float16"):
        choose_precision("float16", "cpu")


def test_x86_has_bfloat16_by_its_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    for flag in (True, False):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda flag=flag: flag)
        assert precision.has_bfloat16("cpu") is flag


@pytest.mark.parametrize(
    ("limit", "device", "batches"),
    [(300, "cuda", [1024, 512, 256]), (0, "cpu", [1024, 512, 256, 128, 64])],
)
def test_a_full_gpu_halves_the_batch_and_then_takes_the_cpu(
    monkeypatch: pytest.MonkeyPatch, limit: int, device: str, batches: list[int]
) -> None:
    class Anywhere:
        dimension, half_precision = 1, False

        def to(self, **_: object) -> "Anywhere":
            return self

        def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
            return pixels.float().mean((1, 2, 3))[:, None]

    def on_gpu(backbone: object, pictures: np.ndarray, rows: np.ndarray, batch: int) -> np.ndarray:
        tried.append(batch)
        if batch > limit:
            raise torch.cuda.OutOfMemoryError
        return np.zeros((len(rows), 1), np.float32)

    monkeypatch.setattr(shard, "_on_gpu", on_gpu)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    tried: list[int] = []
    pictures = np.ones((3, 4, 4), np.uint8)
    vectors, used = embed_views(pictures, np.arange(3), load=Anywhere, device="cuda")
    assert (used.device, used.fell_back, vectors.shape) == (device, True, (3, 1))
    assert tried == batches


def test_a_gpu_that_torch_cannot_use_is_the_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    write_views(tmp_path, np.ones((1, 4), bool))
    assert np.isfinite(embed(tmp_path, device="cuda")).all()


def test_a_gpu_that_disappears_is_named_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise torch.AcceleratorError("CUDA error: unspecified launch failure\nCompile with ...")

    monkeypatch.setattr(shard, "_on_gpu", lost)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(OrientedGradients, "to", lambda self, **_: self)
    write_views(tmp_path, np.ones((1, 4), bool))
    with pytest.raises(UserError, match=r"unspecified launch failure\).*--resources gpu=0"):
        embed(tmp_path, device="cuda")
    assert not (tmp_path / "out.npy").exists()


def test_files_that_do_not_belong_together(tmp_path: Path) -> None:
    write_views(tmp_path, np.ones((3, 4), bool))
    files.write_array(tmp_path / "s.npy", np.zeros((2, 4, 8, 8), np.uint8))
    with pytest.raises(UserError, match="3 rows for 2 glitches"):
        embed(tmp_path)
    files.write_array(tmp_path / "s.npy", np.zeros((3, 4, 8, 8), np.float32))
    with pytest.raises(UserError, match="not uint8"):
        embed(tmp_path)
    assert not (tmp_path / "out.npy").exists()

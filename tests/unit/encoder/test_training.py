"""The encoder's training: its glitches, its loss, and that it can stop and continue."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from glitch_explorer.core.threads import one_thread
from glitch_explorer.embed.backbone import load_backbone
from glitch_explorer.encoder import HELD_OUT, classes
from glitch_explorer.encoder.augment import augment
from glitch_explorer.encoder.bank import Bank, draw_labelled, jpeg, make_bank
from glitch_explorer.encoder.batches import GROUP, draw_batch, index_bank
from glitch_explorer.encoder.classes import SEEN, draw_class
from glitch_explorer.encoder.generic import draw_generic
from glitch_explorer.encoder.loss import supervised_contrastive
from glitch_explorer.encoder.noise import draw_noise
from glitch_explorer.encoder.scan import noise_medians, scan_white
from glitch_explorer.encoder.train import ARCHITECTURE, Recipe, Training, rate_at, train_encoder
from glitch_explorer.encoder.validation import nearest_right
from glitch_explorer.observatory.morphology import CLASSES, UNKNOWN
from glitch_explorer.views.energies import event_energies
from glitch_explorer.views.qscan import qscan
from glitch_explorer.views.tiling import tiling
from glitch_explorer.views.whitening import RATE

RECIPE = Recipe(
    seed=5, glitches=48, validation_glitches=23, steps=4, batch=16, learning_rate=1e-3, checkpoint_steps=2
)


@pytest.fixture(autouse=True)
def single() -> Iterator[None]:
    """Draw on one thread, as the training does."""
    with one_thread():
        yield


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def bank(work: Path) -> Bank:
    return make_bank(work, glitches=48, seed=5, validation=False, threads=2)


def test_held_out_classes_and_the_unknown_shape_are_never_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(SEEN).isdisjoint({*HELD_OUT, UNKNOWN})
    assert {*SEEN, *HELD_OUT} >= set(CLASSES)

    def forbidden(*_: object) -> np.ndarray:
        raise AssertionError("drawn")

    never = dict.fromkeys((*HELD_OUT, UNKNOWN), forbidden)
    monkeypatch.setattr(classes, "SHAPES", classes.SHAPES | never)
    with pytest.raises(AssertionError, match="drawn"):
        draw_class(HELD_OUT[0], np.random.default_rng(0))
    labels = {draw_labelled(number, seed=3)[1] for number in range(24)}
    assert len(labels) > 8


@pytest.mark.parametrize("name", SEEN)
def test_draws_of_a_class_have_unit_norm_and_vary(name: str) -> None:
    (first, snr), (second, _) = (draw_class(name, np.random.default_rng(seed)) for seed in (1, 2))
    if name == classes.QUIET:
        assert snr == 0 == np.abs(first).max()
        return
    assert np.linalg.norm(first) == pytest.approx(1) and 7 < snr < 15000
    assert np.abs(first @ second) < 0.99


def test_a_family_of_random_shapes_is_one_shape_and_another_family_another() -> None:
    def spectrum(family: int, member: int) -> np.ndarray:
        power = np.abs(np.fft.rfft(draw_generic(family, member, seed=1)[0])) ** 2
        edges = np.geomspace(8, 4096, 60) * 8
        return np.sqrt(np.histogram(np.arange(len(power)), edges, weights=power)[0])

    same = [float(spectrum(f, 0) @ spectrum(f, 1)) for f in range(12)]
    other = [float(spectrum(f, 0) @ spectrum(f + 1, 0)) for f in range(12)]
    assert np.median(same) > 2 * np.median(other)
    assert np.array_equal(draw_generic(3, 1, seed=1)[0], draw_generic(3, 1, seed=1)[0])


def test_medians_of_white_noise_are_what_is_measured() -> None:
    tiles = tiling(seconds=8, sample_rate=RATE, height=128, device="cpu")
    noise = np.random.default_rng(2).standard_normal((6, 8 * RATE)).astype(np.float32)
    groups = event_energies(torch.fft.rfft(torch.from_numpy(noise)), [4.0] * 6, tiles)
    expected = noise_medians(tiles)
    shares = [
        float(group.energies[:, i].median() / expected[row])
        for group in groups
        for i, row in enumerate(group.rows)
        if tiles.rows[row].half_width > 20
    ]
    assert min(shares) > 0.9 and max(shares) < 1.1


def test_scan_of_white_data_is_the_qscan_of_strain() -> None:
    rng = np.random.default_rng(4)
    white = rng.standard_normal(32 * RATE)
    wave, _ = draw_class("Blip", rng)
    white[12 * RATE : 20 * RATE] += 25 * wave
    full, _ = qscan(white[None], sample_rate=RATE, event_offset=np.array([16.0]))
    short = scan_white(white[12 * RATE : 20 * RATE], height=128, width=128)
    for a, b in zip(full[0], short, strict=True):
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.97


def test_noise_is_nearly_white_and_a_jpeg_nearly_its_picture() -> None:
    stds = [draw_noise(np.random.default_rng(seed)).std() for seed in range(6)]
    assert min(stds) > 0.8 and max(stds) < 1.5
    view = scan_white(
        25 * draw_class("Koi_Fish", np.random.default_rng(1))[0] + draw_noise(np.random.default_rng(1)),
        height=128,
        width=128,
    )[0]
    compressed = jpeg(view, 80)
    assert compressed.shape == view.shape and np.corrcoef(compressed.ravel(), view.ravel())[0, 1] > 0.97


def test_augmented_views_stay_pictures_of_the_same_and_follow_from_the_seed(bank: Bank) -> None:
    pixels = torch.from_numpy(bank.views[:16, 1])[:, None]
    once, again, other = (augment(pixels, seed=3, step=step) for step in (1, 1, 2))
    assert once.dtype == torch.uint8 and once.shape == pixels.shape
    assert torch.equal(once, again) and not torch.equal(once, other)


def test_a_batch_has_two_glitches_and_two_lengths_of_each_label(bank: Bank) -> None:
    glitches, lengths = draw_batch(index_bank(bank), views=32, seed=1, step=7)
    labels = bank.labels[glitches].reshape(-1, GROUP)
    assert (labels == labels[:, :1]).all()
    assert ((labels[:, 0] < len(SEEN)).sum(), len(labels)) == (4, 8)
    for pair, length in zip(glitches.reshape(-1, GROUP), lengths.reshape(-1, GROUP), strict=True):
        assert len(set(pair)) == 2 and len(set(length)) == 2
        assert len(set(zip(pair, length, strict=True))) == GROUP


def test_supervised_contrastive_loss_of_two_pairs() -> None:
    vectors = torch.eye(2)[[0, 0, 1, 1]]
    labels, views = torch.tensor([0, 0, 1, 1]), torch.zeros(4)
    # Each has one partner at cosine 1 and two others at 0: log(1 + 2 exp(-1 / t)).
    loss = supervised_contrastive(vectors, labels, views, temperature=0.5, across=0.3)
    assert float(loss) == pytest.approx(np.log(1 + 2 * np.exp(-2)), rel=1e-6)
    # A pair of different lengths alone keeps its whole weight: weights are shares.
    mixed = supervised_contrastive(vectors, labels, torch.arange(4), temperature=0.5, across=0.3)
    assert float(mixed) == pytest.approx(float(loss), rel=1e-6)


def test_nearest_neighbours_and_the_rate_of_learning() -> None:
    vectors = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1], [0.5, 0.4]], float)
    assert nearest_right(vectors, np.array([0, 0, 1, 1, 1])).tolist() == [True, True, True, True, False]
    recipe = replace(RECIPE, steps=100)
    rates = [rate_at(step, recipe) for step in range(100)]
    assert max(rates) == pytest.approx(recipe.learning_rate) and rates[0] < 0.2 * max(rates)
    assert rates[-1] < 0.01 * max(rates)


def test_a_resumed_training_is_the_uninterrupted_one(bank: Bank, tmp_path: Path) -> None:
    straight = Training(RECIPE, bank, device="cpu")
    straight.run(2, threads=2)
    straight.save(tmp_path)
    straight.run(4, threads=2)
    resumed = Training(RECIPE, bank, device="cpu")
    resumed.restore(tmp_path)
    assert resumed.step == 2
    resumed.run(4, threads=1)
    for a, b in zip(straight.student.parameters(), resumed.student.parameters(), strict=True):
        assert torch.equal(a, b)
    assert straight.history == resumed.history
    other = Training(replace(RECIPE, seed=6), bank, device="cpu")
    other.restore(tmp_path)
    assert other.step == 0


@pytest.mark.usefixtures("bank")
def test_a_training_writes_weights_that_load(work: Path, tmp_path: Path) -> None:
    out = tmp_path / "encoder.safetensors"
    history = train_encoder(out, work, recipe=replace(RECIPE, steps=2), device="cpu", threads=2)
    assert history["step"].tolist() == [2] and history.notna().all(axis=None)
    assert all(value.dtype in (torch.float16, torch.int64) for value in load_file(out).values())
    assert out.stat().st_size < 25e6
    backbone = load_backbone(ARCHITECTURE, out)
    with torch.inference_mode():
        assert backbone(torch.zeros(2, 1, 128, 128, dtype=torch.uint8)).shape == (2, 512)
    assert not list(tmp_path.glob(".*"))

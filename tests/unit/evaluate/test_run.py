"""The evaluation as a whole, on drawn pictures."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.views import VIEW_NAMES
from glitch_explorer.evaluate import run
from glitch_explorer.evaluate.pictures import Pictures, read_all
from glitch_explorer.evaluate.schemas import CONFUSION, EVALUATION
from glitch_explorer.views.colormap import viridis


def draw(path, kind, rng):
    """Write a cropped picture: a standing, a lying or a round shape in noise."""
    row, column = np.mgrid[:140, :170]
    row, column = row - 70 - rng.integers(-6, 7), column - 85 - rng.integers(-6, 7)
    away = {"Blip": np.hypot(row / 40, column / 6), "Power_Line": np.hypot(row / 5, column / 60),
            "Pizzicato": np.hypot(row / 20, column / 25)}[kind]  # fmt: skip
    energy = (rng.exponential(8, row.shape) + 200 * np.exp(-(away**2))).clip(0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(viridis()[energy]).save(path)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures") / "drawn"
    rng = np.random.default_rng(1)
    for kind in ("Blip", "Power_Line", "Pizzicato"):
        for number in range(4):
            for view in VIEW_NAMES:
                draw(folder / kind / f"H1_{kind}{number}_spectrogram_{view}.png", kind, rng)
    return folder


def test_the_job_writes_tables_and_pages(tree, tmp_path, root):
    def job(out):
        run.evaluate(
            [str(tree)], [("gradients", "untrained"), ("gradients", "untrained")],
            confusable=root / "resources/taxonomy/confusable_pairs.csv", out=out, height=64, width=64,
            precision="float32", device="cpu", threads=1, untrained=2, draws=99, seed=1,
        )  # fmt: skip

    job(tmp_path / "a")
    evaluation = tables.read(EVALUATION, tmp_path / "a/evaluation.parquet")
    assert evaluation["encoder"].unique().tolist() == ["pixels", "gradients"]
    inside = evaluation[(evaluation["types"] == "catalogue") & (evaluation["encoder"] == "gradients")]
    assert inside["view"].tolist() == [*VIEW_NAMES, "any", "fused"]
    assert (inside["n"] == 8).all()
    assert (inside["accuracy"] == 1.0).all()
    outside = evaluation[(evaluation["types"] == "outside") & (evaluation["view"] == "fused")]
    assert outside["n"].tolist() == [4, 4]
    confusion = tables.read(CONFUSION, tmp_path / "a/confusion.parquet")
    assert set(confusion["label"]) == {"Blip", "Power_Line", "Pizzicato"}
    page = (tmp_path / "a/evaluation.md").read_text()
    assert "8 glitches of 2 classes" in page
    assert str(tree.parent) not in page
    assert (tmp_path / "a/evaluation.png").read_bytes().startswith(b"\x89PNG")
    job(tmp_path / "b")
    for name in ("evaluation.parquet", "confusion.parquet", "evaluation.md", "evaluation.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_types_outside_the_catalogue_are_apart():
    pictures = Pictures(
        "x", np.zeros((4, 4, 8, 8), np.uint8), np.ones((4, 4), bool), np.array(list("1234"), object),
        np.array(["Blip", "70Hz_Line", "No_Glitch", "Chirp"], object),
    )  # fmt: skip
    assert pictures.inside.tolist() == [True, False, False, True]


def test_untrained_networks_are_drawn_and_nothing_is_scored_twice():
    encoders = [("gradients", "untrained"), ("resnet18", "untrained"), ("gradients", "untrained")]
    expanded = run.expand([*encoders, ("resnet18", "a/b.pt")], draws=2)
    assert [(encoder.name, encoder.draw) for encoder in expanded] == [
        ("pixels", 0), ("gradients", 0), ("resnet18 untrained", 0), ("resnet18 untrained", 1),
        ("resnet18 b", 0),
    ]  # fmt: skip


def test_views_are_compared_by_length_all_together_and_fused():
    embeddings = np.arange(24, dtype=np.float32).reshape(3, 4, 2)
    embeddings[1, 0] = np.nan
    sets = {name: (vectors.shape, glitch.tolist()) for name, vectors, glitch in run.query_sets(embeddings)}
    assert sets["0.5"] == ((2, 1, 2), [0, 2])
    assert sets["any"] == ((11, 1, 2), [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2])
    assert sets["fused"] == ((3, 4, 2), [0, 1, 2])


def test_a_page_for_sets_without_types_inside():
    row = dict.fromkeys(EVALUATION.names, 0) | {"pictures": "x", "encoder": "pixels"}
    rows = [
        {**row, "types": types, "view": view}
        for types in ("catalogue", "outside")
        for view in (*VIEW_NAMES, "any", "fused")
    ]
    assert "## x:" not in run.report.as_markdown(pd.DataFrame(rows), tables.empty(CONFUSION)).replace(
        "### x:", ""
    )


def test_mistakes_are_named(tmp_path):
    with pytest.raises(UserError, match="is empty"):
        read_all([], height=64, width=64)
    with pytest.raises(UserError, match="different names"):
        read_all([str(tmp_path / "a/x"), str(tmp_path / "b/x")], height=64, width=64)
    draw(tmp_path / "what/H1_a_spectrogram_0.5.png", "Blip", np.random.default_rng(0))
    with pytest.raises(UserError, match="has no picture with a class"):
        read_all([str(tmp_path / "what")], height=64, width=64)

"""The evaluation on real pictures: the training tree, two types."""

from pathlib import Path

import pytest

from glitch_explorer.core import tables
from glitch_explorer.evaluate.run import evaluate
from glitch_explorer.evaluate.schemas import EVALUATION


@pytest.mark.slow
def test_training_tree(shared_data: Path, root: Path, tmp_path: Path) -> None:
    evaluate(
        [str(shared_data / "images" / "training_tree")],
        [("gradients", "untrained"), ("resnet18", "untrained")],
        confusable=root / "resources/taxonomy/confusable_pairs.csv",
        out=tmp_path,
        height=128,
        width=128,
        precision="auto",
        device="cpu",
        threads=2,
        untrained=1,
        draws=199,
        seed=42,
    )
    found = tables.read(EVALUATION, tmp_path / "evaluation.parquet")
    inside = found[found["types"] == "catalogue"].set_index(["encoder", "view"])
    assert (inside["n"] == 18).all()
    assert (inside["n_classes"] == 2).all()
    assert inside.loc[("gradients", "fused"), "accuracy"] >= 0.9
    assert inside.loc[("pixels", "fused"), "accuracy"] >= 0.8
    assert inside.loc[("resnet18 untrained", "fused"), "p_value"] <= 0.01
    assert (found.loc[found["types"] == "outside", "n"] == 0).all()

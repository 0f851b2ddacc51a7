"""The history of a training, and the model card."""

from importlib.resources import files as package_files
from pathlib import Path

import pandas as pd

from glitch_explorer.core import files
from glitch_explorer.encoder import HELD_OUT
from glitch_explorer.encoder.classes import SEEN
from glitch_explorer.encoder.train import ARCHITECTURE, COARSE_SHARE, Recipe
from glitch_explorer.observatory.morphology import UNKNOWN


def write_report(recipe: Recipe, history: pd.DataFrame, *, training: str | Path, card: str | Path) -> None:
    """Write the history of a training as CSV, and the model card.

    Parameters
    ----------
    recipe
        Settings of the training.
    history
        Loss and validation by step, from `train.train_encoder`.
    training, card
        Files to write.
    """
    files.write_text(training, history.to_csv(index=False, lineterminator="\n"))
    template = package_files("glitch_explorer.encoder").joinpath("model_card.md").read_text(encoding="utf-8")
    last = history.iloc[-1]
    values = {
        "architecture": ARCHITECTURE,
        "seen": ", ".join(SEEN),
        "held_out": ", ".join(HELD_OUT),
        "unknown": UNKNOWN,
        "coarse": f"{COARSE_SHARE:.0%}",
        **{name: f"{value}" for name, value in vars(recipe).items()},
        **{name: f"{last[name]:.3f}" for name in history.columns if name != "step"},
    }
    files.write_text(card, template.format(**values))

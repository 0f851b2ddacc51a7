"""A small run on pictures, which the workflow's tests share."""

from pathlib import Path

import pytest

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core.views import VIEW_NAMES
from tests.fixtures.once import made_once
from tests.fixtures.project import SMALL, Project


def draw_pictures(project: Project, folder: Path, metadata: Path) -> None:
    """Draw a run's views as Gravity Spy pictures without axes, by label; their times as metadata."""
    import matplotlib as mpl
    import numpy as np
    from PIL import Image

    from glitch_explorer.core import tables

    colours = (mpl.colormaps["viridis"](np.arange(256))[:, :3] * 255).round().astype(np.uint8)
    results = project.folder / "results"
    lines = ["gravityspy_id,ifo,event_time"]
    for shard in (results / "catalog/shards.txt").read_text().split():
        views = np.load(results / f"views/{shard}.npy")
        rows = tables.read(GLITCHES, results / f"catalog/shards/{shard}.parquet")
        for row, pictures in zip(rows.itertuples(), views, strict=True):
            lines.append(f"{row.glitch_id},{row.ifo},{row.event_time}")
            target = folder / str(row.label)
            target.mkdir(parents=True, exist_ok=True)
            for name, picture in zip(VIEW_NAMES, pictures, strict=True):
                image = Image.fromarray(colours[picture]).resize((569, 479))
                image.save(target / f"{row.ifo}_{row.glitch_id}_spectrogram_{name}.png", compress_level=1)
    metadata.write_text("\n".join([*lines, ""]))


@pytest.fixture(scope="session")
def pictures(root, finished, tmp_path_factory) -> Project:
    """Return a small run on pictures, drawn from the simulated one, as far as the map."""
    config = {name: SMALL[name] for name in ("detectors", "limits", "views", "embedding", "map", "audit")}
    config["source"] = {"kind": "images", "paths": ["pictures"], "metadata": ["times.csv"]}

    def make(folder: Path) -> None:
        project = Project.copied(root, folder, config)
        draw_pictures(finished, folder / "pictures", folder / "times.csv")
        project.run("map")

    return Project(made_once(tmp_path_factory, "drawn", make))

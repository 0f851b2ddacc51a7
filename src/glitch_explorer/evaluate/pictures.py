"""Labelled pictures, read by the workflow's own catalogue and views."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from glitch_explorer.catalog.build import build_catalog
from glitch_explorer.catalog.classes import CATALOGUE_CLASSES
from glitch_explorer.catalog.rules import Rules
from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import files, tables
from glitch_explorer.core.arrays import Bool, Object, UInt8
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.views import VIEW_PRESENT
from glitch_explorer.views.pictures import read_view_length
from glitch_explorer.views.schemas import VIEWS
from glitch_explorer.views.shard import make_views

#: Rest classes: no morphology of their own.
RESTS = ("No_Glitch", "None_of_the_Above")
#: The 22 classes of the catalogues without the rest classes.
TYPES = tuple(name for name in CATALOGUE_CLASSES if name not in RESTS)


@dataclass(frozen=True)
class Pictures:
    """Labelled glitches with their views.

    Attributes
    ----------
    name
        Name of their folder.
    views
        uint8 ``(n, 4, H, W)``, zero where missing.
    present
        ``(n, 4)``: which views exist.
    glitch_ids, labels
        ``(n,)`` texts.
    """

    name: str
    views: UInt8
    present: Bool
    glitch_ids: Object
    labels: Object

    @property
    def inside(self) -> Bool:
        """Which glitches ``(n,)`` are of the catalogue's 22 classes."""
        return np.isin(self.labels.astype(str), TYPES)


def read_labelled(path: str, *, height: int, width: int) -> Pictures:
    """Read the labelled pictures in a folder.

    The catalogue gathers the views of each glitch and drops exact duplicates. Pictures that
    cannot be read, or have no label or no known view length, are left out.

    Parameters
    ----------
    path
        Folder of pictures, in any layout that the catalogue reads.
    height, width
        Pixels of a view.

    Raises
    ------
    UserError
        When there is no labelled picture.
    """
    with TemporaryDirectory() as folder:
        out = Path(folder)
        build_catalog(
            kind="images",
            paths=[path],
            view_length=read_view_length,
            out=out,
            rules=Rules(),
            shard_length_s=1.0,
            max_quarantined_share=1.0,
        )
        names = (out / "shards.txt").read_text(encoding="utf-8").split()
        parts = [_read_shard(out, name, height=height, width=width) for name in names]
    rows = pd.concat([rows for rows, _ in parts], ignore_index=True)
    present = rows[list(VIEW_PRESENT)].to_numpy(dtype=bool)
    usable = present.any(axis=1) & rows["label"].notna().to_numpy()
    if not usable.any():
        raise UserError(f"evaluate.pictures: {path} has no picture with a class and a view length")
    return Pictures(
        Path(path).resolve().name,
        np.concatenate([views for _, views in parts])[usable],
        present[usable],
        rows.loc[usable, "glitch_id"].to_numpy(dtype=object),
        rows.loc[usable, "label"].to_numpy(dtype=object),
    )


def _read_shard(out: Path, name: str, *, height: int, width: int) -> tuple[pd.DataFrame, UInt8]:
    """Return one shard's table "views" with the labels, and its views."""
    shard = out / "shards" / f"{name}.parquet"
    array, status, quarantine = (out / f"{name}{end}" for end in (".npy", ".status", ".quarantine"))
    make_views(
        shard, out=array, status_out=status, quarantine_out=quarantine, height=height, width=width, threads=2
    )
    labels = tables.read(GLITCHES, shard, columns=["label"])
    return pd.concat([tables.read(VIEWS, status), labels], axis=1), np.array(files.read_array(array))


def read_all(paths: Sequence[str], *, height: int, width: int) -> list[Pictures]:
    """Read sets of pictures, each named by its folder.

    Raises
    ------
    UserError
        When there is no folder, two have the same name, or one has no labelled picture.
    """
    if not paths:
        raise UserError("evaluate.pictures is empty: name one or more folders of labelled pictures")
    names = [Path(path).resolve().name for path in paths]
    if len(set(names)) < len(names):
        raise UserError(f"evaluate.pictures: folders must have different names, not {', '.join(names)}")
    return [read_labelled(path, height=height, width=width) for path in paths]

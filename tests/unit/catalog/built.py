"""A catalogue from sources, as tables."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd

from glitch_explorer.catalog.build import build_catalog
from glitch_explorer.catalog.rules import Rules
from glitch_explorer.catalog.schemas import DUPLICATES, GLITCHES, QUARANTINE
from glitch_explorer.core import tables
from glitch_explorer.views.pictures import read_view_length

DETECTORS = ("H1", "L1")
OPTIONS = {
    "rules": Rules(DETECTORS),
    "view_length": read_view_length,
    "shard_length_s": 86400,
    "max_quarantined_share": 0.5,
}


def build(
    folder: Path, kind: str, paths: Sequence[Path], **options: Any
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Build a catalogue in a folder; return its glitches, quarantine and duplicates.

    `options` are those of `build_catalog`, and fields of `Rules`.
    """
    out = folder / "catalog"
    names = {field.name for field in fields(Rules)} & options.keys()
    rules = Rules(**{"detectors": DETECTORS} | {name: options.pop(name) for name in names})
    paths = [str(path) for path in paths]
    build_catalog(kind=kind, paths=paths, out=out, **OPTIONS | {"rules": rules} | options)
    return (
        tables.read(GLITCHES, out / "glitches.parquet"),
        tables.read(QUARANTINE, out / "parts" / "catalog.parquet"),
        tables.read(DUPLICATES, out / "duplicates.parquet"),
    )


def segments(ifo: str, *intervals: tuple[float, float]) -> pd.DataFrame:
    """Return a table of segments of one detector."""
    frame = pd.DataFrame(intervals, columns=["start", "end"], dtype=float)
    return frame.assign(ifo=ifo, flag="x", source="y")

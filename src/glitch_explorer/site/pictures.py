"""Glitches as pictures: energy in viridis, the four views side by side."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from glitch_explorer.core import files, tables
from glitch_explorer.core.arrays import Bool, UInt8
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.views import (
    VIEW_ENERGY,
    VIEW_NAMES,
    VIEW_PRESENT,
    VIEW_PRESENT_UNKNOWN,
    VIEW_UNKNOWN,
)
from glitch_explorer.views.colormap import viridis
from glitch_explorer.views.schemas import VIEWS

#: Grey level of a view that does not exist.
MISSING = 176
#: Grey level (white) of the gaps between pictures.
GAP_COLOUR = 255
#: WebP quality and effort of all pictures.
QUALITY, EFFORT = 82, 4
#: Largest number of shards with open arrays.
OPEN = 64

#: A row of the map: glitch_id, and the index of its view on the view axis of the arrays (its slot); None
#: where the views are fused.
Key = tuple[str, int | None]
#: Slot of the view that is shown for a fused row: 1 s.
FUSED_SLOT = 1


def row_keys(rows: pd.DataFrame) -> list[Key]:
    """Return the keys of the map's `rows` (columns `glitch_id` and `view`)."""
    slots: dict[str, int | None] = {name: slot for slot, name in enumerate(VIEW_NAMES)}
    slots |= {"": None, VIEW_UNKNOWN: 0}
    return [(glitch, slots[view]) for glitch, view in zip(rows["glitch_id"], rows["view"], strict=True)]


class Pictures:
    """The views of all glitches, read from the shards' arrays on demand.

    Parameters
    ----------
    arrays, status : list of path
        For each shard its views `(n, 4, H, W)` and its table "views", in the same order of rows.
    """

    def __init__(self, arrays: Sequence[str | Path], status: Sequence[str | Path]) -> None:
        # Each open array takes a file descriptor, and a process may have about a thousand.
        self._array = lru_cache(OPEN)(lambda shard: files.read_array(arrays[shard]))
        parts = [tables.read(VIEWS, path) for path in status]
        shards = [len(part) for part in parts]
        if shards != [len(self._array(shard)) for shard in range(len(arrays))]:
            raise UserError(
                'the arrays of the views and the tables "views" have different numbers of rows; make them '
                "again with `snakemake --forcerun make_views`"
            )
        rows = pd.concat(parts, ignore_index=True)
        present = rows[list(VIEW_PRESENT)].to_numpy(dtype=bool, copy=True)
        present[:, 0] |= rows[VIEW_PRESENT_UNKNOWN].to_numpy(dtype=bool)
        self._present = present
        self._energy = rows[list(VIEW_ENERGY)].fillna(0.0).to_numpy(dtype=float)
        self._shard = np.repeat(np.arange(len(shards)), shards)
        self._row = np.concatenate([np.arange(count) for count in shards])
        self._number = {glitch: number for number, glitch in enumerate(rows["glitch_id"])}

    def views(self, glitch_id: str) -> tuple[UInt8, Bool]:
        """Return the views of a glitch, uint8 (4, H, W), and which of them exist (4,)."""
        row = self._number[glitch_id]
        return np.asarray(self._array(self._shard[row])[self._row[row]]), self._present[row]

    def mean_energy(self, key: Key) -> float:
        """Return the mean normalized energy over the pixels of a row's views that exist."""
        row = self._number[key[0]]
        energies = self._energy[row][self._present[row] if key[1] is None else [key[1]]]
        return float(energies.mean()) if energies.size else 0.0

    def thumbnail(self, key: Key, size: int) -> UInt8:
        """Draw the row's view, RGB (size, size, 3).

        For a fused row it is the view of 1 s. If the view does not exist, the first that exists is drawn.
        """
        views, present = self.views(key[0])
        slot = FUSED_SLOT if key[1] is None else key[1]
        if not present.any():
            return np.full((size, size, 3), MISSING, dtype=np.uint8)
        return coloured(views[slot if present[slot] else int(present.argmax())], size)

    def strip(self, glitch_id: str, *, size: int, gap: int = 2) -> UInt8:
        """Draw the four views side by side, RGB (size, 4 * size + 3 * gap, 3)."""
        views, present = self.views(glitch_id)
        missing = np.full((size, size, 3), MISSING, dtype=np.uint8)
        return row_of(
            [coloured(view, size) if shown else missing for view, shown in zip(views, present, strict=True)],
            gap,
        )

    def grey(self, glitch_id: str, largest: int) -> UInt8:
        """Return the stored views side by side, uint8 (size, 4 * size), with a size of at most `largest`."""
        views, _ = self.views(glitch_id)
        size = min(largest, views.shape[1])
        return np.concatenate([resized(view, size) for view in views], axis=1)


def resized(energy: UInt8, size: int) -> UInt8:
    """Return a view (H, W) at another size, uint8 (size, size)."""
    if energy.shape == (size, size):
        return energy
    return np.asarray(Image.fromarray(energy).resize((size, size), Image.Resampling.BILINEAR))


def coloured(energy: UInt8, size: int) -> UInt8:
    """Draw one view (H, W) in viridis, RGB (size, size, 3); energy is resized before it is coloured."""
    return viridis()[resized(energy, size)]


def row_of(pictures: Sequence[UInt8], gap: int) -> UInt8:
    """Join RGB pictures of one height side by side, with `gap` pixels between them."""
    height = pictures[0].shape[0]
    space = np.full((height, gap, 3), GAP_COLOUR, dtype=np.uint8)
    parts = [part for picture in pictures for part in (picture, space)][:-1]
    return np.concatenate(parts, axis=1)


def save_webp(path: Path, picture: UInt8, quality: int = QUALITY) -> None:
    """Write an RGB picture as WebP."""
    Image.fromarray(picture).save(path, "WEBP", quality=quality, method=EFFORT)

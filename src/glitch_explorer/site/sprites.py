"""Sprite sheets: the four views of many glitches in one picture, loaded on demand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from glitch_explorer.site.pictures import GAP_COLOUR, Pictures, save_webp

#: Side of a view in a sprite, gap between views, gap between sprites (so that none bleeds into the
#: next), glitches in a sheet.
SPRITE_SIZE, VIEW_GAP, SPRITE_GAP, SHEET = 96, 2, 4, 64


def write_sprites(pictures: Pictures, ids: Sequence[str], folder: Path) -> dict[str, int]:
    """Write sprite sheets `0000.webp`, … with the four views of `ids`, one below the other.

    Returns
    -------
    dict
        `step` in pixels from a sprite to the next, and how many are in a `sheet`.
    """
    folder.mkdir()
    for number, start in enumerate(range(0, len(ids), SHEET)):
        rows = [
            pictures.strip(glitch, size=SPRITE_SIZE, gap=VIEW_GAP) for glitch in ids[start : start + SHEET]
        ]
        height, width, channels = rows[0].shape
        # A full sheet always, so that all have one size.
        sheet = np.full((SHEET, height + SPRITE_GAP, width, channels), GAP_COLOUR, dtype=np.uint8)
        sheet[: len(rows), :height] = rows
        save_webp(folder / f"{number:04d}.webp", sheet.reshape(-1, width, channels))
    return {"step": SPRITE_SIZE + SPRITE_GAP, "sheet": SHEET}

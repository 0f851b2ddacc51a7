"""Spectrograms of glitches: the four views as grey levels, several glitches in a sheet.

The page colours them, so that a reader can change the scale; grey is smaller than colour, too.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from glitch_explorer.site.pictures import Pictures, save_webp

#: Glitches in a sheet, and the largest side of a view in pixels.
SHEET, LARGEST = 16, 128
#: WebP quality: there is one for every glitch, so they make up most of the site of a large catalogue.
QUALITY = 75


def write_spectrograms(pictures: Pictures, ids: Sequence[str], folder: Path) -> dict[str, int]:
    """Write sheets `0000.webp`, … with the views of `ids` side by side, one glitch below the other.

    Grey level 255 is a normalized energy of 25.5; a view that does not exist is 0.

    Returns
    -------
    dict
        `side` of a view in pixels, and how many glitches are in a `sheet`.
    """
    folder.mkdir()
    side = LARGEST
    for number, start in enumerate(range(0, len(ids), SHEET)):
        rows = [pictures.grey(glitch, LARGEST) for glitch in ids[start : start + SHEET]]
        side = len(rows[0])
        # A full sheet always, so that all have one size.
        sheet = np.zeros((SHEET * side, 4 * side), dtype=np.uint8)
        sheet[: len(rows) * side] = np.concatenate(rows)
        save_webp(folder / f"{number:04d}.webp", np.repeat(sheet[..., None], 3, axis=2), QUALITY)
    return {"side": side, "sheet": SHEET}

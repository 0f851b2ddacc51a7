"""Figures with thumbnails of glitches: contact sheet, gradient and intensity strips."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from glitch_explorer.audit.labels import label_counts
from glitch_explorer.core.arrays import evenly
from glitch_explorer.map.schemas import UNASSIGNED
from glitch_explorer.site.families.choice import by_label
from glitch_explorer.site.palette import COLOURS
from glitch_explorer.site.pictures import Key, Pictures, row_keys, row_of
from glitch_explorer.site.plots import bare, default_style, figure, nothing, plain, save

#: Thumbnails in a row, rows in a contact sheet, families in a figure, pixels of a thumbnail.
LENGTH, ROWS, FAMILIES, SIZE = 14, 8, 3, 72
#: Text of a figure of families without any.
NO_FAMILY = "no family: no group on the map has map.min_cluster_size members"


def _strip(axes: Axes, pictures: Pictures, members: list[Key], title: str) -> None:
    """Draw a row of thumbnails, left-aligned and as tall whatever their number."""
    row = row_of([pictures.thumbnail(members[row], SIZE) for row in evenly(len(members), LENGTH)], 2)
    axes.imshow(row, interpolation="nearest")
    axes.set_xlim(-0.5, LENGTH * (SIZE + 2) - 0.5)
    axes.set_title(title, loc="left", fontsize=9, pad=3)
    axes.axis("off")


@default_style()
def contact_sheet(members: pd.DataFrame, pictures: Pictures, path: Path, *, family: str, dpi: int) -> None:
    """Draw a family by label.

    Parameters
    ----------
    members : DataFrame
        The family's rows in order of its axis: `glitch_id`, `view`, `label`.
    """
    groups = by_label(members, ROWS)
    drawing = figure(10, 0.5 + 0.97 * max(1, len(groups)))
    grid = drawing.subplots(max(1, len(groups)), 1, squeeze=False)[:, 0]
    for axes, (label, keys) in zip(grid, groups, strict=False):
        _strip(axes, pictures, keys, f"{'no label' if label is None else plain(label)}  ({len(keys)})")
    if not groups:
        nothing(grid[0], "nothing is on the map")
    title = "Unassigned glitches" if family == UNASSIGNED else f"Family {plain(family)}"
    drawing.suptitle(f"{title} by label", x=0.01, ha="left", fontsize=11)
    save(drawing, path, dpi)


@default_style()
def intensity(families: list[tuple[str, pd.DataFrame]], pictures: Pictures, path: Path, *, dpi: int) -> None:
    """Draw families twice: along their axis, and in order of mean energy.

    Parameters
    ----------
    families : list of (family, members in order of the axis)
    """
    drawing = figure(10, 0.2 + 1.94 * max(1, len(families)))
    grid = drawing.subplots(max(1, 2 * len(families)), 1, squeeze=False)[:, 0]
    for number, (family, members) in enumerate(families):
        axis = row_keys(members)
        energy = np.array([pictures.mean_energy(key) for key in axis])
        louder = [axis[rank] for rank in np.argsort(energy, kind="stable")]
        span = f"{energy.min():.2f} to {energy.max():.2f}"
        _strip(grid[2 * number], pictures, axis, f"{plain(family)}, along its axis")
        _strip(grid[2 * number + 1], pictures, louder, f"{plain(family)}, by mean normalized energy, {span}")
    if not families:
        nothing(grid[0], NO_FAMILY)
    save(drawing, path, dpi)


def _shares(axes: Axes, ordered: pd.DataFrame, sections: pd.DataFrame) -> None:
    """Draw label shares of each section as stacked bars, and the consistency's interval."""
    names = label_counts(ordered["label"]).index[: len(COLOURS)]
    counts = ordered.dropna(subset=["label"]).groupby(["segment", "label"]).size()
    bottom = np.zeros(len(sections))
    for number, label in enumerate(names):
        hits = [counts.get((section, label), 0) for section in sections["segment"]]
        share = np.array(hits) / np.maximum(sections["n_labelled"].to_numpy(), 1)
        places = sections["segment"].to_numpy()
        axes.bar(places, share, bottom=bottom, width=0.9, color=COLOURS[number], label=plain(label, 20))
        bottom += share
    labelled = sections[sections["n_labelled"] > 0]
    rest = np.where(sections["n_labelled"] > 0, 1 - bottom, 0)
    if (rest > 1e-9).any():
        axes.bar(sections["segment"], rest, bottom=bottom, width=0.9, color="#DDDDDD", label="other labels")
    middle = labelled["consistency"].to_numpy(dtype=float)
    low, high = (
        labelled["consistency_low"].to_numpy(dtype=float),
        labelled["consistency_high"].to_numpy(dtype=float),
    )
    error = np.abs([middle - low, high - middle])
    axes.errorbar(
        labelled["segment"] + 0.3, middle, yerr=error, fmt="o", color="black", markersize=4, capsize=3
    )
    axes.set(ylim=(0, 1.02), xlabel="section of the axis", ylabel="share of labels")
    axes.set_xlim(0.5, len(sections) + 0.5)
    axes.set_xticks(sections["segment"])
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    bare(axes)


@default_style()
def gradients(
    families: list[tuple[str, pd.DataFrame, pd.DataFrame]], pictures: Pictures, path: Path, *, dpi: int
) -> None:
    """Draw families along their axis: members above, label shares and consistency below.

    Parameters
    ----------
    families : list of (family, placed members, sections)
        Members in order with `glitch_id`, `view`, `segment`, `label`; rows of table `gradients`.
    """
    drawing = figure(10, max(1.0, 3.4 * len(families)))
    grid = drawing.subplots(
        max(1, 2 * len(families)), 1, squeeze=False, height_ratios=[1, 2] * len(families) or [1]
    )
    for number, (family, ordered, sections) in enumerate(families):
        changes = "labels change along its axis" if sections["gradient"].any() else "no significant change"
        _strip(grid[2 * number, 0], pictures, row_keys(ordered), f"{plain(family)}: {changes}")
        _shares(grid[2 * number + 1, 0], ordered, sections)
    if not families:
        nothing(grid[0, 0], NO_FAMILY)
    save(drawing, path, dpi)

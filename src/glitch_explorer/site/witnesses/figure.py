"""The report's figure of families against their witnesses; the site's own matrix has no limit of size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from glitch_explorer.site.pages import records
from glitch_explorer.site.plots import figure, nothing, plain, save
from glitch_explorer.site.witnesses.matrix import MARKS
from glitch_explorer.site.witnesses.words import count_text, signed_text

#: Groups and families in the figure, at most.
MATRIX_ROWS, MATRIX_COLUMNS = 30, 40

_COLOURS = colormaps["cividis_r"]


@dataclass(frozen=True)
class Panel:
    """One detector: its title, and the families that it has no answer for."""

    ifo: str
    title: str
    unanswered: Sequence[str]


def matrix_panels(lines: Sequence[Mapping[str, Any]]) -> list[Panel]:
    """Make a panel of each of `witness_overview.detector_lines`."""
    return [
        Panel(
            ifo=line["ifo"],
            title=f"{line['ifo']}: {len(line['witnessed'])} of "
            f"{count_text(len(line['witnessed']) + len(line['none']), 'family', 'families')} with an answer",
            unanswered=[*line["unanswered"], *line["absent"]],
        )
        for line in lines
    ]


def matrix_cells(told: Mapping[str, list[dict[str, Any]]]) -> pd.DataFrame:
    """List what the figure draws: family, detector and group, the groups without the detector's prefix."""
    rows = [
        {
            "family": family,
            "ifo": one["ifo"],
            "group": str(group["group"]).removeprefix(f"{one['ifo']}:"),
            "size": abs(group["t_peak"]),
            "lag": group["lag"],
            "relation": group["relation"],
            "safety": group["safety"],
        }
        for family, answers in told.items()
        for one in answers
        for group in one["groups"]
    ]
    return pd.DataFrame(rows, columns=["family", "ifo", "group", "size", "lag", "relation", "safety"])


def matrix_figure(found: pd.DataFrame, panels: Sequence[Panel], path: Path, *, dpi: int) -> None:
    """Draw families against the groups that witness them, detectors side by side.

    Parameters
    ----------
    found
        Of `matrix_cells`.
    panels
        Detectors, from left to right.
    path
        PNG file to write.
    dpi
        Pixels per inch.
    """
    if found.empty:
        made = figure(8, 2.2)
        nothing(made.add_subplot(), "No witness was found for any family.")
        save(made, path, dpi)
        return
    families = sorted(found["family"].unique())[:MATRIX_COLUMNS]
    shown = found[found["family"].isin(families)]
    groups = _strongest(shown)
    made = figure(3.6 + 0.42 * len(families) * len(panels) + 0.8, 1.9 + 0.36 * len(groups))
    grid = made.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    norm = Normalize(4, max(8.0, float(found["size"].max())))
    for axes, panel in zip(grid, panels, strict=True):
        for row in records(shown[(shown["ifo"] == panel.ifo) & shown["group"].isin(groups)]):
            place = families.index(row["family"]), groups.index(row["group"])
            _cell(axes, *place, row, _COLOURS(norm(row["size"])))
        _frame(axes, panel, families, len(groups))
    unknown = set(shown.loc[shown["safety"] == "unknown", "group"])
    names = [plain(name, 44) + (" (safety unknown)" if name in unknown else "") for name in groups]
    grid[0].set_yticks(range(len(groups)), names, fontsize=9)
    bar = made.colorbar(ScalarMappable(norm, _COLOURS), ax=list(grid), shrink=0.7, pad=0.01, aspect=30)
    bar.set_label("|T|, spreads of the slides", fontsize=9)
    left = found["family"].nunique() - len(families), found["group"].nunique() - len(groups)
    more = "" if left == (0, 0) else f"   Not drawn: {left[0]} families, {left[1]} groups."
    marks = "   ".join(f"{mark} {name}" for name, mark in MARKS.items())
    words = f"{marks}   number: lag in seconds   hatched: no answer{more}"
    made.supxlabel(words, fontsize=9, x=0.02, ha="left")
    save(made, path, dpi)


def _strongest(shown: pd.DataFrame) -> list[str]:
    """Choose the groups with the largest size, in order of their first family."""
    order = shown.groupby("group").agg(first=("family", "min"), size=("size", "max"))
    strongest = order.sort_values("size", ascending=False, kind="stable").head(MATRIX_ROWS)
    listed = strongest.sort_values(["first", "size"], ascending=[True, False], kind="stable")
    return [str(name) for name in listed.index]


def _frame(axes: Axes, panel: Panel, families: list[str], groups: int) -> None:
    """Draw the frame of one detector's panel, and hatch what it has no answer for."""
    for x in (families.index(name) for name in panel.unanswered if name in families):
        axes.axvspan(x - 0.5, x + 0.5, facecolor="#F4F6F8", edgecolor="#C3CAD1", hatch="///", linewidth=0)
    axes.set_xticks(range(len(families)), [plain(name) for name in families], rotation=90, fontsize=9)
    axes.set(xlim=(-0.5, len(families) - 0.5), ylim=(groups - 0.5, -0.5))
    axes.set_title(plain(panel.title, 60), loc="left", fontsize=9.5)
    axes.set_xticks(np.arange(-0.5, len(families)), minor=True)
    axes.set_yticks(np.arange(-0.5, groups), minor=True)
    axes.grid(which="minor", color="#E4E7EA", linewidth=0.8)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)


def _cell(axes: Axes, x: int, y: int, row: Mapping[str, Any], colour: tuple[float, ...]) -> None:
    """Draw one cell: colour, mark of the relation, lag."""
    axes.fill(
        [x - 0.5, x + 0.5, x + 0.5, x - 0.5], [y - 0.5, y - 0.5, y + 0.5, y + 0.5], color=colour, linewidth=0
    )
    bright = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
    ink = "black" if bright > 0.5 else "white"
    axes.text(x, y - 0.17, MARKS.get(row["relation"], ""), ha="center", va="center", fontsize=7, color=ink)
    axes.text(x, y + 0.22, signed_text(row["lag"]), ha="center", va="center", fontsize=7.5, color=ink)

"""The report's figure of families against their witnesses; the site's own matrix has no limit of size."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from glitch_explorer.site.evidence.matrix import COINCIDENT, MARKS
from glitch_explorer.site.evidence.rows import strong_groups
from glitch_explorer.site.numbers import count_text, signed_text
from glitch_explorer.site.pages import records
from glitch_explorer.site.plots import AREA, default_style, figure, ink_on, nothing, plain, save
from glitch_explorer.site.witnesses.rows import Row

#: Largest number of groups and of families in the figure.
MATRIX_ROWS, MATRIX_COLUMNS = 30, 40

_COLOURS = colormaps["cividis_r"]


@default_style()
def matrix_figure(rows: Sequence[Row], lines: Sequence[Row], path: Path, *, dpi: int) -> None:
    """Draw families against the groups of channels that are their witnesses, detectors side by side.

    Parameters
    ----------
    rows
        Witnesses of all families, from `evidence.rows.evidence_rows`.
    lines
        Detectors in the order of the panels, from `overview.detector_lines`.
    path
        PNG file to write.
    dpi
        Pixels per inch.
    """
    cells = _cells(rows)
    if cells.empty:
        drawing = figure(8, 2.2)
        nothing(drawing.add_subplot(), "No strong witness was found for any family.")
        save(drawing, path, dpi)
        return
    families = sorted(cells["family"].unique())[:MATRIX_COLUMNS]
    shown = cells[cells["family"].isin(families)]
    groups = _strongest(shown)
    width = 0.42 * max(3, len(families)) * len(lines)
    drawing = figure(3.6 + width + 0.8, 1.9 + 0.36 * len(groups))
    grid = drawing.subplots(1, len(lines), squeeze=False, sharey=True)[0]
    norm = Normalize(4, max(8.0, float(cells["size"].max())))
    for axes, line in zip(grid, lines, strict=True):
        for row in records(shown[(shown["ifo"] == line["ifo"]) & shown["group"].isin(groups)]):
            _draw_cell(
                axes,
                families.index(row["family"]),
                groups.index(row["group"]),
                row,
                _COLOURS(norm(row["size"])),
            )
        _frame(axes, line, families, len(groups))
    unknown = set(shown.loc[shown["safety"] == "unknown", "group"])
    names = [plain(name, 44) + (" (safety unknown)" if name in unknown else "") for name in groups]
    grid[0].set_yticks(range(len(groups)), names, fontsize=9)
    bar = drawing.colorbar(ScalarMappable(norm, _COLOURS), ax=list(grid), shrink=0.7, pad=0.01, aspect=30)
    bar.set_label("|T|", fontsize=9)
    left = cells["family"].nunique() - len(families), cells["group"].nunique() - len(groups)
    more = "" if left == (0, 0) else f"   Not drawn: {left[0]} families, {left[1]} groups."
    legend = MARKS | ({"coincides": COINCIDENT} if COINCIDENT in set(shown["relation"]) else {})
    marks = "   ".join(f"{mark} {name}" for name, mark in legend.items())
    drawing.supxlabel(
        f"{marks}   number: lag in seconds   hatched: no result{more}", fontsize=9, x=0.02, ha="left"
    )
    save(drawing, path, dpi)


def _cells(rows: Sequence[Row]) -> pd.DataFrame:
    """Return a row for each strong witness: family, detector, and group without the detector's prefix."""
    columns = ["family", "ifo", "group", "size", "lag", "relation", "safety"]
    cells = [
        (
            row["family"],
            row["ifo"],
            str(row["group"]).removeprefix(f"{row['ifo']}:"),
            abs(row["main"]["t_statistic"]),
            row["main"]["lag"],
            row["main"].get("relation", COINCIDENT),
            row["safety"],
        )
        for row in strong_groups(list(rows))
    ]
    return pd.DataFrame(cells, columns=columns)


def _strongest(shown: pd.DataFrame) -> list[str]:
    """Return the groups with the largest size, in order of their first family."""
    order = shown.groupby("group").agg(first=("family", "min"), size=("size", "max"))
    strongest = order.sort_values("size", ascending=False, kind="stable").head(MATRIX_ROWS)
    listed = strongest.sort_values(["first", "size"], ascending=[True, False], kind="stable")
    return [str(name) for name in listed.index]


def _frame(axes: Axes, line: Row, families: list[str], groups: int) -> None:
    """Draw the frame of one detector's panel, and hatch the families without a result."""
    missing = [*line["unanswered"], *line["absent"]]
    for x in (families.index(name) for name in missing if name in families):
        axes.axvspan(x - 0.5, x + 0.5, facecolor="#F4F6F8", edgecolor="#C3CAD1", hatch="///", linewidth=0)
    axes.set_xticks(range(len(families)), [plain(name) for name in families], rotation=90, fontsize=9)
    axes.set(xlim=(-0.5, len(families) - 0.5), ylim=(groups - 0.5, -0.5))
    tested = count_text(len(line["witnessed"]) + len(line["none"]), "family", "families")
    title = f"{plain(line['ifo'])}\n{len(line['witnessed'])} of {tested}"
    axes.set_title(title, loc="left", fontsize=9.5)
    axes.set_xticks(np.arange(-0.5, len(families)), minor=True)
    axes.set_yticks(np.arange(-0.5, groups), minor=True)
    axes.grid(which="minor", color=AREA, linewidth=0.8)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)


def _draw_cell(axes: Axes, x: int, y: int, row: Row, colour: tuple[float, ...]) -> None:
    """Draw one cell: colour, mark of the relation, lag."""
    axes.fill(
        [x - 0.5, x + 0.5, x + 0.5, x - 0.5], [y - 0.5, y - 0.5, y + 0.5, y + 0.5], color=colour, linewidth=0
    )
    ink = ink_on(colour)
    mark = str(MARKS.get(row["relation"], row["relation"]))
    axes.text(x, y - 0.17, mark, ha="center", va="center", fontsize=7, color=ink)
    axes.text(x, y + 0.22, signed_text(row["lag"]), ha="center", va="center", fontsize=7.5, color=ink)

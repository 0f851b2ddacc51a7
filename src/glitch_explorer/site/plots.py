"""Charts: the map, ambiguity, label and family entropy, leakage."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from glitch_explorer.audit.schemas import NORMALISED_LIMIT, P_LIMIT
from glitch_explorer.core import files
from glitch_explorer.map.schemas import UNASSIGNED
from glitch_explorer.site.families.names import family_names
from glitch_explorer.site.palette import look

#: Largest number of bars in a ranked chart.
BARS = 25
#: Colours of notes, and of areas behind the data.
QUIET, AREA = "#666666", "#E4E7EA"
_INK = "#222222"


def plain(text: object, length: int = 28) -> str:
    """Return a text that Matplotlib draws literally, of at most `length` characters.

    `$` is escaped, and control characters are replaced.
    """
    shown = "".join(sign if sign.isprintable() else "\ufffd" for sign in str(text).replace("\n", " "))
    shown = shown if len(shown) <= length else shown[: length - 1] + "…"
    return shown.replace("$", r"\$")


@contextmanager
def default_style() -> Iterator[None]:
    """Draw in Matplotlib's default style: an import of gwpy, or a user's matplotlibrc, changes no figure."""
    with mpl.rc_context({key: mpl.rcParamsDefault[key] for key in mpl.rcParamsDefault if key != "backend"}):
        yield


def figure(width: float, height: float, *, fitted: bool = True) -> Figure:
    """Create an empty figure, sizes in inches; `fitted` fits its layout to the texts, which is slow."""
    drawing = Figure(figsize=(width, height), layout="constrained" if fitted else None, facecolor="white")
    FigureCanvasAgg(drawing)
    return drawing


def save(drawing: Figure, path: Path, dpi: int) -> None:
    """Write a figure as PNG, the same bytes for the same figure."""
    with files.whole(path) as temporary:
        drawing.savefig(temporary, dpi=dpi, metadata={"Software": None})


def bare(axes: Axes) -> None:
    """Remove the upper and right side of the frame."""
    axes.spines[["top", "right"]].set_visible(False)


def ink_on(colour: Sequence[float]) -> str:
    """Return the colour of a text on a background of that colour (red, green, blue; 0 to 1)."""
    bright = float(np.dot(colour[:3], (0.299, 0.587, 0.114)))  # luma, ITU-R BT.601
    return "black" if bright > 0.5 else "white"


def nothing(axes: Axes, reason: str) -> None:
    """Write why there is nothing to draw."""
    axes.axis("off")
    axes.text(0.5, 0.5, reason, ha="center", va="center", fontsize=10, color=QUIET, transform=axes.transAxes)


def _points(axes: Axes, rows: pd.DataFrame, column: str, order: Sequence[str], missing: str) -> None:
    """Draw the map's points, coloured and shaped by `column`.

    Points whose value is not in `order` get the colour `missing`.
    """
    size = float(np.clip(30000 / max(1, len(rows)), 3, 26))
    rest = rows[~rows[column].isin(order)]
    axes.scatter(rest["x"], rest["y"], s=size * 0.6, c=missing, linewidths=0, zorder=1)
    for number, name in enumerate(order):
        colour, _, shape = look(number)
        part = rows[rows[column] == name]
        axes.scatter(
            part["x"],
            part["y"],
            s=size,
            c=colour,
            marker=shape,
            label=plain(name),
            zorder=2,
            edgecolors="white",
            linewidths=0.25,
        )
    axes.set(xlabel="UMAP 1", ylabel="UMAP 2", xticks=[], yticks=[])
    axes.set_aspect("equal", adjustable="datalim")
    bare(axes)


@default_style()
def map_by_family(rows: pd.DataFrame, path: Path, *, dpi: int, unassigned: str) -> None:
    """Draw the map by family, each family's id at its middle, or above it where it is small."""
    drawing = figure(8.6, 6.6)
    axes = drawing.add_subplot()
    order = sorted(set(rows["family"]) - {UNASSIGNED})
    _points(axes, rows, "family", order, unassigned)
    for name in order:
        points = rows.loc[rows["family"] == name, ["x", "y"]]
        # A name in the middle would hide a small family.
        small = np.ptp(points["y"]) < 0.1 * np.ptp(rows["y"])
        anchor = (points["x"].median(), points["y"].max() if small else points["y"].median())
        box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.75}
        axes.annotate(
            plain(name),
            anchor,
            xytext=(0, 9 if small else 0),
            textcoords="offset points",
            fontsize=8,
            ha="center",
            va="center",
            bbox=box,
            zorder=3,
        )
    noise = int((rows["family"] == UNASSIGNED).sum())
    axes.set_title(
        f"{len(rows)} points: {len(rows) - noise} in {len(order)} families, {noise} unassigned",
        loc="left",
        fontsize=11,
    )
    save(drawing, path, dpi)


@default_style()
def map_by_label(rows: pd.DataFrame, path: Path, *, dpi: int, unassigned: str) -> None:
    """Draw the map by label, in alphabetical order."""
    drawing = figure(10.2, 6.6)
    axes = drawing.add_subplot()
    order = sorted(rows["label"].dropna().unique())
    _points(axes, rows, "label", order, unassigned)
    axes.scatter([], [], s=16, c=unassigned, label="no label")
    drawing.legend(loc="outside right upper", fontsize=8, frameon=False, markerscale=1.2)
    axes.set_title(f"{len(rows)} points, {len(order)} labels", loc="left", fontsize=11)
    save(drawing, path, dpi)


def _ranked(axes: Axes, names: list[str], values: list[float], notes: list[str], colour: str) -> None:
    """Draw horizontal bars from the top down, a note at the end of each."""
    if not names:
        nothing(axes, "no labelled members in families")
        return
    heights = list(range(len(names)))
    axes.barh(heights, values, color=colour, height=0.72)
    span = max(values) or 1.0
    for y, value, note in zip(heights, values, notes, strict=True):
        box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"}
        axes.text(value + 0.015 * span, y, note, va="center", fontsize=7.5, color=QUIET, bbox=box)
    axes.set_yticks(heights, names, fontsize=8)
    axes.set_xlim(0, 1.35 * span)
    axes.set_ylim(len(names) - 0.4, -0.6)
    bare(axes)


def _shown_names(families: pd.DataFrame) -> dict[str, str]:
    """Return what the bar of each family says: its name, or its commonest label where no family has one."""
    labels = families.set_index("family")["plurality_label"]
    return {family: name or str(labels[family]) for family, name in family_names(families).items()}


@default_style()
def ambiguity(families: pd.DataFrame, path: Path, *, dpi: int, assigned: str) -> None:
    """Draw the families by ambiguity, with name and purity."""
    names = _shown_names(families)
    ranked = families.dropna(subset=["ambiguity_score"])
    ranked = ranked.sort_values(["ambiguity_score", "family"], ascending=[False, True]).head(BARS)
    drawing = figure(8.2, 1.1 + 0.24 * max(3, len(ranked)))
    axes = drawing.add_subplot()
    notes = [
        f"{plain(names[str(row.family)])}, purity {row.purity:.0%}, n = {row.n_labelled}"
        for row in ranked.itertuples()
    ]
    _ranked(axes, ranked["family"].map(plain).tolist(), ranked["ambiguity_score"].tolist(), notes, assigned)
    axes.set_xlabel("Ambiguity, (1 − purity) · labelled members")
    save(drawing, path, dpi)


@default_style()
def entropies(
    families: pd.DataFrame,
    labels: pd.DataFrame,
    quality: pd.DataFrame,
    path: Path,
    *,
    dpi: int,
    assigned: str,
) -> None:
    """Draw label entropy by family (over-splitting) beside family entropy by label (over-compression)."""
    whole = quality.set_index("metric")["value"]
    split = families.dropna(subset=["label_entropy_bits"])
    split = split.sort_values(["label_entropy_bits", "family"], ascending=[False, True]).head(BARS)
    packed = labels.sort_values(["family_entropy_bits", "label"], ascending=[False, True]).head(BARS)
    drawing = figure(10.4, 1.5 + 0.24 * max(3, len(split), len(packed)))
    left, right = drawing.subplots(1, 2)
    names = _shown_names(families)
    notes = [f"{plain(names[str(row.family)], 20)}, n = {row.n_labelled}" for row in split.itertuples()]
    _ranked(left, split["family"].map(plain).tolist(), split["label_entropy_bits"].tolist(), notes, assigned)
    notes = [
        f"{row.n_families} {'family' if row.n_families == 1 else 'families'}, n = {row.n}"
        for row in packed.itertuples()
    ]
    _ranked(
        right, packed["label"].map(plain).tolist(), packed["family_entropy_bits"].tolist(), notes, assigned
    )
    for axes, name, of, metric in (
        (left, "Over-splitting by labels", "H(label | family)", "over_splitting_bits"),
        (right, "Over-compression by labels", "H(family | label)", "over_compression_bits"),
    ):
        axes.axvline(whole[metric], color=_INK, linestyle="--", linewidth=1)
        title = f"{name}: {whole[metric]:.2f} bit over the whole map (dashed)"
        axes.set_title(title, loc="left", fontsize=10)
        axes.set_xlabel(f"{of} (bit)")
    save(drawing, path, dpi)


@default_style()
def leakage(table: pd.DataFrame, path: Path, *, dpi: int, assigned: str, unassigned: str) -> None:
    """Draw the conditional mutual information of family and each variable, with the limit of the test."""
    drawing = figure(8.2, 1.3 + 0.4 * len(table))
    axes = drawing.add_subplot()
    colours = [
        "#D55E00" if row.failed else assigned if row.gated else unassigned for row in table.itertuples()
    ]
    values = table["normalised"].clip(lower=0).to_numpy()
    axes.barh(np.arange(len(table)), values, color=colours, height=0.6)
    for y, row in enumerate(table.itertuples()):
        outcome = "FAILS" if row.failed else "passes" if row.gated else "not part of the test"
        note = f"p = {row.p_value:.3g}, {row.mutual_information_bits:.3f} bit, {outcome}"
        axes.text(1, y, note, va="center", ha="right", fontsize=8.5, transform=axes.get_yaxis_transform())
    axes.axvline(NORMALISED_LIMIT, color=_INK, linestyle="--", linewidth=1)
    axes.set_yticks(np.arange(len(table)), table["variable"])
    axes.set_ylim(len(table) - 0.4, -0.6)
    axes.set_xlim(0, max(0.15, 1.8 * values.max(initial=0)))
    axes.set_xlabel("(I(family; variable | label) − mean under the null) / H(variable | label)")
    title = f"Leakage test: fails above {NORMALISED_LIMIT} (dashed) if p < {P_LIMIT}"
    axes.set_title(title, loc="left", fontsize=10)
    bare(axes)
    save(drawing, path, dpi)

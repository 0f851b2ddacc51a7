"""Figures of a family's drivers and of the costs.

Drivers: SHAP values per channel group, for all glitches, per lag, and a waterfall for one glitch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from glitch_explorer.core.arrays import Float64
from glitch_explorer.site.cost.ranking import is_significant
from glitch_explorer.site.numbers import amount_text, feature_set_text, known, model_text
from glitch_explorer.site.pages import records
from glitch_explorer.site.palette import COLOURS
from glitch_explorer.site.plots import BARS, QUIET, bare, default_style, figure, ink_on, nothing, plain, save

#: Largest number of rows in a panel, and of characters of a channel's name on its axis.
ROWS, LETTERS = 8, 29
#: Absolute value of the score at which the colour scale saturates.
FULL_SCORE = 6.0
_UP, _DOWN = COLOURS[3], COLOURS[0]
_DETECTORS = (COLOURS[3], COLOURS[0], COLOURS[5])
_SCORES = LinearSegmentedColormap.from_list("scores", [_DOWN, "#C9CED3", _UP])


@dataclass(frozen=True)
class ShapFigure:
    """Data of the SHAP figure of one model."""

    #: The model's row of table "skill", and `unit`: the unit of the SHAP values.
    model: Mapping[str, Any]
    #: For each channel group: name, mean absolute SHAP value, and whether the safety of any of its channels
    #: is unknown; the largest value first.
    groups: Sequence[tuple[str, float, bool]]
    #: Rows of tables "shap_values" and "shap_features".
    values: pd.DataFrame
    features: pd.DataFrame
    #: Glitch of the last panel.
    glitch: str
    is_medoid: bool

    @property
    def title(self) -> str:
        """Family, detector and model, with its average precision."""
        model = self.model
        name = f"{model_text(model['model'])}, {feature_set_text(model['view'])}"
        return (
            f"{model['family']}, {model['ifo']}: {name}. "
            f"Average precision {model['ap']:.2f}, baseline {model['ap_baseline']:.2f}"
        )


def swarm(values: Float64) -> Float64:
    """Return offsets between -1 and 1 for a beeswarm plot.

    Points in one bin of the axis are spread apart, the more points the wider.

    Parameters
    ----------
    values
        Positions of the points on the axis, (n,).
    """
    bins = 60
    span = float(np.ptp(values)) or 1.0
    bin_of = np.minimum(((values - values.min()) / span * bins).astype(int), bins - 1)
    offsets = np.zeros(len(values))
    most = int(np.bincount(bin_of).max())
    for group in (np.flatnonzero(bin_of == number) for number in np.unique(bin_of)):
        order = np.arange(len(group)) - (len(group) - 1) / 2
        offsets[group] = order / max(4.0, most / 2)
    return offsets


def strongest(values: pd.DataFrame, count: int) -> list[str]:
    """Return the channels with the largest mean abs SHAP, the largest first."""
    mean = values.assign(size=values["shap"].abs()).groupby("channel", sort=True)["size"].mean()
    return [str(name) for name in mean.sort_values(ascending=False, kind="stable").head(count).index]


def _middle_out(name: str) -> str:
    """Shorten a channel's name in its middle: both ends identify it."""
    half = (LETTERS - 1) // 2
    return name if len(name) <= LETTERS else f"{name[:half]}…{name[-half:]}"


def _named(axes: Axes, names: Sequence[str], *, least: int = 3) -> None:
    """Write names at the rows of a panel, the first on top."""
    axes.set_yticks(range(len(names)), [plain(_middle_out(name), LETTERS) for name in names], fontsize=9)
    axes.set_ylim(max(least, len(names)) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=9)
    bare(axes)


def _bars(axes: Axes, shap: ShapFigure) -> None:
    """Draw the importance of the groups."""
    shown = list(shap.groups[:ROWS])
    sizes = [size for _, size, _ in shown]
    axes.barh(range(len(shown)), sizes, color=_DOWN, height=0.66)
    for y, size in enumerate(sizes):
        axes.text(size, y, f" {amount_text(size, 2)}", va="center", fontsize=8.5, color=QUIET)
    _named(axes, [f"{name}{' (?)' if unknown else ''}" for name, _, unknown in shown])
    axes.set_xlim(0, 1.18 * max(sizes, default=1.0))
    axes.set_xlabel(f"Mean |sum of the group's SHAP| ({shap.model['unit']})", fontsize=9.5)
    left = len(shap.groups) - len(shown)
    title = "Groups" + (f", first {ROWS} of {len(shap.groups)}" if left > 0 else "")
    marked = "; (?) safety unknown" if any(unknown for *_, unknown in shown) else ""
    axes.set_title(title + marked, loc="left", fontsize=10.5)


def _beeswarm(canvas: Figure, axes: Axes, shap: ShapFigure) -> None:
    """Draw the SHAP value of each glitch, coloured by the channel's score."""
    names = strongest(shap.values, ROWS)
    norm = Normalize(-FULL_SCORE, FULL_SCORE)
    axes.axvline(0, color=QUIET, linewidth=0.8, zorder=1)
    for level, name in enumerate(names):
        rows = shap.values[shap.values["channel"] == name].sort_values("glitch_id")
        x = rows["shap"].to_numpy(dtype=float)
        y = level + 0.38 * swarm(x)
        seen = rows["value"].notna().to_numpy()
        axes.scatter(x[~seen], y[~seen], s=11, facecolors="none", edgecolors=QUIET, linewidths=0.6, zorder=2)
        colours = rows["value"].to_numpy(dtype=float)[seen]
        axes.scatter(x[seen], y[seen], s=11, c=colours, cmap=_SCORES, norm=norm, linewidths=0, zorder=2)
    _named(axes, names)
    axes.set_xlabel(f"SHAP value ({shap.model['unit']}); positive: raises the probability", fontsize=9.5)
    axes.set_title("Channels; one point per glitch", loc="left", fontsize=10.5)
    bar = canvas.colorbar(ScalarMappable(norm, _SCORES), ax=axes, pad=0.01, aspect=28, extend="both")
    bar.set_label("score with the largest absolute value", fontsize=9)
    bar.ax.tick_params(labelsize=8.5)


def lag_table(features: pd.DataFrame, count: int) -> pd.DataFrame:
    """Sum the importance of a channel's features over bands: channels by lag bins, the strongest first.

    Parameters
    ----------
    features
        Rows of table "shap_features" of one model.
    count
        Largest number of channels.
    """
    lags = ["lag_low", "lag_high"]
    table = features.pivot_table(index="channel", columns=lags, values="mean_abs_shap", aggfunc="sum")
    table = table.sort_index(axis=1).fillna(0.0)
    order = table.sum(axis=1).sort_values(ascending=False, kind="stable").index[:count]
    return table.loc[order]


def _lag_bin(low: float, high: float) -> str:
    """Write the lags of a feature, in seconds."""
    ends = [f"{end:+g}".replace("-", "−") if end else "0" for end in (low, high)]
    return ends[0] if low == high else f"{ends[0]} to\n{ends[1]}"


def _lags(canvas: Figure, axes: Axes, shap: ShapFigure) -> None:
    """Draw how the importance depends on the lag."""
    if shap.features.empty:
        nothing(axes, "No features by lag.")
        return
    table = lag_table(shap.features, ROWS)
    sizes = table.to_numpy(dtype=float)
    most = max(float(sizes.max()), np.finfo(float).tiny)
    norm = Normalize(0, most)
    colours = colormaps["Blues"]
    axes.imshow(sizes, cmap=colours, norm=norm, aspect="auto", interpolation="nearest")
    for y, x in np.ndindex(sizes.shape):
        if sizes[y, x] > 0.005 * most:
            text, ink = amount_text(float(sizes[y, x]), 2), ink_on(colours(norm(sizes[y, x])))
            axes.text(x, y, text, ha="center", va="center", fontsize=8.5, color=ink)
    _named(axes, [str(name) for name in table.index], least=1)
    axes.set_ylim(len(table) - 0.5, -0.5)
    low, high = (table.columns.get_level_values(name).astype(float) for name in ("lag_low", "lag_high"))
    bins = [_lag_bin(*ends) for ends in zip(low, high, strict=True)]
    axes.set_xticks(range(len(bins)), bins, fontsize=9)
    axes.set_xlabel("Lag: seconds from the glitch", fontsize=9.5)
    axes.set_title("Channels by lag, sum over bands", loc="left", fontsize=10.5)
    bar = canvas.colorbar(ScalarMappable(norm, colours), ax=axes, pad=0.01, aspect=28)
    bar.set_label(f"mean |SHAP| ({shap.model['unit']})", fontsize=9)
    bar.ax.tick_params(labelsize=8.5)


def waterfall_steps(values: pd.DataFrame, glitch: str, count: int) -> list[tuple[str, float]]:
    """Return the steps from the base value to the model's output for a glitch.

    They are the channels with the largest abs(SHAP), then the sum of all others.

    Parameters
    ----------
    values
        Rows of table "shap_values" of one model.
    glitch
        glitch_id.
    count
        Largest number of steps, including the one for all other channels.
    """
    rows = values[values["glitch_id"] == glitch].sort_values("channel")
    rows = rows.sort_values("shap", key=np.abs, ascending=False, kind="stable")
    ranked = list(zip(rows["channel"].astype(str), rows["shap"].astype(float), strict=True))
    if len(ranked) <= count:
        return ranked
    rest = ranked[count - 1 :]
    return [*ranked[: count - 1], (f"{len(rest)} other channels", sum(size for _, size in rest))]


def _waterfall(axes: Axes, shap: ShapFigure) -> None:
    """Draw how the channels add up for one glitch."""
    base = float(shap.model["base_value"])
    steps = waterfall_steps(shap.values, shap.glitch, ROWS)
    sizes = np.array([size for _, size in steps])
    ends = base + np.cumsum(sizes)
    starts = ends - sizes
    colours = [_UP if size > 0 else _DOWN for size in sizes]
    axes.barh(range(len(steps)), sizes, left=starts, color=colours, height=0.62, zorder=2)
    span = float(np.ptp([base, *ends])) or 1.0
    for y, (size, start, end) in enumerate(zip(sizes, starts, ends, strict=True)):
        text = f"+{amount_text(size, 2)}" if size > 0 else amount_text(float(size), 2)
        axes.text(max(start, end) + 0.015 * span, y, text, va="center", fontsize=8.5, color=QUIET)
        if y + 1 < len(steps):
            axes.plot([end, end], [y, y + 1], color=QUIET, linewidth=0.7, zorder=1)
    _named(axes, [name for name, _ in steps])
    axes.axvline(base, color=QUIET, linewidth=0.8, linestyle=":")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    low, high = min(base, *ends), max(base, *ends)
    axes.set_xlim(low - 0.06 * span, high + 0.16 * span)
    axes.set_xlabel(
        f"From {amount_text(base)} (base, dotted) to {amount_text(float(ends[-1]))} ({shap.model['unit']})",
        fontsize=9.5,
    )
    glitch = "the medoid" if shap.is_medoid else "median model output; the medoid has no SHAP values"
    axes.set_title(f"One glitch: {plain(shap.glitch, 24)}\n({glitch})", loc="left", fontsize=10.5)


@default_style()
def shap_picture(shap: ShapFigure, path: Path, *, dpi: int) -> None:
    """Draw the four panels of a model.

    Parameters
    ----------
    shap
        Data of the figure.
    path
        PNG file to write.
    dpi
        Pixels per inch.
    """
    # Names have at most LETTERS characters, so that the margins can be fixed.
    canvas = figure(12.4, 7.4, fitted=False)
    grid: Any = canvas.subplots(2, 2)
    canvas.subplots_adjust(left=0.2, right=0.97, bottom=0.095, top=0.895, wspace=0.68, hspace=0.45)
    _bars(grid[0, 0], shap)
    _beeswarm(canvas, grid[0, 1], shap)
    _lags(canvas, grid[1, 0], shap)
    _waterfall(grid[1, 1], shap)
    canvas.suptitle(plain(shap.title, 110), x=0.01, ha="left", fontsize=11.5)
    save(canvas, path, dpi)


@default_style()
def cost_ranking(cost: pd.DataFrame, path: Path, *, dpi: int) -> None:
    """Draw the costs of the first `BARS` (family, detector) pairs by rank, with 95 % confidence intervals.

    Parameters
    ----------
    cost
        Table "cost".
    path
        PNG file to write.
    dpi
        Pixels per inch.
    """
    ranked = cost[cost["cost_mpc3_yr"].notna()].sort_values("rank", kind="stable")
    shown = ranked.head(BARS)
    canvas = figure(8.2, 1.2 + 0.24 * max(3, len(shown)))
    axes = canvas.add_subplot()
    if shown.empty:
        nothing(axes, "No cost is known.")
        save(canvas, path, dpi)
        return
    detectors = sorted(set(cost["ifo"]))
    for y, row in enumerate(records(shown)):
        ink = _DETECTORS[detectors.index(row["ifo"]) % len(_DETECTORS)]
        face = ink if is_significant(row) else "white"
        axes.barh(y, row["cost_mpc3_yr"], height=0.66, color=face, edgecolor=ink, linewidth=1.2)
        if known(row["cost_low"]) and known(row["cost_high"]):
            ends = [row["cost_low"], row["cost_high"]]
            axes.plot(ends, [y, y], "|-", color="black", linewidth=1.1, markersize=6)
    _named(axes, [f"{row.family} {row.ifo}" for row in shown.itertuples()])
    axes.axvline(0, color=QUIET, linewidth=0.8)
    axes.set_xlabel("Lost sensitive time\u2013volume (Mpc³ yr), 95 % interval")
    title = "Filled: significantly above zero; hollow: consistent with zero, or no interval"
    left = f". First {len(shown)} of {len(ranked)}" if len(ranked) > len(shown) else ""
    axes.set_title(title + left, loc="left", fontsize=9.5)
    save(canvas, path, dpi)

"""Figure of a slow driver: rate against driver with its band, and both over the days."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import LogLocator

from glitch_explorer.core.intervals import DAY_S
from glitch_explorer.site.palette import COLOURS
from glitch_explorer.site.plots import AREA, QUIET, bare, default_style, figure, nothing, plain, save

_BLUE, _RED = COLOURS[0], COLOURS[3]


def _plain_logs(axis: Axis) -> None:
    """Label a logarithmic axis at 1, 2 and 5 of each decade, without powers."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter("")


def _curve(axes: Axes, row: Mapping[str, Any], rows: pd.DataFrame) -> None:
    """Draw the rate relative to that at the driver's median, with the counts by tenth."""
    curve, tenths = rows[rows["part"] == "curve"], rows[rows["part"] == "tenth"]
    driver = np.exp(curve["level"])
    axes.fill_between(driver, curve["low"], curve["high"], color=AREA, linewidth=0, label="95 %")
    axes.plot(driver, curve["ratio"], color=_BLUE, linewidth=1.6, label="model")
    shown = tenths[tenths["n_glitches"] > 0]
    axes.plot(np.exp(shown["level"]), shown["ratio"], "o", color=_RED, markersize=4.5, label="tenths")
    axes.axhline(1, color=QUIET, linewidth=0.8)
    for level, name in ((row["level_median"], "median"), (row["level_high"], "90 %")):
        axes.axvline(np.exp(level), color=QUIET, linewidth=0.8, linestyle=":")
        axes.annotate(
            name,
            (np.exp(level), 0.0),
            xycoords=("data", "axes fraction"),
            xytext=(2, 3),
            textcoords="offset points",
            fontsize=8,
            color=QUIET,
        )
    axes.set(
        xscale="log", yscale="log", xlabel="Driver (its own unit)", ylabel="Rate over that at the median"
    )
    for axis in (axes.xaxis, axes.yaxis):
        _plain_logs(axis)
    ends = np.log([*curve["ratio"], *shown["ratio"], 0.5, 2.0])
    margin = 0.1 * np.ptp(ends)
    axes.set_ylim(np.exp(ends.min() - margin), np.exp(ends.max() + margin))
    axes.legend(fontsize=8.5, frameon=False)
    axes.set_title(
        f"{plain(row['family'])}, {plain(row['channel'], 48)}\n× {row['ratio']:.2f} from the median to the "
        f"90th percentile ({row['ratio_low']:.2f} to {row['ratio_high']:.2f})",
        loc="left",
        fontsize=9.5,
    )
    bare(axes)


def _days(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the glitches per live hour, and the driver's median and quartiles, by day."""
    day = (rows["day_gps"] - rows["day_gps"].min()) / DAY_S
    rate = np.where(rows["live_min"] > 0, 60 * rows["n_glitches"] / rows["live_min"].clip(lower=1), np.nan)
    axes.bar(day + 0.5, rate, width=0.9, color=AREA, label="glitches per live hour")
    axes.set(xlabel="Days", ylabel="Glitches per live hour")
    other = axes.twinx()
    other.errorbar(
        day + 0.5,
        np.exp(rows["level_median"]),
        yerr=[
            np.exp(rows["level_median"]) - np.exp(rows["level_low"]),
            np.exp(rows["level_high"]) - np.exp(rows["level_median"]),
        ],
        fmt="o",
        color=_BLUE,
        markersize=3.5,
        linewidth=1,
    )
    other.set(yscale="log")
    _plain_logs(other.yaxis)
    other.set_ylabel("Driver: median and quartiles", color=_BLUE)
    axes.set_title("By day", loc="left", fontsize=9.5)
    bare(axes)
    other.spines["top"].set_visible(False)


@default_style()
def rate_figure(
    row: Mapping[str, Any] | None, curves: pd.DataFrame, days: pd.DataFrame, path: Path, *, dpi: int
) -> None:
    """Draw a driver: its curve, and rate and driver by day.

    Parameters
    ----------
    row
        Row of table "slow_drivers"; None where no driver was tested.
    curves, days
        Tables "rate_curves" and "rate_days".
    path
        PNG file to write.
    dpi
        Pixels per inch.
    """
    drawing = figure(10.4, 3.9)
    left, right = drawing.subplots(1, 2)
    if row is None:
        nothing(left, "No driver was tested.")
        right.axis("off")
        save(drawing, path, dpi)
        return
    key = ["family", "ifo", "channel", "band"]
    _curve(left, row, _rows_of(curves, row, key))
    _days(right, _rows_of(days, row, key))
    save(drawing, path, dpi)


def _rows_of(table: pd.DataFrame, row: Mapping[str, Any], key: list[str]) -> pd.DataFrame:
    """Return the rows of a table with the same key as `row`."""
    return table[(table[key] == [row[name] for name in key]).all(axis=1)]

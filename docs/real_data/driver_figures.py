"""Figures of the section on 10 January to 5 February 2020."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

from docs.real_data.driver_numbers import MICROSEISM, driver_name
from glitch_explorer.site.palette import COLOURS
from glitch_explorer.site.plots import AREA, QUIET, bare, figure

BLUE, ORANGE, GREEN, RED = COLOURS[:4]
#: How each question is drawn: prefix of its columns, column of p, name, colour, shape, and shift in rows.
_QUESTIONS = (
    ("", "p_fwer", "within blocks of a few days", RED, "o", 0.25),
    ("clock_", "clock_p_fwer", "within blocks, adjusted for local time", BLUE, "s", 0.0),
    ("overall_", "overall_p_fwer", "over the whole time", "#555555", "^", -0.25),
)


def driver_figures(numbers: dict[str, Any]) -> dict[str, Figure]:
    """Return the figures by name, from `driver_numbers`."""
    return {
        "rate_ratios": rate_ratios(numbers["rows"]),
        "rate_curves": rate_curves(numbers),
        "rate_days": rate_days(numbers),
        "range_by_glitches": range_by_glitches(numbers["range"]),
    }


def rate_ratios(rows: pd.DataFrame) -> Figure:
    """Draw the rate ratios of all drivers with their intervals, for three questions."""
    drawing = figure(7.2, 8.0)
    axes = drawing.subplots()
    rows = rows.iloc[::-1].reset_index(drop=True)
    places = np.arange(len(rows))
    bands = zip(places, rows["shift_low"], rows["shift_high"], strict=True)
    for place, low, high in bands:
        label = "driver shifted by whole days: range" if place == 0 else "_"
        axes.fill_between([low, high], place - 0.42, place + 0.42, color=AREA, linewidth=0, label=label)
    for prefix, column, label, colour, shape, shift in _QUESTIONS:
        ratio = rows[f"{prefix}ratio"]
        low, high = (
            rows[f"{prefix}low" if prefix else "ratio_low"],
            rows[f"{prefix}high" if prefix else "ratio_high"],
        )
        axes.hlines(places + shift, low, high, color=colour, linewidth=1.4)
        significant = (rows[column] <= 0.05).to_numpy()
        axes.plot(ratio[significant], places[significant] + shift, shape, color=colour, label=label)
        axes.plot(
            ratio[~significant], places[~significant] + shift, shape, color=colour, markerfacecolor="white"
        )
    axes.axvline(1, color=QUIET, linewidth=1)
    axes.set(
        xscale="log", xlabel="rate at the driver's 90th percentile over that at its median, 95 % interval"
    )
    axes.set(yticks=places, yticklabels=rows["driver"], ylim=(-0.6, len(rows) - 0.4))
    _plain_ticks(axes, (0.3, 0.5, 0.7, 1, 1.4, 2))
    drawing.legend(loc="outside lower center", ncols=2, fontsize=9, frameon=False)
    bare(axes)
    return drawing


def _plain_ticks(axes: Axes, ticks: tuple[float, ...]) -> None:
    """Write the given ticks of a logarithmic axis x as plain numbers."""
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(ScalarFormatter())


def rate_curves(numbers: dict[str, Any]) -> Figure:
    """Draw the rate against the first driver of the joint model, and against the microseism."""
    drawing = figure(7.2, 3.6)
    panels = drawing.subplots(1, 2, sharey=True)
    for axes, channel in zip(panels, (numbers["first"]["channel"], MICROSEISM), strict=True):
        rows = numbers["curves"][numbers["curves"]["channel"] == channel]
        curve, tenths = rows[rows["part"] == "curve"], rows[rows["part"] == "tenth"]
        level = np.exp(curve["level"])
        axes.fill_between(
            level, curve["low"], curve["high"], color=BLUE, alpha=0.2, linewidth=0, label="95 %"
        )
        axes.plot(level, curve["ratio"], color=BLUE, label="model")
        axes.plot(
            np.exp(tenths["level"]),
            tenths["ratio"],
            "o",
            color="black",
            markersize=4,
            label="tenths of the minutes",
        )
        axes.axhline(1, color=QUIET, linewidth=1)
        axes.set(
            xscale="log", xlabel="ground velocity (nm/s)", title=driver_name(channel, rows["band"].iloc[0])
        )
        axes.title.set_fontsize(10)
        ends = level.min(), level.max()
        _plain_ticks(
            axes,
            tuple(
                tick
                for tick in (50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000)
                if ends[0] <= tick <= ends[1]
            ),
        )
        bare(axes)
    panels[0].set(ylabel="rate over that at the median", ylim=(0, 2.6))
    panels[0].legend(frameon=False, fontsize=9, loc="upper left")
    return drawing


def rate_days(numbers: dict[str, Any]) -> Figure:
    """Draw the rate of the glitches and a driver by day."""
    drawing = figure(7.2, 4.2)
    above, below = drawing.subplots(2, 1, sharex=True)
    days = numbers["days"]
    known = days[days["live_min"] > 0]
    start = pd.to_datetime(known["day_gps"] - days["day_gps"].iloc[0], unit="s") - pd.Timestamp(0)
    x = start.dt.days.to_numpy()
    above.bar(x, 60 * known["n_glitches"] / known["live_min"], width=0.9, align="edge", color="#A9B4BE")
    above.set(ylabel="glitches in a live hour")
    level = np.exp(days[["level_low", "level_median", "level_high"]])
    middle = np.arange(len(days)) + 0.5
    below.vlines(middle, level["level_low"], level["level_high"], color=BLUE, linewidth=3, alpha=0.4)
    below.plot(middle, level["level_median"], "o", color=BLUE, markersize=4)
    below.set(yscale="log", ylabel=f"{numbers['day_driver']}\n(nm/s)")
    below.yaxis.set_major_locator(FixedLocator([50, 100, 200, 400]))
    below.yaxis.set_minor_locator(NullLocator())
    below.yaxis.set_major_formatter(ScalarFormatter())
    dates = pd.date_range("2020-01-10", periods=len(days))
    ticks = list(range(0, len(days), 5))
    below.set(
        xticks=ticks,
        xticklabels=[f"{dates[k].day} {dates[k]:%b}" for k in ticks],
        xlabel="2020 (days of GPS time)",
    )
    for axes in (above, below):
        bare(axes)
    return drawing


def range_by_glitches(rows: list[dict[str, float]]) -> Figure:
    """Draw the mean change of the range by the number of glitches in a minute."""
    drawing = figure(7.2, 2.6)
    axes = drawing.subplots()
    places = np.arange(len(rows))[::-1]
    mean, error = (100 * np.array([row[name] for row in rows]) for name in ("mean", "error"))
    axes.axvspan(mean[0] - 1.96 * error[0], mean[0] + 1.96 * error[0], color=AREA, linewidth=0)
    axes.errorbar(mean, places, xerr=1.96 * error, fmt="o", color=BLUE, capsize=3)
    axes.axvline(0, color=QUIET, linewidth=1)
    axes.set(
        yticks=places,
        yticklabels=[f"{row['glitches']} ({row['minutes']:,} minutes)" for row in rows],
        ylabel="glitches in the minute",
        xlabel="range against its running median (%), mean and 95 % interval",
        ylim=(-0.5, len(rows) - 0.5),
    )
    bare(axes)
    return drawing

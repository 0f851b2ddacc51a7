"""Figures of the section on triggers and segments of April to June 2019."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from docs.real_data import counting
from docs.real_data.numbers import ETMX
from glitch_explorer.core.statistics import wilson_interval
from glitch_explorer.site.palette import COLOURS
from glitch_explorer.site.plots import AREA, QUIET, bare, figure

BLUE, ORANGE, GREEN, RED = COLOURS[:4]
#: Length of the detail of the timeline, in s.
_DETAIL_S = 60.0
#: Width of the bins of its upper part, in s.
_BIN_S = 300.0


def trigger_figures(numbers: dict[str, Any], data: Path) -> dict[str, Figure]:
    """Return the figures by name, from `trigger_numbers` and the folder of the data."""
    return {
        "monitor_snr": monitor_by_snr(numbers),
        "monitor_classes": monitor_by_class(numbers),
        "monitor_days": monitor_by_day(numbers),
        "suspensions": suspensions(numbers),
        "may_12": timeline(data),
    }


def monitor_by_snr(numbers: dict[str, Any]) -> Figure:
    """Draw the share of glitches with a trigger of the monitor by SNR: on all days, and both kinds."""
    drawing = figure(7.2, 4.0)
    axes = drawing.subplots()
    rows = numbers["by_snr"]
    labels = [_bin(low, high) for low, high in zip(rows["low"], rows["high"], strict=True)]
    places = pd.Series(np.arange(len(rows)), index=rows["low"].to_numpy())
    _shares(axes, places.to_numpy(), rows["n"], rows["hits"], colour="black", shape="o", label="all days")
    kinds = numbers["kinds_by_snr"]
    for loud, colour, shape, shift in ((True, RED, "^", -0.16), (False, BLUE, "s", 0.16)):
        part = kinds[kinds["loud"] == loud]
        where = places[part["low"]].to_numpy() + shift
        name = "days of loud glitches" if loud else "days of faint glitches"
        _shares(axes, where, part["n"], part["hits"], colour=colour, shape=shape, label=name)
    chance = numbers["monitor"]["expected_efficiency"]
    axes.axhline(100 * chance, color=QUIET, linestyle="--", label=f"chance, {100 * chance:.1f} %")
    axes.set(
        xticks=places.to_numpy(),
        xticklabels=[f"{label}\n{n} glitches" for label, n in zip(labels, rows["n"], strict=True)],
        xlabel="SNR of the glitch",
        ylabel="with a trigger within 0.5 s (%)",
        ylim=(-2, None),
    )
    axes.tick_params(axis="x", labelsize=8)
    axes.legend(frameon=False, fontsize=9, loc="upper left")
    bare(axes)
    return drawing


def _bin(low: float, high: float) -> str:
    return f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} and more"


def _shares(axes: Axes, x: np.ndarray, n: pd.Series, hits: pd.Series, **look: str) -> None:
    """Draw shares in % with their 95 % Wilson intervals."""
    share = 100 * (hits / n).to_numpy()
    ends = 100 * np.array([wilson_interval(int(k), int(m)) for k, m in zip(hits, n, strict=True)])
    error = np.abs(ends.T - share)
    colour, shape, label = look["colour"], look["shape"], look["label"]
    axes.errorbar(x, share, yerr=error, fmt=shape, color=colour, capsize=3, markersize=5, label=label)


def monitor_by_class(numbers: dict[str, Any]) -> Figure:
    """Draw the excess share of five classes with its interval."""
    drawing = figure(7.2, 2.9)
    axes = drawing.subplots()
    rows = numbers["classes"].iloc[::-1]
    for place, row in enumerate(rows.itertuples()):
        witnessed = row.q_value <= 0.05
        colour, shape = (RED, "o") if witnessed else (BLUE, "s")
        low, middle, high = (
            100 * value for value in (row.excess_low, row.excess_efficiency, row.excess_high)
        )
        axes.plot([low, high], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
        axes.plot(middle, place, shape, color=colour)
        note = f"{middle:.1f} % ({low:.1f} to {high:.1f})" if witnessed else f"at most {high:.2f} %"
        axes.text(high + 0.4, place, note, va="center", fontsize=9, color=colour)
    axes.axvline(0, color=QUIET, linewidth=1)
    axes.set(
        yticks=np.arange(len(rows)),
        yticklabels=[
            f"{row.name} ({row.n_glitches})" for row in rows[["name", "n_glitches"]].itertuples(index=False)
        ],
        xlabel="share with a trigger within 0.5 s, beyond chance (%), 95 % interval over days",
        xlim=(-1, 35),
        ylim=(-0.6, len(rows) - 0.4),
    )
    bare(axes)
    return drawing


def monitor_by_day(numbers: dict[str, Any]) -> Figure:
    """Draw the number of glitches on each day, and how many have a trigger of the monitor."""
    drawing = figure(7.2, 3.4)
    axes = drawing.subplots()
    rows = numbers["by_day"]
    days = (rows["low"].to_numpy() - counting.DAYS_START) / 86400
    axes.bar(days, rows["n"], width=0.9, align="edge", color="#A9B4BE", label="scattered light")
    axes.bar(
        days,
        rows["hits"],
        width=0.9,
        align="edge",
        color=RED,
        label="with a trigger of the monitor within 0.5 s",
    )
    starts = pd.date_range("2019-04-01", "2019-07-01", freq="MS")
    axes.set(
        xticks=[(start - starts[0]).days for start in starts],
        xticklabels=[f"{start.day} {start:%B}" for start in starts],
        xlabel="2019 (days of GPS time)",
        ylabel="glitches in a day",
    )
    axes.legend(frameon=False, fontsize=9, loc="upper left")
    bare(axes)
    return drawing


def suspensions(numbers: dict[str, Any]) -> Figure:
    """Draw efficiency against deadtime for the suspension channels of 12 May 2019."""
    drawing = figure(7.2, 4.2)
    axes = drawing.subplots()
    rows = numbers["channels"]
    deadtime, efficiency = 100 * rows["deadtime"], 100 * rows["efficiency"]
    limit = 24
    axes.plot([0, limit], [0, limit], color=QUIET, linestyle=":", label="what a random veto flags")
    axes.plot(
        deadtime[2:], efficiency[2:], "o", color=BLUE, markersize=4, label=f"{len(rows) - 2} other channels"
    )
    for place, (key, colour, shape) in enumerate((("first", RED, "D"), ("second", ORANGE, "^"))):
        row = rows.iloc[place]
        axes.plot(100 * row["deadtime"], 100 * row["efficiency"], shape, color=colour, markersize=8)
        name = row["channel"].removeprefix("L1:SUS-").removesuffix("_DQ")
        note = f"{name}: {100 * row['efficiency']:.1f} %"
        offset = (10, -4) if key == "first" else (2, 9)
        axes.annotate(
            note,
            (100 * row["deadtime"], 100 * row["efficiency"]),
            offset,
            textcoords="offset points",
            fontsize=9,
        )
        plain = numbers["plain_segments"][key][0.0]
        low, high = 100 * plain["shifted_low"], 100 * plain["shifted_high"]
        axes.plot([100 * row["deadtime"]] * 2, [low, high], color=colour, linewidth=5, alpha=0.45)
        if key == "first":
            note = f"glitches shifted by 20 to 510 s:\n{low:.0f} to {high:.0f} %"
            axes.annotate(
                note,
                (100 * row["deadtime"], (low + high) / 2),
                (10, -8),
                textcoords="offset points",
                fontsize=9,
            )
    axes.set(
        xlabel="deadtime: share of the known time in segments (%)",
        ylabel="efficiency: glitches in segments (%)",
    )
    axes.set(xlim=(-0.5, limit), ylim=(-3, 104))
    axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(0.02, 0.93))
    bare(axes)
    return drawing


def timeline(data: Path) -> Figure:
    """Draw the glitches of 12 May 2019 over the segments of ETMX's second stage: the day, and one minute."""
    known, active = counting.read_suspension(data, ETMX)
    glitches = counting.glitches_of_day(data, known)
    times, snr = glitches["time"].to_numpy(), glitches["snr"].to_numpy()
    flagged = counting.inside(active, times)
    start = counting.densest_start(times, _DETAIL_S)
    drawing = figure(7.2, 5.2)
    day, minute = drawing.subplots(2, 1, height_ratios=(1.2, 1))
    begin = counting.MAY_12_START
    for axes, origin, unit, size in ((day, begin, 3600.0, 9), (minute, start, 1.0, 30)):
        for mask, colour, shape, label in (
            (flagged, "black", "o", "glitch in a segment"),
            (~flagged, BLUE, "X", "glitch outside"),
        ):
            x = (times[mask] - origin) / unit
            axes.scatter(x, snr[mask], s=size, c=colour, marker=shape, linewidths=0, label=label, zorder=3)
        axes.set(yscale="log", ylabel="SNR", ylim=(6, 400))
        bare(axes)
    _coverage(day, active, known)
    day.set(xlim=(0, 24), xticks=range(0, 25, 3), xlabel="hours of 12 May 2019, UTC")
    for low, high in active - start:
        minute.axvspan(low, high, color=ORANGE, alpha=0.5, linewidth=0, label="_")
    minute.set(xlim=(0, _DETAIL_S), xlabel=f"s from GPS {start:.0f}; the minute with the most glitches")
    handles, labels = day.get_legend_handles_labels()
    handles.append(Patch(color=ORANGE, alpha=0.5))
    labels.append("segments of ETMX_L2_WIT_L")
    drawing.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9, frameon=False)
    return drawing


def _coverage(day: Axes, active: np.ndarray, known: np.ndarray) -> None:
    """Draw behind a day's glitches how much of each five minutes is in segments, and what is not analysed."""
    edges = counting.MAY_12_START + _BIN_S * np.arange(int(86400 / _BIN_S) + 1)
    share = counting.covered(active, edges)
    behind = day.twinx()
    behind.stairs(100 * share, (edges - counting.MAY_12_START) / 3600, fill=True, color=ORANGE, alpha=0.5)
    behind.set(ylim=(0, 100), ylabel="time in segments (%)")
    behind.spines["top"].set_visible(False)
    day.set_zorder(behind.get_zorder() + 1)
    day.patch.set_visible(False)
    gap = (known[:2].ravel()[1:3] - counting.MAY_12_START) / 3600
    behind.axvspan(*gap, color=AREA, linewidth=0)
    behind.text(
        gap.mean(), 50, "not analysed", fontsize=8, color=QUIET, rotation=90, ha="center", va="center"
    )

"""Figures of the coupling stage: lag profiles, and the calibration of the p-values on pseudo-families."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy.stats import binom

from glitch_explorer.coupling.channels.bands import BIN_S, Band
from glitch_explorer.coupling.channels.filters import settling_s
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES
from glitch_explorer.site.numbers import band_text, lag_text, null_text
from glitch_explorer.site.palette import COLOURS
from glitch_explorer.site.plots import AREA, bare, default_style, figure, nothing, plain, save

_BLUE, _RED, _GREY = COLOURS[0], COLOURS[3], "#8A949E"


@dataclass(frozen=True)
class Profile:
    """One panel: a channel's T over the lags, or in its title why there is none."""

    title: str
    #: lag, t_statistic (NaN where fewer than `LEAST_GLITCHES` glitches have data), survives; without rows
    #: where there is nothing to draw.
    rows: pd.DataFrame
    #: Onset (column `lag`); None where no lag is significant.
    lag: float | None
    #: Lags from `near_s` to the end of the glitch are too close to order in time.
    near_s: float
    half_s: float


def feature_settling_s(band: str, rate_hz: float) -> float:
    """Return the settling time of a feature in seconds: that of its filter, else of its average."""
    edges = Band.parse(band)
    return settling_s(edges, rate_hz) if edges else max(BIN_S, 1 / rate_hz)


def make_profile(
    row: Mapping[str, Any],
    profiles: pd.DataFrame,
    channel: Mapping[str, Any],
    *,
    half_s: float,
    significant: bool,
) -> Profile:
    """Build the panel of one row of table "witnesses".

    Parameters
    ----------
    row
        Channel, band, lag and t_peak.
    profiles
        Rows of table "lag_profiles" of the family and detector of `row`.
    channel
        Row of the channel, with rate_hz and kind.
    half_s
        Half the family's median duration in seconds.
    significant
        Whether the channel is a witness.
    """
    rows = profiles[(profiles["channel"] == row["channel"]) & (profiles["band"] == row["band"])]
    rows = rows.assign(t_statistic=rows["t_statistic"].where(rows["n_glitches"] >= LEAST_GLITCHES))
    filtered = channel["kind"] not in ("rms", "trend")
    settled = feature_settling_s(str(row["band"]) if filtered else "", float(channel["rate_hz"]))
    half_s = 0.0 if np.isnan(half_s) else half_s
    result = "strongest, not significant"
    if significant:
        result = f"{'rises' if row['t_peak'] > 0 else 'drops'} {lag_text(row['lag'])}"
    band = band_text(row["band"])
    return Profile(
        title=f"{plain(row['channel'], 52)}\n{band}: {result}; settling time {settled:.1f} s",
        rows=rows.sort_values("lag"),
        lag=row["lag"] if significant else None,
        near_s=-half_s - settled - BIN_S,
        half_s=half_s,
    )


def _panel(axes: Axes, profile: Profile) -> None:
    """Draw one profile."""
    if profile.rows.empty:
        nothing(axes, profile.title)
        return
    lag, t = profile.rows["lag"].to_numpy(), profile.rows["t_statistic"].to_numpy()
    survives = profile.rows["survives"].to_numpy()
    axes.axvspan(max(profile.near_s, lag.min()), profile.half_s, color=AREA, linewidth=0, zorder=0)
    axes.axhline(0, color=_GREY, linewidth=0.8, zorder=1)
    axes.axvline(0, color="black", linewidth=1.2, zorder=1)
    axes.plot(lag, t, color=_BLUE if profile.lag is not None else _GREY, linewidth=1.3, zorder=2)
    axes.plot(lag[survives], t[survives], "o", color=_RED, markersize=5, zorder=3)
    if profile.lag is not None:
        height = float(t[np.argmin(np.abs(lag - profile.lag))])
        axes.plot(
            [profile.lag],
            [height],
            "D",
            markersize=10,
            markerfacecolor="none",
            markeredgecolor="black",
            zorder=4,
        )
    axes.set_title(profile.title, loc="left", fontsize=9.5)
    least, most = np.nanmin(t), np.nanmax(t)
    reach = max(5.0, 1.15 * max(most, -least))
    axes.set(xlim=(lag.min() - 1, lag.max() + 1), ylim=(min(-3.0, 1.25 * least), reach))
    if least < -0.6 * reach:
        axes.set_ylim(-reach, max(3.0, 1.25 * most))
    axes.tick_params(labelsize=9)
    bare(axes)


def _legend() -> list[Artist]:
    """Return the legend of the profiles."""
    first = Line2D([], [], color="black", marker="D", linestyle="", markersize=8, label="lag of the witness")
    first.set_markerfacecolor("none")
    return [
        Line2D([], [], color=_RED, marker="o", linestyle="", markersize=5, label="significant lag"),
        first,
        Line2D([], [], color="black", linewidth=1.2, label="the glitch"),
        Patch(color=AREA, label="glitch and filter settling: cannot tell which came first"),
    ]


@default_style()
def lag_profiles(columns: Sequence[tuple[str, Sequence[Profile]]], path: Path, *, dpi: int) -> None:
    """Draw the profiles of a family: one column per detector, the best witness on top.

    Parameters
    ----------
    columns
        Detectors and their panels; at least one panel each.
    path
        PNG file to write.
    dpi
        Pixels per inch.
    """
    rows = max((len(panels) for _, panels in columns), default=1)
    drawing = figure(5.4 * max(1, len(columns)), 0.9 + 2.0 * rows)
    grid = drawing.subplots(rows, max(1, len(columns)), squeeze=False, sharex=False)
    for across, (ifo, panels) in enumerate(columns):
        for down in range(rows):
            axes = grid[down, across]
            if down >= len(panels):
                axes.axis("off")
                continue
            _panel(axes, panels[down])
            if len(panels[down].rows):
                axes.set_ylabel(f"{plain(ifo)}: T", fontsize=9.5)
            if down == len(panels) - 1 and len(panels[down].rows):
                axes.set_xlabel("Lag: seconds from the glitch", fontsize=9.5)
    drawing.legend(
        handles=_legend(),
        loc="outside upper left",
        ncols=4 if len(columns) > 1 else 2,
        fontsize=9,
        frameon=False,
    )
    save(drawing, path, dpi)


@default_style()
def calibration(pseudo: pd.DataFrame, path: Path, *, dpi: int) -> None:
    """Draw how often pseudo-families have a p-value below each level; a calibrated null is on the diagonal.

    Parameters
    ----------
    pseudo
        Tables "pseudo_families" of all families.
    """
    drawing = figure(5.2, 3.9)
    axes = drawing.add_subplot()
    if pseudo.empty:
        nothing(axes, "No pseudo-family was tested.")
        save(drawing, path, dpi)
        return
    levels = np.linspace(0.005, 0.2, 79)
    least = int(pseudo.groupby("kind").size().min())
    limit = binom.ppf(0.975, least, levels) / least
    axes.fill_between(levels, 0, limit, color=AREA, linewidth=0, label="95 % of chance")
    axes.plot(levels, levels, color="black", linewidth=1, label="exact")
    for number, (kind, rows) in enumerate(pseudo.groupby("kind", sort=True)):
        share = [(rows["p_value"] <= level).mean() for level in levels]
        label = f"{null_text(str(kind))} ({len(rows)})"
        axes.plot(
            levels, share, color=(_BLUE, _RED)[number % 2], linestyle=("-", "--")[number % 2], label=label
        )
    axes.set(xlim=(0, 0.2), ylim=(0, None), xlabel="Level α", ylabel="Share of pseudo-families with p ≤ α")
    axes.legend(fontsize=8.5, frameon=False, loc="upper left")
    bare(axes)
    save(drawing, path, dpi)

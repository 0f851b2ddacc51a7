"""Pictures of the coupling: lag profiles, and the calibration of the nulls."""

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

from glitch_explorer.coupling.channels.bands import CELL_S, Band, settling_s
from glitch_explorer.site.palette import COLOURS
from glitch_explorer.site.plots import bare, figure, nothing, plain, save
from glitch_explorer.site.witnesses.words import KINDS, band_text, lag_text, verb_text

_BLUE, _RED, _GREY = COLOURS[0], COLOURS[3], "#8A949E"


@dataclass(frozen=True)
class Profile:
    """One panel: a channel's T over the lags, or in words why there is none."""

    title: str
    #: lag, t_statistic, survives; without rows where there is nothing to draw.
    rows: pd.DataFrame
    #: Lag that it lights up at; None where no lag survives.
    lag: float | None
    #: Lags from `near_s` to the end of the glitch are too near to tell which came first.
    near_s: float
    half_s: float


def feature_settling_s(band: str, rate_hz: float) -> float:
    """Give the seconds after which a feature has settled: of its filter, else of its average."""
    low, _, high = band.partition("-")
    return settling_s(Band(float(low), float(high)), rate_hz) if high else max(CELL_S, 1 / rate_hz)


def make_profile(
    row: Mapping[str, Any], profiles: pd.DataFrame, channel: Mapping[str, Any], *, half_s: float, found: bool
) -> Profile:
    """Make the panel of one row of table "witnesses".

    Parameters
    ----------
    row
        Its channel, band and lag.
    profiles
        Table "lag_profiles" of its family and detector.
    channel
        rate_hz and kind of the channel.
    half_s
        Half the family's median duration.
    found
        Whether it counts as a witness.
    """
    own = profiles[(profiles["channel"] == row["channel"]) & (profiles["band"] == row["band"])]
    filtered = channel["kind"] not in ("rms", "trend")
    settled = feature_settling_s(str(row["band"]) if filtered else "", float(channel["rate_hz"]))
    half_s = 0.0 if np.isnan(half_s) else half_s
    words = f"{verb_text(row)} {lag_text(row['lag'])}"
    told = words if found else "the strongest, but it does not count"
    return Profile(
        title=f"{plain(row['channel'], 52)}\n{band_text(row['band'])}: {told}; settles in {settled:.1f} s",
        rows=own.sort_values("lag"),
        lag=row["lag"] if found else None,
        near_s=-half_s - settled - CELL_S,
        half_s=half_s,
    )


def _panel(axes: Axes, one: Profile) -> None:
    """Draw one profile."""
    if one.rows.empty:
        nothing(axes, one.title)
        return
    lag, t = one.rows["lag"].to_numpy(), one.rows["t_statistic"].to_numpy()
    found = one.rows["survives"].to_numpy()
    axes.axvspan(max(one.near_s, lag.min()), one.half_s, color="#E4E7EA", linewidth=0, zorder=0)
    axes.axhline(0, color=_GREY, linewidth=0.8, zorder=1)
    axes.axvline(0, color="black", linewidth=1.2, zorder=1)
    axes.plot(lag, t, color=_BLUE if one.lag is not None else _GREY, linewidth=1.3, zorder=2)
    axes.plot(lag[found], t[found], "o", color=_RED, markersize=5, zorder=3)
    if one.lag is not None:
        at = float(t[np.argmin(np.abs(lag - one.lag))])
        axes.plot(
            [one.lag], [at], "D", markersize=10, markerfacecolor="none", markeredgecolor="black", zorder=4
        )
    axes.set_title(one.title, loc="left", fontsize=9.5)
    reach = max(5.0, 1.15 * float(np.abs(t).max()))
    axes.set(xlim=(lag.min() - 1, lag.max() + 1), ylim=(min(-3.0, 1.25 * float(t.min())), reach))
    if t.min() < -0.6 * reach:
        axes.set_ylim(-reach, max(3.0, 1.25 * float(t.max())))
    axes.tick_params(labelsize=9)
    bare(axes)


def _legend() -> list[Artist]:
    """Say what the signs of a profile mean."""
    lit = Line2D([], [], color="black", marker="D", linestyle="", markersize=8, label="lights up")
    lit.set_markerfacecolor("none")
    return [
        Line2D([], [], color=_RED, marker="o", linestyle="", markersize=5, label="survives correction"),
        lit,
        Line2D([], [], color="black", linewidth=1.2, label="the glitch"),
        Patch(color="#E4E7EA", label="glitch and settling: order not told"),
    ]


def lag_profiles(columns: Sequence[tuple[str, Sequence[Profile]]], path: Path, *, dpi: int) -> None:
    """Draw the profiles of a family: a column a detector, the best witness on top.

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
    made = figure(5.4 * max(1, len(columns)), 0.9 + 2.0 * rows)
    grid = made.subplots(rows, max(1, len(columns)), squeeze=False, sharex=False)
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
    made.legend(
        handles=_legend(),
        loc="outside upper left",
        ncols=4 if len(columns) > 1 else 2,
        fontsize=9,
        frameon=False,
    )
    save(made, path, dpi)


def calibration(pseudo: pd.DataFrame, path: Path, *, dpi: int) -> None:
    """Draw how often null families fall below each level: on the diagonal is right, above it is too often.

    Parameters
    ----------
    pseudo
        Tables "pseudo_families" of all families.
    """
    made = figure(5.2, 3.9)
    axes = made.add_subplot()
    if pseudo.empty:
        nothing(axes, "No null family was tried.")
        save(made, path, dpi)
        return
    levels = np.linspace(0.005, 0.2, 79)
    least = int(pseudo.groupby("kind").size().min())
    limit = binom.ppf(0.975, least, levels) / least
    axes.fill_between(levels, 0, limit, color="#E4E7EA", linewidth=0, label="what chance allows")
    axes.plot(levels, levels, color="black", linewidth=1, label="exact")
    for number, (kind, own) in enumerate(pseudo.groupby("kind", sort=True)):
        share = [(own["p_value"] <= level).mean() for level in levels]
        label = f"{KINDS.get(str(kind), str(kind))} ({len(own)})"
        axes.plot(
            levels, share, color=(_BLUE, _RED)[number % 2], linestyle=("-", "--")[number % 2], label=label
        )
    axes.set(xlim=(0, 0.2), ylim=(0, None), xlabel="Level α", ylabel="Share of null families with p ≤ α")
    axes.legend(fontsize=8.5, frameon=False, loc="upper left")
    bare(axes)
    save(made, path, dpi)

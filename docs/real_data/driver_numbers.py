"""Numbers of the section on 10 January to 5 February 2020."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from docs.real_data import counting
from docs.real_data.numbers import logged_counts
from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.core.intervals import DAY_S
from glitch_explorer.coupling.rates.schemas import DRIVER_PAIRS, RATE_CURVES, RATE_DAYS, SLOW_DRIVERS
from glitch_explorer.impact.schemas import COST, MINUTES

MICROSEISM = "L1:ISI-GND_STS_ETMY_Y_BLRMS_100M_300M.mean"
#: Prefixes of the columns of each question, with the column of p.
QUESTIONS = {"": "p_fwer", "clock_": "clock_p_fwer", "overall_": "overall_p_fwer"}
#: p up to which a ratio is significant, and the smallest that 499 surrogates can show.
SIGNIFICANT, LEAST_P = 0.05, 1 / 500
#: Peak frequencies that count as 23 Hz, in Hz.
_BAND_HZ = (20.0, 27.0)
_YEAR_S = 365.25 * DAY_S


def driver_numbers(results: Path, data: Path) -> dict[str, Any]:
    """Return the numbers of the section on slow drivers and the range.

    Parameters
    ----------
    results
        Results of the run with `config/real/drivers.yaml`.
    data
        Folder of the data.
    """
    folder = results / "coupling"
    rows = tables.read(SLOW_DRIVERS, folder / "slow_drivers/L1.parquet")
    rows = rows.assign(driver=[driver_name(*key) for key in zip(rows["channel"], rows["band"], strict=True)])
    rows = rows.sort_values("ratio", ascending=False, kind="stable")
    curves = tables.read(RATE_CURVES, folder / "rate_curves/L1.parquet")
    rows = rows.assign(plain=rows["channel"].map(plain_ratios(curves)))
    days = tables.read(RATE_DAYS, folder / "rate_days/L1.parquet")
    pairs = tables.read(DRIVER_PAIRS, folder / "driver_pairs/L1.parquet")
    glitches = tables.read(GLITCHES, results / "catalog/glitches.parquet")
    first = rows.iloc[0] if rows["joint_step"].isna().all() else rows.loc[rows["joint_step"].idxmin()]
    frequency = glitches["peak_frequency_hz"]
    return {
        "rows": rows,
        "first": first,
        "plain_first": rows.loc[rows["plain"].idxmax()],
        "joint": rows[rows["joint_step"].notna()].sort_values("joint_step"),
        "significant": {
            prefix.rstrip("_") or "within": rows.loc[rows[column] <= SIGNIFICANT, "driver"].tolist()
            for prefix, column in QUESTIONS.items()
        },
        "curves": curves,
        "tenths": curves[(curves["channel"] == first["channel"]) & (curves["part"] == "tenth")],
        "days": days,
        "rates": _ends(60 * days["n_glitches"] / days["live_min"].where(days["live_min"] > 0)),
        "day_driver": driver_name(days["channel"].iloc[0], days["band"].iloc[0]),
        "dispersion": dispersion(days),
        "pairs": pairs,
        "pairs_together": int(pairs["only_together"].sum()),
        "microseism": rows[rows["channel"] == MICROSEISM].iloc[0],
        "block_days": _ends(rows["block_s"] / DAY_S),
        "median_snr": glitches["snr"].median(),
        "median_hz": frequency.median(),
        "share_23_hz": frequency.between(*_BAND_HZ).mean(),
        "cost": cost_numbers(results),
        "range": range_by_glitches(
            tables.read(MINUTES, results / "impact/minutes/L1.parquet"), glitches["event_time"].to_numpy()
        ),
        "plain_range": counting.range_by_glitches(data),
        "log": logged_counts(results),
    }


def _ends(values: pd.Series) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def driver_name(channel: str, band: str) -> str:
    """Return a short name of a driver, such as "ITMY vertical, 1–3 Hz"."""
    place = re.search(r"GND_STS_(\w{4})_([XYZ])_", channel)
    if place is None:
        return "wind, EY" if "WIND" in channel else channel
    direction = "vertical" if place[2] == "Z" else f"along {place[2]}"
    return f"{place[1]} {direction}, {band.replace('-', '–')} Hz"


def plain_ratios(curves: pd.DataFrame) -> pd.Series:
    """Return by channel the rate in the top tenth of the minutes over that in the lower half."""
    tenths = curves[curves["part"] == "tenth"].sort_values("level")
    ratios = {}
    for channel, rows in tenths.groupby("channel"):
        lower, top = rows.iloc[: len(rows) // 2], rows.iloc[-1]
        ratios[channel] = (
            top["n_glitches"] / top["minutes"] / (lower["n_glitches"].sum() / lower["minutes"].sum())
        )
    return pd.Series(ratios)


def dispersion(days: pd.DataFrame) -> float:
    """Return how many times more than Poisson's the counts by day vary, at a constant rate in live time."""
    known = days[days["live_min"] > 0]
    expected = known["n_glitches"].sum() * known["live_min"] / known["live_min"].sum()
    return float(((known["n_glitches"] - expected) ** 2 / expected).sum() / (len(known) - 1))


def cost_numbers(results: Path) -> dict[str, float]:
    """Return the cost of the glitches as shares of the volume and time that the detector surveys."""
    (row,) = tables.read(COST, results / "impact/cost.parquet").to_dict("records")
    surveyed = row["volume_mpc3"] * row["live_s"] / _YEAR_S
    names = ("cost_mpc3_yr", "cost_low", "cost_high", "deadtime_loss_mpc3_yr", "range_loss_mpc3_yr")
    return {name.removesuffix("_mpc3_yr"): row[name] / surveyed for name in names}


def range_by_glitches(minutes: pd.DataFrame, times: np.ndarray) -> list[dict[str, float]]:
    """Compare the range with its reference by the number of glitches in a minute, as the run has both.

    Parameters
    ----------
    minutes
        Table "minutes" of the impact stage; the reference is the running median of minutes of
        which less than a tenth is gated.
    times
        ``(n,)`` GPS times of the glitches.
    """
    rows = minutes[
        (minutes["live_s"] == 60) & minutes["range_mpc"].notna() & minutes["reference_mpc"].notna()
    ]
    counts = pd.Series(np.floor(times / 60) * 60).value_counts()
    return counting.by_glitches(
        rows["minute"].to_numpy(),
        rows["minute"].map(counts).fillna(0).to_numpy(dtype=int),
        (rows["range_mpc"] / rows["reference_mpc"] - 1).to_numpy(),
    )

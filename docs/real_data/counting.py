"""Plain counting beside the results: numpy alone, one definition each, nothing fitted or scanned."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.coupling.coincidence.shares import SNR_EDGES

O3A = "o3_scattering/L1_scattered_light_O3a.csv"
O3B = "o3_scattering/L1_scattered_light_O3b_Jan-Feb2020.csv"
MONTH = "catalogs/gravityspy_O3a_month.csv"
MONITOR = "o3_scattering/L1_ASC-X_TR_B_omicron_Apr-Jun2019.csv"
SUSPENSIONS = "o3_scattering/L1-SCATTERING_SEGMENTS_15_HZ-1241740818-86400.h5"
TRENDS = "o3_scattering/L1_minute_trends_O3b_Jan-Feb2020.hdf5"
SEGMENTS = {"O3a": "o3_scattering/o3a_L1_times.dat", "O3b": "o3_scattering/o3b_L1_times.dat"}
RANGE = "L1:CDS-SENSEMON_CAL_L1_SNSW_EFFECTIVE_RANGE_MPC.mean"
#: Shifts of the glitches, in s: 20 to 510 s, both ways.
SHIFTS = np.array([sign * shift for shift in range(20, 511, 10) for sign in (-1, 1)])
#: A trigger counts within this time of the glitch, in s.
HALF_WINDOW_S = 0.5
#: Days with so many glitches are loud or faint, as their median SNR is at least this. Set after a look at the
#: days.
DAY_GLITCHES, LOUD_SNR = 100, 12.5
#: 12 May 2019, 00:00 UTC, and the day of GPS time that has the start of April 2019.
MAY_12_START, DAYS_START = 1241740818, 1238112000
#: First second of the minute trends, which their file does not say in a form that plain counting reads.
_TRENDS_START = 1262649600
#: Glitch-free minutes within this many minutes are what a minute's range is compared with.
_AROUND_MIN = 30


def analysed(data: Path, run: str) -> Float64:
    """Return the analysed segments of a run, ``(k, 2)`` GPS seconds."""
    return np.loadtxt(data / SEGMENTS[run])[:, :2]


def inside(segments: Float64, times: Float64) -> Bool:
    """Return which times lie in sorted, disjoint segments."""
    number = np.searchsorted(segments[:, 0], times, side="right") - 1
    return (number >= 0) & (times < segments[np.maximum(number, 0), 1])


def rows_and_glitches(data: Path) -> dict[str, Any]:
    """Count for each file its rows, those that repeat a detector and time, and those in the analysed time."""
    counts = {}
    for name, path, column, run in (
        ("O3a", O3A, "time", "O3a"),
        ("O3b", O3B, "GPStime", "O3b"),
        ("month", MONTH, "event_time", "O3a"),
    ):
        rows = pd.read_csv(data / path)
        rows = rows[rows["ifo"] == "L1"]
        times = np.unique(rows[column].to_numpy())
        confidence = rows["ml_confidence" if name == "month" else "confidence"]
        counts[name] = {
            "file": Path(path).name,
            "rows": len(rows),
            "repeated": len(rows) - len(times),
            "glitches": len(times),
            "outside": int(np.count_nonzero(~inside(analysed(data, run), times))),
            "snr": float(rows["snr"].min()),
            "median_snr": float(rows["snr"].median()),
            "confidence": float(confidence.min()),
        }
    return counts


def live_minutes(segments: Float64, start: Float64) -> Bool:
    """Return which minutes, by their start, lie in sorted, disjoint segments as a whole."""
    number = np.searchsorted(segments[:, 0], start, side="right") - 1
    return (number >= 0) & (start + 60 <= segments[np.maximum(number, 0), 1])


def shifted_shares(times: Float64, segments: Float64, flagged: Callable[[Float64], Bool]) -> Float64:
    """Return the share of flagged glitches for each of `SHIFTS`, of those that stay in the segments."""
    moved = [times + shift for shift in SHIFTS]
    return np.array([flagged(part[inside(segments, part)]).mean() for part in moved])


def monitor_counts(data: Path) -> dict[str, float]:
    """Count the scattered-light glitches of O3a with a trigger of the transmission monitor within 0.5 s."""
    triggers = np.sort(pd.read_csv(data / MONITOR)["time"].to_numpy())
    times = monitored_glitches(data)["time"].to_numpy()
    return _shares(times, analysed(data, "O3a"), partial(_near, triggers))


def monitored_glitches(data: Path) -> pd.DataFrame:
    """Return the scattered-light glitches of O3a in the analysed time that the monitor's triggers span.

    Returns
    -------
    DataFrame
        The file's columns, and day (of GPS time), coincident, and loud: whether the day has at least
        `DAY_GLITCHES` glitches with a median SNR of at least `LOUD_SNR`; null on days with fewer glitches.
    """
    triggers = np.sort(pd.read_csv(data / MONITOR)["time"].to_numpy())
    rows = pd.read_csv(data / O3A).sort_values("time", kind="stable").drop_duplicates("time")
    times = rows["time"].to_numpy()
    known = inside(analysed(data, "O3a"), times) & (times >= triggers[0]) & (times <= triggers[-1])
    rows = rows[known].assign(day=times[known] // 86400, coincident=_near(triggers, times[known]))
    days = rows.groupby("day")["snr"]
    loud = (days.transform("median") >= LOUD_SNR).astype("boolean")
    return rows.assign(loud=loud.where(days.transform("size") >= DAY_GLITCHES))


def _near(triggers: Float64, times: Float64) -> Bool:
    """Return which times have one of the sorted triggers within `HALF_WINDOW_S`."""
    number = np.searchsorted(triggers, times - HALF_WINDOW_S)
    return np.append(triggers, np.inf)[number] <= times + HALF_WINDOW_S


def kinds_of_days(data: Path) -> list[dict[str, Any]]:
    """Return days, glitches, medians of SNR and frequency, and share for loud, faint and other days."""
    rows = monitored_glitches(data)
    kinds = {
        "loud": rows["loud"].fillna(False),
        "faint": ~rows["loud"].fillna(True),
        "other": rows["loud"].isna(),
    }
    return [
        {
            "kind": kind,
            "days": part["day"].nunique(),
            "n": len(part),
            "median_snr": part["snr"].median(),
            "median_hz": part["peakFreq"].median(),
            "share": part["coincident"].mean(),
            "day_medians": part.groupby("day")["snr"].median().agg(["min", "max"]).to_dict(),
        }
        for kind, part in ((kind, rows[chosen.astype(bool)]) for kind, chosen in kinds.items())
    ]


def below_snr_10(data: Path) -> dict[str, dict[str, float]]:
    """Count the glitches below SNR 10, as they are and shifted, on days of loud and of faint glitches."""
    rows = monitored_glitches(data).dropna(subset="loud")
    triggers = np.sort(pd.read_csv(data / MONITOR)["time"].to_numpy())
    parts = {"loud": rows["loud"].astype(bool), "faint": ~rows["loud"].astype(bool)}
    return {
        kind: _shares(
            rows.loc[chosen & (rows["snr"] < 10), "time"].to_numpy(),
            analysed(data, "O3a"),
            partial(_near, triggers),
        )
        for kind, chosen in parts.items()
    }


def share_by_kind(data: Path) -> pd.DataFrame:
    """Count glitches and coincidences by SNR on both kinds of days: loud, low, high, n, hits."""
    rows = monitored_glitches(data).dropna(subset="loud")
    edges = np.array(SNR_EDGES)
    rows = rows.assign(bin=np.searchsorted(edges, rows["snr"], side="right") - 1)
    counts = rows.groupby(["loud", "bin"])["coincident"].agg(n="size", hits="sum").reset_index()
    return counts.assign(low=edges[counts["bin"]], high=edges[counts["bin"] + 1])


def suspension_counts(data: Path, channel: str, margin_s: float) -> dict[str, float]:
    """Count the glitches of 12 May 2019 in the segments of a suspension channel, widened by a margin.

    Parameters
    ----------
    data
        Folder of the data.
    channel
        Group of the file of segments.
    margin_s
        Seconds added before and after each segment; segments that then overlap are joined.

    Returns
    -------
    dict
        Number of glitches, share in the segments, mean, smallest and largest share of the shifted glitches,
        and the share of the analysed time that the segments cover.
    """
    known, active = read_suspension(data, channel)
    active = _joined(active + np.array([-margin_s, margin_s]))
    day = _overlap(analysed(data, "O3a"), known)
    times = glitches_of_day(data, known)["time"].to_numpy()
    counts = _shares(times, day, partial(inside, active))
    return counts | {"deadtime": np.diff(_overlap(day, active)).sum() / np.diff(day).sum()}


def glitches_of_day(data: Path, known: Float64) -> pd.DataFrame:
    """Return the scattered-light glitches of O3a in the analysed time in which a channel is known."""
    rows = pd.read_csv(data / O3A).sort_values("time", kind="stable").drop_duplicates("time")
    return rows[inside(_overlap(analysed(data, "O3a"), known), rows["time"].to_numpy())]


def densest_start(times: Float64, length_s: float) -> float:
    """Return a start, in whole s, of a stretch of the given length with the most of the sorted times."""
    number = np.searchsorted(times, times + length_s) - np.arange(len(times))
    return float(np.floor(times[number.argmax()]))


def covered(segments: Float64, edges: Float64) -> Float64:
    """Return the share of each bin, ``(n,)`` for ``(n + 1,)`` edges, that sorted, disjoint segments cover."""
    ends = np.concatenate([[0.0], np.cumsum(np.diff(segments).ravel())])
    total = np.interp(edges, segments.ravel(), np.repeat(ends, 2)[1:-1])
    return np.diff(total) / np.diff(edges)


def read_suspension(data: Path, channel: str) -> tuple[Float64, Float64]:
    """Read when a suspension channel is known and when it predicts fringes, ``(k, 2)`` GPS seconds each."""
    with h5py.File(data / SUSPENSIONS) as file:
        parts = file["segments"][channel]
        return _read_segments(parts["known"]), _read_segments(parts["active"])


def _read_segments(table: Any) -> Float64:
    """Read segments as gwpy writes them, in s and ns."""
    rows = table[:]
    ends = [rows[name] + rows[f"{name}_ns"] * 1e-9 for name in ("start_time", "end_time")]
    return np.column_stack(ends).astype(float)


def _shares(times: Float64, segments: Float64, flagged: Callable[[Float64], Bool]) -> dict[str, float]:
    shifted = shifted_shares(times, segments, flagged)
    return {
        "n": len(times),
        "share": flagged(times).mean(),
        "shifted": shifted.mean(),
        "shifted_low": shifted.min(),
        "shifted_high": shifted.max(),
    }


def _joined(segments: Float64) -> Float64:
    """Join segments that overlap; they are sorted by their start."""
    latest = np.maximum.accumulate(segments[:, 1])
    first = np.append(True, segments[1:, 0] > latest[:-1])
    return np.column_stack([segments[first, 0], latest[np.append(np.flatnonzero(first)[1:] - 1, -1)]])


def _overlap(first: Float64, second: Float64) -> Float64:
    """Return the time that is in both of two lists of sorted, disjoint segments."""
    parts = [np.clip(second, start, end) for start, end in first]
    both = np.concatenate(parts)
    return both[both[:, 1] > both[:, 0]]


def range_by_glitches(data: Path) -> list[dict[str, float]]:
    """Compare the range by the number of glitches in a minute with that of glitch-free minutes around.

    The change is the range over the median of the glitch-free live minutes within 30 minutes, less 1; see
    `by_glitches`.
    """
    with h5py.File(data / TRENDS) as file:
        reach = file[RANGE][:]
    start = _TRENDS_START + 60.0 * np.arange(len(reach))
    segments = analysed(data, "O3b")
    live = live_minutes(segments, start) & (reach > 0)
    times = np.unique(pd.read_csv(data / O3B)["GPStime"].to_numpy())
    counts = np.histogram(times, np.append(start, start[-1] + 60))[0]
    alone = pd.Series(np.where(live & (counts == 0), reach, np.nan))
    median = alone.rolling(2 * _AROUND_MIN + 1, center=True, min_periods=5).median().to_numpy()
    chosen = live & np.isfinite(median)
    return by_glitches(start[chosen], counts[chosen], reach[chosen] / median[chosen] - 1)


def by_glitches(minutes: Float64, counts: Int64, change: Float64) -> list[dict[str, float]]:
    """Average the relative change of the range by the number of glitches in a minute.

    Parameters
    ----------
    minutes, counts, change
        ``(n,)`` start of each minute in GPS seconds, its number of glitches, and the change of its range.

    Returns
    -------
    list
        For each number of glitches: glitches, minutes, mean and median of the change, and the standard error
        of the mean over days.
    """
    rows = []
    for label, least, most in (("0", 0, 0), ("1", 1, 1), ("2 or 3", 2, 3), ("4 or more", 4, np.inf)):
        chosen = (counts >= least) & (counts <= most)
        part = pd.Series(change[chosen])
        days = part.groupby(minutes[chosen] // 86400).agg(["sum", "size"])
        error = np.sqrt(((days["sum"] - part.mean() * days["size"]) ** 2).sum()) / len(part)
        rows.append(
            {
                "glitches": label,
                "minutes": len(part),
                "mean": part.mean(),
                "error": error,
                "median": part.median(),
            }
        )
    return rows

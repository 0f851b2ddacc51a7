"""Observing runs by GPS time, and live time that a list of glitches does not cover."""

import numpy as np
import pandas as pd

from glitch_explorer.core.intervals import lengths, segments_of

#: GPS start and end of the observing runs (gwosc.org, read 2026-11).
RUNS: dict[str, tuple[int, int]] = {
    "O1": (1126051217, 1137254417),
    "O2": (1164556817, 1187733618),
    "O3a": (1238166018, 1253977218),
    "O3b": (1256655618, 1269363618),
    "O4a": (1368975618, 1389456018),
}

#: Largest share of the live time outside the glitches that is nothing to report, and in mean gaps.
_SHARE, _GAPS = 0.05, 10


def observing_run(event_time: np.ndarray) -> pd.Series:
    """Return the observing run of each GPS time `(n,)` in s; missing outside all runs."""
    names = np.full(len(event_time), None, dtype=object)
    for name, (start, end) in RUNS.items():
        names[(event_time >= start) & (event_time < end)] = name
    return pd.Series(names, dtype="str")


def uncovered_live_time(glitches: pd.DataFrame, segments: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Return the detectors whose live time goes far beyond their glitches.

    The share of the live time before the first and after the last of n glitches at a constant rate is about
    2 / (n + 1). A list that covers a part of the segments only makes every rate and cost too small.

    Parameters
    ----------
    glitches
        Columns ifo and event_time of table "glitches".
    segments
        Table "segments".

    Returns
    -------
    dict
        By detector the live time in s before its first and after its last glitch, and all of it, where the
        share of the first is more than 5 % and more than ten mean gaps between glitches.
    """
    found = {}
    for ifo, rows in glitches[glitches["event_time"].notna()].groupby("ifo"):
        times, spans = rows["event_time"].to_numpy(dtype=float), segments_of(segments, str(ifo))
        live = float(lengths(spans).sum())
        inside = float(lengths(np.clip(spans, times.min(), times.max())).sum())
        if live - inside > max(_SHARE, _GAPS / (len(times) + 1)) * live:
            found[str(ifo)] = (live - inside, live)
    return found

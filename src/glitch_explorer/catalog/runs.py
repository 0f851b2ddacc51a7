"""Observing runs by GPS time."""

import numpy as np
import pandas as pd

#: GPS start and end of the observing runs (gwosc.org, read 2026-11).
RUNS: dict[str, tuple[int, int]] = {
    "O1": (1126051217, 1137254417),
    "O2": (1164556817, 1187733618),
    "O3a": (1238166018, 1253977218),
    "O3b": (1256655618, 1269363618),
    "O4a": (1368975618, 1389456018),
}


def observing_run(event_time: np.ndarray) -> pd.Series:
    """Return the observing run of each GPS time `(n,)` in s; missing outside all runs."""
    names = np.full(len(event_time), None, dtype=object)
    for name, (start, end) in RUNS.items():
        names[(event_time >= start) & (event_time < end)] = name
    return pd.Series(names, dtype="str")

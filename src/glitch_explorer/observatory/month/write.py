"""Files of the simulated month, in the formats that a study reads."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from glitch_explorer.core import files
from glitch_explorer.core.intervals import MINUTE_S
from glitch_explorer.observatory.month.plan import FAMILIES, Month, make_month


def write_month(out: str | Path, *, seed: int, days: int, detectors: Sequence[str]) -> None:
    """Write the months of all detectors.

    Parameters
    ----------
    out : path
        Folder for glitches.csv (ifo, event_time, ml_label), segments.csv, channels.csv, {ifo}.hdf5 (minute
        trends as gwpy writes them) and truth.json.
    seed : int
        Seed of the observatory.
    days : int
        Length in days.
    detectors : sequence of str
        Detectors.

    The same arguments give the same bytes.
    """
    folder = Path(out)
    months = {
        ifo: make_month(seed=seed, days=days, ifo=ifo, number=number) for number, ifo in enumerate(detectors)
    }
    glitches, segments, channels = [], [], []
    for ifo, month in months.items():
        _write_trends(folder / f"{ifo}.hdf5", month)
        glitches += [(ifo, time, family) for family, times in month.times.items() for time in times]
        segments += [(ifo, start, end, f"{ifo}:OBS-ANALYSIS_READY:1") for start, end in live_spans(month)]
        channels += [(name, "0.0167", month.units[name], "trend", "safe") for name in month.trends]
    _write_csv(folder / "glitches.csv", glitches, ["ifo", "event_time", "ml_label"])
    _write_csv(folder / "segments.csv", segments, ["ifo", "start", "end", "flag"])
    _write_csv(folder / "channels.csv", channels, ["channel", "rate_hz", "unit", "kind", "safety"])
    files.write_json(folder / "truth.json", {ifo: truth(month) for ifo, month in months.items()})


def truth(month: Month) -> dict[str, Any]:
    """Return what is planted in a month.

    Of each family: the channel that drives it, the rate ratio, and whether its rate has a daily cycle.
    """
    families = [
        {
            "family": family.name,
            "channel": month.planted[family.name],
            "ratio": family.ratio,
            "clock": family.cycle > 0,
        }
        for family in FAMILIES
    ]
    return {"families": families}


def live_spans(month: Month) -> list[tuple[int, int]]:
    """Return the live time as (start, end) in GPS seconds."""
    edges = np.flatnonzero(np.diff(month.live.astype(int), prepend=0, append=0)).reshape(-1, 2)
    first = int(month.minute[0])
    return [(60 * (first + int(start)), 60 * (first + int(end))) for start, end in edges]


def _write_trends(path: Path, month: Month) -> None:
    """Write the trends atomically, one data set a channel."""
    with files.whole(path) as unfinished, h5py.File(unfinished, "w") as file:
        for name, values in month.trends.items():
            data = file.create_dataset(name, data=values.astype(np.float32))
            data.attrs.update(x0=float(month.minute[0] * MINUTE_S), dx=MINUTE_S, unit=month.units[name])


def _write_csv(path: Path, rows: Sequence[tuple[Any, ...]], names: list[str]) -> None:
    """Write rows as CSV atomically."""
    files.write_text(path, pd.DataFrame(rows, columns=names).to_csv(index=False, lineterminator="\n"))

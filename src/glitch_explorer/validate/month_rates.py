"""Rate models of the simulated month, from its files, as the coupling stage runs them."""

from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.core.intervals import segments_of
from glitch_explorer.coupling.channels.source import open_source
from glitch_explorer.coupling.rates.drivers import rate_tables
from glitch_explorer.coupling.rates.schemas import SLOW_DRIVERS
from glitch_explorer.coupling.rates.trends import live_minutes, trend_levels
from glitch_explorer.sources.segments import read_segments


def month_rates(folder: str | Path, ifo: str, *, seed: int) -> pd.DataFrame:
    """Model the rates of the month's families by its drivers.

    Joint models and pairs, which nothing is asked of here, have a single surrogate, because each family
    draws its own.

    Parameters
    ----------
    folder : path
        What `write_month` of the simulated observatory wrote.
    ifo : str
        Detector.
    seed : int
        Seed of the surrogates.

    Returns
    -------
    DataFrame
        Table "slow_drivers".
    """
    folder = Path(folder)
    glitches = tables.read_csv(folder / "glitches.csv", texts=["ifo", "ml_label"], required=["event_time"])
    glitches = glitches[glitches["ifo"] == ifo]
    times = {
        str(family): rows["event_time"].to_numpy(dtype=float) for family, rows in glitches.groupby("ml_label")
    }
    segments = read_segments(files=[folder / "segments.csv"], flags=[], detectors=[ifo])
    minute = live_minutes(segments_of(segments, ifo))
    every = np.arange(minute[0], minute[-1] + 1)
    source = open_source(
        "frames",
        frames=str(folder),
        frame_type=None,
        host=None,
        lists=[folder / "channels.csv"],
        safety=[],
        store=folder,
        store_gib=0.0,
        bands=[],
        strain="",
    )
    table = source.table(ifo, every * 60.0)
    columns, levels = trend_levels(source, ifo, table, every)
    rates = rate_tables(
        times, every, np.isin(every, minute), levels, columns, ifo=ifo, seed=seed, family_draws=1
    )
    parts = [part.drivers.assign(family=family, ifo=ifo) for family, part in rates.items()]
    return tables.joined(SLOW_DRIVERS, parts)

"""Scattered light of one family: its glitches against the fringes of every displacement channel."""

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Float64
from glitch_explorer.coupling.channels.fetch import ChannelReader
from glitch_explorer.coupling.schemas import FRINGES, SCATTERING
from glitch_explorer.coupling.witnesses.scattering import LEAST_OFFSET_S, Displacement, scattering

#: Fringes are searched for in families whose median frequency is below this: light scattered off
#: moving optics is seen no higher (Soni 2021).
SCATTERING_BELOW_HZ = 200.0
#: Metres in the units that displacement channels come in.
METRES = {"m": 1.0, "um": 1e-6, "nm": 1e-9}


def family_fringes(
    glitches: pd.DataFrame,
    live: Float64,
    moving: pd.DataFrame,
    reader: ChannelReader,
    *,
    slides: int,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hold a family against the fringes of every displacement channel.

    Parameters
    ----------
    glitches
        Its rows of the table "members".
    live
        ``(k, 2)`` its live time, GPS seconds.
    moving
        The displacement channels' rows of the table "channels".
    reader
        Reads them.
    slides, seed
        Slides of the train and their seed.

    Returns
    -------
    DataFrame, DataFrame
        Tables "scattering" and "fringes" without family and ifo; empty where the family's median
        frequency is `SCATTERING_BELOW_HZ` or more, or unknown, or there is no such channel.
    """
    times, durations, observed = (
        glitches[name].to_numpy(dtype=float) for name in ("event_time", "duration_s", "peak_frequency_hz")
    )
    median = np.nanmedian(observed) if np.isfinite(observed).any() else np.inf
    empty = tuple(tables.empty(schema).drop(columns=["family", "ifo"]) for schema in (SCATTERING, FRINGES))
    if median >= SCATTERING_BELOW_HZ or moving.empty:
        return empty[0], empty[1]
    stretches = _displacements(moving, live, reader)
    answers, parts = [], [empty[1]]
    ids = glitches.drop_duplicates("event_time").set_index("event_time")["glitch_id"]
    for number, channel in enumerate(moving["channel"]):
        found = scattering(times, durations, observed, stretches[channel], slides=slides, seed=seed + number)
        answers.append((channel, len(found.glitches), found.matched, found.matched_slides, found.p_value))
        parts.append(found.glitches.assign(channel=channel, glitch_id=found.glitches["event_time"].map(ids)))
    names = ["channel", "n_glitches", "matched", "matched_slides", "p_value"]
    answer = pd.DataFrame(answers, columns=names)
    answer["p_fwer"] = np.minimum(answer["p_value"] * answer["p_value"].notna().sum(), 1.0)
    kept = [part for part in parts if len(part)]
    return answer, pd.concat(kept, ignore_index=True) if kept else empty[1]


def _displacements(
    moving: pd.DataFrame, live: Float64, reader: ChannelReader
) -> dict[str, list[Displacement]]:
    """Read the displacement channels over the live time, in metres."""
    found: dict[str, list[Displacement]] = {channel: [] for channel in moving["channel"]}
    for start, end in live[np.diff(live, axis=1).ravel() >= LEAST_OFFSET_S]:
        reader.advance(float(start), float(end))
        for _, rows in moving.groupby("rate_hz", sort=True):
            samples, _ = reader.samples(rows["channel"].tolist(), float(start), float(end))
            for row, values in zip(rows.itertuples(), samples, strict=True):
                metres = values.astype(float) * METRES[str(row.unit)]
                found[str(row.channel)].append(
                    Displacement(float(start), float(rows["rate_hz"].iloc[0]), metres)
                )
    return found

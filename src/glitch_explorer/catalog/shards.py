"""Shards: stable parts of the catalogue, by detector and time."""

import hashlib

import numpy as np
import pandas as pd

#: Number of shards a detector has for glitches without a time.
UNTIMED_SHARDS = 8


def shard_names(frame: pd.DataFrame, *, shard_length_s: float) -> pd.Series:
    """Return the shard of each glitch, which depends on its own row only.

    `{ifo}-{GPS start of the shard}`; without a time `{ifo}-x{digit}`, the digit
    from a hash of its id, so that ids of any kind spread evenly.

    Parameters
    ----------
    frame
        Glitches with ifo, event_time and glitch_id.
    shard_length_s
        Length of a shard in s.
    """
    time = frame["event_time"].to_numpy()
    timed = ~np.isnan(time)
    part = np.full(len(frame), "", dtype=object)
    start = np.floor(time[timed] / shard_length_s) * shard_length_s
    part[timed] = start.astype(np.int64).astype(str)
    part[~timed] = [
        f"x{hashlib.blake2b(i.encode(), digest_size=1).digest()[0] % UNTIMED_SHARDS}"
        for i in frame.loc[~timed, "glitch_id"]
    ]
    return frame["ifo"] + "-" + pd.Series(part, index=frame.index, dtype="str")

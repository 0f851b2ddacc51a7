"""What is computed once a detector, without glitches and with segments of less than a second."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.coupling.channels.store import CHUNK_BINS, CHUNK_S, Chunk
from glitch_explorer.coupling.detector import detector_slow_drivers, group_channels
from glitch_explorer.coupling.rates.schemas import DRIVER_PAIRS, RATE_CURVES, RATE_DAYS, SLOW_DRIVERS
from glitch_explorer.coupling.schemas import CHANNEL_GROUPS
from glitch_explorer.map.schemas import MEMBERS
from tests.fixtures.rows import complete

START = 10_000_000 * CHUNK_S
GROUND = "H1:ISI-GND_BLRMS_100M_300M"


def test_without_timed_glitches_there_are_no_groups():
    glitches = pd.DataFrame({"glitch_id": ["a"], "ifo": "H1", "event_time": np.nan, "duration_s": 1.0})
    segments = pd.DataFrame({"ifo": ["H1"], "start": [START], "end": [START + 600]})
    groups = group_channels(glitches, segments, ifo="H1", source=None, max_glitches=10)
    assert tables.conform(CHANNEL_GROUPS, groups).num_rows == 0
    rates = detector_slow_drivers([], segments, groups, ifo="H1", source=None, ground=["*"], seed=1)
    assert all(part.empty for part in rates)


def store():
    """Build a store of one channel that has data everywhere."""
    columns = pd.DataFrame({"channel": [GROUND], "band": "0.1-0.3", "low_hz": 0.1})
    rng = np.random.default_rng(0)

    def chunks(numbers):
        logs = rng.normal(size=(CHUNK_BINS, 1)).astype(np.float32)
        return {number: Chunk(logs, np.empty((CHUNK_BINS, 0)), []) for number in numbers}

    return SimpleNamespace(logs=columns, means=columns[:0], chunks=chunks)


def test_a_segment_of_less_than_a_second_has_no_live_time(tmp_path):
    path = tmp_path / "F001.parquet"
    times = START + 60.0 * np.arange(20)
    members = pd.DataFrame(
        {"kind": "glitch", "glitch_id": [*map(str, times)], "ifo": "H1", "event_time": times}
    )
    tables.write(MEMBERS, complete(MEMBERS, members), path)
    spans = START + np.array([[0.0, 3600.0], [5000.2, 5000.7], [6000.0, 9600.0]])
    segments = pd.DataFrame({"ifo": "H1", "start": spans[:, 0], "end": spans[:, 1]})
    channels = pd.DataFrame({"channel": [GROUND], "safety": "safe", "rate_hz": 64.0})
    source = SimpleNamespace(features=lambda *_, **__: store())
    rates = detector_slow_drivers(
        [path], segments, channels, ifo="H1", source=source, ground=["*GND*"], seed=1
    )
    row = tables.conform(SLOW_DRIVERS, rates.drivers).to_pandas().iloc[0]
    # Each hour begins within a GPS minute, and has 59 whole ones.
    assert (row["channel"], row["live_min"]) == (GROUND, 118)
    assert (row["reason"], row["clock_reason"]) == ("few_glitches", "few_days")
    for schema, part in zip((RATE_CURVES, RATE_DAYS, DRIVER_PAIRS), rates[1:], strict=True):
        assert tables.conform(schema, part).num_rows == 0

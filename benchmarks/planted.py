"""Simulated observatories by seed, for `couplings.py` and `drivers.py`.

Each has the size, channels and settings of the default config.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from harness import ROOT

from glitch_explorer.coupling.channels.feature_set import FeatureSet, family_features
from glitch_explorer.coupling.channels.live_time import LiveTime, live_intervals
from glitch_explorer.coupling.channels.source import open_source
from glitch_explorer.coupling.witnesses.groups import correlated_groups
from glitch_explorer.map.schemas import UNASSIGNED
from glitch_explorer.observatory import auxiliary, catalog
from glitch_explorer.observatory.plan import make_plan
from tests.fixtures.observatory import CONFIG, FULL
from tests.fixtures.worlds import stretches

COUPLING = CONFIG["coupling"]


def seed_options(description: str) -> argparse.ArgumentParser:
    """Return a parser of the options of a benchmark over many seeds."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=Path, help="for the report of each seed")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--glitches", type=int, default=FULL["glitches"])
    parser.add_argument("--segments", type=int, default=FULL["segments"])
    parser.add_argument("--classes", nargs="*", default=[], help="only these planted families")
    parser.add_argument("--summary", action="store_true", help="compute nothing")
    return parser


class Observatory:
    """The plan of one seed, its catalogue, and its planted classes as families."""

    def __init__(self, seed: int, options: argparse.Namespace) -> None:
        self.arguments = FULL | {"glitches": options.glitches, "segments": options.segments, "seed": seed}
        self.plan = make_plan(**self.arguments)
        self.catalog = catalog.catalog(self.plan)
        rows = self.catalog.rename(columns={"gravityspy_id": "glitch_id", "duration": "duration_s"})
        rows = rows[["glitch_id", "ifo", "event_time", "duration_s"]]
        self.glitches = rows.drop_duplicates("glitch_id", ignore_index=True)
        named = [
            (injection.glitch_id, injection.name)
            for injection in self.plan.injections
            if not injection.event
            and self.plan.segments[injection.segment].readable
            and (not options.classes or injection.name in options.classes)
        ]
        self.families = pd.DataFrame(named, columns=["glitch_id", "family"])

    def each_detector(self, work: Callable[..., Any], families: Any) -> list[Any]:
        """Call `work(ifo, arguments, glitches, families)` for each detector, in processes side by side."""
        with ProcessPoolExecutor(2) as pool:
            waiting = [
                pool.submit(work, ifo, self.arguments, self.glitches, families) for ifo in FULL["detectors"]
            ]
            return [each.result() for each in waiting]


@contextmanager
def printed_cost(name: str) -> Iterator[None]:
    """Print seconds and core-seconds of the block, those of its processes included."""
    begin, spent = time.perf_counter(), sum(os.times()[:4])
    yield
    cost = sum(os.times()[:4]) - spent
    print(f"{name}: {time.perf_counter() - begin:.0f} s, {cost:.0f} core-s", flush=True)


@dataclass(frozen=True)
class DetectorData:
    """Glitches and features of a detector's readable segments `(k, 2)`, and the table of its channels."""

    glitches: pd.DataFrame
    segments: np.ndarray
    channels: pd.DataFrame
    features: FeatureSet

    def groups(self) -> pd.DataFrame:
        """Return the groups of channels that move together in quiet time."""
        quiet = self.features.live.within(stretches(self.glitches, self.glitches, self.segments))
        groups = correlated_groups(self.features.values[quiet], self.features.columns["channel"])
        return pd.DataFrame(groups.items(), columns=["channel", "group"])

    def families(self, members: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame, FeatureSet, np.ndarray]]:
        """Yield the name, glitches, features and quiet stretches of each family."""
        rows = self.glitches.merge(members, on="glitch_id").drop_duplicates("event_time")
        for family, glitches in rows[rows["family"] != UNASSIGNED].groupby("family", sort=True):
            times = glitches["event_time"]
            live = LiveTime.of(live_intervals(times, self.segments, max_glitches=COUPLING["max_glitches"]))
            # A family's live time consists of whole segments.
            values = self.features.values[self.features.live.rows(live.bins)[0]]
            quiet = stretches(glitches, self.glitches, self.segments)
            yield str(family), glitches, replace(self.features, live=live, values=values), quiet


def read_detector(ifo: str, arguments: dict[str, Any], glitches: pd.DataFrame) -> DetectorData:
    """Compute the features of a detector's readable segments; frames and store are removed afterwards."""
    plan = make_plan(**arguments)
    spans = np.array([(s.start, s.end) for s in plan.segments if s.ifo == ifo and s.readable], float)
    with tempfile.TemporaryDirectory(prefix="couplings-") as folder:
        frames, channels = Path(folder) / "aux", Path(folder) / "channels.csv"
        auxiliary.write_auxiliary(ifo=ifo, out=frames, **arguments)
        auxiliary.channel_list(plan).to_csv(channels, index=False)
        source = open_source(
            "frames",
            frames=str(frames),
            frame_type=None,
            host=None,
            lists=[channels],
            safety=[ROOT / "resources/channels/safety.csv"],
            store=Path(folder) / "store",
            store_gib=COUPLING["store_gib"],
            bands=COUPLING["bands"],
            strain=CONFIG["strain"]["channel"],
        )
        table = source.table(ifo, spans.mean(axis=1))
        features = family_features(source.features(ifo, table, spans), spans)
    return DetectorData(glitches[glitches["ifo"] == ifo], spans, table, features)

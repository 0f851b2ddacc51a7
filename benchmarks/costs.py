"""Measure seconds and peak memory of the costs of a year of glitches: `python benchmarks/costs.py`."""

import argparse

import numpy as np
import pandas as pd
from harness import peak_mib, timed

from glitch_explorer.core import tables
from glitch_explorer.core.intervals import segments_of
from glitch_explorer.coupling.schemas import WITNESSES
from glitch_explorer.impact.cost.gather import family_costs
from glitch_explorer.impact.cost.minutes import minute_frame, with_losses
from glitch_explorer.impact.cost.ranges import gate_union
from glitch_explorer.impact.cost.settings import CostSettings


def measure(glitches: int, families: int, days: int) -> None:
    """Print seconds and memory of the minutes' references and of all costs."""
    rng = np.random.default_rng(0)
    day = 86400.0 * np.arange(days)
    spans = pd.DataFrame({"start": day + 1000.0, "end": day + 80000.0, "flag": "", "source": ""})
    segments = pd.concat([spans.assign(ifo=ifo) for ifo in ("H1", "L1")], ignore_index=True)
    catalogue = pd.DataFrame(
        {
            "glitch_id": [f"g{k}" for k in range(glitches)],
            "ifo": rng.choice(["H1", "L1"], glitches),
            "event_time": rng.choice(day, glitches) + rng.uniform(1000, 80000, glitches),
            "duration_s": rng.lognormal(-0.5, 1, glitches),
            "snr": 8 + 5 * rng.pareto(2, glitches),
            "ranking": 6 + rng.pareto(3, glitches),
        }
    ).assign(peak_frequency_hz=100.0, bandwidth_hz=50.0, astrophysical="")
    named = [f"F{k:03d}" for k in rng.integers(0, families, glitches)]
    members = catalogue[["glitch_id"]].assign(
        view="", family=named, probability=1.0, outlier_score=0.0, isolation=1.0
    )
    settings = CostSettings(gate_snr=20.0)
    with timed() as spent:
        parts = []
        for ifo in ("H1", "L1"):
            live = segments_of(segments, ifo)
            frame = minute_frame(live, gate_union(catalogue, ifo, live, settings))
            reach = 100 * np.exp(0.01 * rng.standard_normal(len(frame)))
            parts.append(with_losses(frame, reach, ifo=ifo, source="drawn"))
        minutes = pd.concat(parts, ignore_index=True)
    print(f"{len(minutes)} minutes: {spent.seconds:.1f} s")
    with timed() as spent:
        nothing = tables.empty(WITNESSES)
        costs = family_costs(catalogue, members, segments, minutes, witnesses=nothing, settings=settings)
    print(
        f"{len(costs.cost)} costs of {glitches} glitches: {spent.seconds:.1f} s, {peak_mib() / 1024:.2f} GiB"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--glitches", type=int, default=600_000)
    parser.add_argument("--families", type=int, default=300)
    parser.add_argument("--days", type=int, default=330)
    options = parser.parse_args()
    measure(options.glitches, options.families, options.days)

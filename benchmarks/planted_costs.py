"""Costs over many simulated observatories: `python benchmarks/planted_costs.py --seeds 200`.

Families are the planted classes; the reference cost of a class in a detector is the mean of C_k over all
seeds. Printed is how far the order of a seed's costs agrees with the order of the reference (Kendall's tau
over pairs that differ by more than a quarter), how often a seed's 95 % intervals contain the reference, and
the same for what each seed planted (`observatory.costs`). No frames are written: the range is that of the
range channel, minute by minute, and a glitch's duration is the drawn one.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
from harness import print_table

from glitch_explorer.core import tables
from glitch_explorer.core.intervals import segments_of
from glitch_explorer.coupling.schemas import WITNESSES
from glitch_explorer.impact.cost.gather import family_costs
from glitch_explorer.impact.cost.minutes import minute_frame, with_losses
from glitch_explorer.impact.cost.ranges import gate_union
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.observatory import catalog, costs, ranges, waveforms
from glitch_explorer.observatory.plan import Plan, make_plan, row_stream, shape_stream
from glitch_explorer.sources.schemas import SEGMENTS
from glitch_explorer.validate.impact import order_of
from tests.fixtures.observatory import FULL


def catalogue(plan: Plan) -> pd.DataFrame:
    """Return the catalogue's columns that costs need, with the class of each glitch."""
    rows = []
    for injection in plan.injections:
        if not injection.event:
            frequency, duration = waveforms.draw_size(injection.name, shape_stream(plan, injection))
            loud = catalog.ranking(injection.snr, injection.name, row_stream(plan, injection.number))
            rows.append(
                (
                    injection.glitch_id,
                    injection.ifo,
                    injection.time,
                    duration,
                    frequency,
                    injection.snr,
                    loud,
                    injection.name,
                )
            )
    names = ["glitch_id", "ifo", "event_time", "duration_s", "peak_frequency_hz", "snr", "ranking", "class"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(bandwidth_hz=table["peak_frequency_hz"], astrophysical="")


def minutes(
    plan: Plan, glitches: pd.DataFrame, segments: pd.DataFrame, settings: CostSettings
) -> pd.DataFrame:
    """Return the table "minutes" of all detectors from the planted range."""
    parts = []
    for ifo in FULL["detectors"]:
        spans = segments_of(segments, ifo)
        frame = minute_frame(spans, gate_union(glitches, ifo, spans, settings))
        drawn = [ranges.minutes(plan, i) for i, segment in enumerate(plan.segments) if segment.ifo == ifo]
        reach = {
            minute: value
            for segment in drawn
            for minute, value in zip(segment.start, segment.with_mpc, strict=True)
        }
        known = frame["minute"].map(reach).where(frame["live_s"] >= 30.0).to_numpy(dtype=float)
        parts.append(with_losses(frame, known, ifo=ifo, source=ranges.CHANNEL))
    return pd.concat(parts, ignore_index=True)


def one_seed(seed: int, *, settings: CostSettings) -> pd.DataFrame:
    """Return a seed's costs by class and detector, measured and planted."""
    plan = make_plan(**FULL | {"seed": seed})
    glitches = catalogue(plan)
    spans = [(segment.ifo, float(segment.start), float(segment.end), "", "") for segment in plan.segments]
    segments = pd.DataFrame(spans, columns=SEGMENTS.names)
    families = glitches[["glitch_id"]].assign(view="", family=glitches["class"], probability=1.0)
    measured = family_costs(
        glitches,
        families,
        segments,
        minutes(plan, glitches, segments, settings),
        witnesses=tables.empty(WITNESSES),
        settings=settings,
    ).cost
    names = {"glitch_id": "gravityspy_id", "duration_s": "duration", "peak_frequency_hz": "peak_frequency"}
    truth_rows = costs.planted_costs(
        plan, glitches.rename(columns={**names, "bandwidth_hz": "bandwidth"}), FULL["detectors"]
    )
    planted = pd.DataFrame(truth_rows).rename(columns={"class": "family", "cost_mpc3_yr": "planted"})
    columns = ["family", "ifo", "n", "cost_mpc3_yr", "cost_low", "cost_high"]
    return (
        measured[columns].merge(planted[["family", "ifo", "planted"]], on=["family", "ifo"]).assign(seed=seed)
    )


def order_and_coverage(planted: str, rows: pd.DataFrame, intervals: int) -> tuple[str | int, ...]:
    """Return how costs agree with a column of planted ones: order by seed, and share in the intervals."""
    taus = np.array(
        [
            order_of(part[planted].to_numpy(dtype=float), part["cost_mpc3_yr"].to_numpy(dtype=float))[0]
            for _, part in rows.groupby("seed")
        ]
    )
    first_seeds = rows[rows["seed"] < rows["seed"].min() + intervals]
    inside = first_seeds[planted].between(first_seeds["cost_low"], first_seeds["cost_high"])
    low = inside.groupby([first_seeds["family"], first_seeds["ifo"]]).mean()
    return (
        f"{taus.mean():.3f}",
        f"{taus.min():.3f}",
        f"{(taus >= 0.9).mean():.2f}",
        f"{inside.mean():.3f}",
        f"{low.min():.2f}",
        len(first_seeds),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--intervals", type=int, default=40, help="seeds whose intervals are counted")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--gate-snr", type=float, help="glitches below it are not gated")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    settings = CostSettings(gate_snr=options.gate_snr)
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    with ProcessPoolExecutor(options.processes) as pool:
        rows = pd.concat(pool.map(partial(one_seed, settings=settings), seeds), ignore_index=True)
    rows["mean"] = rows.groupby(["family", "ifo"])["cost_mpc3_yr"].transform("mean")
    references = {"mean of C_k over the seeds": "mean", "what the seed itself planted": "planted"}
    print_table(
        (
            "costs against",
            "tau, mean of seeds",
            "lowest",
            "seeds with 0.9",
            "in the intervals",
            "worst class",
            "rows",
        ),
        ((name, *order_and_coverage(column, rows, options.intervals)) for name, column in references.items()),
    )
    table = rows.groupby(["family", "ifo"])[["n", "cost_mpc3_yr", "planted"]].mean()
    print(f"\nMeans over {len(seeds)} seeds, Mpc^3 yr:\n")
    print(table.sort_values("planted", ascending=False).round(2).to_string())


if __name__ == "__main__":
    main()

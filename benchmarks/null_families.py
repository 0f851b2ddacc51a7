"""Families without coupling, from independent seeds: `python benchmarks/null_families.py --families 200`.

Each family is in a simulated world of channels that have nothing to do with it. Printed is the share whose
family-wise p is at most 0.01, 0.05 and 0.1, for the families themselves and for the two kinds of
pseudo-families, with the exact binomial probability of at least so many. Half of the worlds have few long
segments, half many short ones; families have 12 to 120 glitches.

`--cheap --families 20000 --pseudo 0` takes small worlds (six features, at most 14 glitches), a tenth of the
time each.
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
from harness import print_table, timed

from glitch_explorer.core.statistics import binomial_tail
from glitch_explorer.coupling.witnesses.nulls import calibration_table
from glitch_explorer.coupling.witnesses.search import find_witnesses
from tests.fixtures.worlds import World, make_world

#: Level at which thousands of families are counted, beside those of the workflow's calibration.
SMALL = 0.001
CHEAP = {"segments": 6, "segment_s": 1200, "channels": 3, "others": 100, "glitches": 14}


def world_of(seed: int, cheap: bool) -> World:
    if cheap:
        return make_world(seed, **CHEAP)
    rng = np.random.default_rng([seed, 7])
    shape = {"segments": 6, "segment_s": 2400} if seed % 2 else {"segments": 24, "segment_s": 460}
    return make_world(seed, glitches=int(rng.choice([14, 40, 120])), **shape)


def search_seed(seed: int, *, slides: int, pseudo: int, cheap: bool) -> list[tuple[str, float]]:
    world = world_of(seed, cheap)
    search = find_witnesses(
        world.features,
        world.family,
        world.quiet,
        world.segments,
        world.channels,
        slides=slides,
        most_slides=20 * slides,
        pseudo=pseudo,
        seed=seed,
        threads=1,
    )
    tested = search.pseudo
    rows = [(str(row.kind), float(row.p_value)) for row in tested.itertuples()]
    if len(search.table):
        rows.append(("family", float(search.table["p_fwer"].min())))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--families", type=int, default=200)
    parser.add_argument("--slides", type=int, default=500)
    parser.add_argument("--pseudo", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--cheap", action="store_true")
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.families)
    work = partial(search_seed, slides=arguments.slides, pseudo=arguments.pseudo, cheap=arguments.cheap)
    with timed() as spent, ProcessPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        rows = [row for part in pool.map(work, seeds, chunksize=8) for row in part]
    table = pd.DataFrame(rows, columns=["kind", "p_value"])
    calibration = calibration_table(table)
    print_table(
        ("uncoupled families", "alpha", "n", "p <= alpha", "chance of so many", "passed"),
        (
            (row.kind, row.alpha, row.n, row.n_below, f"{row.binomial_p:.3f}", row.passed)
            for row in calibration.itertuples()
        ),
    )
    for kind, part in table.groupby("kind"):
        below, n = int((part["p_value"] <= SMALL).sum()), len(part)
        print(f"\n{kind}: {below} of {n} at {SMALL} or below; chance {binomial_tail(below, n, SMALL):.3f}")
    print(f"\n{spent.seconds:.0f} s")


if __name__ == "__main__":
    main()

"""Time the statistics of witnesses at full size: `python benchmarks/witness.py --channels 100 --hours 24`.

One family of 200 glitches with 500 slides x channels x 6 bands x 71 lags on two threads: the statistic with
its nulls, and the whole search (effects, lags, groups). One thread must give the same bytes.
"""

import argparse

import numpy as np
from harness import peak_mib, print_table, timed

from glitch_explorer.coupling.witnesses.background import family_background
from glitch_explorer.coupling.witnesses.nulls import Measured, live_placements, measure
from glitch_explorer.coupling.witnesses.ranks import make_grid
from glitch_explorer.coupling.witnesses.search import find_witnesses
from glitch_explorer.coupling.witnesses.slides import make_triggers, time_slides
from tests.fixtures.worlds import World, make_world


def statistic(world: World, slides: int, threads: int) -> tuple[Measured, int]:
    features, times = world.features, world.family["event_time"].to_numpy()
    background = family_background(features.live, times, world.quiet)
    if background is None:
        raise SystemExit("too dense a family for this benchmark")
    grid = make_grid(features.live, background.lags_s)
    shifted = time_slides(make_triggers(times, grid), grid, slides=slides, rng=np.random.default_rng(1))
    placement = live_placements(features.values, features.live, threads=threads)
    (measured,) = measure(list(placement), [shifted], threads=threads)
    return measured, len(shifted.triggers.used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=100)
    parser.add_argument("--glitches", type=int, default=200)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--slides", type=int, default=500)
    arguments = parser.parse_args()
    blocks = max(int(arguments.hours), 1)
    world = make_world(
        1,
        segments=blocks,
        segment_s=round(arguments.hours * 3600 / blocks),
        channels=arguments.channels,
        bands=6,
        glitches=arguments.glitches,
        others=20 * blocks,
    )
    small = make_world(2, segments=2, channels=1, glitches=40, others=5)
    statistic(small, 20, 1)  # compiles
    with timed() as spent:
        measured, used = statistic(world, arguments.slides, 2)
    n, m = world.features.values.shape
    print(f"{n} cells, {m} features, {used} glitches, {measured.t.shape[1]} lags, {arguments.slides} slides")
    rows = [("T and max-T, 2 threads", f"{spent.seconds:.1f}", f"{spent.core_seconds:.1f}")]
    with timed() as spent:
        find_witnesses(
            world.features,
            world.family,
            world.quiet,
            world.segments,
            world.channels,
            slides=arguments.slides,
            most_slides=arguments.slides,
            pseudo=0,
            seed=1,
            threads=2,
        )
    rows.append(("the whole answer, 2 threads", f"{spent.seconds:.1f}", f"{spent.core_seconds:.1f}"))
    print_table(("what", "seconds", "core-seconds"), rows)
    alone, _ = statistic(world, arguments.slides, 1)
    same = all(
        np.array_equal(getattr(measured, k), getattr(alone, k), equal_nan=True)
        for k in ("t", "peaks", "count")
    )
    features = world.features.values.nbytes / 2**20
    print(f"\nsame bytes with 1 thread: {same}; peak {peak_mib():.0f} MiB, {features:.0f} of them features")


if __name__ == "__main__":
    main()

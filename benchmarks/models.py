"""Models of one family at full size: `python benchmarks/models.py --glitches 182 --features 2000`.

Measures the time for one family in one detector (both models and feature sets, folds, baselines, the control
by time-shifted triggers, SHAP values, and precursor skill over the live time) on two threads, and how it
grows with windows and features. Beside it is the time of the same folds without screening: the two models
fitted to every feature, measured on one fold and multiplied by the number of fits.
"""

import argparse

import numpy as np
from harness import peak_mib, print_table, timed

from glitch_explorer.coupling.schemas import ALPHA
from glitch_explorer.impact.drivers.explain import Tables, explain
from glitch_explorer.impact.drivers.training import MODELS, fit
from glitch_explorer.impact.drivers.windows import BACKGROUND_RATIO, BINS_S
from tests.fixtures.worlds import Plant, World, make_world

#: A witness and a precursor, so that every part runs.
PLANTS = (Plant(1, 0.0), Plant(2, -6.0))
#: Folds, feature sets, and the triggers with their control.
FITS = 5 * 2 * 2


def world_of(glitches: int, features: int) -> World:
    """Build a world with about `glitches` glitches with windows, and `features` features by bin of lags."""
    return make_world(
        1,
        segments=24,
        segment_s=max(1200, 14 * glitches),
        channels=max(3, round(features / len(BINS_S) / 2)),
        glitches=round(1.25 * glitches),
        others=300,
        plants=PLANTS,
    )


def explained(world: World, glitches: int, threads: int = 2) -> Tables:
    family = world.family.assign(glitch_id=[f"G{k}" for k in range(len(world.family))])
    return explain(
        world.features, family, world.quiet, world.segments, world.channels,
        family_id="F001", ifo="H1", max_glitches=glitches, seed=1, threads=threads,
    )  # fmt: skip


def measure(glitches: int, features: int) -> tuple[object, ...]:
    world = world_of(glitches, features)
    with timed() as spent:
        skill = explained(world, glitches)["skill"]
    n = skill["n_glitches"].iloc[0] + skill["n_background"].iloc[0]
    m = len(BINS_S) * len(world.features.columns)
    better = int((skill["p_value"] <= ALPHA).sum())
    return n, m, f"{spent.seconds:.1f}", f"{spent.core_seconds:.1f}", f"{better} of 4"


def unscreened(glitches: int, features: int) -> float:
    """Return the core-seconds of both models on every feature, of one fold."""
    n, m = glitches * (1 + BACKGROUND_RATIO) * 4 // 5, features
    rng = np.random.default_rng(1)
    windows, glitch = rng.normal(size=(n, m)).astype(np.float32), np.arange(n) % (1 + BACKGROUND_RATIO) == 0
    with timed() as spent:
        for name in MODELS:
            fit(name, windows, glitch, np.arange(m), seed=1)
    return spent.core_seconds


def same_on_one_thread(glitches: int, features: int) -> bool:
    world = world_of(glitches, features)
    single, double = (explained(world, glitches, threads=threads) for threads in (1, 2))
    return all(single[name].equals(double[name]) for name in ("skill", "shap_values"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--glitches", type=int, default=182)
    parser.add_argument("--features", type=int, default=2000)
    arguments = parser.parse_args()
    g, m = arguments.glitches, arguments.features
    explained(world_of(24, 60), 24)  # compiles
    columns = ("windows", "features", "seconds, 2 threads", "core-seconds", "models with p ≤ 0.05")
    print_table(columns, (measure(*size) for size in ((g, m), (g // 2, m), (g, m // 2))))
    alone = unscreened(g, m)
    print(f"\nboth models on every feature: {alone:.1f} core-s a fold, {FITS * alone:.0f} for {FITS} fits")
    print(f"same tables on one thread: {same_on_one_thread(24, 60)}")
    print(f"peak {peak_mib():.0f} MiB")


if __name__ == "__main__":
    main()

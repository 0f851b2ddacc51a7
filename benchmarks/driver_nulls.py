"""How often models of trains that no channel knows of beat: `python benchmarks/driver_nulls.py`.

Each world holds a family with a witness of its own, and many glitches of another family with another
witness. Counted are the slid trains of the family, and families that are given no witness at all
(`alone`), whose model beats rate and time of day, with the exact binomial chance of so many or more at
0.05. `--background quiet` draws the other times from METHODS' quiet background instead, as models did first.
"""

import argparse
import time
from contextlib import ExitStack
from unittest import mock

import numpy as np
import pandas as pd
from planted import Plant, make_world
from scipy.stats import binom

from glitch_explorer.coupling.channels.bands import CELL_S
from glitch_explorer.impact.drivers import explain as explaining
from glitch_explorer.impact.drivers import training, trials, windows

#: The family's witness, and the channel that answers the other family.
OWN, OTHER = Plant(3, -1.0), 8
#: Trees of a forest here: the gate asks whether it knows anything, and a hundred families take long.
TREES = 25


def one(
    seed: int, *, coupled: bool, quiet: bool, glitches: list[int], others: int, models: list[str]
) -> pd.DataFrame:
    rng = np.random.default_rng([seed, 3])
    world = make_world(
        seed,
        segments=24,
        segment_s=800,
        channels=12,
        glitches=int(rng.choice(glitches)),
        others=others,
        plants=(OWN,) if coupled else (),
        drift=4.0,
    )
    rest = np.setdiff1d(world.glitches["event_time"], world.family["event_time"])
    rows = np.searchsorted(world.features.cells, np.floor(rest / CELL_S).astype(int))
    for row in rows:
        world.features.values[row : row + 2, 2 * OTHER] += 8.0
    family = world.family.assign(glitch_id=[f"G{k}" for k in range(len(world.family))])
    background = world.quiet if quiet else np.array([[-np.inf, np.inf]])
    changed = [(windows, "_EVERYWHERE", background), (training, "_TREES", TREES)]
    changed += [(module, "MODELS", tuple(models)) for module in (trials, explaining)]
    with ExitStack() as stack:
        for module, name, value in changed:
            stack.enter_context(mock.patch.object(module, name, value))
        found = explaining.explain(
            world.features, family, world.quiet, world.segments, world.channels,
            family_id="F001", ifo="H1", max_glitches=200, seed=seed, threads=1,
        )  # fmt: skip
    skill = found.skill.assign(coupled=coupled, seed=seed)
    columns = [
        "seed",
        "view",
        "model",
        "coupled",
        "n_glitches",
        "prevalence",
        "ap_gain",
        "ap_slid",
        "beats",
        "slid_beats",
    ]
    print(skill[columns].round(3).to_csv(index=False, header=False), end="", flush=True)
    return skill


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=5000)
    parser.add_argument("--background", choices=["live", "quiet"], default="live")
    parser.add_argument("--glitches", type=int, nargs="+", default=[40, 60, 90], help="drawn from")
    parser.add_argument("--others", type=int, default=600, help="glitches of the other family, in 5.3 h")
    parser.add_argument("--models", nargs="+", default=list(training.MODELS))
    arguments = parser.parse_args()
    start = time.perf_counter()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.worlds)
    quiet = arguments.background == "quiet"
    rows = pd.concat(
        [
            one(
                seed,
                coupled=bool(seed % 2),
                quiet=quiet,
                glitches=arguments.glitches,
                others=arguments.others,
                models=arguments.models,
            )
            for seed in seeds
        ],
        ignore_index=True,
    )
    print("| train | view | model | n | beats | share | chance of so many at 0.05 |")
    print("|---|---|---|---|---|---|---|")
    for (view, model), own in rows.groupby(["view", "model"]):
        slid = own["slid_beats"].dropna().astype(bool)
        alone = own.loc[~own["coupled"] & own["ap"].notna(), "beats"]
        for name, beats in (("slid", slid), ("alone", alone)):
            k, n = int(beats.sum()), len(beats)
            chance = binom.sf(k - 1, n, 0.05)
            print(f"| {name} | {view} | {model} | {n} | {k} | {k / max(n, 1):.3f} | {chance:.3f} |")
    won = rows[rows["coupled"]].groupby(["view", "model"])["beats"].mean()
    print(f"\nfamilies with a witness that beat: {won.round(3).to_dict()}")
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()

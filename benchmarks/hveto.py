"""Against hveto itself: `python benchmarks/hveto.py --python <python that has hveto>`.

hveto is no dependency of this project, and its gwpy may differ; give it an environment of its own:

    uv venv --seed ../hveto-env && uv pip install --python ../hveto-env/bin/python hveto==2.1.9

Worlds with planted witnesses (`planted.py`) are given to both: ours gets the features, hveto what it works
on, the family's glitches as primaries and triggers that an Omicron-like search makes of the same features.
A witness counts as found where hveto's first rounds, or our first groups, name it or a channel that was made
to hear it. hveto runs with the windows of its documentation, and with windows wide enough for what leads;
by its own functions, in the order of its main program. `--command` runs the whole `hveto` command, with plots
and pages, on trigger files of each kind's first world, and says whether its rounds are the same.
Also shown: coincident primaries of bursts, of which hveto's search stops at the next primary.
Without `--python` only ours is measured.
"""

import argparse
import json
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path

import harness  # noqa: F401 - finds the tests' worlds
import numpy as np
import pandas as pd

from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.coupling.channels.feature_set import FeatureSet
from glitch_explorer.coupling.witnesses.effects import coincident, crossings
from glitch_explorer.coupling.witnesses.search import find_witnesses
from tests.fixtures.worlds import Plant, World, make_world, name

#: What is planted: name, witnesses.
KINDS: dict[str, tuple[Plant, ...]] = {
    "prompt": (Plant(3, 0.0),),
    "2 s before": (Plant(5, -2.0),),
    "20 s before": (Plant(9, -20.0),),
    "two": (Plant(3, 0.0), Plant(9, -2.0)),
    "quiet, 3 sigma": (Plant(4, 0.0, height=3.0),),
    "half efficiency": (Plant(4, 0.0, efficiency=0.5),),
    "correlated decoys": (Plant(6, 0.0, echoes=(11, 12)),),
    "none": (),
}
#: hveto's documented thresholds are Omicron's; ours are heights of z. Windows as documented, and wider.
SNRS = [4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0]
WINDOWS = {
    "hveto": [0.1, 0.2, 0.4, 0.8, 1.0],
    "hveto, windows to 50 s": [0.1, 0.2, 0.4, 0.8, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0],
}
LEAST_SIGNIFICANCE = 5.0
TOP = 3
ALPHA = 0.05


def triggers(features: FeatureSet, *, threshold: float) -> pd.DataFrame:
    """Make the triggers of every channel: the peak of each excursion of any of its bands.

    Columns channel, time (GPS s), frequency (Hz) and snr, the height in robust sigmas.
    """
    values = features.values.astype(float)
    middle = np.nanmedian(values, axis=0)
    values = (values - middle) / (1.4826 * np.nanmedian(np.abs(values - middle), axis=0))
    times = (features.live.bins + 0.5) * BIN_S
    edges = features.live.edges
    centre = np.sqrt(features.columns["low_hz"] * features.columns["high_hz"]).to_numpy()
    rows = []
    for channel, columns in features.columns.groupby("channel").indices.items():
        loudest = np.fmax.reduce(values[:, columns], axis=1)
        for a, b in pairwise(edges):
            at = np.searchsorted(times, crossings(loudest[a:b], times[a:b], threshold))
            band = columns[np.argmax(np.nan_to_num(values[at][:, columns], nan=-np.inf), axis=1)]
            rows += zip([channel] * len(at), times[at], centre[band], loudest[at], strict=True)
    return pd.DataFrame(rows, columns=["channel", "time", "frequency", "snr"])


def job(world: World, windows: list[float]) -> dict[str, object]:
    """Write a world down as `hveto_rounds.py` reads it."""
    made = triggers(world.features, threshold=SNRS[0])
    parts = made.groupby("channel")[["time", "frequency", "snr"]]
    return {
        "primary": [[t, 100.0, 10.0] for t in world.family["event_time"]],
        "auxiliary": {channel: part.values.tolist() for channel, part in parts},
        "segments": world.segments.tolist(),
        "snrs": SNRS,
        "windows": windows,
        "least": LEAST_SIGNIFICANCE,
        "what": "rounds",
    }


def bursts() -> dict[str, object]:
    """400 bursts of five primaries 0.25 s apart, an auxiliary trigger in the middle of each."""
    middles = 1000.0 + 50.0 * np.arange(400)
    primary = (middles[:, None] + 0.25 * np.arange(-2, 3)).ravel()
    return {
        "primary": [[t, 100.0, 10.0] for t in primary],
        "auxiliary": {name(0): [[t + 0.01, 100.0, 10.0] for t in middles]},
        "snrs": [4.0],
        "windows": [2.0],
        "what": "count",
    }


def ours(world: World, slides: int) -> list[str]:
    """Give the significant groups, best first, each as its channels."""
    found = find_witnesses(
        world.features,
        world.family,
        world.quiet,
        world.segments,
        world.channels,
        family_id="F001",
        ifo="H1",
        slides=slides,
        pseudo=0,
        seed=1,
        threads=1,
    ).table
    if found.empty:
        return []
    members = found.groupby("group")["channel"].unique()
    kept = found[found["p_fwer"] <= ALPHA].drop_duplicates("group")
    return [" ".join(members[group]) for group in kept["group"]]


def score(plants: tuple[Plant, ...], named: list[str]) -> tuple[int, int, int]:
    """Count: a planted witness comes first, those in the first three, and names beside them."""
    heard = [{name(k) for k in (plant.channel, *plant.echoes)} for plant in plants]
    places = [
        next((i for i, words in enumerate(named) if own & set(words.split())), len(named)) for own in heard
    ]
    false = sum(not any(own & set(words.split()) for own in heard) for words in named)
    return int(bool(named) and 0 in places), sum(at < min(TOP, len(named)) for at in places), false


def one(task: tuple[str, int], *, slides: int) -> tuple[list[str], list[dict[str, object]]]:
    kind, seed = task
    world = make_world(seed, plants=KINDS[kind], channels=25, glitches=60)
    return ours(world, slides), [job(world, windows) for windows in WINDOWS.values()]


def run_hveto(python: str, jobs: list[dict[str, object]]) -> list:
    """Hand the jobs to hveto's own environment; -I keeps this folder's `hveto.py` out of its way."""
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder) / "jobs.json", Path(folder) / "answers.json"
        asked.write_text(json.dumps(jobs))
        program = Path(__file__).with_name("hveto_rounds.py")
        subprocess.run([python, "-I", program, asked, answered], check=True)
        return json.loads(answered.read_text())


def report(answers: dict[str, list[list[str]]], tasks: list[tuple[str, int]]) -> None:
    """Print the table: a row a kind and method."""
    print("| planted | method | worlds | first is planted | recall in the first 3 | others named, a world |")
    print("|---|---|---|---|---|---|")
    for kind, plants in [*KINDS.items(), ("all with witnesses", None)]:
        for method, named in answers.items():
            chosen = [i for i, (own, _) in enumerate(tasks) if own == kind or (plants is None and KINDS[own])]
            if not chosen:
                continue
            scores = [score(KINDS[tasks[i][0]], named[i]) for i in chosen]
            first, top, false = (sum(part) for part in zip(*scores, strict=True))
            planted, n = sum(len(KINDS[tasks[i][0]]) for i in chosen), len(chosen)
            said = f"{first / n:.2f} | {top / planted:.2f}" if planted else "– | –"
            print(f"| {kind} | {method} | {n} | {said} | {false / n:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--python", help="python of an environment that has hveto")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--command", action="store_true", help="run the whole command too, on few worlds")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="what is planted")
    parser.add_argument("--slides", type=int, default=500)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    tasks = [
        (kind, 1000 * k + s)
        for k, kind in enumerate(KINDS)
        for s in range(options.seeds)
        if kind in options.kinds
    ]
    with ProcessPoolExecutor(options.processes) as pool:
        made = list(pool.map(partial(one, slides=options.slides), tasks))
    answers = {"ours": [own for own, _ in made]}
    burst = bursts()
    primary, auxiliary = (np.array(rows)[:, 0] for rows in (burst["primary"], burst["auxiliary"][name(0)]))
    exact = coincident(primary, auxiliary, burst["windows"][0])
    if options.python:
        jobs = [one for _, asked in made for one in asked]
        won = run_hveto(options.python, [*jobs, burst])
        for number, method in enumerate(WINDOWS):
            rounds = won[:-1][number :: len(WINDOWS)]
            answers[method] = [[winner["channel"] for winner in own] for own in rounds]
    report(answers, tasks)
    print(f"\nbursts: {len(primary)} primaries, ours {exact} coincident", end="")
    print(f", hveto {won[-1]}" if options.python else "")
    if options.python and options.command:
        some = range(0, len(jobs), options.seeds * len(WINDOWS))
        again = run_hveto(options.python, [{**jobs[i], "what": "command"} for i in some])
        same = sum(own == won[i] for own, i in zip(again, some, strict=True))
        print(f"the whole command on {len(again)} worlds: the same rounds in {same}")


if __name__ == "__main__":
    main()

"""Time the coincidences of thousands of channels of triggers: `python benchmarks/triggers.py`.

At full size 5,000 channels of 10,000 triggers in a day, 2,000 glitches, 500 slides, hveto's five windows and
twelve thresholds, on two threads; `--part 0.1` takes a tenth of the channels. Triggers and glitches come in
bursts. Channel 0 hears a tenth of the glitches. Reading files is not in it, hveto's first round is.
"""

import argparse

import numpy as np
from harness import peak_mib, print_table, timed

from glitch_explorer.coupling.coincidence.rounds import hveto_rounds
from glitch_explorer.coupling.coincidence.scan import Scan
from glitch_explorer.coupling.coincidence.search import find_coincidences
from glitch_explorer.coupling.coincidence.triggers import AuxiliaryTriggers, clean_triggers, cluster_triggers

DAY_S = 86_400.0


def bursts(rng: np.random.Generator, n: int, length_s: float) -> np.ndarray:
    """Draw n times: half in bursts of a minute, half anywhere."""
    centres = rng.uniform(0, length_s, max(n // 200, 1))
    times = np.concatenate(
        [rng.choice(centres, n // 2) + rng.normal(0, 60, n // 2), rng.uniform(0, length_s, n - n // 2)]
    )
    return np.sort(np.clip(times, 0, length_s - 1))


def auxiliary(
    rng: np.random.Generator, channels: int, triggers: int, glitches: np.ndarray, segments: np.ndarray
) -> list[AuxiliaryTriggers]:
    rows = []
    for k in range(channels):
        times = bursts(rng, triggers, segments[-1, 1])
        if k == 0:
            times[: len(glitches) // 10] = glitches[::10][: len(glitches) // 10]
        snr = (7.75 * rng.pareto(2.5, triggers) + 7.75).astype(np.float32)
        raw = AuxiliaryTriggers(f"L1:A-{k:04d}", times, snr, segments)
        rows.append(cluster_triggers(clean_triggers(raw, segments)[0]))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", type=float, default=1.0, help="share of the channels")
    parser.add_argument("--channels", type=int, default=5000)
    parser.add_argument("--triggers", type=int, default=10_000)
    parser.add_argument("--glitches", type=int, default=2000)
    parser.add_argument("--slides", type=int, default=500)
    parser.add_argument("--days", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    rng = np.random.default_rng(1)
    segments = np.array([[0.0, arguments.days * DAY_S]])
    times = bursts(rng, arguments.glitches, segments[-1, 1])
    channels = auxiliary(
        rng, max(round(arguments.part * arguments.channels), 1), arguments.triggers, times, segments
    )
    options = {"scan": Scan(), "seed": 1, "threads": arguments.threads}
    find_coincidences(
        times[::50], segments, channels[:2], ["unknown"] * 2, slides=9, most_slides=9, **options
    )
    print(
        f"{len(channels)} channels, {sum(map(len, channels))} triggers after clustering, "
        f"{len(times)} glitches, {arguments.slides} slides, {len(Scan().cells(channels[0]))} cells"
    )
    with timed() as spent:
        table = find_coincidences(
            times,
            segments,
            channels,
            ["unknown"] * len(channels),
            slides=arguments.slides,
            most_slides=arguments.slides,
            **options,
        ).table
    rows = [
        (f"coincidences, {arguments.threads} threads", f"{spent.seconds:.1f}", f"{spent.core_seconds:.1f}")
    ]
    with timed() as spent:
        rounds = hveto_rounds(times, segments, channels, scan=Scan(), most_rounds=1)
    rows.append(("a round of hveto", f"{spent.seconds:.1f}", f"{spent.core_seconds:.1f}"))
    print_table(("what", "seconds", "core-seconds"), rows)
    first, winner = table.iloc[0], rounds[0].channel if rounds else "none"
    print(f"\nfirst: {first['channel']}, p {first['p_fwer']:.4f}; hveto's: {winner}")
    print(f"peak {peak_mib():.0f} MiB")


if __name__ == "__main__":
    main()

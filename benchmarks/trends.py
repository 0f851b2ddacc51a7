"""Minute trends as witnesses: `python benchmarks/trends.py`.

Calibration: families whose rate changes in bursts and over hours, without coupling, against trends with a
daily cycle and memory, and families whose rate follows a trend's slow drift. Power: a third of the minutes of
a family's glitches have a level that is raised by a factor. Scale: `--channels` trends of `--days` days,
written to HDF5 and read, against `--glitches` glitches. With `--data FOLDER`, the minute trends and glitches
of January and February 2020 that are published with "Scattering_noise" (siddharth101, GitHub).
"""

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from harness import peak_mib, print_table, timed

from glitch_explorer.core.intervals import contains
from glitch_explorer.coupling.auxiliary.trend_files import TrendSource, read_trends
from glitch_explorer.coupling.coincidence.scan import Scan
from glitch_explorer.coupling.coincidence.search import find_coincidences
from glitch_explorer.coupling.coincidence.trends import AuxiliaryTrend, flag_trend

MINUTE_S, DAY_MINUTES, START = 60.0, 1440, 1_262_649_600.0
TRENDS, GLITCHES = "L1_minute_trends_O3b_Jan-Feb2020.hdf5", "L1_scattered_light_O3b_Jan-Feb2020.csv"
SEGMENTS = "o3b_L1_times.dat"


def smooth(rng: np.random.Generator, n: int, width: int) -> np.ndarray:
    """Draw a series with unit variance and a memory of `width` samples."""
    values = np.convolve(rng.normal(size=n + width - 1), np.ones(width), "valid")
    return values / np.sqrt(width)


def locks(days: int, *, length: int = 400, gap: int = 15) -> np.ndarray:
    """Return segments of `length` minutes with gaps between them."""
    first = np.arange(0, days * DAY_MINUTES - length, length + gap)
    return START + MINUTE_S * np.column_stack([first, first + length])


def levels(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw a positive trend with a daily cycle, a drift over hours and memory of some minutes."""
    cycle = np.sin(2 * np.pi * (np.arange(n) / DAY_MINUTES + rng.uniform()))
    return np.exp(cycle + 0.5 * smooth(rng, n, 300) + 0.3 * smooth(rng, n, 4))


def drawn(rng: np.random.Generator, rate: np.ndarray, segments: np.ndarray) -> np.ndarray:
    """Draw glitches with a rate per minute within the segments."""
    counts = rng.poisson(rate)
    times = START + MINUTE_S * np.repeat(np.arange(len(rate)), counts) + rng.uniform(0, 60, counts.sum())
    return np.sort(times[contains(segments, times)])


def flag(name: str, values: np.ndarray, segments: np.ndarray) -> AuxiliaryTrend:
    return flag_trend(name, values, start=START, sample_s=MINUTE_S, live=segments)


def find(
    times: np.ndarray, trends: list[AuxiliaryTrend], segments: np.ndarray, *, slides: int
) -> pd.DataFrame:
    safety = ["unknown"] * len(trends)
    options = {"slides": slides, "most_slides": slides, "seed": 1, "threads": 2}
    return find_coincidences(times, segments, trends, safety, scan=Scan(), **options).table


def bursts(rng: np.random.Generator, n: int) -> tuple[np.ndarray, list[np.ndarray]]:
    return 0.1 * np.exp(smooth(rng, n, 30) + 0.5 * smooth(rng, n, 300)), [levels(rng, n) for _ in range(5)]


def following(rng: np.random.Generator, n: int, *, width: int = 60) -> tuple[np.ndarray, list[np.ndarray]]:
    """Draw a rate that follows a smooth drift with a standard deviation of `width` minutes in its kernel."""
    kernel = np.exp(-0.5 * np.linspace(-4, 4, 8 * width + 1) ** 2)
    drift = np.convolve(rng.normal(size=n + 8 * width), kernel / np.linalg.norm(kernel), "valid")
    rate = np.exp(drift)
    trends = [np.exp(drift + 0.1 * rng.normal(size=n)), *(levels(rng, n) for _ in range(4))]
    return 0.2 * rate / rate.mean(), trends


def calibration(families: int, days: int, seed: int) -> list[tuple[str, int, str, str]]:
    """Return the share of families with any p up to 0.05 and up to 0.2, and its standard error."""
    rows = []
    kinds: dict[str, Callable[..., tuple[np.ndarray, list[np.ndarray]]]] = {
        "in bursts, no coupling": bursts,
        "rate follows a drift, 2 hours": partial(following, width=120),
        "rate follows a drift, 1 hour": following,
        "rate follows a drift, 20 minutes": partial(following, width=20),
    }
    segments = locks(days)
    for name, draw in kinds.items():
        p_values = []
        for number in range(families):
            rng = np.random.default_rng([seed, number])
            rate, values = draw(rng, days * DAY_MINUTES)
            trends = [flag(f"L1:T-{k}", level, segments) for k, level in enumerate(values)]
            p_values.append(find(drawn(rng, rate, segments), trends, segments, slides=99)["p_fwer"].min())
        shares = [np.mean(np.array(p_values) <= level) for level in (0.05, 0.2)]
        cells = [f"{share:.3f} ± {np.sqrt(share * (1 - share) / families):.3f}" for share in shares]
        rows.append((name, families, *cells))
    return rows


def power(families: int, days: int) -> list[tuple[str, str, str]]:
    """Return how often a trend that acts is the first channel with p up to 0.05."""
    rows = []
    segments = locks(days)
    for factor in (1.5, 2.0, 3.0):
        hits, shares = 0, []
        for number in range(families):
            rng = np.random.default_rng([8, number])
            n = days * DAY_MINUTES
            times = drawn(rng, np.full(n, 0.1), segments)
            minutes = ((times - START) // MINUTE_S).astype(int)[rng.uniform(size=len(times)) < 1 / 3]
            acting = levels(rng, n)
            acting[minutes] *= factor
            values = [acting, *(levels(rng, n) for _ in range(4))]
            trends = [flag(f"L1:T-{k}", level, segments) for k, level in enumerate(values)]
            first = find(times, trends, segments, slides=99).iloc[0]
            hits += first["channel"] == "L1:T-0" and first["p_fwer"] <= 0.05
            shares.append(first["excess_efficiency"])
        rows.append((f"{factor:g}", f"{hits} of {families}", f"{np.mean(shares):.2f}"))
    return rows


def scale(channels: int, days: int, glitches: int) -> list[tuple[str, str, str]]:
    """Time the reading and the comparison of many trends; the first acts."""
    rng = np.random.default_rng(9)
    n, segments = days * DAY_MINUTES, locks(days)
    rate = np.exp(smooth(rng, n, 30))
    times = drawn(rng, glitches / rate.sum() * rate * 1.05, segments)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trends.hdf5"
        with h5py.File(path, "w") as file:
            for number in range(channels):
                values = levels(rng, n)
                if number == 0:
                    values[((times[::3] - START) // MINUTE_S).astype(int)] *= 2
                data = file.create_dataset(f"L1:T-{number:04d}.mean", data=values)
                data.attrs.update({"x0": START, "dx": MINUTE_S, "unit": "", "channel": "", "name": ""})
        with timed() as spent:
            trends = read_trends(TrendSource([str(path)]), "L1", segments)
        rows.append(("read and flag", f"{spent.seconds:.1f}", f"{spent.core_seconds:.1f}"))
    with timed() as spent:
        table = find(times, trends, segments, slides=500)
    rows.append((f"{len(times)} glitches, 500 slides", f"{spent.seconds:.1f}", f"{spent.core_seconds:.1f}"))
    print(f"first: {table['channel'].iloc[0]}, p {table['p_fwer'].iloc[0]:.4f}; peak {peak_mib():.0f} MiB")
    return rows


def real(data: Path) -> list[tuple[str, ...]]:
    """Compare ground motion and wind with the glitches labelled Scattered_Light of 27 days."""
    segments = np.loadtxt(data / SEGMENTS)[:, :2]
    span = START + np.array([0.0, 27 * DAY_MINUTES * MINUTE_S])
    segments = np.clip(segments, *span)
    segments = segments[segments[:, 1] > segments[:, 0]]
    times = np.unique(pd.read_csv(data / GLITCHES)["GPStime"])
    source = TrendSource([str(data / TRENDS)], ["*:ISI-GND_*", "*:PEM-*"])
    table = find(times, read_trends(source, "L1", segments), segments, slides=2000)
    return [
        (
            row["channel"],
            f"{row['measure']} {100 * row['top_share']:g} %",
            f"{row['lag']:g}",
            f"{row['efficiency']:.3f}",
            f"{row['expected_efficiency']:.3f}",
            f"{row['excess_efficiency']:.3f} ({row['excess_low']:.3f}–{row['excess_high']:.3f})",
            f"{row['t_statistic']:.2f}",
            f"{row['p_fwer']:.4f}",
        )
        for _, row in table.iterrows()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the published trends and glitches")
    parser.add_argument("--families", type=int, default=400, help="of each calibration; 0 leaves it out")
    parser.add_argument("--seed", type=int, default=7, help="of the calibration")
    parser.add_argument("--channels", type=int, default=1000, help="of the test of scale; 0 leaves it out")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--glitches", type=int, default=9000)
    arguments = parser.parse_args()
    if arguments.families:
        rows = calibration(arguments.families, 2, arguments.seed)
        print_table(("families", "n", "any p ≤ 0.05", "any p ≤ 0.2"), rows)
        print_table(("factor", "found", "excess efficiency"), power(arguments.families // 4, 2))
    if arguments.data:
        head = ("channel", "measure", "lag", "efficiency", "by chance", "excess", "T", "p")
        print_table(head, real(arguments.data))
    if arguments.channels:
        print_table(
            ("what", "seconds", "core-seconds"), scale(arguments.channels, arguments.days, arguments.glitches)
        )


if __name__ == "__main__":
    main()

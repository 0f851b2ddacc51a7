"""How well costs are told: `python benchmarks/costs.py charges`, `... intervals`, `... speed`.

charges: worlds of 24 segments of eight minutes whose 20 families come in the same spells. What glitches take
from their minute is planted, once by family and once in proportion to SNR^2. Printed is how far from it
each way of charging is: ours (`impact.attribution`), shares in proportion to SNR^2, and those less the same
at circular slides of the family's train.

intervals: sums over 24 blocks, counts negative binomial, with and without signed noise. Printed is how often
95 % intervals for the mean hold it, by way of making them.

speed: a year of two detectors: seconds and peak memory of the minutes' references and of all costs.
"""

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from glitch_explorer.core import tables
from glitch_explorer.coupling.schemas import WITNESSES
from glitch_explorer.impact.cost.attribution import attribute
from glitch_explorer.impact.cost.bootstrap import block_intervals
from glitch_explorer.impact.cost.gather import family_costs
from glitch_explorer.impact.cost.minutes import minute_frame, spans_of, with_losses
from glitch_explorer.impact.cost.ranges import gate_union
from glitch_explorer.impact.cost.settings import CostSettings

FAMILIES, BLOCKS, MINUTES = 20, 24, 8
TAKEN = np.zeros(FAMILIES)
TAKEN[[1, 5, 6, 11, 16, 18]] = 0.15, 0.09, 0.06, 0.036, 0.03, 0.02
SLIDES, DRAWS = 20, 400


def world(rng: np.random.Generator, *, by_power: bool) -> dict[str, np.ndarray]:
    """Plant families in the first five minutes of each segment."""
    mean = (10 + 2 * np.arange(FAMILIES))[:, None] / BLOCKS
    count = rng.poisson(mean * rng.gamma(0.7, 1 / 0.7, (FAMILIES, BLOCKS)))
    family = np.repeat(np.arange(FAMILIES), count.sum(axis=1))
    block = np.concatenate([np.repeat(np.arange(BLOCKS), own) for own in count])
    minute = block * MINUTES + rng.integers(0, 5, len(block))
    snr = np.minimum(10 * (1 - rng.uniform(size=len(family))) ** (-1 / 1.4) * (1 + 3 * (family % 4)), 3000)
    taken = TAKEN[family] * rng.lognormal(0, 0.3, len(family))
    if by_power:
        taken = np.minimum(3e-6 * snr**2, 0.3)
    n = BLOCKS * MINUTES
    noise = rng.normal(0, 0.012, n) + np.repeat(rng.normal(0, 0.005, BLOCKS), MINUTES)
    loss = 60 * (np.bincount(minute, taken, minlength=n) + noise)
    return {"family": family, "minute": minute, "power": snr**2, "taken": 60 * taken, "loss": loss}


def shares(minute: np.ndarray, power: np.ndarray, others: np.ndarray, loss: np.ndarray) -> float:
    """Sum one family's share of each minute; `others (m,)` is the SNR^2 of the rest."""
    own = np.bincount(minute, power, minlength=len(loss))
    return float((loss * own / np.maximum(own + others, 1e-9)).sum())


def by_shares(made: dict[str, np.ndarray], rng: np.random.Generator, *, slides: int) -> np.ndarray:
    """Charge by shares of SNR^2, less the mean of slides where there are any."""
    n = len(made["loss"])
    total = np.bincount(made["minute"], made["power"], minlength=n)
    charge = np.zeros(FAMILIES)
    for k in range(FAMILIES):
        own = made["family"] == k
        minute, power = made["minute"][own], made["power"][own]
        others = np.maximum(total - np.bincount(minute, power, minlength=n), 0.0)
        charge[k] = shares(minute, power, others, made["loss"])
        for _ in range(slides):
            slid = (minute + rng.integers(2, n - 1)) % n
            charge[k] -= shares(slid, power, others, made["loss"]) / slides
    return charge


def ours(made: dict[str, np.ndarray]) -> np.ndarray:
    """Charge as the workflow does."""
    n = BLOCKS * MINUTES
    return attribute(
        made["loss"],
        np.full(n, 60.0),
        np.repeat(np.arange(BLOCKS), MINUTES),
        minute=made["minute"],
        family=made["family"],
        power=made["power"],
        n_families=FAMILIES,
        n_blocks=BLOCKS,
    ).charge


def charges(worlds: int) -> None:
    """Print the error of each way of charging, in seconds of the whole volume."""
    print("planted | way | root mean square | bias, costly | bias, harmless")
    for by_power in (False, True):
        errors: dict[str, list[np.ndarray]] = {}
        for seed in range(worlds):
            rng = np.random.default_rng([seed, int(by_power)])
            made = world(rng, by_power=by_power)
            truth = np.bincount(made["family"], made["taken"], minlength=FAMILIES)
            for name, charge in (
                ("ours", ours(made)),
                ("shares", by_shares(made, rng, slides=0)),
                ("shares less slides", by_shares(made, rng, slides=SLIDES)),
            ):
                errors.setdefault(name, []).append(charge - truth)
        costly = np.full(FAMILIES, True) if by_power else TAKEN > 0
        for name, found in errors.items():
            bias = np.mean(found, axis=0)
            harmless = f"{bias[~costly].mean():.1f}" if (~costly).any() else "-"
            spread = np.sqrt(np.mean(np.square(found)))
            planted = "by SNR^2" if by_power else "by family"
            print(f"{planted} | {name} | {spread:.1f} | {bias[costly].mean():.1f} | {harmless}")


def percentile(sums: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Plain percentiles of the bootstrap."""
    low, high = np.percentile(sums @ drawn.T, [2.5, 97.5], axis=1)
    return low, high


def bca(sums: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bias-corrected and accelerated percentiles (Efron 1987)."""
    total, made = sums.sum(axis=1), sums @ drawn.T
    below = (made < total[:, None]).mean(axis=1) + 0.5 * (made == total[:, None]).mean(axis=1)
    z0 = stats.norm.ppf(np.clip(below, 1 / DRAWS, 1 - 1 / DRAWS))
    away = sums - sums.mean(axis=1, keepdims=True)
    speed = (away**3).sum(axis=1) / np.maximum(6 * (away**2).sum(axis=1) ** 1.5, 1e-12)
    ends = []
    for z in (-1.96, 1.96):
        level = stats.norm.cdf(z0 + (z0 + z) / (1 - speed * (z0 + z)))
        ends.append(np.array([np.quantile(row, q) for row, q in zip(made, level, strict=True)]))
    return ends[0], ends[1]


def student(sums: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bootstrap-t."""
    n, total = sums.shape[1], sums.sum(axis=1)
    error = sums.std(axis=1, ddof=1) * np.sqrt(n)
    made = sums @ drawn.T
    square = np.maximum((sums**2) @ drawn.T / n - (made / n) ** 2, 0) * n / (n - 1)
    t = np.where(square > 0, (made - total[:, None]) / np.sqrt(np.maximum(n * square, 1e-12)), 0.0)
    low, high = np.percentile(t, [2.5, 97.5], axis=1)
    return total - high * error, total - low * error


def roots(sums: np.ndarray, _drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Student's t of the square root."""
    n, root = sums.shape[1], np.sqrt(np.maximum(sums.sum(axis=1), 0))
    half = stats.t.ppf(0.975, n - 1) * sums.std(axis=1, ddof=1) * np.sqrt(n) / np.maximum(2 * root, 1e-9)
    return np.maximum(root - half, 0) ** 2, (root + half) ** 2


def corrected(sums: np.ndarray, _drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ours."""
    away = sums - sums.mean(axis=1, keepdims=True)
    return block_intervals(sums.sum(axis=1), away, (sums != 0).sum(axis=1))


WAYS: dict[str, Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]] = {
    "percentile": percentile,
    "BCa": bca,
    "bootstrap-t": student,
    "root t": roots,
    "ours": corrected,
}


def intervals(worlds: int) -> None:
    """Print the coverage of each way, in per cent."""
    rng = np.random.default_rng(1)
    drawn = rng.multinomial(BLOCKS, np.ones(BLOCKS) / BLOCKS, DRAWS).astype(float)
    print("glitches | shape | noise |", " | ".join(WAYS))
    seen: dict[str, list[float]] = {name: [] for name in WAYS}
    for mean in (2, 4, 7, 10, 25, 60):
        for shape in (0.35, 0.7, 3.0):
            for noise in (0.0, 2.0):
                count = rng.poisson(mean / BLOCKS * rng.gamma(shape, 1 / shape, (worlds, BLOCKS)))
                sums = rng.gamma(np.maximum(2.0 * count, 1e-9), 0.75) * (count > 0)
                sums += noise * np.sqrt(np.minimum(count, 4)) * rng.standard_normal(count.shape)
                sums = sums[count.sum(axis=1) > 0]
                for name, way in WAYS.items():
                    low, high = way(sums, drawn)
                    seen[name].append(100 * float(((low <= 1.5 * mean) & (high >= 1.5 * mean)).mean()))
                row = " | ".join(f"{held[-1]:.1f}" for held in seen.values())
                print(f"{mean} | {shape} | {noise} | {row}", flush=True)
    for word, sum_up in (("mean", np.mean), ("worst", np.min)):
        print(f"{word} | | | " + " | ".join(f"{sum_up(held):.1f}" for held in seen.values()))


def speed(glitches: int, families: int, days: int) -> None:
    """Print what a year takes."""
    rng = np.random.default_rng(0)
    day = 86400.0 * np.arange(days)
    spans = pd.DataFrame({"start": day + 1000.0, "end": day + 80000.0, "flag": "", "source": ""})
    segments = pd.concat([spans.assign(ifo=ifo) for ifo in ("H1", "L1")], ignore_index=True)
    own = pd.DataFrame(
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
    members = own[["glitch_id"]].assign(
        view="", family=named, probability=1.0, outlier_score=0.0, isolation=1.0
    )
    settings = CostSettings(gate_snr=20.0)
    began = time.perf_counter()
    parts = []
    for ifo in ("H1", "L1"):
        live = spans_of(segments, ifo)
        frame = minute_frame(live, gate_union(own, ifo, live, settings))
        reach = 100 * np.exp(0.01 * rng.standard_normal(len(frame)))
        parts.append(with_losses(frame, reach, ifo=ifo, source="drawn"))
    minutes = pd.concat(parts, ignore_index=True)
    print(f"{len(minutes)} minutes: {time.perf_counter() - began:.1f} s")
    began = time.perf_counter()
    nothing = tables.empty(WITNESSES)
    made = family_costs(own, members, segments, minutes, witnesses=nothing, settings=settings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{len(made.cost)} costs of {glitches} glitches: {time.perf_counter() - began:.1f} s, {peak:.2f} GiB"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["charges", "intervals", "speed"])
    parser.add_argument("--worlds", type=int, default=1500, help="worlds a case; 60 are enough for charges")
    parser.add_argument("--glitches", type=int, default=600_000)
    parser.add_argument("--families", type=int, default=300)
    parser.add_argument("--days", type=int, default=330)
    given = parser.parse_args()
    if given.what == "speed":
        speed(given.glitches, given.families, given.days)
    else:
        {"charges": charges, "intervals": intervals}[given.what](given.worlds)

"""Slow drivers on real counts: `python benchmarks/slow_drivers.py --data ../shared/data`.

The month: the rate ratios of 16 drivers of Livingston in January and February 2020.

Calibration: the counts of that month with their overdispersion, memory and live time, and drivers that do
not act, one for each band of the real ones. They are
- phases: the real drivers with random phases, so with a daily cycle at any phase;
- process: series drawn from their smoothed spectra, with the real daily and weekly cycle at any phase;
- live: the same, known in live minutes only, as drivers are that come from raw channels;
- local: the same with the cycle at its local hours, so that it may move with the rate, but not beyond the
  clock;
- shifted: the real drivers, with their storms, moved by whole days (26 sets), which may do so as well.
Printed is the share of p-values up to 0.05, with the standard error of the sets, by question; and the share
of sets with any corrected p up to 0.05.

Power: counts are thinned so that the rate rises with a driver of the first kind, by 1.5, 2 and 3 from its
median to its 90th percentile. Printed is the share of p up to 0.05, that of an oracle which knows the form of
the effect, and the share of intervals that cover the planted ratio.

Surrogates are few (39 instead of 499), which makes p coarser, not smaller.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from harness import print_table, timed

from glitch_explorer.core.arrays import Float64
from glitch_explorer.coupling.rates.clock import clock_terms
from glitch_explorer.coupling.rates.curve import Curve
from glitch_explorer.coupling.rates.drivers import rate_tables
from glitch_explorer.coupling.rates.effects import Effects, Question, driver_effects
from glitch_explorer.coupling.rates.nulls import Estimate, corrected_p
from glitch_explorer.coupling.rates.problem import Driver, Rates, make_driver
from tests.fixtures.trends import (
    Month,
    daily_profiles,
    process_levels,
    read_month,
    surrogate_levels,
    thinned,
)

RATIOS = (1.5, 2.0, 3.0)
#: The planted effect ends at this many distances from the median to the 90th percentile.
MOST = 1.5
DRAWS = 39
DAY_MIN = 1440


def print_month(month: Month) -> None:
    """Print the rate ratios of all drivers of the month."""
    tables = rate_tables(
        {"Scattered_Light": month.times},
        month.minute,
        month.live,
        month.levels,
        month.columns,
        ifo="L1",
        seed=1,
    )
    rows = []
    for row in tables["Scattered_Light"].drivers.to_dict("records"):
        cells = [row["channel"].split(":")[-1].removeprefix("ISI-GND_STS_").removesuffix(".mean")]
        for prefix in ("", "clock_", "overall_"):
            low, high = (row[f"{prefix or 'ratio_'}{end}"] for end in ("low", "high"))
            p = row[f"{prefix}p" if prefix else "p_value"]
            cells += [f"{row[f'{prefix}ratio']:.2f} ({low:.2f}-{high:.2f})", f"{p:.3f}"]
            cells += [f"{row[f'{prefix}p_fwer']:.3f}", f"{row[f'{prefix}least_ratio']:.2f}"]
        rows.append([*cells, f"{row['shifts_above']} of {row['shifts']}", row["joint_step"]])
    names = [
        f"{name}{question}"
        for question in (" within", " beyond", " overall")
        for name in ("ratio", "p", "p16", "visible")
    ]
    print_table(["driver", *names, "shifts", "joint"], rows)


def drawn_levels(month: Month, kind: str, n: int, seed: int) -> Iterator[Float64]:
    """Draw levels of drivers that do not act, one for each band."""
    columns = month.columns.drop_duplicates("band").index
    levels = month.levels[:, columns]
    profile = daily_profiles(levels, month.minute, "L1")
    days = len(levels) // DAY_MIN
    for number in range(min(n, days - 1) if kind == "shifted" else n):
        rng = np.random.default_rng([seed, number])
        if kind == "phases":
            yield surrogate_levels(levels, rng)
        elif kind == "shifted":
            yield np.roll(levels, (number + 1) * DAY_MIN, axis=0)
        else:
            phase = 0 if kind == "local" else int(rng.integers(len(levels)))
            drawn = process_levels(levels - profile, rng) + np.roll(profile, phase, axis=0)
            yield np.where(month.live[:, None] | (kind != "live"), drawn, np.nan)


def usable(levels: Float64, month: Month) -> dict[int, Driver]:
    """Return the drivers of levels ``(n, m)``, by number."""
    drivers = [make_driver(level, month.live) for level in levels.T]
    return {number: driver for number, driver in enumerate(drivers) if isinstance(driver, Driver)}


def p_values(effects: Effects, n: int) -> tuple[Float64, float]:
    """Return the p-values of n drivers, 1 where there is none, and the smallest corrected one."""
    estimates = {number: result for number, result in effects.items() if isinstance(result, Estimate)}
    p = np.ones(n)
    p[list(estimates)] = [estimate.p_value for estimate in estimates.values()]
    return p, float(corrected_p(list(estimates.values())).min(initial=1.0))


def calibration(month: Month, rates: Rates, n: int, seed: int) -> None:
    """Print how often drivers that do not act are significant."""
    bands = month.columns["band"].drop_duplicates().tolist()
    rows = []
    for kind in ("phases", "process", "live", "local", "shifted"):
        results: dict[Question, list[tuple[Float64, float]]] = {question: [] for question in Question}
        for number, levels in enumerate(drawn_levels(month, kind, n, seed)):
            effects = driver_effects([rates], usable(levels, month), seed=seed + number, draws=DRAWS)
            for question, by_driver in effects[0].items():
                results[question].append(p_values(by_driver, len(bands)))
        for question, pairs in results.items():
            hits = np.array([p for p, _ in pairs]) <= 0.05
            error = hits.mean(axis=1).std() / np.sqrt(len(hits))
            any_hit = np.mean([smallest <= 0.05 for _, smallest in pairs])
            shares = [f"{share:.3f}" for share in hits.mean(axis=0)]
            cells = (kind, len(hits), question, f"{hits.mean():.3f} ± {error:.3f}", f"{any_hit:.3f}")
            rows.append([*cells, *shares])
    print_table(["drivers", "sets", "question", "p up to 0.05", "any, corrected", *bands], rows)


def power(month: Month, rates: Rates, n: int, seed: int) -> None:
    """Print how often a planted effect is significant, and how often it is to an oracle."""
    seen: dict[tuple[Question, float], list[tuple[bool, bool, bool]]] = {}
    for number, levels in enumerate(drawn_levels(month, "phases", n, seed)):
        rng = np.random.default_rng([seed, number, 2])
        for driver in usable(levels, month).values():
            form = np.clip((driver.level - driver.median) / (driver.high - driver.median), -MOST, MOST)
            counts = [thinned(rates.counts.astype(int), form, ratio, rng).astype(float) for ratio in RATIOS]
            families = [replace(rates, counts=fewer) for fewer in counts]
            both = {0: driver, 1: oracle(driver, form)}
            results = driver_effects(families, both, seed=seed + number, draws=DRAWS)
            for ratio, effects in zip(RATIOS, results, strict=True):
                for question, by_driver in effects.items():
                    ours, best = by_driver[0], by_driver[1]
                    if isinstance(ours, Estimate) and isinstance(best, Estimate):
                        low, high = ours.interval
                        case = (is_seen(ours), is_seen(best), low <= ratio <= high)
                        seen.setdefault((question, ratio), []).append(case)
    rows = []
    for (question, ratio), cases in seen.items():
        ours, best, covered = np.array(cases).mean(axis=0)
        shares = (f"{ours:.3f}", f"{best:.3f}", f"{ours / best:.2f}", f"{covered:.3f}")
        rows.append((question, ratio, len(cases), *shares))
    print_table(["question", "ratio", "n", "seen", "oracle", "relative power", "covered"], sorted(rows))


def oracle(driver: Driver, form: Float64) -> Driver:
    """Return the driver with the form of the planted effect in place of its curve."""
    return replace(driver, level=form, curve=Curve(np.empty(0), 0.0, 1.0), contrast=np.ones(1))


def is_seen(estimate: Estimate) -> bool:
    """Return whether a rise is significant."""
    return estimate.p_value <= 0.05 and estimate.value > 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--surrogates", type=int, default=1000, help="sets of idle drivers of each kind")
    parser.add_argument("--planted", type=int, default=100, help="sets of drivers with an effect")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    month = read_month(options.data)
    counts = np.where(month.live, month.counts, 0).astype(float)
    rates = Rates(month.minute, month.live, counts, clock_terms(month.minute, "L1"))
    with timed() as spent:
        print_month(month)
        calibration(month, rates, options.surrogates, options.seed)
        power(month, rates, options.planted, options.seed + 1)
    print(f"{spent.core_seconds / 60:.0f} core minutes")


if __name__ == "__main__":
    main()

"""The plan of the simulated month: drivers, live time, families, and the times of their glitches."""

from dataclasses import dataclass

import numpy as np

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.observatory.month.trends import (
    KINDS,
    PLACES,
    level_of,
    live_minutes,
    local_days,
    slow_series,
)
from glitch_explorer.observatory.plan import stream

#: First GPS minute: 6 January 2020, a Monday.
FIRST = 1262304000 // 60
DAY_MIN = 1440
#: Drivers of a detector, in turn: each has an idle copy. More would cost too much time.
DETECTOR_KINDS = (("microseism", "wind"), ("human", "earthquake"))
#: Glitches of a cluster after its first one, on average, and their mean delay, min.
CLUSTER, CLUSTER_MIN = 1.0, 2.0
#: Standard deviation of the logarithm of rates that no channel records, and its correlation time, h.
WANDER, WANDER_H = 0.5, 5.0
#: The logarithm of the rate ends at so many distances from the driver's median to its 90th percentile.
MOST = 3.0

# Random streams: the month's own, then of drivers, live time and families.
_MONTH = 700
_DRIVERS, _LIVE, _FAMILIES = range(3)


@dataclass(frozen=True)
class Family:
    """A planted family of the month.

    Attributes
    ----------
    name
        Name.
    n
        Expected number of glitches.
    driver
        Which driver of the detector raises or lowers the rate, None without one.
    ratio
        Rate at the driver's 90th percentile over that at its median.
    cycle
        Half of the range of the daily cycle, in the logarithm of the rate.
    """

    name: str
    n: int
    driver: int | None = None
    ratio: float = 1.0
    cycle: float = 0.0


FAMILIES = (
    Family("rises", 3000, driver=0, ratio=2.0),
    Family("rises_small", 500, driver=1, ratio=2.0),
    Family("falls", 1500, driver=1, ratio=0.5),
    Family("clock", 1500, cycle=0.8),
    Family("idle", 300),
)


@dataclass(frozen=True)
class Month:
    """A simulated month of one detector.

    Attributes
    ----------
    minute, live
        ``(n,)`` consecutive GPS minutes, and which of them are live.
    trends
        Channel to values ``(n,)``; the drivers, then their idle copies.
    units
        Channel to unit.
    times
        Family to the GPS times of its glitches.
    planted
        Family to the channel that drives it, None without one.
    """

    minute: Int64
    live: Bool
    trends: dict[str, Float64]
    units: dict[str, str]
    times: dict[str, Float64]
    planted: dict[str, str | None]


def make_month(*, seed: int, days: int, ifo: str, number: int) -> Month:
    """Draw a month.

    Parameters
    ----------
    seed
        Seed of the observatory.
    days
        Length in days.
    ifo, number
        Detector, and its number, which selects its drivers.
    """
    minute = np.arange(FIRST, FIRST + days * DAY_MIN)
    local = local_days(minute, ifo)
    kinds = DETECTOR_KINDS[number % len(DETECTOR_KINDS)]
    trends, units, channels = {}, {}, []
    for place, at in enumerate(PLACES):
        for index, kind in enumerate(kinds):
            channel, unit, draw = KINDS[kind]
            name = channel.format(ifo=ifo, at=at)
            trends[name] = draw(stream(seed, _MONTH, number, _DRIVERS, place, index), local)
            units[name] = unit
            channels.append(name)
    levels = [level_of(kind, trends[name]) for kind, name in zip(kinds, channels, strict=False)]
    ground = levels[max(kinds.index(kind) for kind in ("microseism", "earthquake") if kind in kinds)]
    live = live_minutes(stream(seed, _MONTH, number, _LIVE), ground)
    times = {}
    for index, family in enumerate(FAMILIES):
        rng = stream(seed, _MONTH, number, _FAMILIES, index)
        effect = np.zeros(len(minute))
        if family.driver is not None:
            effect = log_effect(levels[family.driver], live, family.ratio)
        wander = WANDER * slow_series(rng, len(minute), WANDER_H)
        rate = np.exp(effect + wander - family.cycle * np.cos(2 * np.pi * (local - 0.1)))
        rate *= family.n / rate[live].sum()
        times[family.name] = draw_times(rng, minute, live, rate)
    planted = {family.name: None if family.driver is None else channels[family.driver] for family in FAMILIES}
    return Month(minute, live, trends, units, times, planted)


def log_effect(level: Float64, live: Bool, ratio: float) -> Float64:
    """Return the logarithm of the rate ``(n,)`` relative to that at the driver's median.

    It is straight in the level, and log `ratio` at the 90th percentile; both quantiles are those of the live
    minutes.
    """
    median, high = np.quantile(level[live], (0.5, 0.9))
    return np.asarray(np.log(ratio) * np.clip((level - median) / (high - median), -MOST, MOST))


def draw_times(rng: np.random.Generator, minute: Int64, live: Bool, rate: Float64) -> Float64:
    """Draw the GPS times of glitches in live minutes, in clusters (Neyman & Scott 1958).

    Parameters
    ----------
    rng
        Random stream.
    minute, live
        ``(n,)`` consecutive GPS minutes, and which are live.
    rate
        ``(n,)`` expected glitches per minute.
    """
    parents = np.repeat(minute, rng.poisson(rate / (1 + CLUSTER))) + 0.0
    parents += rng.random(len(parents))
    children = np.repeat(parents, rng.poisson(CLUSTER, len(parents)))
    children += rng.exponential(CLUSTER_MIN, len(children))
    times = np.sort(np.concatenate([parents, children]))
    number = np.floor(times).astype(np.int64) - minute[0]
    inside = number < len(minute)
    times, number = times[inside], number[inside]
    return np.asarray(np.round(60 * times[live[number]], 3))

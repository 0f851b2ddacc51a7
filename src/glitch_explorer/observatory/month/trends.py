"""Minute trends of the simulated month: ground motion and wind, and when the detector is live."""

from collections.abc import Callable

import numpy as np

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.core.intervals import DAY_S, MINUTE_S
from glitch_explorer.observatory.ambience import NOON_S

#: Mean time between losses of lock in quiet ground, and mean time until the next lock, h.
LOCK_H, RELOCK_H = 14.0, 2.5
#: The lock is lost exp(this) times as often per standard deviation of the ground's level.
LOSS_BY_GROUND = 1.0
#: No lock while the ground is louder than in this share of the minutes.
LOUDEST = 0.95
#: Earthquakes per day, and how fast their ground motion decays, min.
EARTHQUAKES_PER_DAY, EARTHQUAKE_MIN = 2.0, 40.0
_HOUR_MIN = 60


def slow_series(rng: np.random.Generator, n: int, hours: float) -> Float64:
    """Draw ``(n,)`` minutes of a normal series with unit variance.

    Its correlation falls as exp(-t / `hours`). It is cut out of a series four times as long, so that its
    ends do not meet.
    """
    size = 4 * n
    angle = 2 * np.pi * np.fft.rfftfreq(size) * hours * _HOUR_MIN
    power = 1 / (1 + angle**2)
    noise = rng.normal(size=(2, len(power)))
    spectrum = np.sqrt(power) * (noise[0] + 1j * noise[1])
    return np.asarray(np.fft.irfft(spectrum, size)[:n] * size / (2 * np.sqrt(power.sum())))


def local_days(minute: Int64, ifo: str) -> Float64:
    """Return local time of GPS minutes ``(n,)`` at a site in days; whole numbers divisible by 7 are Sundays.

    Standard time, because the month is in winter. Sites other than Hanford and Livingston count in UTC.
    """
    noon = NOON_S.get(ifo, DAY_S / 2)
    return np.asarray((minute * MINUTE_S - noon) / DAY_S + 0.5, dtype=float)


def _daily(local: Float64) -> Float64:
    """Return the daily cycle: 1 at noon, -1 at midnight."""
    return -np.cos(2 * np.pi * local)


def _microseism(rng: np.random.Generator, local: Float64) -> Float64:
    """Draw microseism in nm/s: days of swell, and storms."""
    storms = np.maximum(slow_series(rng, len(local), 14.0) - 0.8, 0.0)
    return np.exp(5.7 + 0.4 * slow_series(rng, len(local), 8.0) + 0.7 * storms)


def _human(rng: np.random.Generator, local: Float64) -> Float64:
    """Draw anthropogenic ground motion in nm/s: more by day, less at weekends."""
    workday = ~np.isin(np.floor(local).astype(int) % 7, (0, 6))
    cycle = np.where(workday, 0.5, 0.2) * _daily(local)
    return np.exp(4.2 + cycle + 0.4 * slow_series(rng, len(local), 2.0))


def _earthquakes(rng: np.random.Generator, local: Float64) -> Float64:
    """Draw ground motion of earthquakes in nm/s, above that of quiet times."""
    n = len(local)
    quakes = np.zeros(n)
    shaken = rng.random(n) < EARTHQUAKES_PER_DAY * MINUTE_S / DAY_S
    quakes[shaken] = rng.lognormal(4.5, 1.0, int(shaken.sum()))
    decay = np.exp(-np.arange(10 * EARTHQUAKE_MIN) / EARTHQUAKE_MIN)
    return np.asarray(np.exp(3.0 + 0.3 * slow_series(rng, n, 3.0)) + np.convolve(quakes, decay)[:n])


def _wind(rng: np.random.Generator, local: Float64) -> Float64:
    """Draw wind in mph: zero in half of the minutes, more in the afternoon."""
    series = slow_series(rng, len(local), 5.0) + 0.3 * _daily(local - 0.1)
    return 10.0 * np.maximum(series - np.median(series), 0.0)


#: Kind of driver to its channel at the place `{at}`, its unit, and the function that draws its values.
KINDS: dict[str, tuple[str, str, Callable[[np.random.Generator, Float64], Float64]]] = {
    "microseism": ("{ifo}:ISI-GND_STS_{at}_Z_BLRMS_100M_300M", "nm/s", _microseism),
    "human": ("{ifo}:ISI-GND_STS_{at}_Z_BLRMS_1_6", "nm/s", _human),
    "earthquake": ("{ifo}:ISI-GND_STS_{at}_Z_BLRMS_30M_100M", "nm/s", _earthquakes),
    "wind": ("{ifo}:PEM-{at}_WIND_ROOF_WEATHER_MPH", "mph", _wind),
}
#: Places of the driver, and of the idle copy.
PLACES = ("ETMY", "ETMX")


def level_of(kind: str, values: Float64) -> Float64:
    """Return the levels ``(n,)`` of a driver: logarithms.

    Of wind it is that of the speed plus its median above zero.
    """
    offset = float(np.median(values[values > 0])) if kind == "wind" else 0.0
    return np.asarray(np.log(values + offset))


def live_minutes(rng: np.random.Generator, ground: Float64) -> Bool:
    """Draw which minutes ``(n,)`` are live.

    Loud ground, of level ``(n,)``, ends the lock and delays the next.
    """
    loud = ground > np.quantile(ground, LOUDEST)
    deviation = ((ground - ground.mean()) / ground.std()).clip(-3, 3)
    lost = rng.random(len(ground)) < np.exp(LOSS_BY_GROUND * deviation) / (LOCK_H * _HOUR_MIN)
    locked = rng.random(len(ground)) < 1 / (RELOCK_H * _HOUR_MIN)
    live = np.empty(len(ground), dtype=bool)
    now = True
    for number in range(len(ground)):
        now = not lost[number] if now else bool(locked[number] and not loud[number])
        live[number] = now
    return live

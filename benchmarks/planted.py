"""Features with and without planted witnesses, made directly: no frames, no filters.

Noise is what channels have: white, red (correlation times of 2 to 200 s), heavy-tailed, drifts
that several channels share, levels that differ between segments, gaps. Families come in spells.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from glitch_explorer.coupling.channels.bands import CELL_S
from glitch_explorer.coupling.channels.features import FeatureSet
from glitch_explorer.map.members import quiet_stretches

START = 1_262_304_000


@dataclass(frozen=True)
class Plant:
    """A witness: what lights up, how long before (negative) a glitch, how often and how much."""

    channel: int
    lag_s: float
    efficiency: float = 0.9
    height: float = 6.0
    width_s: float = 0.5
    #: Seconds that the feature stays up after the burst, as a low band's window does.
    smear_s: float = 0.0
    #: Others of the same channel's neighbours that hear it: channel and share of its noise.
    echoes: tuple[int, ...] = ()


@dataclass(frozen=True)
class World:
    features: FeatureSet
    segments: np.ndarray
    family: pd.DataFrame
    glitches: pd.DataFrame
    channels: pd.DataFrame
    plants: tuple[Plant, ...] = field(default=())

    @property
    def quiet(self) -> np.ndarray:
        """Quiet stretches around the family ``(k, 2)``."""
        return stretches(self.family, self.glitches, self.segments)


def stretches(family: pd.DataFrame, glitches: pd.DataFrame, segments: np.ndarray) -> np.ndarray:
    """Give the quiet stretches around a family as rows (start, end)."""
    found = quiet_stretches(family, glitches, segments)
    return np.column_stack([found["event_time"], found["event_time"] + found["duration_s"]])


def name(k: int) -> str:
    return f"H1:SIM-CHANNEL_{k:03d}"


def _spells(rng: np.random.Generator, segments: np.ndarray, n: int, *, apart: float) -> np.ndarray:
    """Draw times in spells: some minutes of some segments hold most of them."""
    weight = rng.gamma(0.7, size=len(segments)) + 0.05
    chosen = rng.choice(len(segments), n, p=weight / weight.sum())
    times = []
    for k, count in zip(*np.unique(chosen, return_counts=True), strict=True):
        start, end = segments[k]
        minutes = rng.permutation(int((end - start) // 60))[: max(2, int(0.5 * (end - start) / 60))]
        drawn = start + 60 * rng.choice(minutes, count) + rng.uniform(0, 60, count)
        times += list(np.sort(drawn))
    found = np.sort(np.array(times))
    return found[np.append(True, np.diff(found) > apart)]


def _noise(
    rng: np.random.Generator, cells: np.ndarray, block: np.ndarray, m: int, drift: float
) -> np.ndarray:
    n = len(cells)
    values = np.empty((n, m), dtype=np.float32)
    common = _red(rng, n, 150.0)
    day = np.sin(2 * np.pi * cells * CELL_S / 86_400)
    for k in range(m):
        kind = k % 5
        white = rng.standard_t(4, n) / 1.4 if kind == 1 else rng.normal(size=n)
        red = _red(rng, n, 10 ** rng.uniform(0.3, 2.3))
        level = rng.normal(size=block.max() + 1)[block]
        slow = 0.5 * white + red + 0.3 * level
        values[:, k] = (white, white, red, slow, white + drift * common + day)[kind]
    return values


def _red(rng: np.random.Generator, n: int, time_s: float) -> np.ndarray:
    a = np.exp(-CELL_S / time_s)
    return lfilter([np.sqrt(1 - a * a)], [1, -a], rng.normal(size=n + 4000))[4000:]


def make_world(
    seed: int,
    *,
    segments: int = 24,
    segment_s: int = 460,
    channels: int = 30,
    bands: int = 2,
    glitches: int = 40,
    others: int = 500,
    plants: tuple[Plant, ...] = (),
    drift: float = 2.0,
    gaps: bool = True,
    isolated: bool = False,
) -> World:
    rng = np.random.default_rng(seed)
    starts = START + 30_240 * np.arange(segments) + rng.integers(0, 3600, segments)
    spans = np.column_stack([starts, starts + segment_s]).astype(float)
    cells = np.concatenate([np.arange(a / CELL_S, b / CELL_S, dtype=np.int64) for a, b in spans])
    block = np.repeat(np.arange(segments, dtype=np.int32), round(segment_s / CELL_S))
    family = _spells(rng, spans, glitches, apart=61.0 if isolated else 4.0)
    rest = _spells(rng, spans, others, apart=1.0)
    values = _noise(rng, cells, block, channels * bands, drift)
    for plant in plants:
        column = plant.channel * bands
        for k in plant.echoes:
            values[:, k * bands] = values[:, column] + 0.2 * rng.normal(size=len(cells))
        heard = family[rng.uniform(size=len(family)) < plant.efficiency] + plant.lag_s
        begin = np.floor((heard - plant.width_s / 2) / CELL_S).astype(int)
        end = np.floor((heard + plant.width_s / 2 + plant.smear_s) / CELL_S).astype(int)
        for a, b in zip(begin, end, strict=True):
            rows = np.searchsorted(cells, [a, b + 1])
            for k in (plant.channel, *plant.echoes):
                values[rows[0] : rows[1], k * bands] += plant.height
    if gaps:
        for k in range(0, channels, 7):
            at = rng.integers(0, len(cells) - 600)
            values[at : at + 600, k * bands : (k + 1) * bands] = np.nan
    columns = pd.DataFrame(
        {
            "channel": [name(k) for k in range(channels) for _ in range(bands)],
            "band": [f"{10**b}-{3 * 10**b}" for _ in range(channels) for b in range(bands)],
            "low_hz": [float(10**b) for _ in range(channels) for b in range(bands)],
            "high_hz": [3.0 * 10**b for _ in range(channels) for b in range(bands)],
            "settling_s": 0.1,
        }
    )
    coverage = pd.DataFrame({"channel": ["H1:GONE"], "reason": ["not in the frames"], "share": [0.0]})
    everything = np.sort(np.concatenate([family, rest]))
    return World(
        FeatureSet(cells, block, columns, values, coverage),
        spans,
        pd.DataFrame({"event_time": family, "duration_s": 0.5}),
        pd.DataFrame({"event_time": everything, "duration_s": 0.5}),
        pd.DataFrame({"channel": [name(k) for k in range(channels)], "safety": "safe"}),
        plants,
    )

"""The tiles of a Q transform: their Q, frequencies and times.

The geometry is that of Chatterji (2005, PhD thesis, MIT, chapter 5) with the constants of
gwpy, so that planes, rows and tile times are the same as gwpy's.
"""

import functools
import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.interpolate import make_interp_spline

Q_RANGE = (4.0, 64.0)
FREQUENCY_RANGE = (10.0, 2048.0)
#: Largest loss of energy between neighbouring tiles.
MISMATCH = 0.2
#: Shortest excerpt around the event, in seconds, in which fast rows are transformed.
EXCERPT_SECONDS = 8
#: A row is fast when Q / frequency is below this, in seconds: its tiles then have 1e-9 of the
#: energy of what is 1.7 s away.
FAST = 0.58
#: Tiles of a fast row for the first, and at most for the final, median of its energy.
FIRST_TILES = 1024
FINAL_TILES = 32768
#: Interpolated lines per row of pixels.
LINES = 3

_STEP = 2 * math.sqrt(MISMATCH / 3)
_ROOT_11 = math.sqrt(11)


@dataclass(frozen=True)
class Row:
    """One row of tiles: its frequency in Hz, its Q, and its number of tiles in all data."""

    frequency: float
    q: float
    tiles: int

    @property
    def half_width(self) -> float:
        """Half the width of the row's window, in Hz."""
        return self.frequency * _ROOT_11 / self.q


@dataclass(frozen=True)
class Group:
    """Rows with the same number of tiles, which are transformed together.

    Attributes
    ----------
    rows
        Indices of the rows in `Tiling.rows`, ascending.
    tiles
        Length of the inverse Fourier transform.
    first
        First frequency bin of each row.
    windows
        Float32 window of each row. A window that is a multiple of `tiles` long is folded,
        which gives every nth tile exactly.
    """

    rows: list[int]
    tiles: int
    first: list[int]
    windows: list[torch.Tensor]


@dataclass(frozen=True)
class Tiling:
    """All tiles for data of one length and sample rate, ready to transform.

    Attributes
    ----------
    seconds
        Length of the data.
    excerpt_s
        Length, in seconds, of the excerpt around the event in which fast rows are transformed:
        that of the data, halved while it is at least 8 s.
    rows
        All rows, plane by plane.
    planes
        Indices of each plane's rows.
    whole, local
        Slow rows over all data; fast rows over the excerpt.
    first
        Fast rows over all data, few tiles of each.
    final
        For each plane, its fast rows over all data, many tiles of each.
    lines
        For each plane, float32 `(height * LINES, rows)`: interpolation from rows to lines.
    """

    seconds: int
    excerpt_s: float
    rows: list[Row]
    planes: list[range]
    whole: list[Group]
    local: list[Group]
    first: list[Group]
    final: list[list[Group]]
    lines: list[torch.Tensor]


def plane_qs() -> list[float]:
    """Return the Q of each plane."""
    total = math.log(Q_RANGE[1] / Q_RANGE[0]) / math.sqrt(2)
    n = max(math.ceil(total / _STEP), 1)
    return [Q_RANGE[0] * math.exp(math.sqrt(2) * total / n * (i + 0.5)) for i in range(n)]


def top_frequency(sample_rate: float) -> float:
    """Return the highest frequency of a tile in data of `sample_rate`, in Hz, at most 2048."""
    return min(FREQUENCY_RANGE[1], sample_rate / 2 / (1 + _ROOT_11 / plane_qs()[0]))


def plane_rows(q: float, *, top: float, seconds: int) -> list[Row]:
    """Return the rows of a plane, up to `top` Hz, at multiples of 1 / `seconds`."""
    low = FREQUENCY_RANGE[0]
    root = math.sqrt(2 + q**2)
    total = math.log(top / low) * root / 2
    n = max(math.ceil(total / _STEP), 1)
    steps = {low * math.exp(2 / root * (i + 0.5) * total / n) // (1 / seconds) for i in range(n)}
    rows = []
    for step in sorted(steps):
        least = 2 * math.pi * step / q / _STEP
        rows.append(Row(frequency=step / seconds, q=q, tiles=2 ** math.ceil(math.log2(least))))
    return rows


def _window(row: Row, *, seconds: float, shift: float) -> tuple[int, np.ndarray]:
    """Return the first bin, of 1 / `seconds`, and the values of a row's bisquare window.

    The values are divided by `seconds`, so that energies do not depend on the length of the data.
    """
    centre, half = row.frequency + shift, row.half_width
    first = max(math.ceil((centre - half) * seconds), 0)
    bins = np.arange(first, math.floor((centre + half) * seconds) + 1)
    return first, (1 - ((bins / seconds - centre) / half) ** 2) ** 2 / seconds


def _fold(size: int, tiles: int) -> int:
    """Return the number of which the length of a window must be a multiple, to be folded.

    A window no longer than its tiles is folded for the first median only.
    """
    return tiles if size > tiles else min(tiles, FIRST_TILES)


def _groups(members: dict[int, Row], tiles: dict[int, int], *, seconds: float, data: int) -> list[Group]:
    """Group rows by their number of `tiles` over `seconds` of data that are `data` seconds long."""
    groups = []
    for n in sorted(set(tiles.values())):
        rows = [i for i in members if tiles[i] == n]
        # gwpy's windows are one bin of the whole data above their frequency.
        shifted = [_window(members[i], seconds=seconds, shift=1 / data) for i in rows]
        windows = [np.pad(window, (0, -window.size % _fold(window.size, n))) for _, window in shifted]
        tensors = [torch.from_numpy(window.astype(np.float32)) for window in windows]
        groups.append(Group(rows, n, [first for first, _ in shifted], tensors))
    return groups


def _lines(rows: list[Row], *, top: float, height: int) -> torch.Tensor:
    """Return the interpolation from a plane's rows to the picture's lines, the highest first.

    Cubic splines as in gwpy, constant beyond the outermost rows, zero above `top`.
    """
    low, high = np.log2(FREQUENCY_RANGE)
    n = height * LINES
    frequencies = 2 ** (high - (np.arange(n) + 0.5) * (high - low) / n)
    knots = [row.frequency for row in rows]
    spline = make_interp_spline(knots, np.eye(len(rows)), k=3)
    matrix = spline(np.clip(frequencies, knots[0], knots[-1]))
    matrix[frequencies > top] = 0
    return torch.tensor(matrix, dtype=torch.float32)


def _moved(group: Group, device: str) -> Group:
    """Return the group with its windows on `device`."""
    return replace(group, windows=[window.to(device) for window in group.windows])


@functools.lru_cache(maxsize=4)
def tiling(*, seconds: int, sample_rate: int, height: int, device: str) -> Tiling:
    """Return the tiling for `seconds` of data at `sample_rate` Hz, with windows on `device`."""
    halvings = max(0, math.floor(math.log2(seconds / EXCERPT_SECONDS)))
    excerpt_s = seconds / 2**halvings
    top = top_frequency(sample_rate)
    rows: list[Row] = []
    planes = []
    for q in plane_qs():
        first = len(rows)
        rows += plane_rows(q, top=top, seconds=seconds)
        planes.append(range(first, len(rows)))
    fast = {i: row for i, row in enumerate(rows) if halvings and row.q / row.frequency < FAST}
    slow = {i: row for i, row in enumerate(rows) if i not in fast}
    whole = _groups(slow, {i: row.tiles for i, row in slow.items()}, seconds=seconds, data=seconds)
    short = {i: row.tiles >> halvings for i, row in fast.items()}
    local = _groups(fast, short, seconds=excerpt_s, data=seconds)
    final = []
    for plane in planes:
        members = {i: row for i, row in fast.items() if i in plane}
        tiles = {i: min(row.tiles, FINAL_TILES) for i, row in members.items()}
        groups = _groups(members, tiles, seconds=seconds, data=seconds)
        final.append([_moved(group, device) for group in groups])
    return Tiling(
        seconds=seconds,
        excerpt_s=excerpt_s,
        rows=rows,
        planes=planes,
        whole=[_moved(group, device) for group in whole],
        local=[_moved(group, device) for group in local],
        first=[replace(group, tiles=FIRST_TILES) for groups in final for group in groups],
        final=final,
        lines=[_lines(rows[p.start : p.stop], top=top, height=height).to(device) for p in planes],
    )

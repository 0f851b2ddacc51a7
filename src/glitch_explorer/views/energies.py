"""Energies of the tiles around events, from whitened spectra."""

import math
from dataclasses import dataclass
from typing import TypeVar

import torch

from glitch_explorer.views.tiling import FINAL_TILES, Group, Tiling
from glitch_explorer.views.whitening import RATE

_Time = TypeVar("_Time", float, torch.Tensor)

#: Half the interval around the event, in seconds, whose loudest tile chooses the plane.
SEARCH_SECONDS = 0.25


def split(spectrum: torch.Tensor) -> torch.Tensor:
    """Return the real and imaginary parts of a spectrum `(b, k)`, padded for the longest window.

    Two products of real numbers are faster than one of a complex and a real number.
    """
    return torch.nn.functional.pad(torch.stack([spectrum.real, spectrum.imag]), (0, FINAL_TILES))


def row_energies(parts: torch.Tensor, group: Group) -> torch.Tensor:
    """Return the energies of a group's tiles.

    Parameters
    ----------
    parts
        Float32 `(2, b, k)`: the `split` spectrum of whitened data, in bins of the
        group's windows.
    group
        Rows made for data of that length.

    Returns
    -------
    torch.Tensor
        Float32 `(b, rows, tiles)`.
    """
    folded = parts.new_zeros((*parts.shape[:2], len(group.rows), group.tiles))
    for i, (first, window) in enumerate(zip(group.first, group.windows, strict=True)):
        piece = parts[..., first : first + window.shape[0]] * window
        if window.shape[0] > group.tiles:
            piece = piece.view(*piece.shape[:2], -1, group.tiles).sum(-2)
        folded[:, :, i, : piece.shape[-1]] = piece
    tiles = torch.fft.ifft(torch.complex(folded[0], folded[1]), norm="forward")
    energies: torch.Tensor = tiles.real.square().add_(tiles.imag.square())
    return energies


def ratio(energies: torch.Tensor, medians: torch.Tensor) -> torch.Tensor:
    """Return energies over their medians, zero where the median is zero."""
    return torch.where(medians > 0, energies / medians, 0)


@dataclass(frozen=True)
class Energies:
    """Energies of a group of rows around the events.

    Attributes
    ----------
    rows
        Indices of the rows in the tiling.
    energies
        Float32 `(b, rows, tiles)`.
    origins
        Time of each glitch's first tile, in seconds from the start of its data.
    step
        Time between two tiles, in seconds.
    """

    rows: list[int]
    energies: torch.Tensor
    origins: list[float]
    step: float

    def position(self, glitch: int, time: _Time) -> _Time:
        """Return the position of `time`, in tiles."""
        return (time - self.origins[glitch]) / self.step


def _excerpt_start(offset: float, tiles: Tiling) -> float:
    """Return the start of the excerpt around the event, on the grid of all its tiles."""
    grid = tiles.excerpt_s / 64
    start = round((offset - tiles.excerpt_s / 2) / grid) * grid
    return min(max(start, 0.0), tiles.seconds - tiles.excerpt_s)


def event_energies(spectrum: torch.Tensor, offsets: list[float], tiles: Tiling) -> list[Energies]:
    """Return the energies of slow rows over all data, and of fast rows in an excerpt around each event."""
    parts = split(spectrum)
    groups = [
        Energies(group.rows, row_energies(parts, group), [0.0] * len(offsets), tiles.seconds / group.tiles)
        for group in tiles.whole
    ]
    if not tiles.local:
        return groups
    starts = [_excerpt_start(offset, tiles) for offset in offsets]
    data = torch.fft.irfft(spectrum)
    n = round(tiles.excerpt_s * RATE)
    pieces = [row[round(start * RATE) :][:n] for row, start in zip(data, starts, strict=True)]
    near = split(torch.fft.rfft(torch.stack(pieces)))
    return groups + [
        Energies(group.rows, row_energies(near, group), starts, tiles.excerpt_s / group.tiles)
        for group in tiles.local
    ]


def row_peaks(groups: list[Energies], offsets: list[float], tiles: Tiling) -> torch.Tensor:
    """Return the largest energy of each row within 0.25 s of the event, float32 `(b, rows)`."""
    peaks = torch.zeros((len(offsets), len(tiles.rows)), device=groups[0].energies.device)
    for group in groups:
        for glitch, offset in enumerate(offsets):
            start = math.floor(group.position(glitch, max(offset - SEARCH_SECONDS, 0)))
            stop = math.floor(group.position(glitch, min(offset + SEARCH_SECONDS, tiles.seconds)))
            peaks[glitch, group.rows] = group.energies[glitch, :, start:stop].amax(-1)
    return peaks

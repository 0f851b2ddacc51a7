"""The pixels of the views from the energies of a Q plane."""

import math

import torch

from glitch_explorer.core.views import VIEW_LENGTHS_S
from glitch_explorer.views.energies import Energies, ratio
from glitch_explorer.views.tiling import LINES, Tiling

#: Time resolution of the interpolated energies, in seconds: gwpy's `tres`.
TIME_STEP = 0.002
#: Energy of the brightest colour, and colours per unit of energy.
BRIGHTEST = 25.5
COLOURS = 10

# The coefficients of a cubic spline are its samples convolved with sqrt(3) * pole ** |k|.
_REACH = 12
_PREFILTER = math.sqrt(3) * (math.sqrt(3) - 2) ** torch.arange(-_REACH, _REACH + 1).abs().double()


def _spline(samples: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
    """Return the cubic spline through periodic `samples` `(rows, tiles)` at `times` in tiles.

    `times` is float64 and ascending; the result is float32 `(times, rows)`.
    """
    whole = times.floor().long()
    start, stop = int(whole[0]) - 1 - _REACH, int(whole[-1]) + 3 + _REACH
    around = torch.arange(start, stop, device=samples.device) % samples.shape[-1]
    near = samples.index_select(1, around)
    kernel = _PREFILTER.to(samples)[None, None]
    coefficients = torch.nn.functional.conv1d(near[:, None], kernel)[:, 0].T.contiguous()
    index = whole - int(whole[0])
    u = (times - whole).to(samples)[:, None]
    weights = ((1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3)
    values = torch.zeros((len(times), len(samples)), device=samples.device)
    for i, weight in enumerate(weights):
        values += coefficients.index_select(0, index + i) * weight
    return values / 6


def draw_plane(
    groups: list[Energies], glitch: int, *, offset: float, plane: int, medians: torch.Tensor, tiles: Tiling
) -> torch.Tensor:
    """Draw the longest view of one glitch.

    Parameters
    ----------
    groups
        Energies around the events of a batch.
    glitch, offset
        Index in the batch, and time of the event in seconds from the start of its data.
    plane, medians
        Index of the plane in `tiles`, and the median energies of its rows `(rows,)`.

    Returns
    -------
    torch.Tensor
        Float32 `(height, n)`: energies, 0 to 25.5, in steps of 2 ms; zero outside the data.
    """
    rows = tiles.planes[plane]
    n = round(VIEW_LENGTHS_S[-1] / TIME_STEP)
    device = medians.device
    times = offset - VIEW_LENGTHS_S[-1] / 2 + TIME_STEP * torch.arange(n, dtype=torch.float64, device=device)
    energies = medians.new_empty((n, len(rows)))
    for group in groups:
        inside = [i for i, row in enumerate(group.rows) if row in rows]
        if inside:
            samples = group.energies[glitch, inside[0] : inside[-1] + 1]
            positions = group.position(glitch, times)
            energies[:, [group.rows[i] - rows.start for i in inside]] = _spline(samples, positions)
    energies = ratio(energies, medians)
    energies[(times < 0) | (times >= tiles.seconds)] = 0
    lines = (tiles.lines[plane] @ energies.T).clamp_(0, BRIGHTEST)
    return lines.view(-1, LINES, n).mean(1)


def pixels(picture: torch.Tensor, *, width: int) -> torch.Tensor:
    """Return the pixels of all views, uint8 `(4, height, width)`: means over the longest view."""
    sums = torch.nn.functional.pad(picture.double().cumsum(-1), (1, 0))
    steps = picture.shape[-1]
    views = []
    for seconds in VIEW_LENGTHS_S:
        share = seconds / VIEW_LENGTHS_S[-1]
        position = torch.arange(width + 1, dtype=torch.float64, device=picture.device) / width
        edges = steps * ((1 - share) / 2 + share * position)
        left = edges.long().clamp(max=steps - 1)
        edge_sums = torch.lerp(sums[:, left], sums[:, left + 1], edges - left)
        views.append(edge_sums.diff(dim=-1) * (width / (steps * share)))
    return (torch.stack(views) * COLOURS).round().clamp(0, 255).to(torch.uint8)

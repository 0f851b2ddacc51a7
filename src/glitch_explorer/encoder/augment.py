"""Augmentation of training views: small shifts and stretches, other scales, noise, lost patches."""

import torch
from torch import Tensor
from torch.nn import functional

#: Factor of the colour scale, and standard deviation of the rounding, in steps of energy.
_SCALE, _ROUNDING = (0.6, 1.6), 1.5
#: Standard deviations in time and frequency: of shifts, as a share of the view, and of stretches.
#: Mains at 60 Hz and a compressor at 50 Hz are 0.034 apart in frequency.
_SHIFTS, _STRETCHES = (0.025, 0.005), (0.02, 0.007)
#: Probability of a lost patch, and its largest side as a share of the view.
_PATCH, _PATCH_SIDE = 0.25, 0.35
#: Value of a lost patch: the mean energy of noise, in steps of a pixel.
_QUIET = 10.0


def _uniform(n: int, low: float, high: float, random: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(n, generator=random)


def _shifted(pictures: Tensor, random: torch.Generator) -> Tensor:
    """Return views shifted and stretched in time and frequency; edge pixels are repeated."""
    n = len(pictures)
    matrices = torch.zeros(n, 2, 3)
    for axis in (0, 1):
        matrices[:, axis, axis] = 1.0 + _STRETCHES[axis] * torch.randn(n, generator=random).clamp(-2, 2)
        matrices[:, axis, 2] = 2.0 * _SHIFTS[axis] * torch.randn(n, generator=random).clamp(-2, 2)
    grid = functional.affine_grid(matrices.to(pictures.device), list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def _patched(pictures: Tensor, random: torch.Generator) -> Tensor:
    """Return views, some with a rectangle replaced by noise's mean energy."""
    n, side = len(pictures), pictures.shape[-1]
    lost = torch.rand(n, generator=random) < _PATCH
    mask = torch.ones(n, 1, 1, 1, dtype=torch.bool)
    for shape in ((1, 1, side, 1), (1, 1, 1, side)):
        width, middle = _uniform(n, 0.05, _PATCH_SIDE, random), torch.rand(n, generator=random)
        position = (torch.arange(side) + 0.5) / side
        inside = (position - middle[:, None]).abs() < 0.5 * width[:, None]
        mask = mask & inside.reshape(n, *shape[1:])
    return pictures.masked_fill((mask & lost.reshape(-1, 1, 1, 1)).to(pictures.device), _QUIET)


def augment(pixels: Tensor, *, seed: int, step: int) -> Tensor:
    """Vary views as real pictures of one glitch differ from each other.

    Parameters
    ----------
    pixels
        uint8 ``(b, 1, H, W)``, ten times the energy.
    seed, step
        They determine all random numbers.

    Returns
    -------
    Tensor
        uint8 of the same shape.
    """
    random = torch.Generator().manual_seed((seed << 32) + step)
    n = len(pixels)
    pictures = _patched(_shifted(pixels.float(), random), random)
    low, high = torch.tensor(_SCALE).log().tolist()
    scale = _uniform(n, low, high, random).exp().reshape(-1, 1, 1, 1)
    rounding = (
        _ROUNDING * torch.rand(n, 1, 1, 1, generator=random) * torch.randn(pixels.shape, generator=random)
    )
    pictures = pictures * scale.to(pictures.device) + rounding.to(pictures.device)
    return pictures.round().clamp(0, 255).to(torch.uint8)

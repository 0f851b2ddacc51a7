"""What all backbones share: their type, and their input, the view without its noise floor."""

import torch
from torch import Tensor, nn

#: Normalized energy per step of a pixel (a view is uint8, 10 times the energy).
ENERGY_STEP = 0.1
#: Side of the view, in pixels, for which the smoothing lengths hold.
REFERENCE_SIDE = 128
#: Smoothing before the floor is subtracted, in pixels of the reference side.
SMOOTHING = 0.7
#: Normalized energy that smoothed noise, of mean about 1, seldom exceeds.
FLOOR = 3.5


class Backbone(nn.Module):
    """A module that turns uint8 pixels ``(b, 1, H, W)`` into float32 vectors ``(b, dimension)``."""

    dimension: int
    #: Whether it may compute in bfloat16.
    half_precision: bool


def _smoother(side: int, sigma: float, like: Tensor) -> Tensor:
    """Return the matrix ``(side, side)`` that smooths a column of `side` pixels."""
    scaled = sigma * side / REFERENCE_SIDE
    radius = max(1, round(3 * scaled))
    offset = torch.arange(-radius, radius + 1, dtype=like.dtype, device=like.device)
    kernel = torch.exp(-0.5 * (offset / scaled) ** 2)
    kernel = kernel / kernel.sum()
    # Beyond the border its pixels are repeated: zeros would make an edge.
    source = torch.arange(side, device=like.device)[:, None] + offset.long()
    matrix = like.new_zeros(side, side)
    return matrix.scatter_add_(1, source.clamp(0, side - 1), kernel.expand(side, -1))


def blur(views: Tensor, sigma: float) -> Tensor:
    """Smooth with a Gaussian in frequency and in time.

    Parameters
    ----------
    views
        ``(b, 1, H, W)``.
    sigma
        Standard deviation in pixels of the reference side; it scales with the view.

    Notes
    -----
    Two matrix products: a convolution of one channel takes a CPU ten times as long.
    """
    height, width = views.shape[2:]
    columns = _smoother(height, sigma, views) @ views
    return columns @ _smoother(width, sigma, views).T


def compress(pixels: Tensor) -> Tensor:
    """Return the logarithm of the energy above the noise floor.

    Parameters
    ----------
    pixels
        uint8 ``(b, 1, H, W)``, 10 times the normalized energy.

    Returns
    -------
    torch.Tensor
        float32 of the same shape: log(1 + energy above the floor), 0 to 3.2.

    Notes
    -----
    Our own choice. The texture of the noise follows the Q of the plane, and would decide
    about nearest neighbours: on simulated views of 23 kinds of glitch, the nearest neighbour
    by an untrained ResNet-18 is right in 83 % with the noise and in 87 % without.
    """
    energy = blur(pixels.to(torch.float32) * ENERGY_STEP, SMOOTHING)
    return torch.log1p((energy - FLOOR).clamp(min=0))

"""What every backbone sees: the picture with its noise floor taken out."""

import torch
from torch import Tensor

#: Normalized energy a pixel step (views hold uint8, 10 times the energy).
ENERGY_STEP = 0.1
#: Side of the picture, in pixels, that the smoothing lengths here are given for.
REFERENCE_SIDE = 128
#: Smoothing before the floor is taken out, in pixels of a reference picture.
SMOOTHING = 0.7
#: Smoothed noise, of mean normalized energy about 1, seldom passes this.
FLOOR = 3.5


def _smoother(side: int, sigma: float, like: Tensor) -> Tensor:
    """Give the matrix ``(side, side)`` that smooths a column of `side` pixels."""
    scaled = sigma * side / REFERENCE_SIDE
    radius = max(1, round(3 * scaled))
    at = torch.arange(-radius, radius + 1, dtype=like.dtype, device=like.device)
    kernel = torch.exp(-0.5 * (at / scaled) ** 2)
    kernel = kernel / kernel.sum()
    # What leaves the picture goes on beyond it: an edge there would be of our making.
    seen = torch.arange(side, device=like.device)[:, None] + at.long()
    matrix = like.new_zeros(side, side)
    return matrix.scatter_add_(1, seen.clamp(0, side - 1), kernel.expand(side, -1))


def blur(pictures: Tensor, sigma: float) -> Tensor:
    """Smooth with a Gaussian in frequency and in time.

    Parameters
    ----------
    pictures
        ``(b, 1, H, W)``.
    sigma
        Standard deviation in pixels of a reference picture; it scales with the picture.

    Notes
    -----
    Two products of matrices: a convolution of one channel takes a CPU ten times as long.
    """
    height, width = pictures.shape[2:]
    columns = _smoother(height, sigma, pictures) @ pictures
    return columns @ _smoother(width, sigma, pictures).T


def compress(pixels: Tensor) -> Tensor:
    """Turn pixels into the logarithm of what stands out of the noise.

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
    Ours. Left in, the noise of a picture, whose texture follows the Q of its plane,
    decides who is whose neighbour: on simulated pictures of 23 kinds of glitch the
    nearest neighbour of an untrained ResNet-18 is right in 83 % with it and in 87 % without.
    """
    energy = blur(pixels.to(torch.float32) * ENERGY_STEP, SMOOTHING)
    return torch.log1p((energy - FLOOR).clamp(min=0))

"""Histograms of oriented gradients: 512 numbers per view, without weights."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from glitch_explorer.embed.front import Backbone, blur, compress

#: Cells in frequency and in time, and orientations in each.
CELLS = 8
ORIENTATIONS = 8
#: Smoothing before the gradient, in pixels of `front.REFERENCE_SIDE`.
SMOOTHING = 1.4
#: Added to every mean, so that empty views have a direction, and the same one.
QUIET = 1e-4


class OrientedGradients(Backbone):
    """Strength of edges by orientation and cell (after Dalal & Triggs 2005).

    The edges of a blip are vertical, those of a line horizontal, those of an arch turn. A cell
    spans about an octave in frequency and an eighth of the view in time, so that a small shift
    in time changes little. The share of an edge in an orientation falls off as the 8th power of
    the cosine of twice the angle between them. The square root lets faint parts count beside
    loud ones (Arandjelovic & Zisserman 2012).
    """

    dimension = CELLS * CELLS * ORIENTATIONS
    #: Small differences are summed, in float32.
    half_precision = False
    cosines: Tensor
    sines: Tensor

    def __init__(self) -> None:
        super().__init__()
        angles = 2 * math.pi * torch.arange(ORIENTATIONS) / ORIENTATIONS
        self.register_buffer("cosines", angles.cos().reshape(1, -1, 1, 1), persistent=False)
        self.register_buffer("sines", angles.sin().reshape(1, -1, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the float32 vectors ``(b, 512)`` of uint8 pixels ``(b, 1, H, W)``."""
        picture = functional.pad(blur(compress(pixels), SMOOTHING), (1, 1, 1, 1), mode="replicate")
        along_time = picture[..., 1:-1, 2:] - picture[..., 1:-1, :-2]
        along_frequency = picture[..., 2:, 1:-1] - picture[..., :-2, 1:-1]
        square = along_time**2 + along_frequency**2
        inverse = 1 / square.clamp(min=1e-12)
        double_cosine = (along_time**2 - along_frequency**2) * inverse
        double_sine = 2 * along_time * along_frequency * inverse
        share = (double_cosine * self.cosines + double_sine * self.sines).clamp(min=0)
        edges = share.square().square().square() * square.sqrt()
        return (functional.adaptive_avg_pool2d(edges, (CELLS, CELLS)).flatten(1) + QUIET).sqrt()

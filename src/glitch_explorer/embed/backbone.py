"""Backbones: what turns a picture into a vector."""

from pathlib import Path
from typing import Protocol, cast

import torch
from torch import Tensor

from glitch_explorer.core.errors import UserError
from glitch_explorer.embed.gradients import OrientedGradients

#: The backbone that has no weights.
GRADIENTS = "gradients"
#: What stands in the config for weights that are not from a file.
UNTRAINED = "untrained"


class Backbone(Protocol):
    """A module that turns uint8 pixels ``(b, 1, H, W)`` into float32 ``(b, dimension)``."""

    dimension: int
    #: bfloat16 does no harm to it.
    half_precision: bool

    def __call__(self, pixels: Tensor) -> Tensor:
        """Give the vectors."""

    def to(self, *, device: str, dtype: torch.dtype) -> "Backbone":
        """Move it to a device and a number type."""


def load_backbone(name: str, weights: str | Path, *, seed: int = 0, sha256: str | None = None) -> Backbone:
    """Load a backbone, ready to be applied.

    Parameters
    ----------
    name
        ``"gradients"`` (`gradients.OrientedGradients`), or a torchvision classification network.
    weights
        ``"untrained"``: random weights drawn with `seed`, as torchvision draws them; the only ones
        of "gradients", which has none. Otherwise a file with the network's state dict:
        `.safetensors`, or `.pt`/`.pth` without pickled code.
    seed
        Seed of untrained weights.
    sha256
        Hash of the file or its first digits, checked where given.

    Raises
    ------
    UserError
        When the name is unknown, or the file is missing, has another hash or does not fit:
        the message names the keys.
    """
    if name == GRADIENTS:
        if weights != UNTRAINED:
            raise UserError(
                f"embedding.weights is {str(weights)!r}, but gradients has no weights: say {UNTRAINED!r}"
            )
        return cast("Backbone", OrientedGradients().eval())
    # torchvision takes seconds to import, which the gradients do not need.
    from glitch_explorer.embed.network import load_network

    return cast("Backbone", load_network(name, weights, seed=seed, sha256=sha256))

"""Backbones: networks that turn a view into a vector."""

from pathlib import Path

from glitch_explorer.core.errors import UserError
from glitch_explorer.embed import GRADIENTS, UNTRAINED
from glitch_explorer.embed.front import Backbone
from glitch_explorer.embed.gradients import OrientedGradients


def load_backbone(name: str, weights: str | Path, *, seed: int = 0) -> Backbone:
    """Load a backbone in evaluation mode.

    Parameters
    ----------
    name
        ``"gradients"`` (`gradients.OrientedGradients`), or a torchvision classification network.
    weights
        ``"untrained"`` for random weights, drawn as torchvision draws them (required for "gradients",
        which has no weights), or a file with the network's state dict: `.safetensors`, or `.pt`/`.pth`
        without pickled code.
    seed
        Seed of untrained weights.

    Returns
    -------
    Backbone
        Module from uint8 pixels ``(b, 1, H, W)`` to float32 vectors ``(b, dimension)``.

    Raises
    ------
    UserError
        When the name is unknown, or the file is missing or does not match the network; the message
        names the keys.
    """
    if name == GRADIENTS:
        if weights != UNTRAINED:
            raise UserError(
                f"embedding.weights is {str(weights)!r}, but gradients has none: set it to {UNTRAINED!r}"
            )
        return OrientedGradients().eval()
    # torchvision takes seconds to import, which the gradients do not need.
    from glitch_explorer.embed.network import load_network

    path = None if weights == UNTRAINED else Path(weights)
    return load_network(name, path, seed=seed)

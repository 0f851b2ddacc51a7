"""torchvision's classification networks without their last layer, and their weights from files."""

import difflib
from collections import OrderedDict
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse

from glitch_explorer.core.errors import UserError
from glitch_explorer.core.state_dict import read_state_dict
from glitch_explorer.embed import GRADIENTS
from glitch_explorer.embed.front import Backbone, compress

#: Mean and standard deviation of ImageNet's colours (torchvision's transforms).
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
#: Largest value of `compress`.
_BRIGHTEST = 3.14
#: Side in pixels of the view that a network is tried on.
_TRIAL_SIDE = 128
#: Names of torchvision's last layers; their weights are not needed.
_HEADS = ("fc", "classifier", "head", "heads")
#: Prefixes that other programs put before the names of layers.
_PREFIXES = ("module.", "model.", "backbone.", "encoder.")

State = dict[str, Tensor]


class Network(Backbone):
    """A torchvision network without its last layer.

    Its input is the view without its noise floor (`front.compress`), the same in the three
    colours, normalised by ImageNet's mean and standard deviation.
    """

    half_precision = True

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        with torch.inference_mode():
            self.dimension = int(
                self(torch.zeros(1, 1, _TRIAL_SIDE, _TRIAL_SIDE, dtype=torch.uint8)).shape[1]
            )

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the float32 vectors ``(b, d)`` of uint8 pixels ``(b, 1, H, W)``."""
        colours = self.colours(pixels).to(next(self.body.parameters()).dtype)
        features: Tensor = self.body(colours.contiguous(memory_format=torch.channels_last))
        return features.flatten(1).float()

    @staticmethod
    def colours(pixels: Tensor) -> Tensor:
        """Return the input of the first layer, float32 ``(b, 3, H, W)``, of uint8 ``(b, 1, H, W)``."""
        grey = compress(pixels) / _BRIGHTEST
        mean, deviation = (grey.new_tensor(value).reshape(1, 3, 1, 1) for value in (_MEAN, _DEVIATION))
        return (grey - mean) / deviation


class _Mean(nn.Module):
    """Mean over the pixels, in float32 whatever type the network computes in."""

    def forward(self, features: Tensor) -> Tensor:
        """Return the float32 means ``(b, c, 1, 1)`` of ``(b, c, h, w)``."""
        return features.float().mean((2, 3), keepdim=True)


def _without_head(network: nn.Module) -> nn.Module:
    """Return the network without its last layer, its features averaged over the pixels."""
    features = getattr(network, "features", None)
    if isinstance(features, nn.Module):
        # Named `features`, so that the state dict keeps its names.
        return nn.Sequential(OrderedDict(features=features, pool=_Mean()))
    if isinstance(getattr(network, "avgpool", None), nn.AdaptiveAvgPool2d):
        network.avgpool = _Mean()
    for name in _HEADS:
        if isinstance(getattr(network, name, None), nn.Module):
            setattr(network, name, nn.Identity())
            return network
    raise UserError(
        f"embedding.backbone: the last layer of {type(network).__name__} is not known: choose another network"
    )


def _renamed(state: State, expected: State, *, where: str) -> State:
    """Return `state` with the keys of `expected`, without those of the last layer.

    Raises
    ------
    UserError
        When a key is missing or unknown, or a tensor has another shape.
    """
    optional = {key for key in expected if key.endswith("num_batches_tracked")}
    heads = tuple(f"{name}." for name in (*_HEADS, "AuxLogits", "aux1", "aux2"))
    candidates = [
        {f"{start}{key.removeprefix(prefix)}": value for key, value in state.items()}
        for start in ("", "features.")
        for prefix in ("", *_PREFIXES)
    ]
    named = max(candidates, key=lambda candidate: len(candidate.keys() & expected.keys()))
    both = named.keys() & expected.keys()
    wrong = {
        "missing": expected.keys() - named.keys() - optional,
        "not in the network": {key for key in named.keys() - expected.keys() if not key.startswith(heads)},
        "of another shape": {key for key in both if named[key].shape != expected[key].shape},
    }
    differences = [
        f"{len(keys)} {kind} ({', '.join(sorted(keys)[:5])}{', …' if len(keys) > 5 else ''})"
        for kind, keys in wrong.items()
        if keys
    ]
    if differences:
        raise UserError(
            f"embedding.weights: {where} does not match: {'; '.join(differences)}; "
            "use weights of this backbone"
        )
    return {key: named.get(key, expected[key]) for key in expected}


def untrained_body(name: str, *, seed: int) -> nn.Module:
    """Return a torchvision network without its last layer, with weights as torchvision draws them.

    Raises
    ------
    UserError
        When the name is unknown.
    """
    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        near = difflib.get_close_matches(name, [GRADIENTS, *known], n=3)
        hint = (
            f"did you mean {' or '.join(near)}?" if near else f"use {GRADIENTS!r} or a network of torchvision"
        )
        raise UserError(f"embedding.backbone {name!r} is unknown: {hint}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _without_head(torchvision.models.get_model(name, weights=None))


def load_network(name: str, weights: Path | None, *, seed: int) -> Network:
    """Load a torchvision network, untrained without a file of `weights`; see `backbone.load_backbone`."""
    body = untrained_body(name, seed=seed).eval()
    if weights is not None:
        if not weights.is_file():
            raise UserError(f"embedding.weights: {weights} does not exist")
        state = read_state_dict(weights)
        body.load_state_dict(_renamed(state, body.state_dict(), where=f"{weights} for {name}"))
    try:
        return Network(_fused(body)).eval()
    except (RuntimeError, AssertionError, ValueError) as problem:
        raise UserError(
            f"embedding.backbone {name} cannot embed views of {_TRIAL_SIDE}x{_TRIAL_SIDE}: {problem}"
        ) from problem


def _fused(body: nn.Module) -> nn.Module:
    """Return the network with batch normalisation folded into convolutions, if it can be traced."""
    try:
        return fuse(body)
    except torch.fx.proxy.TraceError:
        return body

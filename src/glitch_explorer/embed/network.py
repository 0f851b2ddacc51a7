"""torchvision's networks without their last layer, and their weights from files."""

import difflib
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import cast

import safetensors
import torch
import torchvision
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse

from glitch_explorer.core.errors import UserError
from glitch_explorer.embed.backbone import UNTRAINED
from glitch_explorer.embed.front import compress

#: Mean and standard deviation of ImageNet's colours (torchvision's transforms).
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
#: `compress` gives at most this.
_BRIGHTEST = 3.14
#: Side of the pictures a backbone is tried on.
_TRIAL_SIDE = 128
#: Last layers, by the names torchvision gives them; their weights are not needed.
_HEADS = ("fc", "classifier", "head", "heads")
#: What other programs put before the names of a network's layers.
_PREFIXES = ("module.", "model.", "backbone.", "encoder.")

State = dict[str, Tensor]


class Network(nn.Module):
    """A torchvision network without its last layer.

    The picture with its noise floor taken out (`front.compress`) goes in as grey: the same in
    the three colours, with ImageNet's mean and deviation, 128 x 128 as the views are.
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
        """Turn uint8 pixels ``(b, 1, H, W)`` into float32 vectors ``(b, d)``."""
        colours = self.colours(pixels).to(next(self.body.parameters()).dtype)
        features: Tensor = self.body(colours.contiguous(memory_format=torch.channels_last))
        return features.flatten(1).float()

    @staticmethod
    def colours(pixels: Tensor) -> Tensor:
        """Turn uint8 pixels ``(b, 1, H, W)`` into what the first layer takes: float32 ``(b, 3, H, W)``."""
        grey = compress(pixels) / _BRIGHTEST
        mean, deviation = (grey.new_tensor(value).reshape(1, 3, 1, 1) for value in (_MEAN, _DEVIATION))
        return (grey - mean) / deviation


class _Mean(nn.Module):
    """Average over the picture, in float32 whatever the network computes in."""

    def forward(self, features: Tensor) -> Tensor:
        """Turn ``(b, c, h, w)`` into float32 ``(b, c, 1, 1)``."""
        return features.float().mean((2, 3), keepdim=True)


def _without_head(network: nn.Module) -> nn.Module:
    """Take off what comes after the last features, and average these over the picture."""
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
        f"embedding.backbone: it is not known which layer of {type(network).__name__} is the last"
    )


def _read_state(path: Path, sha256: str | None) -> State:
    """Read a state dict from `path` without running code from it."""
    if not path.is_file():
        raise UserError(f"embedding.weights: there is no file {path}")
    if sha256 is not None:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if not found.startswith(sha256.lower()):
            raise UserError(f"embedding.weights: {path} has sha256 {found}, not {sha256}: fetch it again")
    try:
        state = (
            load_file(path)
            if path.suffix == ".safetensors"
            else torch.load(path, map_location="cpu", weights_only=True)
        )
    except (safetensors.SafetensorError, RuntimeError, EOFError, ValueError, OSError) as problem:
        raise _not_a_state(path, problem) from problem
    except Exception as problem:
        # pickle's own error, which torch raises for code in the file; its class is named nowhere public.
        if type(problem).__name__ != "UnpicklingError":
            raise
        raise _not_a_state(path, problem) from problem
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise UserError(f"embedding.weights: {path} is no state dict: it holds more than tensors by name")
    return cast("State", state)


def _not_a_state(path: Path, problem: Exception) -> UserError:
    reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
    return UserError(
        f"embedding.weights: {path} cannot be read as safetensors or a plain state dict: {reason}"
    )


def _renamings() -> list[Callable[[str], str]]:
    """Give the ways in which a state dict may name the layers of a network."""
    return [
        str,
        *(lambda key, prefix=prefix: key.removeprefix(prefix) for prefix in _PREFIXES),
        lambda key: f"features.{key}",
        lambda key: f"features.{key.removeprefix('module.')}",
    ]


def _fit(state: State, wanted: State, *, where: str) -> State:
    """Rename the keys of `state` as `wanted` has them, and leave out the last layer's.

    Raises
    ------
    UserError
        When a key is missing, has another shape or belongs nowhere.
    """
    optional = {key for key in wanted if key.endswith("num_batches_tracked")}
    heads = tuple(f"{name}." for name in (*_HEADS, "AuxLogits", "aux1", "aux2"))
    candidates = [{rename(key): value for key, value in state.items()} for rename in _renamings()]
    named = max(candidates, key=lambda one: len(one.keys() & wanted.keys()))
    missing = sorted(wanted.keys() - named.keys() - optional)
    strange = sorted(key for key in named.keys() - wanted.keys() if not key.startswith(heads))
    shapes = sorted(key for key in named.keys() & wanted.keys() if named[key].shape != wanted[key].shape)
    if missing or strange or shapes:
        wrong = {"missing": missing, "not in the network": strange, "of another shape": shapes}
        told = "; ".join(
            f"{len(keys)} {kind} ({', '.join(keys[:5])}{', …' if len(keys) > 5 else ''})"
            for kind, keys in wrong.items()
            if keys
        )
        raise UserError(f"embedding.weights: {where} does not fit: {told}; give weights of this backbone")
    return {key: named.get(key, wanted[key]) for key in wanted}


def untrained_body(name: str, *, seed: int) -> nn.Module:
    """Give a torchvision network without its last layer, with weights as torchvision draws them.

    Raises
    ------
    UserError
        When the name is unknown.
    """
    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        near = difflib.get_close_matches(name, ["gradients", *known], n=3)
        hint = (
            f"; did you mean {' or '.join(near)}?"
            if near
            else "; take 'gradients' or a name of torchvision's"
        )
        raise UserError(f"embedding.backbone {name!r} is not known{hint}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _without_head(torchvision.models.get_model(name, weights=None))


def load_network(name: str, weights: str | Path, *, seed: int, sha256: str | None) -> Network:
    """Load a torchvision network; see `backbone.load_backbone`."""
    body = untrained_body(name, seed=seed).eval()
    if weights != UNTRAINED:
        state = _read_state(Path(weights), sha256)
        body.load_state_dict(_fit(state, body.state_dict(), where=f"{weights} for {name}"))
    try:
        return Network(_fused(body)).eval()
    except (RuntimeError, AssertionError, ValueError) as problem:
        raise UserError(
            f"embedding.backbone {name} does not take pictures of {_TRIAL_SIDE}x{_TRIAL_SIDE}: {problem}"
        ) from problem


def _fused(body: nn.Module) -> nn.Module:
    """Fold each batch normalisation into the convolution before it, where the network can be traced."""
    try:
        return fuse(body)
    except torch.fx.proxy.TraceError:
        return body

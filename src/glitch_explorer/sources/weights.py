"""ImageNet weights, downloaded once and written as safetensors for all other jobs."""

import re
import tempfile
from pathlib import Path, PurePosixPath
from urllib.parse import urlparse

import torch
import torchvision
from safetensors.torch import save_file

from glitch_explorer.core import files
from glitch_explorer.core.errors import UserError
from glitch_explorer.sources import retry
from glitch_explorer.sources.download import fetch
from glitch_explorer.sources.retry import RetryPolicy


def weights_url(backbone: str, weights: str = "IMAGENET1K_V1") -> str:
    """Return the address of a torchvision backbone's weights.

    Raises
    ------
    UserError
        When torchvision has no such backbone or no such weights.
    """
    try:
        offered = torchvision.models.get_model_weights(backbone)
    except ValueError as problem:
        raise UserError(f"torchvision has no backbone {backbone!r}: {problem}") from problem
    if weights not in offered.__members__:
        raise UserError(f"{backbone} has no weights {weights!r}; it has {', '.join(offered.__members__)}")
    url: str = offered[weights].url
    return url


def fetch_imagenet_weights(destination: str | Path, *, url: str, policy: RetryPolicy = retry.DEFAULT) -> Path:
    """Download a state dict, check it against the hash in its name, and write it as safetensors.

    Parameters
    ----------
    destination
        The `.safetensors` file.
    url
        Address of a `.pth` file named by torchvision's rule,
        `<name>-<first digits of its sha256>.pth`; see `weights_url`.
    policy
        Retries.

    Raises
    ------
    UserError
        When the name has no hash, the hash is wrong, or the file is no plain state dict.
    SourceFault
        When the server fails after all retries.
    """
    destination = Path(destination)
    name = PurePosixPath(urlparse(url).path).name
    digits = re.search(r"-([0-9a-f]{8,64})\.pth?$", name)
    if digits is None:
        raise UserError(f"{url}: the file's name has no hash, as resnet18-f37072fd.pth has")
    source = fetch(url, destination.with_name(name), digest=f"sha256:{digits[1]}", policy=policy)
    convert(source, destination)
    source.unlink()
    return destination


def convert(source: str | Path, destination: str | Path) -> None:
    """Write the state dict of a `.pth` file as safetensors; no pickled code of it runs.

    Raises
    ------
    UserError
        When the file has anything but tensors by name.
    """
    try:
        state = torch.load(source, map_location="cpu", weights_only=True)
    except Exception as problem:
        # torch.load raises errors of pickle and zipfile, EOFError and RuntimeError.
        raise UserError(f"{source} is not a state dict that can be read safely: {problem}") from problem
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise UserError(f"{source} is not a state dict: it has more than tensors by name")
    with tempfile.TemporaryDirectory(dir=Path(destination).parent) as folder:
        plain = Path(folder) / "weights"
        save_file({str(key): value.clone().contiguous() for key, value in state.items()}, plain)
        files.write_bytes(destination, plain.read_bytes())

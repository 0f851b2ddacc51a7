"""ImageNet weights, downloaded once and written as safetensors for all other jobs."""

import re
import tempfile
from pathlib import Path, PurePosixPath
from urllib.parse import urlparse

import torchvision
from safetensors.torch import save_file

from glitch_explorer.core import files
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.state_dict import read_state_dict
from glitch_explorer.sources import IMAGENET
from glitch_explorer.sources.download import DOWNLOADS, fetch
from glitch_explorer.sources.retry import RetryPolicy


def weights_url(backbone: str) -> str:
    """Return the address of a torchvision backbone's weights `IMAGENET`.

    Raises
    ------
    UserError
        When torchvision has no such backbone or no such weights.
    """
    try:
        offered = torchvision.models.get_model_weights(backbone)
    except ValueError as problem:
        raise UserError(f"torchvision has no backbone {backbone!r}: {problem}") from problem
    if IMAGENET not in offered.__members__:
        raise UserError(f"{backbone} has no weights {IMAGENET}; it has {', '.join(offered.__members__)}")
    url: str = offered[IMAGENET].url
    return url


def fetch_imagenet_weights(destination: str | Path, *, url: str, policy: RetryPolicy = DOWNLOADS) -> Path:
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
    state = read_state_dict(source)
    with tempfile.TemporaryDirectory(dir=Path(destination).parent) as folder:
        plain = Path(folder) / "weights"
        save_file({key: value.clone().contiguous() for key, value in state.items()}, plain)
        files.write_bytes(destination, plain.read_bytes())

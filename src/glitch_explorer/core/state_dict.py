"""State dicts of torch, read without running code from the file."""

import struct
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from glitch_explorer.core.errors import UserError

#: What safetensors and torch raise for a file that has more than tensors, or is damaged.
_UNREADABLE = (
    SafetensorError,
    UnpicklingError,
    RuntimeError,
    ValueError,
    LookupError,
    TypeError,
    EOFError,
    AssertionError,
    struct.error,
)


def read_state_dict(path: str | Path) -> dict[str, torch.Tensor]:
    """Read the tensors of a `.safetensors` file, or of a `.pt` or `.pth` file without pickled code.

    Raises
    ------
    UserError
        When the file has anything but tensors by name.
    """
    path = Path(path)
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as problem:
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise UserError(f"{path} cannot be read safely as safetensors or a state dict: {reason}") from problem
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise UserError(f"{path} is not a state dict: it has more than tensors by name")
    return state

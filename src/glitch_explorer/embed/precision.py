"""Number type that a network computes in, by the abilities of the processor."""

import logging
import platform

import torch

from glitch_explorer.core.errors import UserError

_LOG = logging.getLogger(__name__)

#: Values of `embedding.precision`.
PRECISIONS = ("auto", "float32", "bfloat16")


def has_bfloat16(device: str) -> bool:
    """Return whether `device` ("cpu" or "cuda") multiplies bfloat16 in hardware.

    On x86 that takes AVX512-BF16 or AMX; without them oneDNN emulates bfloat16 slowly.
    """
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_capability() >= (8, 0)
    if platform.machine().lower() in {"x86_64", "amd64"}:
        # torch has no public name for these; `get_cpu_capability` does not cover bfloat16.
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())  # noqa: SLF001
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001


def choose_precision(precision: str, device: str) -> torch.dtype:
    """Return the number type that a network computes in.

    Parameters
    ----------
    precision
        ``"float32"``, ``"bfloat16"`` (logged when `device` emulates it), or ``"auto"``: bfloat16
        where `device` has it, else float32.
    device
        ``"cpu"`` or ``"cuda"``.

    Raises
    ------
    UserError
        When `precision` is none of them.
    """
    if precision not in PRECISIONS:
        raise UserError(f"embedding.precision is {precision!r}: it must be one of {', '.join(PRECISIONS)}")
    able = has_bfloat16(device)
    if precision == "bfloat16" and not able:
        _LOG.warning("this %s has no bfloat16 arithmetic: emulating it, which is slow", device)
    return torch.bfloat16 if precision == "bfloat16" or (precision == "auto" and able) else torch.float32

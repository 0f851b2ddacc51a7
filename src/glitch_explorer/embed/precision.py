"""Which arithmetic a network runs in, by what the processor can do."""

import logging
import platform

import torch

from glitch_explorer.core.errors import UserError

_LOG = logging.getLogger(__name__)

#: What `embedding.precision` may say.
PRECISIONS = ("auto", "float32", "bfloat16")


def has_bfloat16(device: str) -> bool:
    """Say whether `device` ("cpu" or "cuda") multiplies bfloat16 in hardware.

    On x86 that takes AVX512-BF16 or AMX: without them oneDNN emulates bfloat16, and slowly.
    """
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_capability() >= (8, 0)
    if platform.machine().lower() in {"x86_64", "amd64"}:
        # torch has no public name for these; `get_cpu_capability` does not tell bfloat16.
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())  # noqa: SLF001
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001


def choose_precision(wanted: str, device: str) -> torch.dtype:
    """Give the number type that a network computes in.

    Parameters
    ----------
    wanted
        ``"auto"``: bfloat16 where `device` has it, else float32. The other two are taken
        at their word; bfloat16 on a processor without it is right but slow, and logged.
    device
        ``"cpu"`` or ``"cuda"``.

    Raises
    ------
    UserError
        When `wanted` is none of them.
    """
    if wanted not in PRECISIONS:
        raise UserError(f"embedding.precision is {wanted!r}: it must be one of {', '.join(PRECISIONS)}")
    able = has_bfloat16(device)
    if wanted == "bfloat16" and not able:
        _LOG.warning("this %s has no bfloat16 arithmetic: it is emulated, and slow", device)
    return torch.bfloat16 if wanted == "bfloat16" or (wanted == "auto" and able) else torch.float32

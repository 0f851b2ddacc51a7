"""Safety of channels by the names that files of triggers and segments have."""

import re
from collections.abc import Sequence

import pandas as pd

from glitch_explorer.core.channels import is_strain, plain_channel

#: Suffix of channels that are recorded, `L1:SUS-ETMX_L2_WIT_L_DQ`; it is the same channel.
_RECORDED = re.compile(r"_DQ$")


def data_key(name: str) -> str:
    """Return what all names of a channel have in common: without suffix, punctuation as underscores."""
    return _RECORDED.sub("", plain_channel(name))


def safety_of(names: Sequence[str], channels: pd.DataFrame, *, strain: str = "") -> list[str]:
    """Return the safety of each channel: of its own name, or of any other name of the same channel.

    Parameters
    ----------
    names
        Full names, as the files have them.
    channels
        Columns channel and safety (table "channels").
    strain
        Strain channel of the glitches; `{ifo}` stands for the detector.

    Returns
    -------
    list
        safe, unsafe or unknown. Unsafe counts before safe: a monitor whose trend is unsafe is unsafe as
        triggers too.
    """
    listed: dict[str, set[str]] = {}
    for name, safety in zip(channels["channel"], channels["safety"], strict=True):
        listed.setdefault(data_key(name), set()).add(safety)
    result = []
    for name in names:
        of_name = listed.get(data_key(name), set())
        if "unsafe" in of_name or is_strain(name, strain):
            result.append("unsafe")
        else:
            result.append("safe" if "safe" in of_name else "unknown")
    return result

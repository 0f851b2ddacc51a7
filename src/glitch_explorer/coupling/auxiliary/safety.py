"""Safety of channels by the names that files of triggers and segments have."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.core.channels import base_channel, is_strain, plain_channel
from glitch_explorer.coupling.channels.lists import read_list, read_safety

#: Suffix of channels that are recorded, `L1:SUS-ETMX_L2_WIT_L_DQ`; it is the same channel.
_RECORDED = re.compile(r"_DQ$")
_WILD = re.compile(r"[*?\[]")
#: Parts of a pattern that stay as they are: sets of characters, and wildcards; other punctuation does not.
_PATTERN = re.compile(r"(\[[^\]]*\]|[A-Za-z0-9:*?])|.")


def data_key(name: str) -> str:
    """Return what all names of a channel have in common: without suffix, punctuation as underscores."""
    return _RECORDED.sub("", plain_channel(name))


def listed_safety(lists: Sequence[str | Path], safety: Sequence[str | Path], ifo: str) -> pd.DataFrame:
    """Read which channels of a detector lists and safety tables call safe or unsafe.

    Parameters
    ----------
    lists, safety
        Channel lists and safety tables (`channels.lists`).
    ifo
        Detector; stands in place of `{ifo}`, and of `*` before the colon.

    Returns
    -------
    DataFrame
        Columns channel, which may have wildcards, and safety.

    Raises
    ------
    UserError
        As `lists.read_list` and `lists.read_safety`.
    """
    parts = [read_list(path) for path in lists] + [read_safety(path) for path in safety]
    columns = ["channel", "safety"]
    table = (
        pd.concat([part[columns] for part in parts]) if parts else pd.DataFrame(columns=columns, dtype=str)
    )
    channel = _of_detector(table["channel"], ifo)
    return table.assign(channel=channel)[channel.str.startswith(f"{ifo}:")].reset_index(drop=True)


def log_safety(safety: Sequence[str | Path], names: Sequence[str], ifo: str) -> None:
    """Log how many rows of each safety table match a channel.

    Parameters
    ----------
    safety
        Safety tables (`channels.lists`).
    names
        Full names of the detector's channels.
    ifo
        Detector.
    """
    keys = {data_key(name) for name in names}
    for path in safety:
        patterns = _of_detector(read_safety(path)["channel"], ifo)
        used = [_matches(pattern, keys) for pattern in patterns]
        tables.log_effect(f"safety table {path}", used, f"match auxiliary channels of {ifo}")


def _of_detector(patterns: pd.Series, ifo: str) -> pd.Series:
    """Return names with the detector in place of `{ifo}`, and of `*` before the colon."""
    return patterns.str.replace("{ifo}", ifo, regex=False).str.replace(r"^\*:", f"{ifo}:", regex=True)


def _matches(pattern: str, keys: set[str]) -> bool:
    """Check whether a name or pattern matches any channel; `keys` has the `data_key` of each."""
    if not _WILD.search(pattern):
        return data_key(pattern) in keys
    plain = _plain_pattern(pattern)
    return any(fnmatchcase(key, plain) for key in keys)


def full_names(channels: pd.DataFrame) -> list[str]:
    """Return the names without wildcards of column channel; they replace the spelling of files."""
    return [name for name in channels["channel"] if not _WILD.search(name)]


def safety_of(names: Sequence[str], channels: pd.DataFrame, *, strain: str = "") -> list[str]:
    """Return the safety of each channel: of its own name, or of any other name of the same channel.

    Parameters
    ----------
    names
        Full names, as the files have them.
    channels
        Columns channel, which may have wildcards, and safety.
    strain
        Strain channel of the glitches; `{ifo}` stands for the detector.

    Returns
    -------
    list
        safe, unsafe or unknown. Unsafe counts before safe: a monitor whose trend is unsafe is unsafe as
        triggers too.
    """
    listed: dict[str, set[str]] = {}
    patterns: dict[str, set[str]] = {}
    for name, safety in zip(channels["channel"], channels["safety"], strict=True):
        if _WILD.search(name):
            patterns.setdefault(_plain_pattern(name), set()).add(safety)
        else:
            listed.setdefault(data_key(name), set()).add(safety)
    result = []
    for name in names:
        key = data_key(name)
        of_name = listed.get(key, set()).union(
            *(safeties for pattern, safeties in patterns.items() if fnmatchcase(key, pattern))
        )
        if "unsafe" in of_name or is_strain(name, strain):
            result.append("unsafe")
        else:
            result.append("safe" if "safe" in of_name else "unknown")
    return result


def _plain_pattern(pattern: str) -> str:
    """Return a pattern that matches what `data_key` returns for the channels that `pattern` matches."""
    plain = _PATTERN.sub(lambda part: part[1] or "_", base_channel(pattern))
    return _RECORDED.sub("", plain)

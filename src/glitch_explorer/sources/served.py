"""Fetch one interval from an NDS2 or arrakis server: a process of its own, which can be stopped.

Usage: ``python -m glitch_explorer.sources.served service host start end target.npz channel...``.
Untried where this was built: NDS2's client comes from conda, not from PyPI; arrakis wants a login.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from glitch_explorer.sources.frames import NO_CHANNEL, Piece

#: Each service's client: the module to import, and what installs it (NDS2's is not on PyPI).
CLIENTS = {
    "nds2": ("nds2", "conda install -c conda-forge python-nds2-client"),
    "arrakis": ("arrakis", "pip install arrakis"),
}
#: How the clients word missing data, and a missing channel.
_NO_CHANNEL = ("no such channel", "unknown channel", "not found", "could not be found")
_NO_DATA = ("no data", "gap")


def main(arguments: list[str]) -> int:
    """Fetch each channel and write what came; any other trouble ends the process with its traceback."""
    service, host, start, end, target, *channels = arguments
    arrays: dict[str, Any] = {}
    about: list[dict[str, Any] | str] = []
    for number, channel in enumerate(channels):
        try:
            series = _fetch(service, host, channel, float(start), float(end))
        except (RuntimeError, ValueError) as problem:
            about.append(_reason(problem))
        else:
            arrays[f"values_{number}"] = series.value
            rate, t0 = float(series.sample_rate.value), float(series.t0.value)
            about.append({"t0": t0, "rate": rate, "unit": str(series.unit)})
    np.savez(target, about=np.array(json.dumps(about)), **arrays)
    return 0


def _fetch(service: str, host: str, channel: str, start: float, end: float) -> Any:
    from gwpy.timeseries import TimeSeries

    if service == "arrakis":
        return TimeSeries.get(channel, start, end, source="arrakis", url=host)
    return TimeSeries.fetch(channel, start, end, host=host)


def _reason(problem: Exception) -> str:
    """Tell missing data from trouble, which is raised again."""
    said = str(problem)
    if any(word in said.lower() for word in _NO_CHANNEL):
        return NO_CHANNEL
    if any(word in said.lower() for word in _NO_DATA):
        return said
    raise problem


def read(path: Path, channels: Sequence[str]) -> dict[str, Piece | str]:
    """Read what `main` wrote."""
    found: dict[str, Piece | str] = {}
    with np.load(path, allow_pickle=False) as data:
        for number, (channel, about) in enumerate(zip(channels, json.loads(str(data["about"])), strict=True)):
            if isinstance(about, str):
                found[channel] = about
            else:
                found[channel] = Piece(data[f"values_{number}"], about["t0"], about["rate"], about["unit"])
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

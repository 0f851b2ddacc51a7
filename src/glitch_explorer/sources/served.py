"""Fetch one interval from an NDS2 or arrakis server: a process of its own, which can be stopped.

Usage: ``python -m glitch_explorer.sources.served service host start end target.npz channel...``.
NDS2 is untried where this was built: its client comes from conda, not from PyPI. arrakis was
tried by hand with arrakis 0.21 and the made-up data of arrakis-server 0.17; the real one wants a login.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pyarrow import ArrowException

from glitch_explorer.sources.frames import NO_CHANNEL, Piece

#: Each service's client: the module to import, and what installs it (NDS2's is not on PyPI).
CLIENTS = {
    "nds2": ("nds2", "conda install -c conda-forge python-nds2-client"),
    "arrakis": ("arrakis", "pip install arrakis"),
}
#: How the clients word missing data, and a missing channel.
_NO_CHANNEL = ("no such channel", "unknown channel", "not found", "could not be found", "are not available")
_NO_DATA = ("no data", "gap")


def main(arguments: list[str]) -> int:
    """Fetch each channel and write what came; trouble with the server is told on stderr."""
    service, host, start, end, target, *channels = arguments
    arrays: dict[str, Any] = {}
    about: list[dict[str, Any] | str] = []
    for number, channel in enumerate(channels):
        try:
            piece = _fetch(service, host, channel, float(start), float(end))
        # gwpy raises a group of what each of its ways to the data said, arrakis what its transport says.
        except (RuntimeError, ValueError, ExceptionGroup, ArrowException) as problem:
            said = _said(problem)
            reason = _reason(said)
            if reason is None:
                sys.stderr.write(f"{said}\n")
                return 1
            about.append(reason)
        else:
            arrays[f"values_{number}"] = piece.values
            about.append({"t0": piece.t0, "rate": piece.rate, "unit": piece.unit})
    np.savez(target, about=np.array(json.dumps(about)), **arrays)
    return 0


def _fetch(service: str, host: str, channel: str, start: float, end: float) -> Piece:
    if service == "arrakis":
        return _fetch_arrakis(host, channel, start, end)
    from gwpy.timeseries import TimeSeries

    return Piece.of(TimeSeries.fetch(channel, start, end, host=host))


def _fetch_arrakis(host: str, channel: str, start: float, end: float) -> Piece:
    """Fetch without gwpy, which puts 1e20 in place of what is missing."""
    import arrakis

    series = arrakis.Client(host).fetch([channel], start, end)[channel]
    values = series.data
    if np.ma.is_masked(values):
        values = np.ma.filled(values.astype(np.result_type(values.dtype, np.float32)), np.nan)
    return Piece(np.asarray(values), float(series.t0), float(series.sample_rate), "")


def _said(problem: BaseException) -> str:
    """Give the message of an error on one line; of a group those of its members."""
    if isinstance(problem, BaseExceptionGroup):
        return "; ".join(_said(one) for one in problem.exceptions)
    return " ".join(str(problem).split())


def _reason(said: str) -> str | None:
    """Give the reason why a channel has no data; None where the trouble is another."""
    if any(word in said.lower() for word in _NO_CHANNEL):
        return NO_CHANNEL
    return said if any(word in said.lower() for word in _NO_DATA) else None


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

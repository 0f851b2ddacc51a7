"""Read one interval from an NDS2 or arrakis server, in a process of its own that can be stopped.

Usage: ``python -m glitch_explorer.sources.served service host start end target.npz channel...``.
NDS2 is not tested: its client comes from conda, not from PyPI. arrakis was tried by hand with
arrakis 0.21 and the simulated data of arrakis-server 0.17; the real server needs a login.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pyarrow import ArrowException

from glitch_explorer.sources.frames import Piece
from glitch_explorer.sources.reasons import Reason

#: Each service's client: the module to import, and what installs it (NDS2's is not on PyPI).
CLIENTS = {
    "nds2": ("nds2", "conda install -c conda-forge python-nds2-client"),
    "arrakis": ("arrakis", "pip install arrakis"),
}
#: Phrases in the clients' messages, by what they mean.
_PHRASES = {
    Reason.NO_CHANNEL: (
        "no such channel",
        "unknown channel",
        "not found",
        "could not be found",
        "are not available",
    ),
    Reason.NOT_SERVED: ("no data", "gap"),
}


def main(arguments: list[str]) -> int:
    """Read each channel and write the samples; a failure of the server goes to stderr."""
    service, host, start, end, target, *channels = arguments
    arrays: dict[str, Any] = {}
    about: list[dict[str, Any] | str] = []
    for number, channel in enumerate(channels):
        try:
            piece = _fetch(service, host, channel, float(start), float(end))
        # gwpy raises a group with an error for each of its backends, arrakis those of Arrow.
        except (RuntimeError, ValueError, ExceptionGroup, ArrowException) as problem:
            message = _message(problem)
            reason = _reason(message)
            if reason is None:
                sys.stderr.write(f"{message}\n")
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
    """Read without gwpy, which writes 1e20 in place of missing samples."""
    import arrakis

    series = arrakis.Client(host).fetch([channel], start, end)[channel]
    values = series.data
    if np.ma.is_masked(values):
        values = np.ma.filled(values.astype(np.result_type(values.dtype, np.float32)), np.nan)
    return Piece(np.asarray(values), float(series.t0), float(series.sample_rate), "")


def _message(problem: BaseException) -> str:
    """Return the message of an error on one line; of a group those of its members."""
    if isinstance(problem, BaseExceptionGroup):
        return "; ".join(_message(member) for member in problem.exceptions)
    return " ".join(str(problem).split())


def _reason(message: str) -> Reason | None:
    """Return why a channel has no data; None where the server failed."""
    text = message.lower()
    return next((reason for reason, phrases in _PHRASES.items() if any(p in text for p in phrases)), None)


def read(path: Path, channels: Sequence[str]) -> dict[str, Piece | Reason]:
    """Read what `main` wrote."""
    contents: dict[str, Piece | Reason] = {}
    with np.load(path, allow_pickle=False) as data:
        for number, (channel, about) in enumerate(zip(channels, json.loads(str(data["about"])), strict=True)):
            if isinstance(about, str):
                contents[channel] = Reason(about)
            else:
                contents[channel] = Piece(data[f"values_{number}"], about["t0"], about["rate"], about["unit"])
    return contents


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Fetch one interval from an NDS2 server: run as a process, so that a hanging client can be stopped.

Usage: ``python -m glitch_explorer.sources.nds2 host channel start end target.npz``.
Untried where this was built: the client comes from conda, not from PyPI.
"""

import sys

import numpy as np

#: Exit status where the server has no such data.
NO_DATA = 4
#: How the client words missing data.
_MISSING = ("no data", "gap", "not found", "could not be found", "no such channel", "unknown channel")


def main(arguments: list[str]) -> int:
    """Fetch, write, and tell what went wrong by the exit status and the last line of stderr."""
    from gwpy.timeseries import TimeSeries

    host, channel, start, end, target = arguments
    try:
        series = TimeSeries.fetch(channel, float(start), float(end), host=host)
    except (RuntimeError, ValueError) as problem:
        if any(word in str(problem).lower() for word in _MISSING):
            print(problem, file=sys.stderr)
            return NO_DATA
        raise
    np.savez(
        target,
        values=series.value,
        t0=float(series.t0.value),
        rate=float(series.sample_rate.value),
        unit=str(series.unit),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

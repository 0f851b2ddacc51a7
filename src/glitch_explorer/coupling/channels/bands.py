"""The grid of time bins, and the frequency bands of channels. See docs/explanation/methods.md#features."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: Length of a time bin in seconds; bin i covers [i * BIN_S, (i + 1) * BIN_S) GPS.
BIN_S = 0.5
#: Seconds of data that filters run over before a chunk: every band has settled by then.
WARM_UP_S = 64

#: A band that the Nyquist frequency cuts to less than this ratio is left out.
_NARROWEST = 1.2


@dataclass(frozen=True, order=True)
class Band:
    """A frequency band [low, high) in Hz."""

    low: float
    high: float

    @property
    def name(self) -> str:
        """The name of the band, e.g. `0.3-1`."""
        return f"{self.low:g}-{self.high:g}"

    @classmethod
    def parse(cls, name: str) -> "Band | None":
        """Return the band of that name; None where it names another feature, e.g. `slope`."""
        low, _, high = name.partition("-")
        return cls(float(low), float(high)) if high else None


def bands_of(rate: float, bands: Sequence[tuple[float, float]]) -> list[Band]:
    """Return the bands that a channel of that sample rate has, the highest cut at its Nyquist frequency.

    Raises
    ------
    ValueError
        When a band's low edge lies below 0.03 Hz, which does not settle in `WARM_UP_S`.
    """
    if bands and min(low for low, _ in bands) < 0.03:
        raise ValueError("bands begin at 0.03 Hz: lower ones do not settle within a chunk's warm-up")
    nyquist = rate / 2
    return [Band(low, min(high, nyquist)) for low, high in sorted(bands) if nyquist >= _NARROWEST * low]


def averaging_bins(band: Band) -> int:
    """Return the number of bins that the RMS averages over: half a period of the low edge, at least one."""
    return max(1, int(np.ceil(0.5 / band.low / BIN_S - 1e-9)))

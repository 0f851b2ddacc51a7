"""Triggers of one auxiliary channel: sorted, each once, within the segments; and clustered."""

from dataclasses import dataclass, fields

import numba
import numpy as np

from glitch_explorer.core.arrays import Bool, Float32, Float64, Int64
from glitch_explorer.core.intervals import contains, union

#: Of triggers closer than this, in s, only the loudest counts: one transient has several tiles in Omicron.
CLUSTER_S = 0.1


@dataclass(frozen=True)
class AuxiliaryTriggers:
    """Triggers of one auxiliary channel.

    Attributes
    ----------
    channel
        Full name with the detector.
    times, snr
        ``(n,)`` GPS seconds, ascending, and signal-to-noise ratio.
    known
        ``(k, 2)`` sorted, disjoint time that the triggers were searched in, GPS seconds.
    """

    channel: str
    times: Float64
    snr: Float32
    known: Float64

    def __len__(self) -> int:
        """Return the number of triggers."""
        return len(self.times)

    def above(self, threshold: float) -> Float64:
        """Return the times of the triggers with at least this SNR, GPS seconds."""
        return np.asarray(self.times[self.snr >= threshold])

    def part(self, selected: Bool | Int64) -> "AuxiliaryTriggers":
        """Return some of the triggers, by mask or by index."""
        return AuxiliaryTriggers(self.channel, self.times[selected], self.snr[selected], self.known)


@dataclass(frozen=True)
class Cleaning:
    """Number of triggers that were read and that were left out, by reason."""

    read: int = 0
    #: Earlier than the trigger before it in its file; sorted, not left out.
    unsorted: int = 0
    #: Same time and SNR as another one.
    repeated: int = 0
    #: Outside the analysis segments.
    outside: int = 0

    def __add__(self, other: "Cleaning") -> "Cleaning":
        """Return the sum of the numbers of two channels."""
        return Cleaning(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def clean_triggers(triggers: AuxiliaryTriggers, segments: Float64) -> tuple[AuxiliaryTriggers, Cleaning]:
    """Sort triggers, and leave out repeated ones and those outside the segments.

    Parameters
    ----------
    triggers
        As read, in any order.
    segments
        ``(k, 2)`` analysis segments of the detector, GPS seconds.

    Returns
    -------
    triggers, cleaning
        The triggers that count, and the numbers of the others.
    """
    order = np.lexsort((triggers.snr, triggers.times))
    ordered = triggers.part(order)
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(ordered.times) > 0) | (np.diff(ordered.snr) != 0)
    inside = contains(union(segments), ordered.times)
    cleaning = Cleaning(
        read=len(order),
        unsorted=int(np.count_nonzero(np.diff(triggers.times) < 0)),
        repeated=int(np.count_nonzero(~new)),
        outside=int(np.count_nonzero(new & ~inside)),
    )
    return ordered.part(new & inside), cleaning


def cluster_triggers(triggers: AuxiliaryTriggers, *, cluster_s: float = CLUSTER_S) -> AuxiliaryTriggers:
    """Select the loudest of triggers that are closer to each other than `cluster_s`, in s.

    The louder ones are chosen first, so that a long train of triggers does not become one.
    """
    loudest = _loudest(triggers.times, np.argsort(-triggers.snr, kind="stable"), cluster_s)
    return triggers.part(loudest)


@numba.njit(nogil=True, cache=True)
def _loudest(times: Float64, by_snr: Int64, cluster_s: float) -> Bool:
    """Return which triggers ``(n,)`` are not closer than `cluster_s` to a louder one that counts.

    Parameters
    ----------
    times
        ``(n,)`` ascending.
    by_snr
        ``(n,)`` indices of the triggers, the loudest first.
    cluster_s
        Seconds.
    """
    n = len(times)
    left_out = np.zeros(n, dtype=np.bool_)
    for i in by_snr:
        if left_out[i]:
            continue
        j = i - 1
        while j >= 0 and times[i] - times[j] < cluster_s:
            left_out[j] = True
            j -= 1
        j = i + 1
        while j < n and times[j] - times[i] < cluster_s:
            left_out[j] = True
            j += 1
    return ~left_out

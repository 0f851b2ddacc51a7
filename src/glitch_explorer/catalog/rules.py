"""The glitches that a study selects, and the rows that are quarantined."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from glitch_explorer.catalog.names import UNKNOWN_IFO
from glitch_explorer.catalog.parse import other_times
from glitch_explorer.catalog.quarantine import Reason, quarantine_rows
from glitch_explorer.core.detectors import DETECTORS
from glitch_explorer.core.errors import fact_text
from glitch_explorer.core.intervals import contains

#: Values of column ifo.
KNOWN_IFOS = DETECTORS | {UNKNOWN_IFO}
#: GPS times beyond this (year 2106) are errors.
_LAST_GPS = 4e9

#: Lowest and highest value, None for no bound.
Bounds = tuple[float | None, float | None]


@dataclass(frozen=True)
class Rules:
    """The selection of a study: detectors, bounds, segments and strain channel.

    A glitch of unknown detector or time is selected, too.

    Attributes
    ----------
    detectors
        Prefixes to select.
    snr, peak_frequency_hz, gps
        Lowest and highest value, None for no bound; peak frequency in Hz, time in GPS s.
    segments
        Table "segments"; without any segment every time is selected.
    strain
        Strain channel, `{ifo}` for the detector: where a source has triggers of several channels, those
        of strain are selected (`rows.select_strain`).
    """

    detectors: Sequence[str] = tuple(sorted(KNOWN_IFOS))
    snr: Bounds = (None, None)
    peak_frequency_hz: Bounds = (None, None)
    gps: Bounds = (None, None)
    segments: pd.DataFrame | None = None
    strain: str = ""

    @property
    def cuts(self) -> dict[str, Bounds]:
        """Bounds of columns, of those that have any."""
        cuts = {"snr": self.snr, "peak_frequency_hz": self.peak_frequency_hz, "event_time": self.gps}
        return {column: cut for column, cut in cuts.items() if tuple(cut) != (None, None)}


class Problems:
    """The first problem of each row, as reason code and detail."""

    def __init__(self, n: int) -> None:
        self.reason, self.detail = np.full((2, n), "", dtype=object)

    def mark(self, rows: np.ndarray | pd.Series, reason: Reason, **facts: object) -> None:
        """Set the reason of the marked rows (bool `(n,)`) that have none yet."""
        new = np.asarray(rows, dtype=bool) & ~self.any
        self.reason[new], self.detail[new] = reason, fact_text(**facts)

    @property
    def any(self) -> np.ndarray:
        """Which rows have a problem, bool `(n,)`."""
        return np.asarray(self.reason != "", dtype=bool)

    def quarantined(self, frame: pd.DataFrame, rows: np.ndarray, read: pd.Series) -> pd.DataFrame:
        """Return the marked rows (bool `(n,)`) as rows of table `quarantine`.

        Parameters
        ----------
        frame
            All rows, with the columns row, glitch_id and source.
        rows
            bool `(n,)`, `k` of them true.
        read
            `(k,)`, what was read there.
        """
        quarantined = frame[rows].assign(reason=self.reason[rows], detail=self.detail[rows], read=read.array)
        return quarantine_rows(quarantined)


def inside_segments(ifo: np.ndarray, event_time: np.ndarray, segments: pd.DataFrame) -> np.ndarray:
    """Return which times `(n,)` lie in a segment [start, end) of their detector."""
    inside = np.zeros(len(ifo), dtype=bool)
    for name, rows in segments.groupby("ifo"):
        here = ifo == name
        inside[here] = contains(rows[["start", "end"]].to_numpy(dtype=float), event_time[here])
    return inside


def apply_rules(frame: pd.DataFrame, problems: Problems, rules: Rules) -> np.ndarray:
    """Mark bad rows in `problems` and return the rows of the study.

    Parameters
    ----------
    frame
        Rows with the columns ifo, event_time, snr and peak_frequency_hz.
    problems
        Problems of the rows, to which others are added.

    Returns
    -------
    numpy.ndarray
        bool `(n,)`: rows of the study, with or without a problem.
    """
    ifo = frame["ifo"].to_numpy(dtype=object, na_value="")
    time = frame["event_time"].to_numpy()
    timed = ~np.isnan(time)
    known = KNOWN_IFOS | set(rules.detectors)
    problems.mark(~np.isin(ifo, list(known)), Reason.DETECTOR_UNKNOWN)
    for kind, rows in other_times(time).items():
        problems.mark(rows, Reason.EVENT_TIME_NOT_GPS, looks_like=kind)
    impossible = timed & ((time <= 0) | (time > _LAST_GPS))
    problems.mark(impossible, Reason.EVENT_TIME_NOT_GPS, looks_like=None)
    selected = problems.any | np.isin(ifo, [*rules.detectors, UNKNOWN_IFO])
    for column, (low, high) in rules.cuts.items():
        values = frame[column]
        problems.mark(values.isna(), Reason.VALUE_MISSING, column=column)
        inside = values.between(-np.inf if low is None else low, np.inf if high is None else high)
        selected &= problems.any | inside.to_numpy()
    if rules.segments is not None and len(rules.segments):
        outside = timed & (ifo != UNKNOWN_IFO) & ~inside_segments(ifo, time, rules.segments)
        problems.mark(selected & outside, Reason.OUTSIDE_SEGMENTS)
    return selected

"""The costs of all families in one detector."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from glitch_explorer.core import intervals as gps_intervals
from glitch_explorer.core.arrays import Float64, Int64, sum_by_index
from glitch_explorer.coupling.witnesses.effects import bootstrap_blocks
from glitch_explorer.impact.cost import gates
from glitch_explorer.impact.cost.attribution import Attribution, attribute
from glitch_explorer.impact.cost.minutes import (
    DAY_S,
    mean_volume,
    minute_cells,
    minute_of,
    numbers,
    spans_of,
)
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.cost.threshold import allowed_alarms, threshold_losses

RANKING, SNR, NONE = "ranking", "snr", "none"


@dataclass(frozen=True)
class Detector:
    """One detector's glitches and time, as costs need them."""

    ifo: str
    #: All glitches of the catalogue, and those in analysed time with column `number` of their family.
    catalogue: pd.DataFrame
    glitches: pd.DataFrame
    #: Families by number; the unassigned are one of them.
    families: list[str]
    #: (k, 2) analysis segments; (c, 2) these cut at minutes, with block and day of each.
    spans: Float64
    cells: Float64
    block: Int64
    day: Float64
    blocks: int
    minutes: pd.DataFrame
    volume_mpc3: float
    attribution: Attribution

    @property
    def live_s(self) -> float:
        """Analysed time, s."""
        return float(gps_intervals.lengths(self.spans).sum())

    def cell_of(self, glitches: pd.DataFrame) -> Int64:
        """Give the number of the cell that each of the glitches lies in."""
        times = glitches["event_time"].to_numpy(dtype=float)
        return np.searchsorted(self.cells[:, 0], times, side="right") - 1

    def per_family(self, weights: Float64 | None = None) -> Float64:
        """Sum a weight (n,), else 1, over each family's glitches."""
        return sum_by_index(self.glitches["number"].to_numpy(), len(self.families), weights)


@dataclass(frozen=True)
class Gated:
    """What gates take from a detector."""

    #: (n,) bool, glitches that are gated.
    chosen: np.ndarray
    #: (k,) s.
    deadtime_s: Float64
    #: What one family alone gates: family, cell and s, each (p,).
    family: Int64
    cell: Int64
    alone_s: Float64

    def marginal_s(self, n_families: int) -> Float64:
        """Give the marginal deadtime (k,), s."""
        return sum_by_index(self.family, n_families, self.alone_s)


@dataclass(frozen=True)
class Thresholds:
    """What a higher threshold takes, from the glitches that are not gated."""

    #: (n,) rankings, and number of family and block of each; where they come from.
    ranking: Float64
    family: Int64
    block: Int64
    source: str
    #: (k,) share of the volume that each family takes; NaN where not known.
    loss: Float64


def open_detector(
    ifo: str, glitches: pd.DataFrame, segments: pd.DataFrame, minutes: pd.DataFrame
) -> Detector:
    """Prepare a detector.

    Parameters
    ----------
    ifo
        Detector.
    glitches
        Table "glitches" of all detectors with a column `family`, real signals and injections left out.
    segments, minutes
        Tables of these names.
    """
    own = glitches[glitches["ifo"] == ifo].sort_values(["event_time", "glitch_id"])
    families, number = np.unique(own["family"].to_numpy(dtype=str), return_inverse=True)
    own = own.assign(number=number)
    spans = spans_of(segments, ifo)
    times = own["event_time"].to_numpy(dtype=float)
    within = np.searchsorted(spans[:, 0], times, side="right") - 1
    ends = np.append(spans[:, 1], -np.inf)
    inside = own[(within >= 0) & (ends[within] > times)]
    cells = minute_cells(spans)
    block = bootstrap_blocks(cells.mean(axis=1), spans) if len(cells) else np.empty(0, np.int64)
    labels, block = np.unique(block, return_inverse=True)
    mine = minutes[minutes["ifo"] == ifo].sort_values("minute", ignore_index=True)
    at = mine["minute"].to_numpy(dtype=float)
    # A minute is in the block of its first cell.
    first = np.searchsorted(cells[:, 0], at).clip(0, max(len(cells) - 1, 0))
    return Detector(
        ifo=ifo,
        catalogue=own,
        glitches=inside,
        families=[str(name) for name in families],
        spans=spans,
        cells=cells,
        block=block,
        day=np.floor(cells[:, 0] / DAY_S) * DAY_S,
        blocks=len(labels),
        minutes=mine,
        volume_mpc3=mean_volume(mine),
        attribution=attribute(
            mine["loss_mpc3_yr"].to_numpy(dtype=float),
            mine["live_s"].to_numpy(dtype=float),
            block[first] if len(cells) else np.zeros(len(mine), np.int64),
            minute=numbers(at, minute_of(inside["event_time"].to_numpy(dtype=float))),
            family=inside["number"].to_numpy(dtype=np.int64),
            power=_power(inside["snr"].to_numpy(dtype=float)),
            n_families=len(families),
            n_blocks=max(len(labels), 1),
        ),
    )


def _power(snr: Float64) -> Float64:
    """Give SNR^2, of the median where an SNR is not known, and 1 where none is."""
    known = snr[np.isfinite(snr) & (snr > 0)]
    usual = float(np.median(known)) if len(known) else 1.0
    return np.where(np.isfinite(snr) & (snr > 0), snr, usual) ** 2


def gate(detector: Detector, settings: CostSettings) -> Gated:
    """Gate a detector's glitches: own and marginal deadtime of each family."""
    glitches = detector.glitches
    chosen = np.ones(len(glitches), bool)
    if settings.gate_snr is not None:
        chosen = glitches["snr"].to_numpy(dtype=float) >= settings.gate_snr
    rows = glitches[chosen]
    windows = gates.gate_intervals(
        rows["event_time"].to_numpy(dtype=float),
        rows["duration_s"].to_numpy(dtype=float),
        settings.least_gate_s,
    )
    pieces, origin, _ = gps_intervals.intersect(windows, detector.spans)
    united, owner = gps_intervals.union_by_owner(pieces, rows["number"].to_numpy(dtype=np.int64)[origin])
    single, whose = gps_intervals.exclusive(united, owner)
    parts, origin, cell = gps_intervals.intersect(single, detector.cells)
    return Gated(
        chosen=chosen,
        deadtime_s=sum_by_index(owner, len(detector.families), gps_intervals.lengths(united)),
        family=whose[origin],
        cell=cell,
        alone_s=gps_intervals.lengths(parts),
    )


def raise_threshold(detector: Detector, gated: Gated, settings: CostSettings) -> Thresholds:
    """Give what each family's glitches that are not gated cost by the threshold."""
    n = len(detector.families)
    rows = detector.glitches[~gated.chosen]
    source = NONE
    if len(rows):
        source = RANKING if (rows[RANKING] > 0).any() else SNR
        rows = rows[rows[source] > 0]
    values, family = rows[SNR if source == NONE else source], rows["number"]
    ranking, numbered = values.to_numpy(dtype=float), family.to_numpy(dtype=np.int64)
    alarms = allowed_alarms(settings.false_alarm_rate_per_yr, detector.live_s)
    # Where all that is there is gated, nothing is left for a threshold to be charged with.
    whole = source == NONE and len(detector.glitches) > 0
    return Thresholds(
        ranking=ranking,
        family=numbered,
        block=detector.block[detector.cell_of(rows)],
        source=source,
        loss=np.zeros(n) if whole else threshold_losses(ranking, numbered, n, alarms),
    )

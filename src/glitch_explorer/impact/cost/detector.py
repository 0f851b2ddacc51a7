"""Gates, threshold and range losses of all families in one detector."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from glitch_explorer.core.arrays import Bool, Float64, Int64, sum_by_index
from glitch_explorer.core.intervals import (
    DAY_S,
    contains,
    exclusive,
    intersect,
    lengths,
    segments_of,
    union_by_owner,
)
from glitch_explorer.coupling.witnesses.blocks import bootstrap_blocks
from glitch_explorer.impact.cost.attribution import Attribution, attribute
from glitch_explorer.impact.cost.minutes import mean_volume, minute_of, minute_pieces
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.cost.threshold import allowed_alarms, threshold_losses

RANKING, SNR, NONE = "ranking", "snr", "none"


@dataclass(frozen=True)
class Detector:
    """Glitches and live time of one detector."""

    ifo: str
    #: Glitches in the live time, with the `number` of their family.
    glitches: pd.DataFrame
    #: Families by number, the unassigned among them.
    families: list[str]
    #: ``(k, 2)`` analysis segments; ``(p, 2)`` these cut at minutes, with block and day of each piece.
    segments: Float64
    pieces: Float64
    block: Int64
    day: Float64
    blocks: int
    minutes: pd.DataFrame
    volume_mpc3: float
    attribution: Attribution

    @property
    def live_s(self) -> float:
        """Live time in seconds."""
        return float(lengths(self.segments).sum())

    def piece_of(self, glitches: pd.DataFrame) -> Int64:
        """Return the number of the piece that contains each glitch."""
        times = glitches["event_time"].to_numpy(dtype=float)
        return np.searchsorted(self.pieces[:, 0], times, side="right") - 1

    def per_family(self, weights: npt.ArrayLike | None = None) -> Float64:
        """Return the sum of weights ``(n,)``, or the number, of each family's glitches."""
        return sum_by_index(self.glitches["number"].to_numpy(), len(self.families), weights)


@dataclass(frozen=True)
class Gated:
    """Time that gates remove from a detector."""

    #: ``(n,)`` glitches that are gated.
    is_gated: Bool
    #: ``(k,)`` seconds.
    deadtime_s: Float64
    #: Time that one family alone gates: family, piece and seconds, each ``(p,)``.
    family: Int64
    piece: Int64
    exclusive_s: Float64

    @property
    def marginal_s(self) -> Float64:
        """Exclusive gated time ``(k,)`` in seconds."""
        return sum_by_index(self.family, len(self.deadtime_s), self.exclusive_s)


@dataclass(frozen=True)
class Thresholds:
    """Threshold losses that the glitches without a gate cause."""

    #: ``(n,)`` rankings, with family and block of each, and the column that they come from.
    ranking: Float64
    family: Int64
    block: Int64
    source: str
    #: ``(k,)`` share of the volume that each family costs; NaN where unknown.
    loss: Float64


def open_detector(
    ifo: str, glitches: pd.DataFrame, segments: pd.DataFrame, minutes: pd.DataFrame
) -> Detector:
    """Prepare the glitches and the live time of a detector, and attribute its range losses.

    Parameters
    ----------
    ifo
        Detector.
    glitches
        Table "glitches" of all detectors with a column `family`, without astrophysical signals and
        injections.
    segments, minutes
        Tables "segments" and "minutes".
    """
    rows = glitches[glitches["ifo"] == ifo].sort_values(["event_time", "glitch_id"])
    families, number = np.unique(rows["family"].to_numpy(dtype=str), return_inverse=True)
    live = segments_of(segments, ifo)
    rows = rows.assign(number=number)[contains(live, rows["event_time"].to_numpy(dtype=float))]
    pieces = minute_pieces(live)
    block = bootstrap_blocks(pieces.mean(axis=1), live) if len(pieces) else np.empty(0, np.int64)
    labels, block = np.unique(block, return_inverse=True)
    minutes = minutes[minutes["ifo"] == ifo].sort_values("minute", ignore_index=True)
    starts = minutes["minute"].to_numpy(dtype=float)
    # A minute is in the block of its first piece.
    first = np.searchsorted(pieces[:, 0], starts).clip(0, max(len(pieces) - 1, 0))
    return Detector(
        ifo=ifo,
        glitches=rows,
        families=[str(name) for name in families],
        segments=live,
        pieces=pieces,
        block=block,
        day=np.floor(pieces[:, 0] / DAY_S) * DAY_S,
        blocks=len(labels),
        minutes=minutes,
        volume_mpc3=mean_volume(minutes),
        attribution=attribute(
            minutes["loss_mpc3_yr"].to_numpy(dtype=float),
            minutes["live_s"].to_numpy(dtype=float),
            block[first] if len(pieces) else np.zeros(len(minutes), np.int64),
            minute=pd.Index(starts).get_indexer(minute_of(rows["event_time"].to_numpy(dtype=float))),
            family=rows["number"].to_numpy(dtype=np.int64),
            power=_power(rows["snr"].to_numpy(dtype=float)),
            n_families=len(families),
            n_blocks=max(len(labels), 1),
        ),
    )


def _power(snr: Float64) -> Float64:
    """Return SNR^2, that of the median where an SNR is unknown, and 1 where all are."""
    known = np.isfinite(snr) & (snr > 0)
    usual = float(np.median(snr[known])) if known.any() else 1.0
    return np.where(known, snr, usual) ** 2


def gate(detector: Detector, settings: CostSettings, *, excursions: bool = False) -> Gated:
    """Gate a detector's glitches; return deadtime and exclusively gated time of each family.

    With `excursions`, gates are where the whitened strain exceeds the threshold, `min_gate_s` on either side.
    """
    glitches = detector.glitches
    is_gated = glitches["start"].notna().to_numpy() if excursions else settings.is_gated(glitches)
    rows = glitches[is_gated]
    gates = settings.gates(rows)
    if excursions:
        gates = rows[["start", "end"]].to_numpy(dtype=float) + settings.min_gate_s * np.array([-1.0, 1.0])
    gates, origin, _ = intersect(gates, detector.segments)
    gates, owner = union_by_owner(gates, rows["number"].to_numpy(dtype=np.int64)[origin])
    single, family = exclusive(gates, owner)
    parts, origin, piece = intersect(single, detector.pieces)
    return Gated(
        is_gated=is_gated,
        deadtime_s=sum_by_index(owner, len(detector.families), lengths(gates)),
        family=family[origin],
        piece=piece,
        exclusive_s=lengths(parts),
    )


def raise_threshold(detector: Detector, gated: Gated, settings: CostSettings) -> Thresholds:
    """Compute the threshold loss by each family's glitches that are not gated."""
    n = len(detector.families)
    rows = detector.glitches[~gated.is_gated]
    source = NONE
    if len(rows):
        source = RANKING if (rows[RANKING] > 0).any() else SNR
        rows = rows[rows[source] > 0]
    ranking = rows[SNR if source == NONE else source].to_numpy(dtype=float)
    family = rows["number"].to_numpy(dtype=np.int64)
    alarms = allowed_alarms(settings.false_alarm_rate_per_yr, detector.live_s)
    # With every glitch gated, none is left to raise the threshold.
    none_left = source == NONE and len(detector.glitches) > 0
    return Thresholds(
        ranking=ranking,
        family=family,
        block=detector.block[detector.piece_of(rows)],
        source=source,
        loss=np.zeros(n) if none_left else threshold_losses(ranking, family, n, alarms),
    )

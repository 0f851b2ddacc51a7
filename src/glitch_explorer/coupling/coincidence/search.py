"""Witnesses among auxiliary triggers, segments and trends, of one family in one detector.

See docs/explanation/methods.md#coincidences.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Bool, Float64
from glitch_explorer.core.intervals import contains, lengths
from glitch_explorer.coupling.coincidence.details import DETAILS
from glitch_explorer.coupling.coincidence.effects import (
    Coincidences,
    coincidences,
    cross_fitted,
    effect_row,
    flagged_count,
    flagged_time,
    hveto_row,
    known_blocks,
    nearest,
)
from glitch_explorer.coupling.coincidence.measure import (
    Family,
    family_wise_p,
    first_slides,
    make_family,
    measure,
)
from glitch_explorer.coupling.coincidence.scan import Auxiliary, Scan, chance, coincident, kind_of
from glitch_explorer.coupling.coincidence.triggers import AuxiliaryTriggers
from glitch_explorer.coupling.schemas import ALPHA, DETECTOR_COINCIDENCES
from glitch_explorer.coupling.witnesses.effects import CHANNEL_EFFECT, hveto_significance, mean_excess
from glitch_explorer.coupling.witnesses.notes import Note, too_few
from glitch_explorer.coupling.witnesses.p_values import at_floor
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES

_Item = TypeVar("_Item")

#: Columns of table "detector_coincidences" that are computed for all families together, and for significant
#: channels only.
GATHERED = ("family", "ifo", "group", *DETAILS)


@dataclass(frozen=True)
class CoincidenceResult:
    """Witnesses of one family in one detector.

    Attributes
    ----------
    table
        Table "detector_coincidences" without the columns `GATHERED`: ranked channels first, by T.
    outside
        Glitches outside the analysis segments, or in segments too short for a time slide.
    untested
        Channels that are known at too few glitches.
    note
        Why nothing was tested; None where something was.
    """

    table: pd.DataFrame
    outside: int
    untested: list[str]
    note: Note | None


def find_coincidences(
    times: Float64,
    segments: Float64,
    auxiliary: Sequence[Auxiliary],
    safety: Sequence[str],
    *,
    scan: Scan,
    slides: int,
    most_slides: int,
    seed: int,
    threads: int,
) -> CoincidenceResult:
    """Find the channels whose triggers or segments coincide with glitches more than chance allows.

    Parameters
    ----------
    times
        ``(n,)`` GPS times of the family's glitches, in any order; equal times count once.
    segments
        ``(k, 2)`` analysis segments of the detector.
    auxiliary
        m channels; triggers cleaned and clustered (`triggers.clean_triggers`, `triggers.cluster_triggers`).
    safety
        ``(m,)`` safe, unsafe or unknown. Unsafe channels are measured, but have no p.
    scan
        Lags, windows and SNR thresholds.
    slides, most_slides
        Number of time slides at first, and at most.
    seed, threads
        The result depends on the first only.

    Returns
    -------
    CoincidenceResult
        The table, and what was not tested.
    """
    family = make_family(times, segments, scan, threads=threads)
    outside = len(np.unique(times)) - len(family.times)
    known = np.array([np.count_nonzero(contains(channel.known, family.times)) for channel in auxiliary])
    tested = known >= LEAST_GLITCHES
    effect = f"are known at {LEAST_GLITCHES} glitches"
    tables.log_effect("auxiliary channels", tested, effect, unit="channels")
    untested = [channel.channel for channel in _selected(auxiliary, ~tested)]
    if not tested.any():
        note = too_few(int(known.max(initial=0)), len(np.unique(times)))
        table = tables.empty(DETECTOR_COINCIDENCES).drop(columns=list(GATHERED))
        return CoincidenceResult(table, outside, untested, note)
    auxiliary, safety = _selected(auxiliary, tested), _selected(safety, tested)
    table = _table(family, auxiliary, safety, slides=slides, most_slides=most_slides, seed=seed)
    return CoincidenceResult(table, outside, untested, None)


def _selected(items: Sequence[_Item], selected: Bool) -> list[_Item]:
    """Return the selected items."""
    return [item for item, is_selected in zip(items, selected, strict=True) if is_selected]


def _table(
    family: Family,
    auxiliary: Sequence[Auxiliary],
    safety: Sequence[str],
    *,
    slides: int,
    most_slides: int,
    seed: int,
) -> pd.DataFrame:
    """Build the table of channels that can be tested."""
    measured = measure(family, auxiliary, first_slides(family, slides, seed=seed))
    ranked = np.array([value != "unsafe" for value in safety])
    p_values, n_slides = np.full(len(auxiliary), np.nan), slides
    if ranked.any():
        p_values[ranked], n_slides = family_wise_p(
            family,
            _selected(auxiliary, ranked),
            measured.part(ranked),
            seed=seed,
            most_slides=most_slides,
        )
    rows = family.each(
        lambda k: _row(
            family,
            auxiliary[k],
            int(measured.best[k]),
            significant=bool(p_values[k] <= ALPHA),
        ),
        len(auxiliary),
    )
    table = pd.DataFrame(rows).assign(safety=list(safety), t_statistic=measured.t, p_fwer=p_values)
    table["n_slides"], table["slide_range_s"] = n_slides, family.rings.range_s
    table["at_floor"] = at_floor(table["p_fwer"], table["n_slides"])
    order = np.lexsort((table["channel"], -measured.t, ~ranked))
    columns = [name for name in DETECTOR_COINCIDENCES.names if name not in GATHERED]
    ordered: pd.DataFrame = table.iloc[order].reset_index(drop=True)[columns]
    return ordered


def _row(family: Family, channel: Auxiliary, best: int, *, significant: bool) -> dict[str, object]:
    """Build a channel's row of table "coincidences", without its p."""
    scan, times = family.scan, family.times
    cell = scan.cells(channel)[best]
    hits = coincident(times, channel, scan)
    of_channel = coincidences(times, channel, family.rings, hits, chance(channel, scan, family.rings))
    flagged = flagged_time(channel, cell, family.segments)
    blocks = known_blocks(times, channel, family.segments)
    row: dict[str, object] = {
        "channel": channel.channel,
        "kind": kind_of(channel),
        "lag": cell.lag_s,
        "window": cell.window_s,
        "snr_threshold": cell.snr_threshold,
        "measure": cell.measure,
        "top_share": cell.top_share,
        "coverage": flagged[1] / float(lengths(family.segments).sum()),
    }
    row |= effect_row(of_channel, best, flagged, blocks)
    row |= dict.fromkeys(CHANNEL_EFFECT, np.nan)
    if significant:
        values = mean_excess(cross_fitted(of_channel, blocks), blocks)
        row |= dict(zip(CHANNEL_EFFECT, values, strict=True))
    if not isinstance(channel, AuxiliaryTriggers):
        return row | _segment_columns(
            of_channel, best, flagged, n=flagged_count(channel, cell, family.segments)
        )
    apart = nearest(times, channel, cell)
    return (
        row
        | hveto_row(hits, channel, scan, live_s=max(flagged[1], 1.0))
        | {
            "delay": float(np.nanmedian(apart)) if hits[:, best].any() else np.nan,
            "n_auxiliary": flagged_count(channel, cell, family.segments),
        }
    )


def _segment_columns(
    of_channel: Coincidences, best: int, flagged: tuple[float, float], *, n: int
) -> dict[str, object]:
    """Return the columns that are computed in another way for segments and trends than for triggers."""
    known = of_channel.known
    mean = np.count_nonzero(known) * flagged[0] / max(flagged[1], 1.0)
    count = int(np.count_nonzero(of_channel.hits[known, best]))
    return {
        "delay": np.nan,
        "n_auxiliary": n,
        "hveto_significance": float(hveto_significance(count, mean)),
        "hveto_overstated": False,
    }

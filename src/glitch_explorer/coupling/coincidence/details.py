"""What is computed of significant channels only: signs of leakage, and the order in time.

See `shares`, and docs/explanation/methods.md#coincidences.
"""

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Bool, Float64
from glitch_explorer.core.intervals import contains
from glitch_explorer.coupling.coincidence.effects import known_blocks
from glitch_explorer.coupling.coincidence.scan import Auxiliary, Cell, coincident_in
from glitch_explorer.coupling.coincidence.shares import (
    days_to_half,
    share_by_day,
    share_by_snr,
    snr_auc_interval,
)
from glitch_explorer.coupling.coincidence.trends import AuxiliaryTrend
from glitch_explorer.coupling.coincidence.triggers import AuxiliaryTriggers

#: Columns of table "coincidences" that are computed for channels with a significant p only, and their types.
DETAILS = {
    "relation": "object",
    "snr_auc": "float64",
    "snr_auc_low": "float64",
    "snr_auc_high": "float64",
    "days_to_half": "Int64",
}
#: Share of the coincident glitches that must have the same order in time.
LEAST_ORDERED = 0.9


def details(
    glitches: pd.DataFrame, auxiliary: Auxiliary, cell: Cell, segments: Float64
) -> tuple[dict[str, object], pd.DataFrame]:
    """Compute the order in time, and how coincidences depend on the SNR of the glitches and on the day.

    Parameters
    ----------
    glitches
        n glitches within the segments: event_time (GPS), snr and duration_s, NaN where unknown.
    auxiliary
        The channel.
    cell
        What counts as coincident; at least one glitch is.
    segments
        ``(k, 2)`` sorted, disjoint analysis segments.

    Returns
    -------
    columns, shares
        Values of the columns `DETAILS`, and rows of table "coincidence_shares" without family, ifo, channel
        and kind.
    """
    glitches = glitches[contains(auxiliary.known, glitches["event_time"].to_numpy())]
    times, snr, durations = (glitches[name].to_numpy() for name in ("event_time", "snr", "duration_s"))
    hits = coincident_in(times, auxiliary, cell)
    relation = coincidence_relation(times[hits], durations[hits], auxiliary, cell)
    auc = snr_auc_interval(snr, hits, known_blocks(times, auxiliary, segments))
    columns = dict(zip(DETAILS, (relation, *auc, days_to_half(times, hits)), strict=True))
    parts = [share_by_snr(snr, hits).assign(by="snr"), share_by_day(times, hits).assign(by="day")]
    return columns, pd.concat(parts, ignore_index=True)


def coincidence_relation(times: Float64, durations: Float64, auxiliary: Auxiliary, cell: Cell) -> str:
    """Return whether a channel leads the glitches that are coincident with it, follows them, or co-moves.

    What coincides is the window with the trigger, the segment of the flag, or the flagged samples of the
    trend that follow each other. The channel leads if that ends before the glitch begins, for nine of ten
    glitches. It follows if that begins after the glitch has ended. Otherwise it co-moves.

    Parameters
    ----------
    times, durations
        ``(n,)`` GPS times of the middles of the glitches, and their durations in s. NaN counts as 0.
    auxiliary
        The channel.
    cell
        What counts as coincident.
    """
    half = np.nan_to_num(durations) / 2
    begins, ends = _extent(times + cell.lag_s, auxiliary, cell)
    if _usual(ends <= times - half):
        return "leads"
    return "follows" if _usual(begins >= times + half) else "co-moves"


def _extent(middle: Float64, auxiliary: Auxiliary, cell: Cell) -> tuple[Float64, Float64]:
    """Return begin and end of what coincides, two ``(n,)`` in GPS seconds, by the cell's middle."""
    if isinstance(auxiliary, AuxiliaryTriggers):
        return middle - cell.window_s / 2, middle + cell.window_s / 2
    if isinstance(auxiliary, AuxiliaryTrend):
        active = auxiliary.active(cell.measure, cell.top_share)
    else:
        active = auxiliary.active
    number = np.searchsorted(active[:, 0], middle, side="right") - 1
    return active[number, 0], active[number, 1]


def _usual(ordered: Bool) -> bool:
    """Return whether enough of the glitches ``(n,)`` have this order."""
    return bool(np.mean(ordered) >= LEAST_ORDERED)

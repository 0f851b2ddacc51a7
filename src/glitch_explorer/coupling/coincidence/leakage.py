"""Whether coincidences look like strain that leaks into a channel: by SNR of the glitches, and by day.

See `shares`, and docs/explanation/methods.md#coincidences.
"""

import pandas as pd

from glitch_explorer.core.arrays import Float64
from glitch_explorer.core.intervals import contains
from glitch_explorer.coupling.coincidence.effects import known_blocks
from glitch_explorer.coupling.coincidence.scan import Auxiliary, Cell, coincident_in
from glitch_explorer.coupling.coincidence.shares import (
    days_to_half,
    share_by_day,
    share_by_snr,
    snr_auc_interval,
)

#: Columns of table "coincidences" that are computed for channels with a significant p only.
LEAKAGE = ("snr_auc", "snr_auc_low", "snr_auc_high", "days_to_half")


def leakage(
    times: Float64, snr: Float64, auxiliary: Auxiliary, cell: Cell, segments: Float64
) -> tuple[dict[str, float], pd.DataFrame]:
    """Compute how coincidences depend on the SNR of the glitches and on the day.

    Parameters
    ----------
    times, snr
        ``(n,)`` GPS times of glitches within the segments, and their SNR, NaN where unknown.
    auxiliary
        The channel.
    cell
        What counts as coincident.
    segments
        ``(k, 2)`` sorted, disjoint analysis segments.

    Returns
    -------
    columns, shares
        Values of the columns `LEAKAGE`, and rows of table "coincidence_shares" without family, ifo, channel
        and kind.
    """
    known = contains(auxiliary.known, times)
    times, snr = times[known], snr[known]
    hits = coincident_in(times, auxiliary, cell)
    auc = snr_auc_interval(snr, hits, known_blocks(times, auxiliary, segments))
    columns = dict(zip(LEAKAGE, (*auc, days_to_half(times, hits)), strict=True))
    parts = [share_by_snr(snr, hits).assign(by="snr"), share_by_day(times, hits).assign(by="day")]
    return columns, pd.concat(parts, ignore_index=True)

"""The share of the live time in which each channel has data, and why not in the rest."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Bool, Float32, Float64
from glitch_explorer.coupling.channels.bands import BIN_S
from glitch_explorer.coupling.channels.fetch import Missing
from glitch_explorer.coupling.channels.live_time import LiveTime
from glitch_explorer.coupling.channels.store import FeatureStore
from glitch_explorer.coupling.schemas import GAPS
from glitch_explorer.sources.reasons import Reason


def coverage(
    store: FeatureStore, logs: Float32, means: Float64, live: LiveTime, missing: Sequence[Missing]
) -> pd.DataFrame:
    """Compute the share of the live time in which each channel has data, and the share of each reason.

    Parameters
    ----------
    store
        Store that the features were read from; it knows the columns of `logs` and `means`.
    logs, means
        Features ``(n, l)`` and ``(n, k)`` before any scoring; constant columns are NaN.
    live
        Live time, n bins.
    missing
        Where channels have no data, and why.

    Returns
    -------
    DataFrame
        Table "channel_coverage" without family and detector. A channel has data where any of its
        features has a value; data that never change are `constant`, and where the filters have too
        little data before, `not_settled`.
    """
    known = {name: np.zeros(len(live), bool) for name in [*store.logs["channel"], *store.means["channel"]]}
    for columns, values in ((store.logs, logs), (store.means, means)):
        for index, channel in enumerate(columns["channel"]):
            known[channel] |= np.isfinite(values[:, index])
    gaps: dict[str, dict[Reason, Bool]] = {name: {} for name in known}
    for part in missing:
        low, high = np.searchsorted(live.bins, [np.floor(part.start / BIN_S), np.ceil(part.end / BIN_S)])
        gaps[part.channel].setdefault(part.reason, np.zeros(len(live), bool))[low:high] = True
    rows = [{"channel": channel, **_shares(has, gaps[channel])} for channel, has in sorted(known.items())]
    return pd.DataFrame(rows, columns=["channel", "reason", "share", *GAPS])


def _shares(has: Bool, gaps: dict[Reason, Bool]) -> dict[str, object]:
    """Return the shares of one channel, and the reason that has the largest."""
    shares = dict.fromkeys(GAPS, 0.0)
    if len(has):
        shares |= {reason: float(part.mean()) for reason, part in gaps.items()}
        explained = np.logical_or.reduce([has, *gaps.values()])
        shares[Reason.NOT_SETTLED if has.any() else Reason.CONSTANT] = 1 - float(explained.mean())
    largest = max(shares, key=lambda reason: shares[reason])
    row: dict[str, object] = {"reason": largest if shares[largest] > 0 else ""}
    row["share"] = float(has.mean()) if len(has) else 0.0
    return row | shares

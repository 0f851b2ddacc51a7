"""Share of coincident glitches by SNR and by day: what leakage of strain into a channel looks like.

A channel of unknown safety may hear the strain. Then the share rises with the SNR of the glitches, on all
days. Where the channel sees the cause, the share may depend on the day. Neither is a proof.
"""

import numpy as np
import pandas as pd
from scipy.special import stdtrit
from scipy.stats import rankdata

from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.core.intervals import DAY_S
from glitch_explorer.core.statistics import wilson_interval

#: Edges of the SNR bins.
SNR_EDGES = (0.0, 8.0, 10.0, 15.0, 20.0, 30.0, 50.0, np.inf)
#: Of Student's t, for a two-sided 95 % interval.
_QUANTILE = 0.975
_COLUMNS = ("low", "high", "n", "hits", "share", "share_low", "share_high")


def share_by_snr(snr: Float64, hits: Bool, edges: tuple[float, ...] = SNR_EDGES) -> pd.DataFrame:
    """Compute the share of coincident glitches in bins of SNR.

    Parameters
    ----------
    snr, hits
        ``(n,)`` of each glitch; those with an SNR of NaN are left out.
    edges
        Edges of the bins, the lower one included.

    Returns
    -------
    DataFrame
        A row for each bin with glitches: low, high, n, hits, share, and the ends of its 95 % interval (Wilson
        1927), as if glitches were independent.
    """
    known = ~np.isnan(snr)
    number = np.searchsorted(edges, snr[known], side="right") - 1
    return _shares(number, hits[known], np.array(edges[:-1]), np.array(edges[1:]))


def share_by_day(times: Float64, hits: Bool) -> pd.DataFrame:
    """Compute the share of coincident glitches on each day with glitches.

    Parameters
    ----------
    times, hits
        ``(n,)`` GPS seconds, and whether the glitch is coincident.

    Returns
    -------
    DataFrame
        As `share_by_snr`; low and high are the ends of the day, counted from GPS 0.
    """
    days, number = np.unique(times // DAY_S, return_inverse=True)
    return _shares(number, hits, days * DAY_S, (days + 1) * DAY_S)


def _shares(number: Int64, hits: Bool, low: Float64, high: Float64) -> pd.DataFrame:
    """Return a row for each bin that has glitches, by the number of each glitch's bin."""
    n = np.bincount(number, minlength=len(low))
    counts = np.bincount(number, hits, minlength=len(low)).astype(int)
    rows = [
        (low[k], high[k], n[k], counts[k], counts[k] / n[k], *wilson_interval(counts[k], int(n[k])))
        for k in np.flatnonzero(n)
    ]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def snr_auc(snr: Float64, hits: Bool) -> float:
    """Compute the probability that a coincident glitch is louder than another (Mann & Whitney 1947).

    Parameters
    ----------
    snr, hits
        ``(n,)`` of each glitch; those with an SNR of NaN are left out.

    Returns
    -------
    float
        0.5 where coincidences do not depend on the SNR, towards 1 where the channel may hear the strain; NaN
        where all glitches are coincident, or none is.
    """
    known = ~np.isnan(snr)
    ranks, hit = rankdata(snr[known]), hits[known]
    n = int(np.count_nonzero(hit))
    others = len(hit) - n
    if not n or not others:
        return np.nan
    return float((ranks[hit].sum() - n * (n + 1) / 2) / (n * others))


def snr_auc_interval(snr: Float64, hits: Bool, blocks: Int64) -> tuple[float, float, float]:
    """Compute `snr_auc` and its 95 % interval over blocks of time.

    Parameters
    ----------
    snr, hits
        As in `snr_auc`.
    blocks
        ``(n,)`` block of each glitch.

    Returns
    -------
    auc, low, high
        The ends of the interval are NaN where a single block has all coincident glitches, or all others.

    Notes
    -----
    The standard error is that of the jackknife that leaves out one block at a time (Efron & Stein 1981), and
    the quantile that of Student's t with one degree of freedom less than there are blocks.
    """
    auc = snr_auc(snr, hits)
    numbers = np.unique(blocks)
    parts = np.array([snr_auc(snr[blocks != number], hits[blocks != number]) for number in numbers])
    if len(parts) < 2:
        return auc, np.nan, np.nan
    error = np.sqrt((len(parts) - 1) / len(parts) * ((parts - parts.mean()) ** 2).sum())
    half = float(stdtrit(len(parts) - 1, _QUANTILE) * error)
    return auc, float(np.maximum(auc - half, 0.0)), float(np.minimum(auc + half, 1.0))


def days_to_half(times: Float64, hits: Bool) -> int:
    """Return on how few days half of the coincident glitches lie; 0 without a coincidence."""
    counts = np.sort(share_by_day(times, hits)["hits"].to_numpy())[::-1]
    if not counts.sum():
        return 0
    return int(np.searchsorted(np.cumsum(counts), counts.sum() / 2) + 1)

"""Ranking of the costs, and its change with the assumptions."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.impact.cost.detector import RANKING
from glitch_explorer.impact.cost.headline import Headline, headline
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.schemas import RANK_STABILITY
from glitch_explorer.map.schemas import UNASSIGNED

#: Variants of the settings: shortest half width of a gate in seconds; lowest SNR that is gated, 0 for all;
#: factors on the false-alarm rate.
GATES_S = (0.25, 0.5, 1.0, 2.0)
GATE_SNRS = (0.0, 10.0, 20.0, 50.0)
ALARM_FACTORS = (0.1, 1.0, 10.0)
#: Fewer families make no ranking to compare.
LEAST_RANKED = 3


def ranks(cost: pd.Series) -> pd.Series:
    """Return the rank of each cost, 1 for the largest; null without a cost."""
    return cost.rank(ascending=False, method="first").astype("Int64")


def rank_agreement(first: pd.Series, second: pd.Series) -> tuple[float, int]:
    """Return Kendall's tau-b of two costs with one index (NaN with fewer than three), and their number."""
    both = first.notna() & second.notna()
    n = int(both.sum())
    if n < LEAST_RANKED:
        return float("nan"), n
    from scipy.stats import kendalltau  # half a second, which pages without an agreement do not need

    return float(kendalltau(first[both], second[both]).statistic), n


def _variants(settings: CostSettings, *, ranked: bool) -> Iterator[tuple[str, float, CostSettings]]:
    """Yield what is varied, its value and the settings; false alarms only if they are part of the cost."""
    for value in GATES_S:
        yield "min_gate_s", value, replace(settings, min_gate_s=value)
    for value in GATE_SNRS:
        yield "gate_snr", value, replace(settings, gate_snr=value or None)
    for factor in ALARM_FACTORS if ranked else ():
        rate = factor * settings.false_alarm_rate_per_yr
        yield "false_alarm_rate", rate, replace(settings, false_alarm_rate_per_yr=rate)


def _costs(headlines: Sequence[Headline]) -> pd.Series:
    """Return the headline costs of all detectors by family and detector, without the unassigned."""
    parts = [
        pd.DataFrame({"family": part.detector.families, "ifo": part.detector.ifo, "cost": part.total})
        for part in headlines
    ]
    table = pd.concat(parts, ignore_index=True)
    return table[table["family"] != UNASSIGNED].set_index(["family", "ifo"])["cost"]


def rank_stability(headlines: Sequence[Headline], settings: CostSettings) -> pd.DataFrame:
    """Return table "rank_stability": Kendall's tau-b with the headline's ranking.

    The ranges of the minutes stay as measured: only gates and threshold losses are computed again.
    """
    if not headlines:
        return tables.empty(RANK_STABILITY)
    reference = _costs(headlines)
    ifos = reference.index.get_level_values("ifo")
    ranked = any(part.thresholds.source == RANKING for part in headlines)
    rows = []
    for varied, value, variant in _variants(settings, ranked=ranked):
        costs = _costs([headline(part.detector, variant) for part in headlines])
        for ifo in ["all", *sorted(set(ifos))]:
            used = np.asarray((ifos == ifo) | (ifo == "all"))
            rows.append((ifo, varied, value, *rank_agreement(reference[used], costs[used])))
    return pd.DataFrame(rows, columns=RANK_STABILITY.names)

"""The ranking of costs, and how it changes with what was assumed."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from glitch_explorer.core import tables
from glitch_explorer.impact.cost.detector import RANKING
from glitch_explorer.impact.cost.headline import Headline, headline
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.schemas import RANK_STABILITY
from glitch_explorer.map.schemas import UNASSIGNED

#: What is tried beside the settings: least half widths of a gate, s; least SNR that is gated, 0 all; factors
#: on the false-alarm rate.
GATES_S = (0.25, 0.5, 1.0, 2.0)
GATE_SNRS = (0.0, 10.0, 20.0, 50.0)
ALARM_FACTORS = (0.1, 1.0, 10.0)
#: Fewer families make no ranking to compare.
LEAST_RANKED = 3


def ranks(cost: pd.Series) -> pd.Series:
    """Give the place of each cost, 1 the largest; null without a cost."""
    return cost.rank(ascending=False, method="first").astype("Int64")


def rank_agreement(first: pd.Series, second: pd.Series) -> tuple[float, int]:
    """Give Kendall's tau-b of two costs with one index, and how many have both; NaN under three."""
    both = first.notna() & second.notna()
    n = int(both.sum())
    if n < LEAST_RANKED:
        return float("nan"), n
    return float(kendalltau(first[both], second[both]).statistic), n


def _variants(settings: CostSettings, *, ranked: bool) -> list[tuple[str, float, CostSettings]]:
    """List what is varied, its value and the settings; false alarms only where they are part of the cost."""
    rate = settings.false_alarm_rate_per_yr
    factors = ALARM_FACTORS if ranked else ()
    return [
        *(("least_gate_s", w, replace(settings, least_gate_s=w)) for w in GATES_S),
        *(("gate_snr", s, replace(settings, gate_snr=s or None)) for s in GATE_SNRS),
        *(
            ("false_alarm_rate", f * rate, replace(settings, false_alarm_rate_per_yr=f * rate))
            for f in factors
        ),
    ]


def _costs(found: Sequence[Headline]) -> pd.Series:
    """Give the headlines of all detectors by family and detector, unassigned left out."""
    parts = [
        pd.DataFrame({"family": one.detector.families, "ifo": one.detector.ifo, "cost": one.total})
        for one in found
    ]
    table = pd.concat(parts, ignore_index=True)
    return table[table["family"] != UNASSIGNED].set_index(["family", "ifo"])["cost"]


def rank_stability(found: Sequence[Headline], settings: CostSettings) -> pd.DataFrame:
    """Give table "rank_stability": Kendall's tau-b with the headline's ranking.

    The ranges are those of the minutes as measured: only what is gated, and what the
    threshold costs, is worked out anew.
    """
    columns = RANK_STABILITY.names
    if not found:
        return tables.empty(RANK_STABILITY)
    chosen = _costs(found)
    ifos = chosen.index.get_level_values("ifo")
    rows = []
    ranked = any(one.thresholds.source == RANKING for one in found)
    for varied, value, tried in _variants(settings, ranked=ranked):
        other = _costs([headline(one.detector, tried) for one in found])
        for ifo in ["all", *sorted(set(ifos))]:
            own = np.ones(len(chosen), bool) if ifo == "all" else np.asarray(ifos == ifo)
            rows.append((ifo, varied, value, *rank_agreement(chosen[own], other[own])))
    return pd.DataFrame(rows, columns=columns)

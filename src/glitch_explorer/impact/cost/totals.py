"""Cost of all glitches of a detector together."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.impact.cost.detector import SNR, open_detector
from glitch_explorer.impact.cost.headline import cost_rows, headline
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.schemas import COST_BY_DETECTOR

#: Value of `gates` where every glitch is gated, and the name of all glitches as one family.
ALL = "all"


def _gates(settings: CostSettings) -> Iterator[tuple[str, bool, CostSettings]]:
    """Yield the name of the gates, whether the families' costs use them, and the settings."""
    if settings.gate_snr is not None:
        yield SNR, True, settings
    yield ALL, settings.gate_snr is None, replace(settings, gate_snr=None)


def detector_costs(
    glitches: pd.DataFrame, segments: pd.DataFrame, minutes: pd.DataFrame, settings: CostSettings
) -> pd.DataFrame:
    """Return table "cost_by_detector": the cost of all glitches, as if they were one family.

    Time that several families gate counts here, and for none of the families. The threshold loss is left
    out: without any glitch, the threshold of a search is unknown.

    Parameters
    ----------
    glitches, segments, minutes, settings
        As in `gather.family_costs`, the glitches without astrophysical signals and injections.
    """
    rows = glitches.assign(family=ALL, ranking=np.nan)
    parts = []
    for ifo in sorted(set(rows["ifo"])):
        detector = open_detector(ifo, rows, segments, minutes)
        for gates, in_cost, chosen in _gates(settings):
            row = cost_rows(headline(detector, chosen)).rename(columns={"deadtime_s": "gated_s"})
            parts.append(row.assign(gates=gates, in_cost=in_cost)[COST_BY_DETECTOR.names])
    return tables.joined(COST_BY_DETECTOR, parts)

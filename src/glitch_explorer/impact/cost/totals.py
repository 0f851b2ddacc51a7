"""Cost of all glitches of a detector together, and costs with the gates of a search."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.impact.cost.detector import SNR, Detector, open_detector
from glitch_explorer.impact.cost.headline import Headline, cost_rows, headline
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.schemas import COST_BY_DETECTOR

#: Codes of column `gates`, beside `SNR`. `ALL` is also the name of the family that holds all glitches.
ALL, EXCURSIONS = "all", "excursions"
#: Columns of table "cost" that `search_costs` returns, and their names in `cost_rows`.
SEARCH = {
    "n_excursions": "n_gated",
    "search_hours_per_1000h": "hours_per_1000h",
    "search_hours_low": "hours_low",
    "search_hours_high": "hours_high",
}


def with_excursions(glitches: pd.DataFrame, excursions: pd.DataFrame) -> pd.DataFrame:
    """Add `peak`, `start` and `end` of table "excursions" to glitches; NaN where there is no row."""
    columns = ["peak", "start", "end"]
    measured = excursions.set_index("glitch_id")[columns].reindex(glitches["glitch_id"])
    return glitches.assign(**{name: measured[name].to_numpy(dtype=float) for name in columns})


def _has_strain(detector: Detector) -> bool:
    return bool(detector.glitches["peak"].notna().any())


def _variants(detector: Detector, settings: CostSettings) -> Iterator[tuple[str, bool, Headline]]:
    """Yield the name of the gates, whether the families' costs use them, and the cost."""
    if _has_strain(detector):
        yield EXCURSIONS, False, headline(detector, settings, excursions=True)
    if settings.gate_snr is not None:
        yield SNR, True, headline(detector, settings)
    everything = headline(detector, replace(settings, gate_snr=None))
    yield ALL, settings.gate_snr is None, everything


def detector_costs(
    glitches: pd.DataFrame, segments: pd.DataFrame, minutes: pd.DataFrame, settings: CostSettings
) -> pd.DataFrame:
    """Return table "cost_by_detector": the cost of all glitches, as if they were one family.

    Time that several families gate counts here, and for none of the families. The threshold loss is left
    out: without any glitch, the threshold of a search is unknown.

    Parameters
    ----------
    glitches, segments, minutes, settings
        As in `gather.family_costs`, the glitches without astrophysical signals and injections, with their
        excursions.
    """
    rows = glitches.assign(family=ALL, ranking=np.nan)
    parts = []
    for ifo in sorted(set(rows["ifo"])):
        detector = open_detector(ifo, rows, segments, minutes)
        for gates, in_cost, result in _variants(detector, settings):
            row = cost_rows(result).rename(columns={"deadtime_s": "gated_s"})
            parts.append(row.assign(gates=gates, in_cost=in_cost)[COST_BY_DETECTOR.names])
    return tables.joined(COST_BY_DETECTOR, parts)


def search_costs(
    glitches: pd.DataFrame, segments: pd.DataFrame, minutes: pd.DataFrame, settings: CostSettings
) -> pd.DataFrame:
    """Return the columns `SEARCH` of table "cost", by family and detector, for detectors with strain.

    Parameters
    ----------
    glitches, segments, minutes, settings
        As in `detector_costs`.
    """
    rows = glitches.assign(ranking=np.nan)
    detectors = [open_detector(ifo, rows, segments, minutes) for ifo in sorted(set(rows["ifo"]))]
    parts = [
        cost_rows(headline(detector, settings, excursions=True)).set_index(["family", "ifo"])
        for detector in detectors
        if _has_strain(detector)
    ]
    empty = pd.DataFrame(columns=["family", "ifo", *SEARCH.values()], dtype=float).set_index(
        ["family", "ifo"]
    )
    table = pd.concat(parts) if parts else empty
    return table[list(SEARCH.values())].set_axis(list(SEARCH), axis=1)

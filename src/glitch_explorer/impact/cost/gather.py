"""Costs of the families in all detectors."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from glitch_explorer.core import files, tables
from glitch_explorer.coupling.schemas import COINCIDENCES
from glitch_explorer.impact.cost.detector import open_detector
from glitch_explorer.impact.cost.headline import cost_rows, daily, headline
from glitch_explorer.impact.cost.ranking import rank_stability, ranks
from glitch_explorer.impact.cost.recoverable import recoverable_costs, strong_witnesses, with_best_witness
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.cost.totals import detector_costs, search_costs, with_excursions
from glitch_explorer.impact.schemas import (
    COST,
    COST_BY_DAY,
    COST_BY_DETECTOR,
    EXCURSIONS,
    RANK_STABILITY,
    RECOVERABLE,
)
from glitch_explorer.map.schemas import UNASSIGNED

#: Formula for cost.json, by symbol or column.
FORMULA = {
    "cost_mpc3_yr": "V dT + (b); with a search's own ranking V T [1 - (1 - dT/T)(1 - delta)] + (b)",
    "V": "volume_mpc3: mean of (4 pi/3) R0^3 over live time, R0 the running median range of clean minutes",
    "T": "live_s: live time",
    "dT": "marginal_deadtime_s: gated by this family only, t - w to t + w, w = max(duration/2, min_gate_s)",
    "(b)": "range_loss_mpc3_yr: signed sum over minutes of the family's part of (4 pi/3)(R0^3 - R^3) dt",
    "delta": "threshold_loss: 1 - (threshold without the family / threshold)^3 at a fixed false-alarm rate",
    "hours_per_1000h": "1000 cost / (V T)",
    "search_hours_per_1000h": "the same with gates only where the whitened strain exceeds gate_threshold",
    "contamination_per_yr": "R_cbc (1 - exp(-r (t_signal + t_glitch))), not part of the cost",
    "recoverable": "cost times excess efficiency of the witness: at most recovered by removing the coupling",
    "interval": "95 %, over blocks of live time, corrected for skewness (Hall 1992)",
    "chance_first": "share of resamples of these blocks, for all families together, in which it costs most",
}


@dataclass(frozen=True)
class Costs:
    """Tables "cost", "cost_by_detector", "recoverable", "cost_by_day" and "rank_stability"."""

    cost: pd.DataFrame
    by_detector: pd.DataFrame
    recoverable: pd.DataFrame
    by_day: pd.DataFrame
    stability: pd.DataFrame


def charged_glitches(glitches: pd.DataFrame, families: pd.DataFrame) -> pd.DataFrame:
    """Return the glitches with a time, each with the family that its cost is attributed to, or unassigned.

    Astrophysical signals and injections are left out. Where each view has a row of the map, a glitch
    belongs to the family of its most probable view, assigned before unassigned.

    Parameters
    ----------
    glitches, families
        Tables "glitches" and "families".
    """
    rows = glitches[(glitches["astrophysical"] == "") & glitches["event_time"].notna()]
    ordered = families.assign(unassigned=families["family"] == UNASSIGNED).sort_values(
        ["glitch_id", "unassigned", "probability", "family"], ascending=[True, True, False, True]
    )
    family = ordered.drop_duplicates("glitch_id").set_index("glitch_id")["family"]
    return rows.assign(family=rows["glitch_id"].map(family).fillna(UNASSIGNED))


def family_costs(
    glitches: pd.DataFrame,
    families: pd.DataFrame,
    segments: pd.DataFrame,
    minutes: pd.DataFrame,
    *,
    witnesses: pd.DataFrame,
    settings: CostSettings,
    coincidences: pd.DataFrame | None = None,
    excursions: pd.DataFrame | None = None,
) -> Costs:
    """Compute the cost of each family in each detector. See docs/explanation/cost.md.

    Parameters
    ----------
    glitches, families, segments, minutes, witnesses
        Tables "glitches", "families", "segments", "minutes" (of all detectors) and "witnesses".
    settings
        Assumptions of the cost.
    coincidences
        Table "coincidences"; None where there are no auxiliary triggers, flags and trends.
    excursions
        Table "excursions" of all detectors; None where there is no strain.

    Returns
    -------
    Costs
        `cost` has a row for each family in each detector with glitches of it.
    """
    rows = with_excursions(
        charged_glitches(glitches, families), tables.empty(EXCURSIONS) if excursions is None else excursions
    )
    detectors = [open_detector(ifo, rows, segments, minutes) for ifo in sorted(set(rows["ifo"]))]
    headlines = [headline(detector, settings) for detector in detectors]
    cost = _joined([cost_rows(result) for result in headlines], COST)
    search = search_costs(rows, segments, minutes, settings)
    strong = strong_witnesses(witnesses, tables.empty(COINCIDENCES) if coincidences is None else coincidences)
    by_day = _joined([daily(result) for result in headlines], COST_BY_DAY)
    if len(cost):
        cost = cost.merge(search, how="left", left_on=["family", "ifo"], right_index=True)
        cost["n_excursions"] = cost["n_excursions"].astype("Int64")
        cost = with_best_witness(cost.assign(rank=ranks(cost["cost_mpc3_yr"])), strong)
    return Costs(
        cost=cost[COST.names],
        by_detector=detector_costs(rows, segments, minutes, settings),
        recoverable=recoverable_costs(cost, strong),
        by_day=by_day,
        stability=rank_stability(headlines, settings),
    )


def _joined(parts: list[pd.DataFrame], schema: pa.Schema) -> pd.DataFrame:
    """Return the rows of all detectors without the unassigned."""
    table = tables.joined(schema, [part[part["family"] != UNASSIGNED] for part in parts])
    return table.sort_values(["family", "ifo"], kind="stable", ignore_index=True)


def write_costs(costs: Costs, settings: CostSettings, out: str | Path) -> None:
    """Write the tables, and cost.csv and cost.json for download, into the folder `out`."""
    folder = Path(out)
    tables.write(COST, costs.cost, folder / "cost.parquet")
    tables.write(COST_BY_DETECTOR, costs.by_detector, folder / "cost_by_detector.parquet")
    tables.write(RECOVERABLE, costs.recoverable, folder / "recoverable.parquet")
    tables.write(COST_BY_DAY, costs.by_day, folder / "cost_by_day.parquet")
    tables.write(RANK_STABILITY, costs.stability, folder / "rank_stability.parquet")
    files.write_text(folder / "cost.csv", costs.cost.to_csv(index=False, lineterminator="\n"))
    report = {
        "settings": asdict(settings),
        "formula": FORMULA,
        "rank_stability": _records(costs.stability),
        "detectors": _records(costs.by_detector),
        "rows": _records(costs.cost),
    }
    files.write_json(folder / "cost.json", report)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows for JSON, with null for missing values."""
    return [
        {str(key): None if pd.isna(value) else value for key, value in row.items()}
        for row in frame.astype(object).to_dict("records")
    ]

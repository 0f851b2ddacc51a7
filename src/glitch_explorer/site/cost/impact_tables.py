"""Tables of the impact stage that pages are made from."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.impact.schemas import (
    COST,
    COST_BY_DAY,
    COST_BY_DETECTOR,
    DRIVERS,
    RANK_STABILITY,
    RECOVERABLE,
    SKILL,
)
from glitch_explorer.map.schemas import UNIONS
from glitch_explorer.site.families.names import Names


@dataclass(frozen=True)
class ImpactTables:
    """Tables of all families by name, and what pages call each family."""

    cost: pd.DataFrame
    by_detector: pd.DataFrame
    recoverable: pd.DataFrame
    #: Tables "cost_by_day" and "rank_stability".
    by_day: pd.DataFrame
    stability: pd.DataFrame
    #: Tables "skill" and "drivers"; empty where no model was fitted.
    skill: pd.DataFrame
    drivers: pd.DataFrame
    names: Names
    #: Families that join others (`families.unions`) and whose glitches are charged to these; None where the
    #: families are those of a map.
    unions: frozenset[str] | None


def read_impact(
    folder: Path,
    skill: str | Path | None,
    drivers: str | Path | None,
    names: Names,
    unions: str | Path | None = None,
) -> ImpactTables:
    """Read the tables of the impact stage.

    Parameters
    ----------
    folder
        Folder of the impact stage.
    skill, drivers
        Files of tables "skill" and "drivers"; None where no model was fitted.
    names
        What pages call each family, see `family_names`.
    unions
        File of table "unions"; None where the families are those of a map.
    """
    return ImpactTables(
        cost=tables.read(COST, folder / "cost.parquet"),
        by_detector=tables.read(COST_BY_DETECTOR, folder / "cost_by_detector.parquet"),
        recoverable=tables.read(RECOVERABLE, folder / "recoverable.parquet"),
        by_day=tables.read(COST_BY_DAY, folder / "cost_by_day.parquet"),
        stability=tables.read(RANK_STABILITY, folder / "rank_stability.parquet"),
        skill=tables.empty(SKILL) if skill is None else tables.read(SKILL, skill),
        drivers=tables.empty(DRIVERS) if drivers is None else tables.read(DRIVERS, drivers),
        names=names,
        unions=frozenset(tables.read(UNIONS, unions)["family"]) if unions else None,
    )

"""Compare what drives families and what they cost with what was planted.

A family stands for a class as in `validate.couplings`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.impact.schemas import COST, DRIVERS, SKILL
from glitch_explorer.validate.check import Check
from glitch_explorer.validate.couplings import chance_check, compositions, standing
from glitch_explorer.validate.schemas import PLANTED_COSTS, PLANTED_DRIVERS

LEAST_HIT = 0.95
#: Of one observatory with found families; over many, with planted ones, the mean is above 0.9.
LEAST_ORDER = 0.7
#: Costs count as different in the order where the larger is above the smaller by so much.
APART = 1.25


@dataclass(frozen=True)
class ImpactFiles:
    """Where the tables "drivers", "cost" and the families' tables "skill" are."""

    drivers: str | Path
    cost: str | Path
    skill: Sequence[str | Path]


def drivers_table(
    held: pd.DataFrame, drivers: pd.DataFrame, skill: pd.DataFrame, truth: dict[str, Any]
) -> pd.DataFrame:
    """Hold every planted driver against the models of the families that stand for its class.

    Parameters
    ----------
    held
        Families and detectors (`validate.couplings.compositions`).
    drivers, skill
        Tables of these names.
    truth
        What was planted.

    Returns
    -------
    DataFrame
        Table "planted_drivers": one row a planted driver, family, and model of the witness view.
    """
    best = drivers[(drivers["view"] == "witness") & (drivers["group_rank"] == 1)]
    witness = skill[skill["view"] == "witness"]
    rows = []
    for plant in truth["drivers"]:
        for family in standing(held, plant):
            for one in witness[(witness["family"] == family) & (witness["ifo"] == plant["ifo"])].itertuples():
                same = (best["family"] == family) & (best["ifo"] == one.ifo) & (best["model"] == one.model)
                # A group counts with every channel in it: which of them is the driver it cannot say.
                top = best[same]
                row = {
                    "planted_class": plant["class"],
                    "ifo": one.ifo,
                    "kind": plant["kind"],
                    "family": family,
                    "model": one.model,
                    "n_glitches": one.n_glitches,
                    "beats": one.beats,
                    "ap": one.ap,
                    "ap_baseline": one.ap_baseline,
                    "top_group": top["group"].iloc[0] if len(top) else None,
                    "hit": bool(top["channel"].isin(plant["channels"]).any()) if len(top) else None,
                    "reason": one.reason,
                }
                rows.append(row)
    return pd.DataFrame(rows, columns=PLANTED_DRIVERS.names).astype({"hit": "boolean"})


def driver_checks(planted: pd.DataFrame, skill: pd.DataFrame) -> list[Check]:
    """Say how often the planted driver comes first, and how often a slid train has a story.

    Parameters
    ----------
    planted
        Table "planted_drivers", of one observatory or of several one below the other.
    skill
        Table "skill" of the same.
    """
    told = planted[planted["beats"] & planted["hit"].notna()]
    slid = skill[skill["slid_beats"].notna()]
    answered = planted[planted["ap"].notna()]
    return [
        Check("driver_hit", float(told["hit"].mean()) if len(told) else 0.0, LEAST_HIT,
              "models that beat their baseline whose first SHAP group is a planted driver", len(told)),
        Check("driver_beats", float(answered["beats"].mean()) if len(answered) else 0.0, None,
              "models of driven families that beat their baseline", len(answered)),
        chance_check("driver_slid", slid["slid_beats"].astype(bool),
                     "models on slid trains beat their baseline"),
    ]  # fmt: skip


def costs_table(held: pd.DataFrame, cost: pd.DataFrame, truth: dict[str, Any]) -> pd.DataFrame:
    """Hold every planted cost against the families that stand for its class.

    Returns
    -------
    DataFrame
        Table "planted_costs": one row a class and detector that one family stands for. A class in
        several families has its cost split, which no row compares.
    """
    found = cost.set_index(["family", "ifo"])
    rows = []
    for plant in truth["costs"]:
        names = [name for name in standing(held, plant) if (name, plant["ifo"]) in found.index]
        if len(names) != 1:
            continue
        one = found.loc[(names[0], plant["ifo"])]
        rows.append(
            {
                "planted_class": plant["class"],
                "ifo": plant["ifo"],
                "family": names[0],
                "n_planted": plant["n"],
                "n_glitches": int(one["n"]),
                "planted_deadtime_s": plant["marginal_deadtime_s"],
                "marginal_deadtime_s": one["marginal_deadtime_s"],
                "planted_range_loss": plant["range_loss_mpc3_yr"],
                "range_loss": one["range_loss_mpc3_yr"],
                "planted_cost": plant["cost_mpc3_yr"],
                "cost": one["cost_mpc3_yr"],
                "cost_low": one["cost_low"],
                "cost_high": one["cost_high"],
            }
        )
    return pd.DataFrame(rows, columns=PLANTED_COSTS.names)


def order_of(planted: np.ndarray, found: np.ndarray) -> tuple[float, int]:
    """Give Kendall's tau (n,) over the pairs whose planted costs are well apart, and the number of pairs."""
    larger = planted[:, None] > APART * np.maximum(planted, 0.0)[None, :]
    known = np.isfinite(found)
    pairs = larger & known[:, None] & known[None, :]
    agree = np.sign(found[:, None] - found[None, :])[pairs]
    return (float(agree.mean()), len(agree)) if len(agree) else (np.nan, 0)


def cost_checks(planted: pd.DataFrame) -> list[Check]:
    """Say whether costs have the planted order, and how often their interval holds the planted one."""
    tau, pairs = order_of(
        planted["planted_cost"].to_numpy(dtype=float), planted["cost"].to_numpy(dtype=float)
    )
    known = planted[planted["cost_low"].notna()]
    inside = known["planted_cost"].between(known["cost_low"], known["cost_high"])
    return [
        Check("cost_order", tau, LEAST_ORDER, "Kendall's tau of found and planted costs that differ by 25 %",
              pairs),
        Check("cost_covered", float(inside.mean()) if len(known) else 0.0, None,
              "families and detectors whose interval holds this observatory's planted cost", len(known)),
    ]  # fmt: skip


def compare_impact(
    found: ImpactFiles,
    families: pd.DataFrame,
    glitches: pd.DataFrame,
    planted: pd.Series,
    truth: dict[str, Any],
) -> tuple[pd.DataFrame, pd.DataFrame, list[Check]]:
    """Compare drivers and costs with the truth: tables "planted_drivers", "planted_costs", and all checks.

    Parameters
    ----------
    found
        What the workflow found.
    families, glitches
        Tables of these names.
    planted
        Planted class of each row of `families`, missing for events and the rest.
    truth
        What was planted.
    """
    held = compositions(families, glitches, planted)
    skill = tables.read_all(SKILL, found.skill)
    drivers = drivers_table(held, tables.read(DRIVERS, found.drivers), skill, truth)
    costs = costs_table(held, tables.read(COST, found.cost), truth)
    return drivers, costs, [*driver_checks(drivers, skill), *cost_checks(costs)]

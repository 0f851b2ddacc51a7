"""Compare what drives families, and what they cost, with what was planted."""

from typing import Any

import numpy as np
import pandas as pd

from glitch_explorer.coupling.schemas import ALPHA
from glitch_explorer.validate.check import Check, chance_check, mean_check
from glitch_explorer.validate.schemas import PLANTED_COSTS, PLANTED_DRIVERS
from glitch_explorer.validate.truth import families_of

LEAST_HIT = 0.95
#: Least share of 95 % intervals that contain the planted cost; a detector's costs share their blocks.
LEAST_COVERED = 0.85
#: Of one observatory with the families of the map; the mean over many with planted families is above 0.9.
LEAST_ORDER = 0.7
#: Costs count as different in the order where the larger is above the smaller by so much.
APART = 1.25


def drivers_table(
    composition: pd.DataFrame, drivers: pd.DataFrame, skill: pd.DataFrame, truth: dict[str, Any]
) -> pd.DataFrame:
    """Compare every planted driver with the models of the families that match its class.

    Parameters
    ----------
    composition
        Families and detectors (`truth.compositions`).
    drivers, skill
        Tables "drivers" and "skill".
    truth
        What was planted.

    Returns
    -------
    DataFrame
        Table "planted_drivers": one row a planted driver, family, and model of the witness feature set.
    """
    best = drivers[(drivers["view"] == "witness") & (drivers["group_rank"] == 1)]
    models = skill[skill["view"] == "witness"]
    rows = []
    for plant in truth["drivers"]:
        for family in families_of(composition, plant):
            fitted = models[(models["family"] == family) & (models["ifo"] == plant["ifo"])]
            first = best[(best["family"] == family) & (best["ifo"] == plant["ifo"])]
            for model in fitted.to_dict("records"):
                # A group counts with every channel in it: which of them is the driver it cannot say.
                top = first[first["model"] == model["model"]]
                hit = bool(top["channel"].isin(plant["channels"]).any()) if len(top) else None
                group = top["group"].iloc[0] if len(top) else None
                named = {"planted_class": plant["class"], "kind": plant["kind"]}
                rows.append({**model, **named, "top_group": group, "hit": hit})
    return pd.DataFrame(rows, columns=PLANTED_DRIVERS.names).astype({"hit": "boolean"})


def undriven_models(composition: pd.DataFrame, skill: pd.DataFrame, truth: dict[str, Any]) -> pd.DataFrame:
    """Select the models of families and detectors without a planted driver, as far as they have a p-value.

    Parameters
    ----------
    composition
        Families and detectors (`truth.compositions`). A class that makes up a tenth of a family brings its
        drivers along.
    skill
        Table "skill".
    truth
        What was planted.
    """
    driven = {(plant["class"], plant["ifo"]) for plant in truth["drivers"]}
    undriven = [
        not any((name, ifo) in driven for name in present)
        for ifo, present in zip(composition["ifo"], composition["present"], strict=True)
    ]
    families = composition.loc[undriven, ["family", "ifo"]]
    return skill[skill["p_value"].notna()].merge(families, on=["family", "ifo"])


def undriven_check(undriven: pd.DataFrame) -> Check:
    """Check the share of families and detectors without a planted driver in which a model beats its baseline.

    The bound is the level of the q-values and two standard errors.

    Parameters
    ----------
    undriven
        Models of `undriven_models`, of one observatory; of several with a column seed.
    """
    key = ["seed"] if "seed" in undriven else []
    beats = undriven.groupby([*key, "family", "ifo"])["beats"].any()
    error = float(np.sqrt(ALPHA * (1 - ALPHA) / max(len(beats), 1)))
    return mean_check("driver_undriven", beats, ALPHA + 2 * error, at_most=True)


def driver_checks(planted: pd.DataFrame, skill: pd.DataFrame) -> list[Check]:
    """Check how often the planted driver comes first, and how often a time-shifted model beats its baseline.

    Parameters
    ----------
    planted
        Table "planted_drivers", of one observatory or of several one below the other.
    skill
        Table "skill" of the same.
    """
    explained = planted.loc[planted["beats"] & planted["hit"].notna(), "hit"]
    slid = skill.loc[skill["slid_beats"].notna(), "slid_beats"].astype(bool)
    return [
        mean_check("driver_hit", explained, LEAST_HIT),
        mean_check("driver_beats", planted.loc[planted["ap"].notna(), "beats"], no_bound="power"),
        chance_check("driver_slid", slid),
    ]


def costs_table(composition: pd.DataFrame, cost: pd.DataFrame, truth: dict[str, Any]) -> pd.DataFrame:
    """Compare every planted cost with that of the family that matches its class.

    Returns
    -------
    DataFrame
        Table "planted_costs": one row per class and detector that one family matches. A class in
        several families has its cost split, which no row compares.
    """
    measured = cost.set_index(["family", "ifo"])
    rows = []
    for plant in truth["costs"]:
        keys = [(family, plant["ifo"]) for family in families_of(composition, plant)]
        keys = [key for key in keys if key in measured.index]
        if len(keys) != 1:
            continue
        row = measured.loc[keys[0]]
        rows.append(
            {
                "planted_class": plant["class"],
                "ifo": plant["ifo"],
                "family": keys[0][0],
                "n_planted": plant["n"],
                "n_glitches": int(row["n"]),
                "planted_deadtime_s": plant["marginal_deadtime_s"],
                "marginal_deadtime_s": row["marginal_deadtime_s"],
                "planted_range_loss": plant["range_loss_mpc3_yr"],
                "range_loss": row["range_loss_mpc3_yr"],
                "planted_cost": plant["cost_mpc3_yr"],
                "cost": row["cost_mpc3_yr"],
                "cost_low": row["cost_low"],
                "cost_high": row["cost_high"],
            }
        )
    return pd.DataFrame(rows, columns=PLANTED_COSTS.names)


def order_of(planted: np.ndarray, measured: np.ndarray) -> tuple[float, int]:
    """Return Kendall's tau of costs (n,) over pairs whose planted costs are well apart, and their number."""
    larger = planted[:, None] > APART * np.maximum(planted, 0.0)[None, :]
    known = np.isfinite(measured)
    pairs = larger & known[:, None] & known[None, :]
    agree = np.sign(measured[:, None] - measured[None, :])[pairs]
    return (float(agree.mean()), len(agree)) if len(agree) else (np.nan, 0)


def cost_checks(planted: pd.DataFrame) -> list[Check]:
    """Check the order of the costs, and how often their interval contains the planted one.

    Parameters
    ----------
    planted
        Table "planted_costs".
    """
    costs = planted[["planted_cost", "cost"]].to_numpy(dtype=float)
    tau, pairs = order_of(costs[:, 0], costs[:, 1])
    known = planted[planted["cost_low"].notna()]
    inside = known["planted_cost"].between(known["cost_low"], known["cost_high"])
    return [Check("cost_order", tau, pairs, LEAST_ORDER), mean_check("cost_covered", inside, LEAST_COVERED)]

"""Compare measured witnesses with planted ones.

A row is a planted witness and a family and detector that was searched; a planted witness whose class has
no searched family there is a row without a family, which every recall counts as missed.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from glitch_explorer.coupling.channels.bands import Band
from glitch_explorer.coupling.schemas import ALPHA
from glitch_explorer.coupling.witnesses.gather import is_significant, strongest, witnessed
from glitch_explorer.validate.check import Check, chance_check, mean_check
from glitch_explorer.validate.schemas import COUPLINGS
from glitch_explorer.validate.truth import families_of

LEAST_RECALL = 0.95
LEAST_RELATION = 0.8
#: Largest error of a lag, s: one step of the lags near a glitch.
LAG_BIN_S = 1.0
#: Decoys that belong to a planted witness or are unsafe; all others belong to no family.
_COUPLED_DECOYS = ("unsafe", "correlated")


def searched(composition: pd.DataFrame, witnesses: pd.DataFrame) -> pd.DataFrame:
    """Select the rows of `compositions` whose family and detector have rows in table "witnesses"."""
    keys = witnesses[["family", "ifo"]].drop_duplicates()
    return composition.merge(keys, on=["family", "ifo"], how="inner")


def couplings_table(
    composition: pd.DataFrame, witnesses: pd.DataFrame, truth: dict[str, Any]
) -> pd.DataFrame:
    """Compare every planted witness with the families that match its class.

    Parameters
    ----------
    composition
        Searched families and detectors (`searched`).
    witnesses
        Table "witnesses".
    truth
        What was planted.

    Returns
    -------
    DataFrame
        Table "couplings".
    """
    best = _shown(witnesses)
    measured = {(row["family"], row["ifo"], row["channel"]): row for _, row in best.iterrows()}
    rows = []
    nowhere: list[str | None] = [None]
    for plant in truth["witnesses"]:
        sizes = composition[composition["ifo"] == plant["ifo"]].set_index("family")["n"]
        for family in families_of(composition, plant) or nowhere:
            n = 0 if family is None else int(sizes[family])
            rows.append(_comparison(plant, family, n, measured.get((family, plant["ifo"], plant["channel"]))))
    order = ["planted_class", "ifo", "channel", "family"]
    table = pd.DataFrame(rows, columns=COUPLINGS.names).astype({"rank": "Int64"})
    return table.sort_values(order, ignore_index=True)


def _comparison(plant: dict[str, Any], family: str | None, n: int, best: pd.Series | None) -> dict[str, Any]:
    """Compare one planted witness with the best row of its channel."""
    row: dict[str, Any] = {
        "planted_class": plant["class"],
        "ifo": plant["ifo"],
        "channel": plant["channel"],
        "family": family,
        "n_glitches": n,
        "planted_band": "-".join(f"{edge:g}" for edge in plant["band"]),
        "planted_lag": float(plant["lag_s"]),
        "planted_relation": plant["relation"],
    }
    if best is not None:
        names = ["band", "rank", "lag", "t_peak", "p_fwer", "q_value", "relation", "excess_efficiency"]
        row |= {name: best[name] for name in names}
        row["lag_error"] = float(best["lag"]) - row["planted_lag"]
    return row


def _shown(witnesses: pd.DataFrame) -> pd.DataFrame:
    """Return the row of each channel that pages show: of a witness the one that represents it."""
    key = ["family", "ifo", "channel"]
    return pd.concat([witnessed(witnesses), strongest(witnesses, key)]).drop_duplicates(key)


def witness_checks(couplings: pd.DataFrame) -> list[Check]:
    """Check rank, lag and relation of planted witnesses.

    Parameters
    ----------
    couplings
        Table "couplings", of one observatory or of several one below the other; in the latter
        case family names must differ between them.
    """
    rank = couplings["rank"].astype("Float64").fillna(np.inf).astype(float)
    rows = couplings.assign(first=rank == 1)[couplings["family"].notna()]
    significant = is_significant(couplings)
    counted = couplings[significant]
    return [
        mean_check("witness_hit_at_1", rows.groupby(["family", "ifo"])["first"].any(), LEAST_RECALL),
        mean_check("witness_recall_at_1", rank <= 1, no_bound="one_first"),
        mean_check("witness_recall_at_3", rank <= 3, LEAST_RECALL),
        mean_check("witness_significant", pd.Series(significant), no_bound="power"),
        mean_check("witness_lag", counted["lag_error"].abs() <= LAG_BIN_S, LEAST_RECALL),
        mean_check("witness_relation", counted["relation"] == counted["planted_relation"], LEAST_RELATION),
    ]


def coupled_channels(composition: pd.DataFrame, truth: dict[str, Any]) -> list[set[str]]:
    """Return the planted witnesses of each row of `composition`, through its classes."""
    planted: dict[tuple[str, str], set[str]] = {}
    for plant in truth["witnesses"]:
        planted.setdefault((plant["class"], plant["ifo"]), set()).add(plant["channel"])
    none: set[str] = set()
    return [
        none.union(*(planted.get((name, ifo), none) for name in present))
        for ifo, present in zip(composition["ifo"], composition["present"], strict=True)
    ]


def discoveries(composition: pd.DataFrame, witnesses: pd.DataFrame, truth: dict[str, Any]) -> pd.DataFrame:
    """Count the discoveries of each searched family and detector.

    Returns
    -------
    DataFrame
        The rows of `composition` with coupled (any witness is planted), p_fwer (its least), groups and
        false (groups with q at most 0.05, and those of them without a planted witness), decoy (least p_fwer
        of the decoys that belong to no family).
    """
    slow = {(plant["class"], plant["channel"]) for plant in truth["slow_drivers"]}
    decoys = {decoy["channel"] for decoy in truth["decoys"] if decoy["kind"] not in _COUPLED_DECOYS}
    by_key = dict(iter(witnesses.groupby(["family", "ifo"])))
    rows = []
    channels = coupled_channels(composition, truth)
    keys = zip(composition["family"], composition["ifo"], composition["present"], channels, strict=True)
    for family, ifo, present, coupled in keys:
        tested = by_key[family, ifo]
        true = set(tested.loc[tested["channel"].isin(coupled), "group"])
        groups = set(tested.loc[is_significant(tested), "group"])
        driving = {channel for name, channel in slow if name in present}
        idle = tested["channel"].isin(decoys - driving - coupled)
        least, decoy = tested["p_fwer"].min(), tested.loc[idle, "p_fwer"].min()
        rows.append((bool(coupled), least, len(groups), len(groups - true), decoy))
    names = ["coupled", "p_fwer", "groups", "false", "decoy"]
    return pd.concat([composition.reset_index(drop=True), pd.DataFrame(rows, columns=names)], axis=1)


def discovery_checks(counted: pd.DataFrame) -> list[Check]:
    """Check false discoveries, decoys and families without a witness.

    Parameters
    ----------
    counted
        From `discoveries`.
    """
    coupled = counted[counted["coupled"]]
    share: pd.Series = coupled["false"] / np.maximum(coupled["groups"], 1)
    error = float(share.std(ddof=1) / np.sqrt(len(share))) if len(share) > 1 else 0.0
    idle = counted[~counted["coupled"]]
    return [
        mean_check("false_discovery_proportion", share, ALPHA + 2 * error, at_most=True),
        chance_check("decoys", counted["decoy"] <= ALPHA),
        chance_check("families_without_witness", idle["p_fwer"] <= ALPHA),
    ]


def safety_check(witnesses: pd.DataFrame) -> Check:
    """Check that no row of an unsafe channel was ranked or tested."""
    unsafe = witnesses[witnesses["safety"] == "unsafe"]
    ranked = unsafe[["rank", "q_value", "p_fwer"]].notna().any(axis=1)
    return Check("unsafe_ranked", float(ranked.sum()), len(unsafe), 0.0, at_most=True)


def copies_check(witnesses: pd.DataFrame, truth: dict[str, Any]) -> Check:
    """Check the share of correlated decoys that are in their witness's group, where both were read."""
    group = witnesses.drop_duplicates(["ifo", "channel"]).set_index("channel")["group"]
    pairs = [(decoy["channel"], decoy["group"]) for decoy in truth["decoys"] if decoy["kind"] == "correlated"]
    same = [group[a] == group[b] for a, b in pairs if a in group.index and b in group.index]
    return mean_check("correlated_decoys", pd.Series(same), 1.0)


def calibration_check(calibration: pd.DataFrame) -> Check:
    """Check the share of the levels and kinds of pseudo-families at which the calibration passed.

    No bound: the pseudo-families of one run share their data, for which the binomial is too strict.
    """
    n = int(calibration["n"].max()) if len(calibration) else 0
    return replace(mean_check("null_calibration", calibration["passed"], no_bound="dependent"), n=n)


def _overlaps(name: str, low: float, high: float) -> bool:
    """Return whether the feature of that name is a band that overlaps [low, high) Hz."""
    band = Band.parse(name)
    return band is not None and band.high > low and band.low < high


def slow_check(composition: pd.DataFrame, slow: pd.DataFrame, truth: dict[str, Any]) -> Check:
    """Check the share of planted slow drivers that were recovered, of those with an answer.

    What is planted is ground motion, which every ground channel of the detector records: any channel with
    which the family's rate rises, in a band that overlaps the planted one, counts.
    """
    recovered = []
    for plant in truth["slow_drivers"]:
        overlaps = np.array([_overlaps(name, *plant["band"]) for name in slow["band"]], dtype=bool)
        near = slow[(slow["ifo"] == plant["ifo"]).to_numpy() & overlaps & (slow["answer"] != "too short")]
        for family in families_of(composition, plant):
            answer = near.loc[near["family"] == family, "answer"]
            if len(answer):
                recovered.append(bool((answer == "rises").any()))
    return mean_check("slow_drivers", pd.Series(recovered, dtype=float), no_bound="power")


def scattering_check(composition: pd.DataFrame, fringes: pd.DataFrame, truth: dict[str, Any]) -> Check:
    """Check the share of scattered light whose planted optic's fringes fit, and better than any other's."""
    recovered = []
    for plant in truth["witnesses"]:
        for family in families_of(composition, plant) if plant["kind"] == "fringe" else []:
            rows = fringes[(fringes["family"] == family) & (fringes["ifo"] == plant["ifo"])]
            best = rows.sort_values("matched", ascending=False, kind="stable").head(1)
            fits = (best["answer"] == "yes") & (best["channel"] == plant["channel"])
            recovered.append(bool(fits.any()))
    return mean_check("scattered_light", pd.Series(recovered, dtype=float), 1.0)


def coupling_checks(
    couplings: pd.DataFrame,
    composition: pd.DataFrame,
    results: Mapping[str, pd.DataFrame],
    truth: dict[str, Any],
) -> list[Check]:
    """Check everything that the coupling stage measured.

    Parameters
    ----------
    couplings
        From `couplings_table`.
    composition
        Searched families and detectors (`searched`).
    results
        Tables "witnesses", "calibration", "slow_drivers" and "scattering".
    truth
        What was planted.
    """
    witnesses = results["witnesses"]
    return [
        *witness_checks(couplings),
        *discovery_checks(discoveries(composition, witnesses, truth)),
        safety_check(witnesses),
        copies_check(witnesses, truth),
        calibration_check(results["calibration"]),
        slow_check(composition, results["slow_drivers"], truth),
        scattering_check(composition, results["scattering"], truth),
    ]

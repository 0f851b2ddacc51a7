"""What the pages say of one family in one detector, taken from the tables of the coupling."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.coupling.schemas import CHANNEL_COVERAGE, LAG_PROFILES, PSEUDO_FAMILIES, SCATTERING
from glitch_explorer.coupling.witnesses.effects import QUANTILE
from glitch_explorer.coupling.witnesses.groups import LIMIT
from glitch_explorer.coupling.witnesses.nulls import FAIL_BELOW, calibration_table
from glitch_explorer.coupling.witnesses.slow_drivers import GROUND_BANDS
from glitch_explorer.map.schemas import MEMBERS
from glitch_explorer.site.pages import records
from glitch_explorer.site.witnesses.words import (
    KINDS,
    LEAST_SHOWN,
    count_text,
    fringe_text,
    ground_text,
    witness_text,
)

#: A witness counts up to this q-value; slow drivers and fringes up to this p.
ALPHA = 0.05
#: Witnesses told in sentences; unsafe channels listed.
TOLD, UNSAFE_LISTED = 3, 5
#: What the templates name.
CONSTANTS: dict[str, Any] = {
    "alpha": ALPHA,
    "threshold": QUANTILE,
    "fail_below": FAIL_BELOW,
    "least": LEAST_SHOWN,
    "kinds": KINDS,
    "correlated": LIMIT,
}


@dataclass(frozen=True)
class Coupling:
    """What is said of all families together."""

    #: Tables "witnesses", "slow_drivers" and "channel_groups" (of all detectors).
    witnesses: pd.DataFrame
    slow: pd.DataFrame
    channels: pd.DataFrame
    #: Family to detector to what the test says in words.
    notes: Mapping[str, Mapping[str, list[str]]]

    @property
    def detectors(self) -> list[str]:
        """Detectors that were asked, in order."""
        known = set(self.channels["ifo"]) | {ifo for said in self.notes.values() for ifo in said}
        return sorted(known)


@dataclass(frozen=True)
class Own:
    """A family's own tables."""

    profiles: pd.DataFrame
    pseudo: pd.DataFrame
    scattering: pd.DataFrame
    coverage: pd.DataFrame
    #: Its glitches: ifo, duration_s, peak_frequency_hz.
    glitches: pd.DataFrame


def read_own(folder: str | Path, members: str | Path) -> Own:
    """Read a family's own tables from its folder, and its glitches from table "members"."""
    folder = Path(folder)
    rows = tables.read(MEMBERS, members, ["kind", "glitch_id", "ifo", "duration_s", "peak_frequency_hz"])
    return Own(
        profiles=tables.read(LAG_PROFILES, folder / "lag_profiles.parquet"),
        pseudo=tables.read(PSEUDO_FAMILIES, folder / "pseudo_families.parquet"),
        scattering=tables.read(SCATTERING, folder / "scattering.parquet"),
        coverage=tables.read(CHANNEL_COVERAGE, folder / "coverage.parquet"),
        glitches=rows[rows["kind"] == "glitch"].drop_duplicates("glitch_id"),
    )


def best_bands(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the row with the largest abs(T) of each channel, the strongest channel first."""
    order = rows["t_peak"].abs().sort_values(ascending=False, kind="stable").index
    return rows.loc[order].drop_duplicates("channel")


def witness_groups(rows: pd.DataFrame, channels: pd.DataFrame) -> list[dict[str, Any]]:
    """List the groups that witness a family in a detector, each once, the best first.

    Parameters
    ----------
    rows
        Rows of table "witnesses" of one family and detector.
    channels
        Rows of table "channel_groups" of the detector.

    Returns
    -------
    list of dict
        The row of the group's strongest channel and band, and `members` (all channels of the
        group), `bands` (its other bands that
        count) and `text` (a sentence).
    """
    counted = rows[rows["q_value"].to_numpy(dtype=float, na_value=1.0) <= ALPHA]
    listed = []
    for group, own in counted.groupby("group", sort=False):
        best = records(best_bands(own).head(1))[0]
        among = channels.loc[channels["group"] == group, ["channel", "safety"]]
        if best["channel"] not in set(among["channel"]):
            among = own.drop_duplicates("channel")[["channel", "safety"]]
        bands = own.loc[(own["channel"] == best["channel"]) & (own["band"] != best["band"]), "band"]
        best |= {"members": records(among), "bands": sorted(bands)}
        listed.append(best | {"text": witness_text(best)})
    return sorted(listed, key=lambda one: (one["rank"], one["group"]))


def ground_band(band: str) -> str | None:
    """Name the ground-motion band that holds the (logarithmic) middle of `band`; None where none does."""
    low, _, high = band.partition("-")
    if not high:
        return None
    middle = (float(low) * float(high)) ** 0.5
    return next((name for name, (least, most) in GROUND_BANDS.items() if least <= middle < most), None)


def ground_answers(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Answer for each band of ground motion; `rows` are the family's and detector's of "slow_drivers"."""
    named = rows["band"].map(ground_band)
    answers = []
    for name, (low, high) in GROUND_BANDS.items():
        answer, text = ground_text(rows[named == name], alpha=ALPHA)
        answers.append({"name": name, "low": low, "high": high, "answer": answer, "text": text})
    return answers


def missing_channels(coverage: pd.DataFrame, looked: set[str]) -> list[dict[str, Any]]:
    """List the channels that lack data, those not looked at at all (not among `looked`) first."""
    rows = coverage[(coverage["reason"] != "") | ~coverage["channel"].isin(looked)]
    listed = [{**row, "looked": row["channel"] in looked} for row in records(rows)]
    return sorted(listed, key=lambda row: (row["looked"], row["share"], row["channel"]))


def state_of(rows: pd.DataFrame, notes: list[str] | None) -> str:
    """Say whether a family was `witnessed` in a detector, `none` found, or it is `unanswered` or `absent`."""
    if notes is None:
        return "absent"
    if not rows["p_fwer"].notna().any():
        return "unanswered"
    return "witnessed" if (rows["q_value"] <= ALPHA).any() else "none"


def answer(coupling: Coupling, own: Own, family: str, ifo: str) -> dict[str, Any]:
    """Collect what is said of `family` in the detector `ifo`."""

    def part(table: pd.DataFrame) -> pd.DataFrame:
        held = table[table["ifo"] == ifo]
        return held[held["family"] == family] if "family" in held else held

    rows, channels = part(coupling.witnesses), part(coupling.channels)
    notes = coupling.notes.get(family, {}).get(ifo)
    glitches, ranked = part(own.glitches), rows[rows["p_fwer"].notna()]
    coverage, looked = part(own.coverage), set(rows["channel"])
    groups = witness_groups(rows, channels)
    fringes, fringe_words = fringe_text(
        part(own.scattering), glitches["peak_frequency_hz"].median(), alpha=ALPHA
    )
    return {
        "ifo": ifo,
        "state": state_of(rows, notes),
        "notes": notes or [],
        "n": len(glitches),
        "half_s": float(glitches["duration_s"].median()) / 2,
        "live_h": float(rows["live_time_s"].max()) / 3600 if len(rows) else None,
        "channels": ranked["channel"].nunique(),
        "features": len(ranked),
        "groups": groups,
        "told": [group["text"] for group in groups[:TOLD]],
        "strongest": records(best_bands(ranked).head(1)),
        "leads": [group for group in groups if group["relation"] == "leads"],
        "unsafe": records(best_bands(rows[rows["safety"] == "unsafe"]).head(UNSAFE_LISTED)),
        "ground": ground_answers(part(coupling.slow)),
        "fringes": fringes,
        "fringe_words": fringe_words,
        "missing": missing_channels(coverage, looked),
        "listed": len(coverage),
        "whole": int((coverage["share"] >= 1).sum()),
        "calibration": records(calibration_table(part(own.pseudo))),
    }


def headline(family: str, answers: list[dict[str, Any]]) -> str:
    """Say in one or two sentences how many witnesses a family has, and where there is no answer."""
    by_state: dict[str, list[str]] = {}
    for one in answers:
        by_state.setdefault(one["state"], []).append(one["ifo"])
    said = []
    for one in answers:
        if one["state"] == "witnessed":
            groups = count_text(len(one["groups"]), "group lights up", "groups light up")
            said.append(
                f"{one['ifo']}: {groups} with {family} more than chance allows (q at most {ALPHA:g})."
            )
    for state, words, joined in (
        ("none", "No witness was found in", " or "),
        ("unanswered", "There is no answer in", " and "),
        ("absent", "It has no glitch in", " and "),
    ):
        if state in by_state:
            said.append(f"{words} {joined.join(by_state[state])}.")
    return " ".join(said)


def best_witness(answers: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Give `channel`, `q_value` and `safety` of a family's surest witness; None where it has none."""
    groups = [group for one in answers for group in one["groups"]]
    if not groups:
        return None
    best = min(
        groups,
        key=lambda one: (one["q_value"], one["safety"] != "safe", -abs(one["t_peak"]), one["channel"]),
    )
    return {"channel": best["channel"], "q_value": float(best["q_value"]), "safety": best["safety"]}

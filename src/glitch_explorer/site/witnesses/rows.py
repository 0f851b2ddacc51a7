"""Rows of the witness pages: results of one family in one detector, as codes and numbers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.coupling.rates.schemas import DRIVER_PAIRS, RATE_CURVES, RATE_DAYS, SLOW_DRIVERS
from glitch_explorer.coupling.schemas import (
    ALPHA,
    CHANNEL_COVERAGE,
    CHANNEL_GROUPS,
    EVIDENCE,
    GAPS,
    LAG_PROFILES,
    PSEUDO_FAMILIES,
    RAW,
    SCATTERING,
    WITNESSES,
)
from glitch_explorer.coupling.witnesses.effects import QUANTILE
from glitch_explorer.coupling.witnesses.gather import is_significant, speaking, strongest
from glitch_explorer.coupling.witnesses.groups import LIMIT
from glitch_explorer.coupling.witnesses.notes import Note
from glitch_explorer.coupling.witnesses.nulls import FAIL_BELOW, calibration_table
from glitch_explorer.coupling.witnesses.p_values import at_floor
from glitch_explorer.coupling.witnesses.scattering import LEAST_MATCHED, SCATTERING_BELOW_HZ
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES
from glitch_explorer.map.schemas import MEMBERS
from glitch_explorer.site.evidence.rows import EvidenceOf, channel_evidence, evidence_of
from glitch_explorer.site.pages import read_names, records
from glitch_explorer.site.witnesses.rates import driver_rows, ground_rows, pair_rows

#: Largest number of unsafe channels that are listed for a family and detector.
UNSAFE_LISTED = 5
#: Constants that the templates print.
CONSTANTS: dict[str, Any] = {
    "alpha": ALPHA,
    "threshold": QUANTILE,
    "fail_below": FAIL_BELOW,
    "correlated": LIMIT,
    "least_glitches": LEAST_GLITCHES,
}

#: Results of a family in a detector, or a part of them.
Row = dict[str, Any]


@dataclass(frozen=True)
class CouplingTables:
    """Results of the coupling for all families."""

    #: Tables "witnesses", "slow_drivers", "rate_curves", "rate_days", "driver_pairs" and "channel_groups" (of
    #: all detectors).
    witnesses: pd.DataFrame
    slow: pd.DataFrame
    curves: pd.DataFrame
    days: pd.DataFrame
    pairs: pd.DataFrame
    channels: pd.DataFrame
    #: Table "evidence".
    evidence: pd.DataFrame
    #: Family to detector to the notes on its test: codes with facts.
    notes: Mapping[str, Mapping[str, list[Note]]]
    #: Name of each family that labels or a file define; None where families are those of a map.
    names: Mapping[str, str] | None = None

    @cached_property
    def evidence_of(self) -> EvidenceOf:
        """The rows of table "evidence" by family, detector and channel."""
        return evidence_of(self.evidence)

    @property
    def detectors(self) -> list[str]:
        """Detectors with channels or notes, in order."""
        noted = {ifo for notes in self.notes.values() for ifo in notes}
        return sorted(set(self.channels["ifo"]) | noted)


@dataclass(frozen=True)
class FamilyTables:
    """The tables of one family's folder."""

    profiles: pd.DataFrame
    pseudo: pd.DataFrame
    scattering: pd.DataFrame
    coverage: pd.DataFrame
    #: The family's glitches: ifo, duration_s, peak_frequency_hz.
    glitches: pd.DataFrame


def read_coupling(
    *,
    witnesses: str | Path,
    notes: str | Path,
    groups: Sequence[str | Path],
    slow: Sequence[str | Path],
    curves: Sequence[str | Path],
    days: Sequence[str | Path],
    pairs: Sequence[str | Path],
    evidence: str | Path,
    names: str | Path | None = None,
) -> CouplingTables:
    """Read the results of the coupling for all families.

    Parameters
    ----------
    witnesses, notes
        Table "witnesses" and notes.json, of all families.
    groups, slow, curves, days, pairs
        Tables "channel_groups", "slow_drivers", "rate_curves", "rate_days" and "driver_pairs" of all
        detectors.
    evidence
        Table "evidence".
    names
        Table "family_names"; None where the families are those of a map.
    """
    return CouplingTables(
        witnesses=tables.read(WITNESSES, witnesses),
        slow=tables.read_all(SLOW_DRIVERS, slow),
        curves=tables.read_all(RATE_CURVES, curves),
        days=tables.read_all(RATE_DAYS, days),
        pairs=tables.read_all(DRIVER_PAIRS, pairs),
        channels=tables.read_all(CHANNEL_GROUPS, groups),
        evidence=tables.read(EVIDENCE, evidence),
        notes=json.loads(Path(notes).read_text(encoding="utf-8")),
        names=read_names(names),
    )


def read_family(folder: str | Path, members: str | Path) -> FamilyTables:
    """Read the tables of a family's folder, and its glitches from its table "members"."""
    folder = Path(folder)
    rows = tables.read(MEMBERS, members, ["kind", "glitch_id", "ifo", "duration_s", "peak_frequency_hz"])
    return FamilyTables(
        profiles=tables.read(LAG_PROFILES, folder / "lag_profiles.parquet"),
        pseudo=tables.read(PSEUDO_FAMILIES, folder / "pseudo_families.parquet"),
        scattering=tables.read(SCATTERING, folder / "scattering.parquet"),
        coverage=tables.read(CHANNEL_COVERAGE, folder / "coverage.parquet"),
        glitches=rows[rows["kind"] == "glitch"].drop_duplicates("glitch_id"),
    )


def witness_groups(rows: pd.DataFrame, channels: pd.DataFrame) -> list[Row]:
    """Return the groups of channels that are witnesses of a family in a detector, the best first.

    Parameters
    ----------
    rows
        Rows of table "witnesses" of one family and detector.
    channels
        Rows of table "channel_groups" of the detector.

    Returns
    -------
    list of dict
        The row that represents the group's strongest channel, with `members` (all channels of the group)
        and `bands` (the channel's other bands with a q-value of at most `ALPHA`).
    """
    groups = []
    significant = rows[is_significant(rows)]
    for group, part in speaking(rows, is_significant(rows)).groupby("group", sort=False):
        best = records(strongest(part, ["channel"]).head(1))[0]
        members = channels.loc[channels["group"] == group, ["channel", "safety"]]
        if best["channel"] not in set(members["channel"]):
            members = part.drop_duplicates("channel")[["channel", "safety"]]
        bands = significant.loc[significant["channel"] == best["channel"], "band"]
        bands = bands[bands != best["band"]]
        groups.append({**best, "members": records(members), "bands": sorted(bands)})
    return sorted(groups, key=lambda group: (group["rank"], group["group"]))


def fringe_result(rows: pd.DataFrame, frequency_hz: float, channels: pd.DataFrame) -> Row:
    """Return for one family and detector whether its frequencies are those of scattered light.

    Parameters
    ----------
    rows
        Rows of table "scattering" of one family and detector.
    frequency_hz
        The family's median peak frequency, NaN where it is unknown.
    channels
        Rows of table "channel_groups" of the detector.

    Returns
    -------
    dict
        `code`: `yes`, `no`, `no frequency`, `high frequency`, `no channel` or `too few`, and its facts.
    """
    if rows.empty and np.isnan(frequency_hz):
        return {"code": "no frequency"}
    if rows.empty and frequency_hz >= SCATTERING_BELOW_HZ:
        return {"code": "high frequency", "frequency_hz": frequency_hz, "below_hz": SCATTERING_BELOW_HZ}
    if rows.empty and not (channels["kind"] == "displacement").any():
        return {"code": "no channel"}
    tested = rows[rows["answer"] != "too few"]
    if tested.empty:
        return {"code": "too few"}
    tested = tested.assign(
        no=tested["answer"] == "no", at_floor=at_floor(tested["p_value"], tested["n_slides"])
    )
    tested = tested.sort_values(["no", "p_fwer", "matched"], ascending=[True, True, False], kind="stable")
    best = records(tested.head(1))[0]
    more = int((tested["answer"] == "yes").sum()) - 1
    return {**best, "code": best["answer"], "channels": len(tested), "more": more, "least": LEAST_MATCHED}


def missing_channels(coverage: pd.DataFrame, tested: set[str]) -> list[Row]:
    """Return the channels that lack data, those without any test (not among `tested`) first."""
    rows = coverage[(coverage["reason"] != "") | ~coverage["channel"].isin(tested)]
    missing = [
        {**row, "tested": row["channel"] in tested, "gaps": {code: row[code] for code in GAPS if row[code]}}
        for row in records(rows)
    ]
    return sorted(missing, key=lambda row: (row["tested"], row["share"], row["channel"]))


def state_of(rows: pd.DataFrame, notes: list[Note] | None) -> str:
    """Return the state of a family in a detector: `witnessed`, `none`, `unanswered` or `absent`."""
    if notes is None:
        return "absent"
    if not rows["p_fwer"].notna().any():
        return "unanswered"
    return "witnessed" if is_significant(rows).any() else "none"


def detector_row(coupling: CouplingTables, family_tables: FamilyTables, family: str, ifo: str) -> Row:
    """Return the results for `family` in the detector `ifo`.

    `by_others`: whether triggers, flags or trends make a channel a witness; its samples need not.
    """

    def part(table: pd.DataFrame) -> pd.DataFrame:
        rows = table[table["ifo"] == ifo]
        return rows[rows["family"] == family] if "family" in rows else rows

    rows, coverage = part(coupling.witnesses), part(family_tables.coverage)
    notes = coupling.notes.get(family, {}).get(ifo)
    glitches, ranked = part(family_tables.glitches), rows[rows["p_fwer"].notna()]
    channels = part(coupling.channels)
    coincident = part(coupling.evidence)["kinds"] != RAW
    groups = [
        {**group, "evidence": channel_evidence(coupling.evidence_of, group)}
        for group in witness_groups(rows, channels)
    ]
    return {
        "family": family,
        "ifo": ifo,
        "state": state_of(rows, notes),
        "by_others": bool(coincident.any()),
        "notes": notes or [],
        "n": len(glitches),
        "half_s": float(glitches["duration_s"].median()) / 2,
        "live_h": float(rows["live_time_s"].max()) / 3600 if len(rows) else None,
        "channels": ranked["channel"].nunique(),
        "features": len(ranked),
        "groups": groups,
        "strongest": records(strongest(ranked, ["channel"]).head(1)),
        "leads": [group for group in groups if group["relation"] == "leads" and group["strong"]],
        "unsafe": records(strongest(rows[rows["safety"] == "unsafe"], ["channel"]).head(UNSAFE_LISTED)),
        "ground": ground_rows(part(coupling.slow)),
        "drivers": driver_rows(part(coupling.slow)),
        "pairs": pair_rows(part(coupling.pairs)),
        "fringes": fringe_result(
            part(family_tables.scattering), glitches["peak_frequency_hz"].median(), channels
        ),
        "missing": missing_channels(coverage, set(rows["channel"])),
        "listed": len(coverage),
        "complete": int((coverage["share"] >= 1).sum()),
        "calibration": records(calibration_table(part(family_tables.pseudo))),
    }

"""Rows of the sections about coincidences: results of one family in one detector, as codes and numbers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from glitch_explorer.core import tables
from glitch_explorer.coupling.coincidence.rings import RING_S
from glitch_explorer.coupling.coincidence.trends import NEARBY_S
from glitch_explorer.coupling.coincidence.triggers import CLUSTER_S
from glitch_explorer.coupling.schemas import (
    ALPHA,
    COINCIDENCE_SHARES,
    COINCIDENCES,
    EVIDENCE,
    HVETO_ROUNDS,
    RAW,
)
from glitch_explorer.coupling.witnesses.groups import LIMIT
from glitch_explorer.site.evidence.rows import EvidenceOf, channel_evidence, evidence_of
from glitch_explorer.site.pages import records

#: For a family and detector: groups of channels, unsafe channels and hveto rounds that are listed, and
#: channels whose share by SNR is shown.
GROUPS_LISTED, UNSAFE_LISTED, ROUNDS_LISTED, SHARES_LISTED = 20, 5, 10, 3
#: Constants that the templates print.
CONSTANTS: dict[str, Any] = {
    "alpha": ALPHA,
    "correlated": LIMIT,
    "cluster_s": CLUSTER_S,
    "ring_minutes": RING_S / 60,
    "nearby_minutes": NEARBY_S / 60,
    "listed": GROUPS_LISTED,
}

#: Results of a family in a detector, or a part of them.
Row = dict[str, Any]


@dataclass(frozen=True)
class CoincidenceTables:
    """Results for all families and detectors.

    Attributes
    ----------
    table, rounds, shares
        Tables "coincidences", "hveto_rounds" and "coincidence_shares".
    notes
        By detector, as `coupling.triggers.DetectorCoincidences` has them.
    evidence
        Rows of table "evidence" by family, detector and channel.
    """

    table: pd.DataFrame
    rounds: pd.DataFrame
    shares: pd.DataFrame
    notes: Mapping[str, Any]
    evidence: EvidenceOf


def read_coincidences(folder: str | Path) -> CoincidenceTables:
    """Read the results from the folder of the coupling stage."""
    folder = Path(folder)
    return CoincidenceTables(
        table=tables.read(COINCIDENCES, folder / "coincidences.parquet"),
        rounds=tables.read(HVETO_ROUNDS, folder / "hveto_rounds.parquet"),
        shares=tables.read(COINCIDENCE_SHARES, folder / "coincidence_shares.parquet"),
        notes=json.loads((folder / "coincidence_notes.json").read_text(encoding="utf-8")),
        evidence=evidence_of(tables.read(EVIDENCE, folder / "evidence.parquet")),
    )


def detector_rows(results: CoincidenceTables, family: str) -> list[Row]:
    """Return the results of a family, one row for each detector with channels.

    Returns
    -------
    list of dict
        `ifo`, `notes`, `state` (`absent`, `untested`, `none` or `witnessed`), `groups` (the strongest row of
        each significant group, with `members`, `evidence` of all kinds, and `by_samples`, whether that has
        samples), `strongest` (the first row where none is significant), `unsafe`, `rounds` and `shares`.
    """
    return [_detector_row(results, family, ifo) for ifo, notes in results.notes.items() if notes["channels"]]


def _detector_row(results: CoincidenceTables, family: str, ifo: str) -> Row:
    table, rounds, shares = (
        part[(part["family"] == family) & (part["ifo"] == ifo)]
        for part in (results.table, results.rounds, results.shares)
    )
    notes = results.notes[ifo]["families"].get(family)
    ranked = table[table["p_fwer"].notna()]
    groups = [
        _with_evidence(group, results.evidence) for group in _groups(ranked[ranked["q_value"] <= ALPHA])
    ]
    if notes is None:
        state = "absent"
    elif ranked.empty:
        state = "untested"
    else:
        state = "witnessed" if groups else "none"
    by_snr = shares[shares["by"] == "snr"]
    return {
        "family": family,
        "ifo": ifo,
        "state": state,
        "notes": notes or [],
        "groups": groups,
        "strongest": [] if groups else records(ranked.head(1)),
        "unsafe": records(table[table["safety"] == "unsafe"].head(UNSAFE_LISTED)),
        "rounds": records(rounds.head(ROUNDS_LISTED)),
        "shares": [
            {**group, "bins": records(_of_channel(by_snr, group))} for group in groups[:SHARES_LISTED]
        ],
    }


def _with_evidence(group: Row, rows: EvidenceOf) -> Row:
    """Return a group with the evidence of its first channel, and whether its samples are part of it."""
    evidence = channel_evidence(rows, group)
    kinds = [part["kind"] for part in evidence["agreeing"]] if evidence else []
    return {**group, "evidence": evidence, "by_samples": RAW in kinds}


def _of_channel(rows: pd.DataFrame, channel: Row) -> pd.DataFrame:
    part: pd.DataFrame = rows[(rows["channel"] == channel["channel"]) & (rows["kind"] == channel["kind"])]
    return part


def _groups(significant: pd.DataFrame) -> list[Row]:
    """Return the strongest row of each group, with its other channels, in the order of the rows."""
    groups = []
    for _, part in significant.groupby("group", sort=False):
        best, *others = records(part)
        groups.append({**best, "members": others})
    return groups


def coincidence_unknown(rows: list[Row]) -> list[Row]:
    """Return what stays unknown of a family, as codes with facts (sentences: witnesses/unknown.html)."""
    items = []
    for row in rows:
        unsure = [group["channel"] for group in row["groups"] if group["safety"] == "unknown"]
        if unsure:
            items.append({"code": "safety", "ifo": row["ifo"], "channels": list(dict.fromkeys(unsure))})
    return items

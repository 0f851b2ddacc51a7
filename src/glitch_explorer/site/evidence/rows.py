"""Rows of base channels that are witnesses: which kinds of evidence agree, and which show nothing."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from glitch_explorer.coupling.auxiliary.safety import data_key
from glitch_explorer.coupling.schemas import EVIDENCE, EVIDENCE_KINDS
from glitch_explorer.site.pages import records

Row = dict[str, Any]
#: Family, detector and key of a base channel, to its row.
EvidenceOf = Mapping[tuple[str, str, str], Row]
#: Witnesses that a family's page lists.
LISTED = 20


def _part(row: Row, kind: str) -> Row:
    """Return the columns of one kind without its prefix, and whether it is significant."""
    prefix = f"{kind}_"
    columns = {name.removeprefix(prefix): row[name] for name in EVIDENCE.names if name.startswith(prefix)}
    return {"kind": kind, "significant": kind in row["kinds"].split(", "), **columns}


def evidence_rows(table: pd.DataFrame) -> list[Row]:
    """Return the rows of table "evidence" with their kinds.

    Returns
    -------
    list of dict
        The columns that all kinds share; `tested`, one dict for each kind in which the channel was tested
        (`kind`, `significant`, and the columns of the kind without its prefix); and of these `agreeing`, the
        significant ones, `silent`, the others, and `main`, the one with the largest abs(T).
    """
    shared = [name for name in EVIDENCE.names if name.partition("_")[0] not in EVIDENCE_KINDS]
    rows = []
    for row in records(table):
        tested = [_part(row, kind) for kind in row["tested"].split(", ")]
        agreeing = [part for part in tested if part["significant"]]
        rows.append(
            {name: row[name] for name in shared}
            | {
                "tested": tested,
                "agreeing": agreeing,
                "silent": [part for part in tested if not part["significant"]],
                "main": max(agreeing, key=lambda part: abs(part["t_statistic"])),
            }
        )
    return rows


def evidence_of(table: pd.DataFrame) -> EvidenceOf:
    """Return the rows of table "evidence" by family, detector and `data_key` of the channel."""
    return {(row["family"], row["ifo"], data_key(row["channel"])): row for row in evidence_rows(table)}


def channel_evidence(rows: EvidenceOf, channel: Row) -> Row | None:
    """Return the row of a channel; None where it is no witness.

    Parameters
    ----------
    rows
        As `evidence_of` returns them.
    channel
        Row of table "witnesses" or "coincidences".
    """
    return rows.get((channel["family"], channel["ifo"], data_key(channel["channel"])))


def strong_groups(rows: list[Row]) -> list[Row]:
    """Return of each family, detector and group the strong witness with the largest abs(T)."""
    largest: dict[tuple[str, str, str], Row] = {}
    strong = (row for row in rows if row["strong"])
    for row in sorted(strong, key=lambda row: (-abs(row["main"]["t_statistic"]), row["channel"])):
        largest.setdefault((row["family"], row["ifo"], row["group"]), row)
    return list(largest.values())


def best_witness(rows: list[Row]) -> Row | None:
    """Return the strong witness with the smallest q-value; a safe one goes before another."""
    return min(
        strong_groups(rows),
        key=lambda row: (
            row["q_value"],
            row["safety"] != "safe",
            -abs(row["main"]["t_statistic"]),
            row["channel"],
        ),
        default=None,
    )


def family_evidence(table: pd.DataFrame, family: str) -> Row:
    """Return the witnesses of a family for its page.

    Returns
    -------
    dict
        `best` (`best_witness`), `rows` without unsafe channels, `kinds`, those in which any was tested,
        `several`, the number of rows that several kinds tested, `agreeing`, that of those of them in which
        several are significant, and `listed`.
    """
    rows = [row for row in evidence_rows(table[table["family"] == family]) if row["safety"] != "unsafe"]
    tested = {part["kind"] for row in rows for part in row["tested"]}
    kinds = [kind for kind in EVIDENCE_KINDS if kind in tested]
    return {
        "family": family,
        "best": best_witness(rows),
        "rows": rows,
        "kinds": kinds,
        "several": sum(len(row["tested"]) > 1 for row in rows),
        "agreeing": sum(len(row["agreeing"]) > 1 for row in rows),
        "listed": LISTED,
    }


def witness_counts(table: pd.DataFrame) -> dict[str, int]:
    """Count base channels that are witnesses and not unsafe, their families, and their kinds of evidence.

    Returns
    -------
    dict
        `channels` and `families`; `several`, pairs of a channel and a family that several kinds tested, and
        `agreeing`, those of them in which several kinds are significant.
    """
    safe = table[table["safety"] != "unsafe"]
    several = safe[safe["tested"].str.contains(", ")]
    return {
        "channels": safe["channel"].nunique(),
        "families": safe["family"].nunique(),
        "several": len(several),
        "agreeing": int(several["kinds"].str.contains(", ").sum()),
    }

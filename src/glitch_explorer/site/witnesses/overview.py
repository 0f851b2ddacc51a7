"""Values of the page of all witnesses: families, nulls, ground motion, and channels without data."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from glitch_explorer.coupling.rates.drivers import GROUND_BANDS
from glitch_explorer.coupling.schemas import GAPS
from glitch_explorer.coupling.witnesses.gather import strongest
from glitch_explorer.coupling.witnesses.nulls import FAIL_BELOW
from glitch_explorer.site.evidence.matrix import witness_matrix
from glitch_explorer.site.evidence.rows import evidence_rows, witness_counts
from glitch_explorer.site.pages import records
from glitch_explorer.site.witnesses.rates import MOVES, driver_rows, strongest_driver
from glitch_explorer.site.witnesses.rows import CONSTANTS, CouplingTables, Row

STATES = ("witnessed", "none", "unanswered", "absent")


def detector_lines(coupling: CouplingTables, rows: Sequence[Row]) -> list[Row]:
    """Return for each detector its channels by safety, and its families by their state.

    A family is witnessed by any kind of evidence.
    """
    safe = coupling.evidence[coupling.evidence["safety"] != "unsafe"]
    witnessed = set(safe[["family", "ifo"]].itertuples(index=False, name=None))
    lines = []
    for ifo in coupling.detectors:
        channels = coupling.channels[coupling.channels["ifo"] == ifo]
        tested = coupling.witnesses.loc[coupling.witnesses["ifo"] == ifo, "channel"].nunique()
        line = {"ifo": ifo, "listed": len(channels), "tested": tested}
        line |= {name: int((channels["safety"] == name).sum()) for name in ("safe", "unknown", "unsafe")}
        families = [row for row in rows if row["ifo"] == ifo]
        states: dict[str, list[str]] = {state: [] for state in STATES}
        for row in families:
            states["witnessed" if (row["family"], ifo) in witnessed else row["state"]].append(row["family"])
        lines.append(line | states)
    return lines


def slow_lines(rows: Sequence[Row]) -> list[Row]:
    """Return for each band of ground motion and detector the families by their result."""
    families: dict[tuple[str, str], dict[str, list[str]]] = {}
    for row in rows:
        for band in row["ground"] if row["state"] != "absent" else ():
            by_code = families.setdefault((band["name"], row["ifo"]), {})
            by_code.setdefault(band["code"], []).append(row["family"])
    return [
        {"name": name, "low": low, "high": high, "ifo": ifo, "by": by_code}
        for name, (low, high) in GROUND_BANDS.items()
        for (band, ifo), by_code in families.items()
        if band == name
    ]


def missing_lines(coverage: pd.DataFrame, tested: set[tuple[str, str]]) -> list[Row]:
    """Return by channel how much of the families' live time has data, and why the rest has none.

    Parameters
    ----------
    coverage
        Tables "channel_coverage" of all families.
    tested
        Detector and channel of those that were tested for any family.
    """
    lines = []
    for (ifo, channel), part in coverage.groupby(["ifo", "channel"], sort=True):
        is_tested = (ifo, channel) in tested
        if is_tested and not (part["reason"] != "").any():
            continue
        lines.append(
            {
                "ifo": ifo,
                "channel": channel,
                "tested": is_tested,
                "low": part["share"].min(),
                "high": part["share"].max(),
                "reasons": [code for code in GAPS if part[code].any()],
            }
        )
    return sorted(lines, key=lambda line: (line["tested"], line["high"], line["ifo"], line["channel"]))


def null_values(rows: Sequence[Row], pooled: pd.DataFrame) -> dict[str, Any]:
    """Return the calibration of the nulls: pooled, and the levels at which it fails for one family."""
    levels = [
        {"family": row["family"], "place": f"{row['family']}, {row['ifo']}", **level}
        for row in rows
        for level in row["calibration"]
    ]
    return {
        "calibration": records(pooled),
        "calibrated": bool(pooled["passed"].all()) if len(pooled) else None,
        "failed": [level for level in levels if not level["passed"]],
        "single": len(levels),
        "expected": FAIL_BELOW * len(levels),
    }


def overview(
    coupling: CouplingTables, rows: Sequence[Row], coverage: pd.DataFrame, pooled: pd.DataFrame
) -> dict[str, Any]:
    """Collect the values of the page of all witnesses.

    Parameters
    ----------
    coupling
        Results for all families.
    rows
        Results of every family in every detector, from `rows.detector_row`.
    coverage
        Tables "channel_coverage" of all families.
    pooled
        Table "calibration".
    """
    tested = set(coupling.witnesses[["ifo", "channel"]].itertuples(index=False, name=None))
    unsafe = coupling.witnesses[coupling.witnesses["safety"] == "unsafe"]
    lines = detector_lines(coupling, rows)
    witnessed = {family for line in lines for family in line["witnessed"]}
    groups = [part for _, part in coupling.channels.groupby(["ifo", "group"], sort=True) if len(part) > 1]
    return {
        "lines": lines,
        "rows": rows,
        "families": len({row["family"] for row in rows}),
        "witnessed": len(witnessed),
        "answered": len(witnessed.union(*(line["none"] for line in lines))),
        "counts": witness_counts(coupling.evidence),
        "detectors": coupling.detectors,
        "matrix": witness_matrix(evidence_rows(coupling.evidence)),
        "leads": [group for row in rows for group in row["leads"]],
        "fringes": [row for row in rows if row["fringes"]["code"] == "yes"],
        "fringe_tests": sum(row["fringes"]["code"] in ("yes", "no") for row in rows),
        "slow": slow_lines(rows),
        "moving": driver_rows(coupling.slow[coupling.slow["answer"].isin(MOVES)]),
        "together": records(coupling.pairs[coupling.pairs["only_together"]]),
        "strongest_driver": strongest_driver(coupling.slow, coupling.days),
        "unsafe": records(strongest(unsafe, ["channel"])),
        "missing": missing_lines(coverage, tested),
        "groups": [records(part) for part in groups],
        **null_values(rows, pooled),
        **CONSTANTS,
        "names": coupling.names or {},
        "mapped": coupling.names is None,
        "witnesses": True,
    }

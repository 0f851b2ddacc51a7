"""What the page of all witnesses says: families, nulls, the ground, and what was not looked at."""

import re
from typing import Any

import pandas as pd

from glitch_explorer.coupling.witnesses.nulls import FAIL_BELOW
from glitch_explorer.coupling.witnesses.slow_drivers import GROUND_BANDS
from glitch_explorer.site.pages import records
from glitch_explorer.site.witnesses.answers import ALPHA, CONSTANTS, Coupling, best_bands
from glitch_explorer.site.witnesses.matrix import witness_matrix
from glitch_explorer.site.witnesses.words import count_text

Told = dict[str, list[dict[str, Any]]]


def _states(told: Told, ifo: str) -> dict[str, list[str]]:
    """Sort the families by what is known of them in a detector."""
    sorted_by: dict[str, list[str]] = {"witnessed": [], "none": [], "unanswered": [], "absent": []}
    for family, answers in told.items():
        for one in answers:
            if one["ifo"] == ifo:
                sorted_by[one["state"]].append(family)
    return sorted_by


def detector_lines(coupling: Coupling, told: Told) -> list[dict[str, Any]]:
    """Describe each detector: its channels by safety, and how many families have a witness."""
    lines = []
    for ifo in coupling.detectors:
        own = coupling.channels[coupling.channels["ifo"] == ifo]
        safety = own["safety"].value_counts()
        looked = coupling.witnesses.loc[coupling.witnesses["ifo"] == ifo, "channel"].nunique()
        counts = {name: int(safety.get(name, 0)) for name in ("safe", "unknown", "unsafe")}
        lines.append({"ifo": ifo, "listed": len(own), "looked": looked, **counts, **_states(told, ifo)})
    return lines


def slow_lines(told: Told) -> list[dict[str, Any]]:
    """Sum the slow drivers up: for each band and detector, the families by their answer."""
    sums: dict[tuple[str, str], dict[str, list[str]]] = {}
    for family, answers in told.items():
        for one in answers:
            if one["state"] != "absent":
                for band in one["ground"]:
                    sums.setdefault((band["name"], one["ifo"]), {}).setdefault(band["answer"], []).append(
                        family
                    )
    return [
        {"name": name, "low": low, "high": high, "ifo": ifo, "by": by}
        for name, (low, high) in GROUND_BANDS.items()
        for (band, ifo), by in sums.items()
        if band == name
    ]


def missing_lines(coverage: pd.DataFrame, looked: set[tuple[str, str]]) -> list[dict[str, Any]]:
    """Sum coverage up by channel: how much of the families' live time has data, and why the rest has none.

    Parameters
    ----------
    coverage
        Tables "channel_coverage" of all families.
    looked
        Detector and channel of those that were looked at for any family.
    """
    lines = []
    for (ifo, channel), own in coverage.groupby(["ifo", "channel"], sort=True):
        seen = (ifo, channel) in looked
        if seen and not (own["reason"] != "").any():
            continue
        # A reason carries its share of one family's live time: "NaN in the data (10.8%)".
        reasons = {re.sub(r" \(\d+\.\d%\)$", "", part) for said in own["reason"] for part in said.split("; ")}
        lines.append(
            {
                "ifo": ifo,
                "channel": channel,
                "looked": seen,
                "low": own["share"].min(),
                "high": own["share"].max(),
                "reason": "; ".join(sorted(reasons - {""})) or "too little of it, or it never changes",
            }
        )
    return sorted(lines, key=lambda line: (line["looked"], line["high"], line["ifo"], line["channel"]))


def null_lines(told: Told, pooled: pd.DataFrame) -> dict[str, Any]:
    """Describe the calibration of the nulls: pooled, and where it fails for a family of its own."""
    single = [
        {"family": family, "place": f"{family}, {one['ifo']}", **row}
        for family, answers in told.items()
        for one in answers
        for row in one["calibration"]
    ]
    return {
        "calibration": records(pooled),
        "calibrated": bool(pooled["passed"].all()) if len(pooled) else None,
        "failed": [row for row in single if not row["passed"]],
        "single": len(single),
        "expected": FAIL_BELOW * len(single),
    }


def lead_text(lines: list[dict[str, Any]], families: int) -> str:
    """Say in a few sentences what was found, or plainly that nothing was."""
    if not families:
        return "There is no family: nothing was asked."
    every = count_text(families, "family", "families")
    witnessed = {family for line in lines for family in line["witnessed"]}
    answered = witnessed | {family for line in lines for family in line["none"]}
    if not answered:
        return f"There is no answer for any of the {every}: see below why."
    channels = "; ".join(f"{line['looked']} in {line['ifo']}" for line in lines)
    looked = f"Channels looked at: {channels}."
    if not witnessed:
        return (
            f"No witness was found for any of the {every}. {looked} None of them lights up with a family "
            f"more than chance allows (q at most {ALPHA:g})."
        )
    return (
        f"{len(witnessed)} of {every} have at least one witness: a channel that lights up with the family "
        f"more than chance allows (q at most {ALPHA:g}). {looked}"
    )


def overview(coupling: Coupling, told: Told, coverage: pd.DataFrame, pooled: pd.DataFrame) -> dict[str, Any]:
    """Collect the values of the page of all witnesses.

    Parameters
    ----------
    coupling
        What is said of all families.
    told
        Family to its answers, one a detector (`witness_answers.answer`).
    coverage
        Tables "channel_coverage" of all families.
    pooled
        Table "calibration".
    """
    lines = detector_lines(coupling, told)
    looked = set(coupling.witnesses[["ifo", "channel"]].itertuples(index=False, name=None))
    unsafe = coupling.witnesses[coupling.witnesses["safety"] == "unsafe"]
    groups = coupling.channels.groupby(["ifo", "group"], sort=True)
    return {
        "lead": lead_text(lines, len(told)),
        "lines": lines,
        "told": told,
        "detectors": coupling.detectors,
        "matrix": witness_matrix(told),
        "leads": [(family, group) for family, own in told.items() for one in own for group in one["leads"]],
        "fringes": [(family, one) for family, own in told.items() for one in own if one["fringes"] == "yes"],
        "asked": sum(one["fringes"] in ("yes", "no") for own in told.values() for one in own),
        "slow": slow_lines(told),
        "unsafe": records(best_bands(unsafe)),
        "missing": missing_lines(coverage, looked),
        "groups": [
            {"ifo": ifo, "group": group, "members": records(own)}
            for (ifo, group), own in groups
            if len(own) > 1
        ],
        **null_lines(told, pooled),
        **CONSTANTS,
        "witnesses": True,
    }

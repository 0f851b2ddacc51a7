"""What a number of the cost means, as a phrase or a sentence; plain text, escaped where it is shown."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from glitch_explorer.impact.reasons import Reason
from glitch_explorer.site.numbers import amount_text, count_text, known
from glitch_explorer.site.pages import macro_text, records

#: Unit of the cost: sensitive volume times analysed time.
UNIT = "Mpc³\u00a0yr"
#: What the settings of the cost mean, in words.
SETTINGS: dict[str, str] = {
    "min_gate_s": "a glitch is gated for at least this many seconds on either side",
    "gate_snr": "a search gates glitches from this SNR on; none: all of the catalogue",
    "false_alarm_rate_per_yr": "false alarms per year at which thresholds are compared, no lower than 10 in "
    "the analysed time",
    "cbc_rate_per_yr": "signals of merging binaries per year that a glitch may overlap",
}
#: What is varied for the stability of the ranking, in words and unit.
VARIED: dict[str, tuple[str, str]] = {
    "min_gate_s": ("Shortest gate, on either side", "s"),
    "gate_snr": ("SNR from which a glitch is gated", ""),
    "false_alarm_rate": ("False-alarm rate", "/yr"),
}


def range_text(low: float | None, high: float | None) -> str:
    """Write the two ends of an interval, empty where there is none."""
    return f"{amount_text(low)} to {amount_text(high)}" if known(low) and known(high) else ""


def error_text(low: float | None, high: float | None) -> str:
    """Write an interval in words: its ends and whether it holds 0, or that there is none."""
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return "no interval: under ten blocks of time"
    held = ", which holds 0" if low <= 0 <= high else ""
    return f"95\u00a0% interval {range_text(low, high)}{held}"


def surely_costs(row: Mapping[str, Any]) -> bool:
    """Whether the cost is more than its error: the lower end of its interval is above 0."""
    return known(row["cost_low"]) and bool(row["cost_low"] > 0)


def place_text(row: Mapping[str, Any], label: str | None = None) -> str:
    """Name a family in a detector, with its commonest label where there is one."""
    return f"{row['family']} ({label}) in {row['ifo']}" if label else f"{row['family']} in {row['ifo']}"


def cost_text(row: Mapping[str, Any]) -> str:
    """Write a cost with its interval, and as hours.

    Parameters
    ----------
    row
        Row of table "cost" that has a cost.
    """
    hours = f"{amount_text(row['hours_per_1000h'])} h of sensitive time per 1000 h"
    return (
        f"{amount_text(row['cost_mpc3_yr'])}\u00a0{UNIT} "
        f"({error_text(row['cost_low'], row['cost_high'])}), {hours}"
    )


def reason_text(row: Mapping[str, Any]) -> str:
    """Return the sentence of a row's reason code, with its facts."""
    return macro_text("cost/reasons.html", "reason_text", row)


def row_text(row: Mapping[str, Any], label: str | None) -> str:
    """Say in a sentence what a family costs in a detector, or why that is not known."""
    if not known(row["cost_mpc3_yr"]):
        return f"{place_text(row, label)}: no cost is known: {reason_text(row)}."
    # An interval that is missing is told beside the cost.
    limit = "" if row["reason"] in ("", Reason.FEW_BLOCKS) else f" Not all is known: {reason_text(row)}."
    return f"{place_text(row, label)} costs {cost_text(row)}; rank {int(row['rank'])}.{limit}"


def recoverable_text(row: Mapping[str, Any]) -> str:
    """Say what would be won back at most.

    Parameters
    ----------
    row
        Row of `most_recoverable`.
    """
    group = f" (one of {row['alike']} correlated channels)" if row["alike"] > 1 else ""
    ends = range_text(row["recoverable_low"], row["recoverable_high"])
    interval = f"95\u00a0% interval {ends}" if ends else "no interval"
    flag = "; safety unknown" if row["safety"] == "unknown" else ""
    return (
        f"Removing the coupling of {row['channel']}{group} would give back at most "
        f"{amount_text(row['recoverable_mpc3_yr'])}\u00a0{UNIT} of {place_text(row)} ({interval}{flag})."
    )


def family_labels(families: pd.DataFrame) -> dict[str, str | None]:
    """Give each family's commonest label, None where nothing has one, from table "audit_families"."""
    return {
        str(family): str(label) if known(label) else None
        for family, label in zip(families["family"], families["plurality_label"], strict=True)
    }


def costliest(cost: pd.DataFrame, labels: Mapping[str, str | None]) -> str:
    """Say in a sentence or two what costs most, or plainly that nothing costs more than its error.

    Parameters
    ----------
    cost
        Table of this name.
    labels
        Family to its commonest label.
    """
    if cost.empty:
        return "There is no family, or no analysed time: nothing has a cost."
    ranked = records(cost[cost["cost_mpc3_yr"].notna()].sort_values("rank", kind="stable"))
    if not ranked:
        why = sorted({reason_text(row) for row in records(cost[cost["reason"] != ""])})
        return f"No cost is known: {'; '.join(why)}."
    top = ranked[0]
    named = f"{place_text(top, labels.get(top['family']))}, {cost_text(top)}"
    sure = [row for row in ranked if surely_costs(row)]
    if not sure and any(known(row["cost_low"]) for row in ranked):
        return f"Nothing costs more than its error. The largest cost is that of {named}."
    if not sure:
        return f"The largest cost is that of {named}. Whether it is more than its error is not known."
    if sure[0] is top:
        return f"{place_text(top, labels.get(top['family']))} costs most: {cost_text(top)}."
    second = place_text(sure[0], labels.get(sure[0]["family"]))
    return (
        f"The largest cost is that of {named}. The largest that is more than its error is that of {second}, "
        f"{cost_text(sure[0])}."
    )


def headline(cost: pd.DataFrame, recoverable: pd.DataFrame, labels: Mapping[str, str | None]) -> str:
    """Say what costs most, how many costs are sure, and what would be won back at most.

    Parameters
    ----------
    cost, recoverable
        Tables of these names.
    labels
        Family to its commonest label.
    """
    said = costliest(cost, labels)
    ranked = cost[cost["cost_mpc3_yr"].notna()]
    sure = ranked[ranked["cost_low"] > 0]
    if sure.empty:
        return said
    every = count_text(len(ranked), "cost is", "costs are")
    said += f" {len(sure)} of {every} more than {'its' if len(ranked) == 1 else 'their'} error."
    best = most_recoverable(recoverable.merge(sure[["family", "ifo"]], on=["family", "ifo"]))
    return f"{said} {recoverable_text(records(best)[0])}" if len(best) else said


def most_recoverable(recoverable: pd.DataFrame) -> pd.DataFrame:
    """Keep what gives anything back, each group of correlated channels once, the most first.

    Parameters
    ----------
    recoverable
        Rows of table "recoverable".

    Returns
    -------
    DataFrame
        The row of each group's best channel, and `alike`, how many of the group's channels count.
    """
    key = ["family", "ifo", "group"]
    alike = recoverable.groupby(key)["channel"].transform("nunique")
    kept = recoverable.assign(alike=alike)[recoverable["recoverable_mpc3_yr"] > 0]
    ranked = kept.sort_values(
        ["recoverable_mpc3_yr", "family", "ifo", "channel"], ascending=[False, True, True, True]
    )
    return ranked.drop_duplicates(key)

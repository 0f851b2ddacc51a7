"""What the coupling stage leaves unknown of a family, as codes with facts; unknown.html has the sentences."""

from collections.abc import Iterable, Sequence
from typing import Any

from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES

Item = dict[str, Any]


def coupling_unknown(rows: Sequence[Item]) -> list[Item]:
    """Return what the coupling stage leaves unknown of a family.

    Parameters
    ----------
    rows
        Results of the family, one row per detector, from `rows.detector_row`.

    Returns
    -------
    list of dict
        `code`, the name of the sentence's macro, `ifo`, and the facts of the sentence.
    """
    return [{"code": code, "ifo": row["ifo"], **facts} for row in rows for code, facts in _unknown(row)]


def _unknown(row: Item) -> Iterable[tuple[str, Item]]:
    """Yield what is unknown in one detector."""
    if row["state"] == "absent":
        yield "absent", {}
        return
    if row["state"] == "unanswered":
        yield "unanswered", {"notes": row["notes"]}
        return
    if row["state"] == "none" and not row["by_others"]:
        yield "no_witness", {"channels": row["channels"]}
    untested = sum(not channel["tested"] for channel in row["missing"])
    if untested:
        yield "no_data", {"channels": untested}
    yield from _witnesses_unknown(row)


def _witnesses_unknown(row: Item) -> Iterable[tuple[str, Item]]:
    """Yield what is unknown of the witnesses in one detector."""
    unsure = [group["channel"] for group in row["groups"] if group["safety"] == "unknown"]
    if unsure:
        yield "safety", {"channels": unsure}
    early = [group for group in row["groups"] if group["lag"] < 0 and group["relation"] != "leads"]
    if early:
        isolated = min(group["n_alone"] for group in early)
        facts = {"channels": [group["channel"] for group in early], "isolated": isolated}
        yield "order", {**facts, "few": isolated < LEAST_GLITCHES}
    if any(not level["passed"] for level in row["calibration"]):
        yield "calibration", {}
    for code, result in (("ground_short", "too short"), ("ground_channel", "no channel")):
        bands = [band["name"] for band in row["ground"] if band["code"] == result]
        if bands:
            yield code, {"bands": bands}
    if row["fringes"]["code"] not in ("yes", "no"):
        yield "fringes", {"fringes": row["fringes"]}

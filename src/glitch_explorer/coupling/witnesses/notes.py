"""Notes on a family's test: codes with facts. `site/witnesses/notes.html` has the sentence for each code."""

import pandas as pd

from glitch_explorer.coupling.channels.features import LONGEST_SAMPLE_S
from glitch_explorer.coupling.schemas import ALPHA
from glitch_explorer.coupling.witnesses.background import LAGS_S, LEAST_SHARE, Background
from glitch_explorer.coupling.witnesses.nulls import calibration_table
from glitch_explorer.coupling.witnesses.slides import LEAST_GLITCHES
from glitch_explorer.coupling.witnesses.usable import LEAST_COVERAGE

#: A code and its facts, as in notes.json.
Note = dict[str, object]

#: No feature can be tested.
NO_DATA: Note = {"code": "no_data", "least_coverage": LEAST_COVERAGE, "least_glitches": LEAST_GLITCHES}
#: The family leaves no background.
TOO_DENSE: Note = {"code": "too_dense", "least_share": LEAST_SHARE}


def too_few(usable: int, total: int) -> Note:
    """Return the note on a family of `total` glitches of which too few are usable."""
    return {"code": "too_few", "usable": usable, "total": total, "least": LEAST_GLITCHES}


def slow_channels(n: int) -> Note:
    """Return the note on `n` channels whose samples are too long for a witness."""
    return {"code": "slow_channels", "n": n, "longest_s": LONGEST_SAMPLE_S}


def notes(
    table: pd.DataFrame,
    *,
    total: int,
    usable: int,
    background: Background,
    coverage: pd.DataFrame,
    untested: int,
    pseudo: pd.DataFrame,
) -> list[Note]:
    """Return the notes on one family in one detector that has been tested.

    Parameters
    ----------
    table
        Table "family_witnesses".
    total, usable
        Glitches of the family, and those that the statistics use.
    background
        The family's background.
    coverage
        Channels and the reasons why they have no data.
    untested
        Number of channels with too little data, or a constant.
    pseudo
        p-values of the pseudo-families.
    """
    ranked = table[table["p_fwer"].notna()]
    significant = ranked[ranked["p_fwer"] <= ALPHA]
    tested: Note = {"channels": ranked["channel"].nunique(), "bands": len(ranked)}
    listed: list[Note] = []
    if len(significant):
        n = significant["channel"].nunique()
        listed.append({"code": "witnesses", **tested, "n": n, "alpha": ALPHA})
    else:
        least = float(ranked["p_fwer"].min()) if len(ranked) else None
        listed.append({"code": "no_witness", **tested, "p": least})
    if usable < total:
        listed.append({"code": "unusable_glitches", "n": total - usable, "total": total})
    if background.lags_s != LAGS_S:
        before, after = background.lags_s
        lags = {"before_s": before, "after_s": after}
        listed.append({"code": "shorter_lags", **lags, "least_share": LEAST_SHARE})
    if untested:
        listed.append({"code": "untested_channels", "n": untested})
    reasons = coverage[coverage["reason"] != ""].groupby("reason", sort=True)["channel"].nunique()
    listed += [{"code": "missing_data", "reason": reason, "n": int(n)} for reason, n in reasons.items()]
    listed += _channel_notes(table, significant)
    calibration = calibration_table(pseudo)
    return listed + [
        {"code": "not_calibrated", "kind": row.kind, "n_below": row.n_below, "n": row.n, "alpha": row.alpha}
        for row in calibration[~calibration["passed"]].itertuples()
    ]


def _channel_notes(table: pd.DataFrame, significant: pd.DataFrame) -> list[Note]:
    """Return the notes on safety and on the order in time."""
    undecided = significant[
        (significant["lag"] < 0)
        & (significant["relation"] == "co-moves")
        & (significant["n_leading"] < LEAST_GLITCHES)
    ]
    isolated: Note = {"isolated": int(undecided["n_alone"].iloc[0])} if len(undecided) else {}
    listed: list[tuple[str, pd.DataFrame, Note]] = [
        ("unsafe_channels", table[table["safety"] == "unsafe"], {}),
        ("unknown_safety", significant[significant["safety"] == "unknown"], {}),
        ("few_isolated", undecided, isolated),
        ("precursors", significant[significant["relation"] == "leads"], {}),
    ]
    return [
        {"code": code, "n": int(rows["channel"].nunique()), **facts}
        for code, rows, facts in listed
        if len(rows)
    ]

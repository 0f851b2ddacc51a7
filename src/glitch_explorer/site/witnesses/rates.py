"""Rows of the witness pages about slow drivers: how a family's rate moves with ground motion."""

from typing import Any

import numpy as np
import pandas as pd

from glitch_explorer.core.arrays import Bool
from glitch_explorer.coupling.channels.bands import Band
from glitch_explorer.coupling.rates.drivers import GROUND_BANDS
from glitch_explorer.coupling.rates.nulls import DRAWS
from glitch_explorer.coupling.schemas import ALPHA
from glitch_explorer.coupling.witnesses.p_values import q_values
from glitch_explorer.site.pages import first_record, records

#: Answers of a driver with a significant effect.
MOVES = ("rises", "falls")
#: A driver that moves the rate by less than this factor, up or down, is in the tables only (ours).
LEAST_FACTOR = 1.1

Row = dict[str, Any]


def ground_band(band: str) -> str | None:
    """Return the ground-motion band with the (logarithmic) middle of `band`; None where none has it."""
    edges = Band.parse(band)
    if edges is None:
        return None
    middle = (edges.low * edges.high) ** 0.5
    return next((name for name, (least, most) in GROUND_BANDS.items() if least <= middle < most), None)


def ground_rows(slow: pd.DataFrame) -> list[Row]:
    """Return for each band of ground motion whether a family's rate moves with it.

    Parameters
    ----------
    slow
        Rows of table "slow_drivers" of one family and detector.

    Returns
    -------
    list of dict
        `name`, `low`, `high` of the band, and the result of `ground_result`.
    """
    named = slow["band"].map(ground_band)
    return [
        {"name": name, "low": low, "high": high, **ground_result(slow[named == name])}
        for name, (low, high) in GROUND_BANDS.items()
    ]


def ground_result(rows: pd.DataFrame) -> Row:
    """Return for one band of ground motion whether a family's rate moves with it.

    Parameters
    ----------
    rows
        Rows of table "slow_drivers" of one family, detector and band.

    Returns
    -------
    dict
        `code`: `rises`, `falls`, `both`, `clock only` (no effect is left when adjusted for local time),
        `nothing found`, `too short` or `no channel`, and its facts: the columns of the row with the smallest
        p, `channels` (number of those tested), `visible` (the smallest ratio that one could have shown)
        and `more` (channels with the same result beside the first).
    """
    if rows.empty:
        return {"code": "no channel"}
    tested = _with_floors(rows[rows["p_value"].notna()]).sort_values("p_value", kind="stable")
    if tested.empty:
        return {"code": "too short", "channels": 0, "visible": None, "reason": rows["reason"].iloc[0]}
    facts = {"channels": len(tested), "visible": tested["least_ratio"].min()}
    significant = tested[tested["answer"].isin(MOVES)]
    if significant.empty:
        answers = set(tested["answer"])
        code = "nothing found" if "nothing found" in answers else "too short"
        return {**records(tested.head(1))[0], **facts, "code": code}
    beyond = significant[beyond_the_clock(significant) | (significant["clock_reason"] != "")]
    codes = set(beyond["answer"]) or {"clock only"}
    named = significant if beyond.empty else beyond
    code = codes.pop() if len(codes) == 1 else "both"
    return {**records(named.head(1))[0], **facts, "code": code, "more": len(named) - 1}


def beyond_the_clock(slow: pd.DataFrame) -> Bool:
    """Return which drivers ``(n,)`` move the rate also with local time in the model."""
    return np.asarray(slow["answer"].isin(MOVES) & (slow["clock_answer"] == slow["answer"]))


def _with_floors(slow: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with columns that say which p no surrogate reaches: they are upper limits."""
    floors = {
        f"{column}_at_floor": slow[column].astype(float) < 1.5 / (1 + DRAWS)
        for column in ("p_fwer", "clock_p_fwer", "overall_p_fwer")
    }
    return slow.assign(**floors)


def driver_rows(slow: pd.DataFrame) -> list[Row]:
    """Return the drivers of one family and detector by p, adjusted for local time and then within blocks."""
    order = ["clock_p_fwer", "p_fwer", "p_value"]
    return records(_with_floors(slow).sort_values(order, kind="stable"))


def surest_driver(slow: pd.DataFrame) -> Row | None:
    """Return the driver whose ratio, adjusted for local time, is surely furthest from 1; None without one.

    Parameters
    ----------
    slow
        Table "slow_drivers".

    Returns
    -------
    dict or None
        The row, with `q_value`: of `clock_p_fwer`, over families and detectors. Only drivers with a q-value
        up to `ALPHA`, an interval clear of 1 and a ratio of at least `LEAST_FACTOR`, or its inverse, count.
    """
    families = slow.groupby(["family", "ifo"]).ngroup().to_numpy()
    rows = _with_floors(slow.assign(q_value=q_values(families, slow["clock_p_fwer"].to_numpy(dtype=float))))
    least = np.maximum(np.log(rows["clock_low"].astype(float)), -np.log(rows["clock_high"].astype(float)))
    large = np.abs(np.log(rows["clock_ratio"].astype(float))) >= np.log(LEAST_FACTOR)
    sure = rows.assign(least=least)[beyond_the_clock(rows) & (rows["q_value"] <= ALPHA) & (least > 0) & large]
    order = sure.sort_values(["least", "family", "ifo", "channel", "band"], ascending=[False, *[True] * 4])
    return first_record(order)


def pair_rows(pairs: pd.DataFrame) -> list[Row]:
    """Return the pairs of drivers that act more, or less, together than alone, the smallest p first."""
    significant = pairs[pairs["p_fwer"] <= ALPHA]
    return records(significant.sort_values("p_fwer", kind="stable"))


def strongest_driver(slow: pd.DataFrame, days: pd.DataFrame) -> Row | None:
    """Return the driver with the smallest corrected p, adjusted for local time where that was tested.

    Parameters
    ----------
    slow, days
        Tables "slow_drivers" and "rate_days"; the latter has one driver of each family and detector.

    Returns
    -------
    dict or None
        A driver that has days; None where nothing was tested.
    """
    key = ["family", "ifo", "channel", "band"]
    shown = slow.merge(days[key].drop_duplicates(), on=key)
    shown = _with_floors(shown.assign(least_p=shown["clock_p_fwer"].fillna(shown["p_fwer"])))
    return first_record(shown.sort_values(["least_p", "p_fwer", "p_value", *key], kind="stable"))

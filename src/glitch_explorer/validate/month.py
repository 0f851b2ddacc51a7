"""Compare the slow drivers of the simulated month with the planted ones."""

from typing import Any

import numpy as np
import pandas as pd

from glitch_explorer.coupling.schemas import ALPHA
from glitch_explorer.validate.check import Check, mean_check
from glitch_explorer.validate.schemas import MONTH

#: Least share of planted drivers that are significant when adjusted for local time, and of intervals with
#: the planted ratio: these cover 0.87 to 0.90 (docs/reference/slow-drivers.md#power).
LEAST_FOUND, LEAST_COVERED = 0.8, 0.65


def month_table(slow: pd.DataFrame, truth: dict[str, Any]) -> pd.DataFrame:
    """Compare each driver of each family of the month with what is planted.

    Parameters
    ----------
    slow
        Table "slow_drivers" of the month's detectors.
    truth
        truth.json of the month.

    Returns
    -------
    DataFrame
        Table "month".
    """
    planted = {(ifo, row["family"]): row for ifo, detector in truth.items() for row in detector["families"]}
    rows = []
    for _, row in slow.iterrows():
        family = planted[row["ifo"], row["family"]]
        rows.append(
            {
                **{name: row[name] for name in ("family", "ifo", "channel", "n_glitches")},
                "clock": family["clock"],
                "planted_ratio": family["ratio"] if row["channel"] == family["channel"] else 1.0,
                "ratio": row["clock_ratio"],
                "ratio_low": row["clock_low"],
                "ratio_high": row["clock_high"],
                "p_value": row["clock_p"],
                "p_fwer": row["clock_p_fwer"],
                "answer": row["clock_answer"],
            }
        )
    table = pd.DataFrame(rows, columns=MONTH.names)
    return table.sort_values(["ifo", "family", "channel"], ignore_index=True)


def month_checks(month: pd.DataFrame) -> list[Check]:
    """Check slow drivers adjusted for local time.

    Parameters
    ----------
    month
        Table "month", of one observatory or of several one below the other.
    """
    planted = month[month["planted_ratio"] != 1]
    idle = month[(month["planted_ratio"] == 1) & month["p_value"].notna()]
    expected = np.where(planted["planted_ratio"] > 1, "rises", "falls")
    claimed = planted["answer"].isin(["rises", "falls"])
    inside = planted["planted_ratio"].between(planted["ratio_low"], planted["ratio_high"])
    return [
        mean_check("month_found", planted["answer"] == expected, LEAST_FOUND),
        mean_check("month_direction", (planted["answer"] == expected)[claimed], 1.0),
        mean_check("month_covered", inside, LEAST_COVERED),
        _false_check("month_idle", idle[~idle["clock"]]),
        _false_check("month_clock", idle[idle["clock"]]),
    ]


def _false_check(name: str, idle: pd.DataFrame) -> Check:
    """Check the share of idle drivers with p up to 0.05, against 0.05 and two standard errors."""
    error = np.sqrt(ALPHA * (1 - ALPHA) / max(len(idle), 1))
    return mean_check(name, idle["p_value"] <= ALPHA, ALPHA + 2 * float(error), at_most=True)

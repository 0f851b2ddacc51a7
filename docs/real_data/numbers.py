"""Numbers of the page and its figures, from the tables of two runs and from plain counting."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from docs.real_data import counting
from glitch_explorer.core import tables
from glitch_explorer.coupling.schemas import COINCIDENCE_SHARES, COINCIDENCES
from glitch_explorer.map.schemas import FAMILY_NAMES

MONITOR = "L1:ASC-X_TR_B"
ETMX = "L1:SUS-ETMX_L2_WIT_L_DQ"
SCATTERED = "Scattered_Light"
#: Rows of the table of suspension channels.
_CHANNELS = 3


def trigger_numbers(results: Path, data: Path) -> dict[str, Any]:
    """Return the numbers of the section on triggers and segments.

    Parameters
    ----------
    results
        Results of the run with `config/real/triggers.yaml`.
    data
        Folder of the data.
    """
    rows = named(tables.read(COINCIDENCES, results / "coupling/coincidences.parquet"), results)
    shares = named(tables.read(COINCIDENCE_SHARES, results / "coupling/coincidence_shares.parquet"), results)
    classes = rows[rows["channel"] == MONITOR].sort_values("efficiency", ascending=False)
    channels = rows[(rows["kind"] == "segments") & (rows["name"] == SCATTERED)]
    channels = channels.sort_values("t_statistic", ascending=False, kind="stable")
    of_monitor = shares[shares["channel"] == MONITOR]
    kinds = counting.kinds_of_days(data)
    return {
        "classes": classes,
        "monitor": classes[classes["name"] == SCATTERED].iloc[0],
        "by_snr": of_monitor[of_monitor["by"] == "snr"],
        "by_day": of_monitor[of_monitor["by"] == "day"],
        "channels": channels,
        "first_channels": channels.head(_CHANNELS),
        "plain": counting.monitor_counts(data),
        "kinds": kinds,
        "lowest_loud": kinds[0]["day_medians"]["min"],
        "highest_faint": kinds[1]["day_medians"]["max"],
        "kinds_by_snr": counting.share_by_kind(data),
        "below_10": counting.below_snr_10(data),
        "plain_segments": {
            name: {margin: counting.suspension_counts(data, channel, margin) for margin in (0.0, 0.5)}
            for name, channel in zip(("first", "second"), channels["channel"][:2], strict=True)
        },
        "log": logged_counts(results),
    }


def named(rows: pd.DataFrame, results: Path) -> pd.DataFrame:
    """Add the names of the families, `name`, to a table of a run."""
    names = tables.read(FAMILY_NAMES, results / "map/family_names.parquet").set_index("family")["name"]
    return rows.assign(name=rows["family"].map(names))


def logged_counts(results: Path) -> dict[str, int]:
    """Read from the logs of a run how many rows repeat a glitch, and how many glitches there are."""
    text = (results / "logs/catalog.log").read_text(encoding="utf-8")
    glitches, repeated = re.search(r"(\d+) glitches in \d+ shards, (\d+) duplicates", text).groups()
    return {"glitches": int(glitches), "repeated": int(repeated)}

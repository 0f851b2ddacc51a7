"""The families of a run against those of a file, for the atlas."""

from pathlib import Path
from typing import Any

from glitch_explorer.audit.schemas import COMPARED
from glitch_explorer.core import tables
from glitch_explorer.map.schemas import QUALITY, UNASSIGNED
from glitch_explorer.site.pages import records

#: Other families that are listed of a family, the largest share first.
LISTED = 3


def read_compared(folder: str | Path) -> dict[str, Any]:
    """Return how far two groupings agree, and where the members of each family are in the other.

    Parameters
    ----------
    folder
        Folder of the audit, with the tables compared_families and agreement.

    Returns
    -------
    dict
        Values of the metrics by name; `lines`, one for each family: `family`, its size `n`, `others` (rows of
        the table, at most `LISTED`), the number `more` of families that are not listed, and the share in
        `none`.
    """
    table = tables.read(COMPARED, Path(folder) / "compared_families.parquet")
    metrics = tables.read(QUALITY, Path(folder) / "agreement.parquet")
    lines = []
    for family, rows in table[table["family"] != UNASSIGNED].groupby("family", sort=True):
        others = rows[rows["other"] != UNASSIGNED]
        lines.append(
            {
                "family": family,
                "n": int(rows["n"].sum()),
                "others": records(others.head(LISTED)),
                "more": max(0, len(others) - LISTED),
                "none": 1 - float(others["share_of_family"].sum()),
            }
        )
    values = dict(zip(metrics["metric"], metrics["value"], strict=True))
    return {"ami": None, "ari": None, **values, "lines": lines}

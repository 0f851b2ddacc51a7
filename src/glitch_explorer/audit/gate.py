"""The jobs of the leakage gate: one writes the table, one checks it."""

from pathlib import Path

import pandas as pd

from glitch_explorer.audit import leakage
from glitch_explorer.audit.rows import map_rows
from glitch_explorer.audit.schemas import LEAKAGE
from glitch_explorer.core import tables
from glitch_explorer.views.schemas import VIEWS


def make_leakage(
    *,
    glitches: str | Path,
    families: str | Path,
    views: list[str],
    out: str | Path,
    unit: str,
    permutations: int,
    seed: int,
) -> None:
    """Write the table `leakage` of a map to `out`; `require_no_leakage` is the gate.

    Parameters
    ----------
    glitches, families : path
        Files of tables "glitches" and "families".
    views : list of path
        Tables `views` of all shards.
    unit : str
        `glitch` or `view`.
    permutations, seed : int
        Draws of the null and their seed.
    """
    rows = map_rows(glitches, families, ["label", "ifo", "run"])
    status = pd.concat([tables.read(VIEWS, path) for path in views], ignore_index=True)
    status["pattern"] = leakage.view_pattern(status)
    status = status.set_index("glitch_id").loc[rows["glitch_id"]].reset_index(drop=True)
    shown = {"view length": rows["view"]} if unit == "view" else {"view pattern": status["pattern"]}
    variables = {**shown, "image size": status["image_size"], "detector": rows["ifo"], "run": rows["run"]}
    table = leakage.leakage_table(rows, variables, unit=unit, permutations=permutations, seed=seed)
    tables.write(LEAKAGE, table, out)


def require_no_leakage(table: str | Path) -> None:
    """Read the table `leakage` and refuse a map that fails its gate.

    Raises
    ------
    UserError
        As in `leakage.check_leakage`.
    """
    leakage.check_leakage(tables.read(LEAKAGE, table))

"""The jobs of the leakage gate: one writes the table, one checks it."""

from pathlib import Path

from glitch_explorer.audit.leakage import check_leakage, leakage_table, view_pattern
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
        Number of draws of the null, and the seed.
    """
    rows = map_rows(glitches, families, ["label", "ifo", "run"])
    status = tables.read_all(VIEWS, views).set_index("glitch_id")
    status = status.loc[rows["glitch_id"]].reset_index(drop=True)
    pattern = {"view length": rows["view"]} if unit == "view" else {"view pattern": view_pattern(status)}
    variables = {**pattern, "image size": status["image_size"], "detector": rows["ifo"], "run": rows["run"]}
    table = leakage_table(rows, variables, unit=unit, permutations=permutations, seed=seed)
    tables.write(LEAKAGE, table, out)


def require_no_leakage(table: str | Path) -> None:
    """Read the table `leakage` and refuse a map that fails its gate.

    Raises
    ------
    UserError
        As in `check_leakage`.
    """
    check_leakage(tables.read(LEAKAGE, table))

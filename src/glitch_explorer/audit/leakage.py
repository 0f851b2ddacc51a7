"""Leakage: whether families follow plotting artefacts. `gate` stops a run in which they do.

The measure is I(family; variable | label), the null permutes the variable
within each label. A permutation within a label leaves both margins of that
label's family x variable table as they are, so the null is drawn as random
tables with those margins, which is the same distribution and much faster.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import random_table

from glitch_explorer.audit.rows import map_rows
from glitch_explorer.audit.schemas import LEAKAGE, NORMALISED_LIMIT, P_LIMIT
from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.views import VIEW_NAMES, VIEW_PRESENT, VIEW_PRESENT_UNKNOWN, VIEW_UNKNOWN
from glitch_explorer.views.schemas import VIEWS

#: Variables that can fail a run with `unit: glitch`; detector and run can be physics.
GATED = ("view pattern", "image size")


def view_pattern(views: pd.DataFrame) -> pd.Series:
    """Return the views of each row of table `views` as text, e.g. `0.5+1.0+4.0`."""
    columns = dict(zip((*VIEW_PRESENT, VIEW_PRESENT_UNKNOWN), (*VIEW_NAMES, VIEW_UNKNOWN), strict=True))
    present = views[list(columns)].to_numpy(dtype=bool)
    names = np.array(list(columns.values()), dtype=object)
    return pd.Series(["+".join(names[row]) for row in present], index=views.index, dtype=object)


def _strata(family: np.ndarray, variable: np.ndarray, label: np.ndarray) -> list[np.ndarray]:
    """Cross-tabulate family and variable within each label; one table of counts per label."""
    codes = [np.unique(values.astype(str), return_inverse=True) for values in (label, family, variable)]
    shape = tuple(len(names) for names, _ in codes)
    cell = np.ravel_multi_index(tuple(code for _, code in codes), shape)
    counts = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape)
    return [table[table.any(axis=1)][:, table.any(axis=0)] for table in counts]


def _plogp(counts: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Sum n log2 n over `axes`."""
    logs = np.log2(counts, out=np.zeros(counts.shape), where=counts > 0)
    return np.asarray((counts * logs).sum(axis=axes))


def _information(tables: np.ndarray) -> np.ndarray:
    """Compute the mutual information times n, in bits, of each of the tables (m, r, c)."""
    n = tables[0].sum()
    margins = _plogp(tables.sum(axis=2), (1,)) + _plogp(tables.sum(axis=1), (1,))
    return np.asarray(_plogp(tables, (1, 2)) - margins + n * np.log2(n))


def conditional_information(
    family: np.ndarray, variable: np.ndarray, label: np.ndarray, *, permutations: int, seed: int
) -> tuple[float, float, float]:
    """Compute I(family; variable | label) and compare it with its null.

    Parameters
    ----------
    family, variable, label
        ``(n,)`` texts; rows with an empty label are one stratum.
    permutations
        Number of draws of the null.
    seed
        Seed of the draws.

    Returns
    -------
    information : float
        In bits per glitch.
    normalised : float
        Excess over the mean of the null per bit of H(variable | label), 0 where
        the variable is constant within every label.
    p_value : float
        (1 + k) / (1 + permutations), with k draws at least as high.
    """
    generator = np.random.default_rng(seed)
    observed, null, total = 0.0, np.zeros(permutations), 0.0
    for table in _strata(family, variable, label):
        n = table.sum()
        total += float(n * np.log2(n) - _plogp(table.sum(axis=0), (0,)))
        if min(table.shape) < 2:
            continue
        observed += float(_information(table[None])[0])
        draws = random_table(table.sum(axis=1), table.sum(axis=0)).rvs(permutations, random_state=generator)
        null += _information(np.asarray(draws).reshape(permutations, *table.shape))
    # Ties count as exceeding; the tolerance covers rounding errors of the sums.
    exceed = int((null >= observed - 1e-9 * max(1.0, total)).sum())
    normalised = (observed - null.mean()) / total if total > 0 else 0.0
    return observed / max(1, len(family)), float(normalised), (1 + exceed) / (1 + permutations)


def leakage_table(
    rows: pd.DataFrame, variables: dict[str, pd.Series], *, unit: str, permutations: int, seed: int
) -> pd.DataFrame:
    """Compute table "leakage".

    Parameters
    ----------
    rows : DataFrame
        One row per row of the map, columns `family` (unassigned glitches count as
        a group: views may decide who is unassigned) and `label`.
    variables : dict of Series
        Name to values, aligned with `rows`. `view pattern` and `image size` are
        gated in `unit: glitch`.
    unit : str
        `glitch` or `view`; with `view` the gate only reports.
    permutations, seed : int
        Number of draws of the null, and the seed.

    Raises
    ------
    UserError
        When there are too few permutations for any p-value to be below the limit.
    """
    if (1 + permutations) * P_LIMIT <= 1:
        raise UserError(
            f"audit.permutations is {permutations}: no p-value can be below {P_LIMIT}; take at least 100"
        )
    family = rows["family"].to_numpy(dtype=object)
    label = rows["label"].fillna("").to_numpy(dtype=object)
    table = []
    for number, (name, values) in enumerate(variables.items()):
        information, normalised, p_value = conditional_information(
            family,
            values.fillna("").to_numpy(dtype=object),
            label,
            permutations=permutations,
            seed=seed + number,
        )
        gated = unit == "glitch" and name in GATED
        leaks = p_value < P_LIMIT and normalised > NORMALISED_LIMIT
        table.append((name, information, normalised, p_value, gated, gated and leaks))
    columns = ["variable", "mutual_information_bits", "normalised", "p_value", "gated", "failed"]
    return pd.DataFrame(table, columns=columns)


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
    """Write the table `leakage` of a map to `out`; `gate.require_no_leakage` is the gate.

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

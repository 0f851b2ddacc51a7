"""The leakage gate: a map whose families follow plotting artefacts is refused."""

from pathlib import Path

import pandas as pd

from glitch_explorer.audit.schemas import LEAKAGE, NORMALISED_LIMIT, P_LIMIT
from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError


def require_no_leakage(table: str | Path) -> None:
    """Read the table `leakage` and refuse a map that fails its gate.

    Raises
    ------
    UserError
        As in `check_leakage`.
    """
    check_leakage(tables.read(LEAKAGE, table))


def check_leakage(table: pd.DataFrame) -> None:
    """Refuse a map whose families follow plotting artefacts.

    Raises
    ------
    UserError
        When a gated variable failed, naming it, its numbers and what to do.
    """
    failed = table[table["failed"]]
    if failed.empty:
        return
    named = "; ".join(
        f"{row.variable} (p = {row.p_value:.3g}, normalised {row.normalised:.2f})"
        for row in failed.itertuples()
    )
    message = (
        f"leakage gate: the families follow {named}, given the label "
        f"(limits p < {P_LIMIT}, normalised > {NORMALISED_LIMIT}). The families then show how glitches were "
        "pictured, not what they look like: give all glitches the same views at one picture size, "
        "cropped to the axes, or leave out the source that differs"
    )
    raise UserError(message)

"""Table `quarantine`: rows that were excluded, with the reason."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import pandas as pd

from glitch_explorer.catalog.schemas import GLITCHES, QUARANTINE
from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError, reason_text

#: Length to which the text of a bad row is cut.
READ_CHARACTERS = 200


class Reason(StrEnum):
    """Codes of the catalogue in the column `reason`; what they mean on a page is in `site/reasons.html`."""

    EVENT_TIME_MISSING = "event_time_missing"
    EVENT_TIME_NOT_GPS = "event_time_not_gps"
    ID_MISSING = "id_missing"
    DETECTOR_UNKNOWN = "detector_unknown"
    NOT_A_NUMBER = "not_a_number"
    VALUE_MISSING = "value_missing"
    OUTSIDE_SEGMENTS = "outside_segments"
    COLUMN_COUNT = "column_count"
    FILE_UNREADABLE = "file_unreadable"


def quarantine_rows(frame: pd.DataFrame, *, stage: str = "catalog") -> pd.DataFrame:
    """Return rows of table `quarantine`.

    Parameters
    ----------
    frame
        The other columns of the table; `read` is cut to 200 characters.
    stage
        The stage that excludes the rows.
    """
    frame = frame.assign(stage=stage)[list(QUARANTINE.names)]
    frame = frame.astype({"row": "int64"} | dict.fromkeys(frame.columns.drop("row"), "str"))
    return frame.assign(read=frame["read"].str.slice(0, READ_CHARACTERS)).reset_index(drop=True)


def commonest(quarantine: pd.DataFrame) -> str:
    """Return the three most frequent reason codes with their counts, each with the commonest facts."""
    details = {reason: rows.mode().iloc[0] for reason, rows in quarantine.groupby("reason")["detail"]}
    return "; ".join(
        f"{count} x {reason_text(reason, details[reason])}"
        for reason, count in Counter(quarantine["reason"]).most_common(3)
    )


def gather_quarantine(parts: Sequence[str | Path], out: str | Path, *, n_rows: int, max_share: float) -> None:
    """Join the stages' quarantine tables, and stop the run when too many glitches are affected.

    Parameters
    ----------
    parts
        Tables `quarantine`.
    out
        The joined table, sorted; written even when the run then stops.
    n_rows
        Glitches of the catalogue.
    max_share
        Largest share of them that may be in quarantine, wholly or with one of their views.

    Raises
    ------
    UserError
        When the share is larger; the message has the commonest reasons.
    """
    joined = tables.read_all(QUARANTINE, parts)
    order = ["stage", "source", "row", "glitch_id", "read", "reason", "detail"]
    joined = joined.sort_values(order, kind="stable", ignore_index=True)
    tables.write(QUARANTINE, joined, out)
    _check_share(joined, n_rows=n_rows, max_share=max_share)


def check_views(parts: Sequence[str | Path], shards: Sequence[str | Path], *, max_share: float) -> None:
    """Stop the run before the map when too many glitches are in quarantine because of their views.

    Parameters
    ----------
    parts
        Tables `quarantine` of the views.
    shards
        Tables `glitches` of the shards.
    max_share
        See `gather_quarantine`.

    Raises
    ------
    UserError
        When the share is larger; the message has the commonest reasons.
    """
    n_rows = sum(len(tables.read(GLITCHES, path, ["glitch_id"])) for path in shards)
    _check_share(tables.read_all(QUARANTINE, parts), n_rows=n_rows, max_share=max_share)


def _check_share(quarantine: pd.DataFrame, *, n_rows: int, max_share: float) -> None:
    anonymous = quarantine["glitch_id"].isna()
    affected = quarantine.loc[~anonymous, "glitch_id"].nunique() + int(anonymous.sum())
    if affected > max_share * n_rows:
        raise UserError(
            f"{affected} of {n_rows} glitches are in quarantine ({affected / max(n_rows, 1):.1%}), more than"
            f" limits.quarantined_share = {max_share:g} allows. The commonest reasons:"
            f" {commonest(quarantine)}. All are in catalog/quarantine.parquet."
            " Repair the source, or raise the limit."
        )

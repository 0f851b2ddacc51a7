"""Rows set aside by this stage, with the reason."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

#: How much of a bad row is kept.
READ_CHARACTERS = 200


def quarantine_rows(
    *,
    row: Iterable[int],
    glitch_id: Iterable[str | None],
    source: str | Iterable[str],
    reason: Iterable[str],
    read: Iterable[str],
) -> pd.DataFrame:
    """Make rows of the table `quarantine`.

    Parameters
    ----------
    row
        Row in the source from 0, -1 where it has none.
    glitch_id
        Glitch, where known.
    source
        File it came from, one for all or one each.
    reason
        Why, in words.
    read
        What was read there; cut to `READ_CHARACTERS`.
    """
    rows = np.asarray(list(row), dtype=np.int64)
    sources = [source] * len(rows) if isinstance(source, str) else list(source)
    return pd.DataFrame(
        {
            "row": rows,
            "glitch_id": pd.Series(list(glitch_id), dtype="str"),
            "stage": pd.Series(["catalog"] * len(rows), dtype="str"),
            "source": pd.Series(sources, dtype="str"),
            "reason": pd.Series(list(reason), dtype="str"),
            "read": pd.Series(list(read), dtype="str").str.slice(0, READ_CHARACTERS),
        }
    )

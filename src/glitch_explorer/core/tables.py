"""Parquet tables that fit a schema: one way to write and to read them.

Every column's unit and meaning is in its field metadata, and travels in the
Parquet file. A table that does not fit its schema is refused.
"""

import io
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from glitch_explorer.core import files
from glitch_explorer.core.arrays import Bool
from glitch_explorer.core.errors import UserError

_LOG = logging.getLogger(__name__)

#: What to do with a table that does not fit.
_REMAKE = "if it is a result, perhaps of another version, delete it and run again"


def name_of(schema: pa.Schema) -> str:
    """Return the name of the table that a schema describes."""
    return str(schema.metadata[b"table"].decode())


def empty(schema: pa.Schema) -> pd.DataFrame:
    """Return a table without rows."""
    frame: pd.DataFrame = schema.empty_table().to_pandas()
    return frame


def conform(schema: pa.Schema, frame: pd.DataFrame) -> pa.Table:
    """Return `frame` as an Arrow table of that schema.

    Raises
    ------
    UserError
        When a column is missing, unknown, of the wrong type or null where the
        schema does not allow it.
    """
    name = name_of(schema)
    missing = [column for column in schema.names if column not in frame.columns]
    unknown = [column for column in frame.columns if column not in schema.names]
    if missing or unknown:
        raise UserError(
            f"not a valid {name!r} table: missing columns {missing or 'none'},"
            f" unknown columns {unknown or 'none'}"
        )
    try:
        table = pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as problem:
        raise UserError(f"not a valid {name!r} table: {problem}") from problem
    return table.replace_schema_metadata(schema.metadata)


def encode(schema: pa.Schema, frame: pd.DataFrame) -> bytes:
    """Return the Parquet bytes of `frame`: the same rows give the same bytes."""
    stream = io.BytesIO()
    pq.write_table(
        conform(schema, frame), stream, compression="zstd", write_statistics=True, write_page_checksum=True
    )
    return stream.getvalue()


def write(schema: pa.Schema, frame: pd.DataFrame, path: str | Path, *, keep_same: bool = False) -> None:
    """Write a table as a Parquet file, whole or not at all.

    Parameters
    ----------
    schema
        Schema of the table.
    frame
        Rows with exactly the columns of the schema.
    path
        File to write.
    keep_same
        Leave a file with the same bytes as it is, with its time.

    Raises
    ------
    UserError
        When a column is missing, unknown, of the wrong type or null where the schema forbids it.
    """
    files.write_bytes(path, encode(schema, frame), keep_same=keep_same)


def joined(schema: pa.Schema, parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate parts of one table; without any rows the result is the empty table."""
    nonempty = [part for part in parts if len(part)]
    return pd.concat(nonempty, ignore_index=True) if nonempty else empty(schema)


def read_all(schema: pa.Schema, paths: Sequence[str | Path]) -> pd.DataFrame:
    """Read files of one table and concatenate them.

    Parameters
    ----------
    schema
        Schema of the table.
    paths
        Parquet files.

    Returns
    -------
    pandas.DataFrame
        The rows of all files, in their order; without any, the empty table.

    Raises
    ------
    UserError
        As `read` does.
    """
    return joined(schema, [read(schema, path) for path in paths])


def read(schema: pa.Schema, path: str | Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a table, refusing a file that does not fit its schema.

    Parameters
    ----------
    schema
        Schema of the table, such as `glitch_explorer.map.schemas.FAMILIES`.
    path
        Parquet file.
    columns
        Columns to read; all where not given.

    Returns
    -------
    pandas.DataFrame
        The table, or those columns of it.

    Raises
    ------
    UserError
        When the file is damaged or no Parquet file, or a column is missing or has another type.
    """
    name = name_of(schema)
    try:
        table = pq.read_table(path, columns=columns, page_checksum_verification=True)
    except (pa.ArrowException, OSError) as problem:
        raise UserError(f"{path} cannot be read as table {name!r}: {problem}; {_REMAKE}") from problem
    names = schema.names if columns is None else columns
    missing = [column for column in names if column not in table.column_names]
    if missing:
        raise UserError(
            f"{path}: not a valid {name!r} table: missing columns {', '.join(missing)}; {_REMAKE}"
        )
    other = [column for column in names if table.schema.field(column).type != schema.field(column).type]
    if other:
        raise UserError(
            f"{path}: not a valid {name!r} table: columns {', '.join(other)} have the wrong type; {_REMAKE}"
        )
    # A file's own metadata can name types that code is looked up for.
    frame: pd.DataFrame = table.select(names).replace_schema_metadata().to_pandas()
    return frame


def log_effect(
    name: str, used: Sequence[bool] | Bool | pd.Series, effect: str, *, unit: str = "rows"
) -> None:
    """Log how many rows of an input had an effect; where none had, this is a warning.

    Parameters
    ----------
    name
        The input, and its file.
    used
        Which of its rows had an effect, ``(n,)``.
    effect
        What these rows did: "belong to a picture".
    unit
        What the rows are.
    """
    count = int(np.count_nonzero(used))
    level = logging.INFO if count or not len(used) else logging.WARNING
    _LOG.log(level, "%s: %d of %d %s %s", name, count, len(used), unit, effect)


def read_csv(path: str | Path, *, texts: Sequence[str], required: Sequence[str]) -> pd.DataFrame:
    """Read a user's CSV file.

    Parameters
    ----------
    path
        The file; any line ends.
    texts
        Columns of text, empty where there is none.
    required
        Columns that must be there.

    Raises
    ------
    UserError
        When the file cannot be read or has not the required columns.
    """
    try:
        frame = pd.read_csv(path, dtype=dict.fromkeys(texts, str), keep_default_na=False)
    except (OSError, ValueError) as problem:
        raise UserError(f"{path} cannot be read as CSV: {problem}") from problem
    missing = [column for column in required if column not in frame.columns]
    if missing:
        raise UserError(f"{path} has no column {', '.join(missing)}; its columns are {list(frame.columns)}")
    return frame

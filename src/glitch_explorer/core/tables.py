"""The tables of the project: one schema each, one way to write and to read them.

Every column's unit and meaning is in its field metadata, and travels in the
Parquet file. A table that does not fit its schema is refused.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from glitch_explorer import schemas
from glitch_explorer.core import files
from glitch_explorer.core.errors import UserError

#: Schema of each table by its name.
SCHEMAS: dict[str, pa.Schema] = schemas.SCHEMAS
#: View lengths in seconds, in the order of every array's view axis.
VIEWS: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
#: The same, as they stand in file names and in the column `view`.
VIEW_NAMES: tuple[str, ...] = ("0.5", "1.0", "2.0", "4.0")
#: Columns of the catalogue that hold the path of each view's picture.
VIEW_PATHS: tuple[str, ...] = ("view_path_0_5", "view_path_1_0", "view_path_2_0", "view_path_4_0")
#: Column for the picture whose view length is unknown (`unit: view` only).
VIEW_PATH_UNKNOWN = "view_path_unknown"
#: Columns of the views table that say which views a glitch has.
VIEW_PRESENT: tuple[str, ...] = ("present_0_5", "present_1_0", "present_2_0", "present_4_0")
#: The same for the picture of unknown view length; the array holds it in the first slot.
VIEW_PRESENT_UNKNOWN = "present_unknown"
#: Columns of the views table with the mean energy of each slot of the array.
VIEW_ENERGY: tuple[str, ...] = ("mean_energy_0_5", "mean_energy_1_0", "mean_energy_2_0", "mean_energy_4_0")
#: Name of such a view in the column `view`.
VIEW_UNKNOWN = "unknown"
#: The family of glitches that no family takes.
UNASSIGNED = "-1"


def empty(name: str) -> pd.DataFrame:
    """Give the table `name` without rows."""
    frame: pd.DataFrame = SCHEMAS[name].empty_table().to_pandas()
    return frame


def conform(name: str, frame: pd.DataFrame) -> pa.Table:
    """Fit `frame` to the schema `name`, or refuse it.

    Raises
    ------
    UserError
        When a column is missing, unknown, of the wrong type or null where the
        schema does not allow it.
    """
    schema = SCHEMAS[name]
    missing = [column for column in schema.names if column not in frame.columns]
    unknown = [column for column in frame.columns if column not in schema.names]
    if missing or unknown:
        raise UserError(
            f"table {name!r} does not fit: missing {missing or 'none'}, unknown {unknown or 'none'}"
        )
    try:
        table = pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as problem:
        raise UserError(f"table {name!r} does not fit: {problem}") from problem
    return table.replace_schema_metadata({"table": name})


def encode(name: str, frame: pd.DataFrame) -> bytes:
    """Give the Parquet bytes of `frame`: the same rows, the same bytes."""
    stream = io.BytesIO()
    pq.write_table(
        conform(name, frame), stream, compression="zstd", write_statistics=True, write_page_checksum=True
    )
    return stream.getvalue()


def write(name: str, frame: pd.DataFrame, path: str | Path, *, keep_same: bool = False) -> None:
    """Write `frame` as table `name`; see `files.write_bytes` for `keep_same`."""
    files.write_bytes(path, encode(name, frame), keep_same=keep_same)


def joined(name: str, parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put parts of table `name` one below the other; without any rows it is the empty table."""
    kept = [part for part in parts if len(part)]
    return pd.concat(kept, ignore_index=True) if kept else empty(name)


def read_all(name: str, paths: Sequence[str | Path]) -> pd.DataFrame:
    """Read files of one table as one, one below the other."""
    return joined(name, [read(name, path) for path in paths])


def read(name: str, path: str | Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read table `name` from `path`, refusing a file that is another table.

    Raises
    ------
    UserError
        When the file is damaged, no Parquet file, or does not have the schema's
        columns and types.
    """
    try:
        table = pq.read_table(path, columns=columns, page_checksum_verification=True)
    except (pa.ArrowException, OSError) as problem:
        raise UserError(
            f"{path} cannot be read as table {name!r}: {problem}; if it is a result, delete it and run again"
        ) from problem
    schema = SCHEMAS[name]
    wanted = schema.names if columns is None else columns
    missing = [column for column in wanted if column not in table.column_names]
    if missing:
        raise UserError(f"{path} is no table {name!r}: it has no column {', '.join(missing)}")
    other = [column for column in wanted if table.schema.field(column).type != schema.field(column).type]
    if other:
        raise UserError(f"{path} is no table {name!r}: of another type are {', '.join(other)}")
    # A file's own metadata can name types that code is looked up for.
    frame: pd.DataFrame = table.select(wanted).replace_schema_metadata().to_pandas()
    return frame

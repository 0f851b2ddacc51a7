"""Table files of any kind, read in batches of raw columns.

CSV is streamed, so that two million rows fit in memory; other formats are read by
`gwpy.table.EventTable.read`.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from glitch_explorer.catalog.quarantine import READ_CHARACTERS, Reason
from glitch_explorer.core.errors import UserError, fact_text
from glitch_explorer.core.ligolw import refuse_entities

#: Endings of table files in a folder.
TABLE_SUFFIXES = (".csv", ".csv.gz", ".xml", ".xml.gz", ".h5", ".hdf5", ".hdf", ".root")
_BLOCK_BYTES = 1 << 24


class BadRow(NamedTuple):
    """A row that cannot be split into columns; rows are counted from 0 below the header."""

    row: int
    reason: Reason
    detail: str
    read: str


class CsvTable:
    """A CSV file, gzipped or not; rows with too few or too many columns are in `bad`."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.bad: list[BadRow] = []
        try:
            with self._stream() as stream, io.TextIOWrapper(stream, "utf-8-sig", "replace") as text:
                self.columns = next(csv.reader(text), [])
        except (csv.Error, OSError) as problem:
            raise UserError(f"{path} cannot be read as CSV: {problem}") from problem
        if not self.columns:
            raise UserError(f"{path} is empty: its first line must have column names")

    def batches(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Yield these columns as text, indexed by the row in the file (from 0)."""
        options = pa.csv.ConvertOptions(
            include_columns=list(columns), column_types=dict.fromkeys(columns, pa.binary())
        )
        start = 0
        try:
            reader = pa.csv.open_csv(
                self._stream(),
                read_options=pa.csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
                parse_options=pa.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=self._exclude),
                convert_options=options,
            )
            for batch in reader:
                rows = self._rows(start, batch.num_rows)
                start = rows[-1] + 1 if len(rows) else start
                texts = {name: _decoded(batch.column(i)) for i, name in enumerate(batch.schema.names)}
                yield pa.table(texts).to_pandas().set_index(rows)
            if start == 0:  # no good row is an empty table
                yield pd.DataFrame(columns=list(columns), dtype="str")
        except (pa.ArrowException, OSError) as problem:
            raise UserError(f"{self.path} cannot be read as CSV: {problem}") from problem

    def _stream(self) -> Any:
        return pa.input_stream(self.path, compression="detect")

    def _exclude(self, row: Any) -> str:
        detail = fact_text(columns=row.actual_columns, header=row.expected_columns)
        number = row.number - 2  # counted from 1, header included
        self.bad.append(BadRow(number, Reason.COLUMN_COUNT, detail, row.text[:READ_CHARACTERS]))
        return "skip"

    def _rows(self, start: int, count: int) -> np.ndarray:
        """Return the numbers of `count` good rows from `start`, skipping bad ones."""
        rows = np.arange(start, start + count + len(self.bad))
        return rows[~np.isin(rows, [bad.row for bad in self.bad])][:count]


def _decoded(column: pa.Array) -> pa.Array:
    """Decode a column, with a replacement character for each byte that is not UTF-8."""
    try:
        return column.cast(pa.large_string())
    except pa.ArrowInvalid:
        texts = [None if value is None else value.decode("utf-8", "replace") for value in column.to_pylist()]
        return pa.array(texts, pa.large_string())


class GwpyTable:
    """LIGO_LW XML, HDF5 or ROOT, in one batch."""

    def __init__(self, path: str) -> None:
        from gwpy.table import EventTable

        self.bad: list[BadRow] = []
        keywords: dict[str, str] = {}
        name = path.lower()
        if name.endswith((".xml", ".xml.gz")):
            refuse_entities(path)
            keywords = {"format": "ligolw", "tablename": "sngl_burst"}
        elif name.endswith((".h5", ".hdf5", ".hdf")):
            keywords = _hdf5_keywords(path)
        try:
            self._table = EventTable.read(path, **keywords)
        # The readers of six formats raise errors of many kinds; the file is the user's.
        except Exception as problem:
            raise UserError(
                f"{path} cannot be read as a table by gwpy's EventTable.read: {problem}"
            ) from problem
        self.columns = list(self._table.colnames)

    def batches(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Yield these columns, text as text and numbers as numbers."""
        yield pd.DataFrame({name: _plain(self._table[name]) for name in columns})


TableFile = CsvTable | GwpyTable


def open_table(path: str) -> TableFile:
    """Open a table file.

    Raises
    ------
    UserError
        When it cannot be read as a table.
    """
    return CsvTable(path) if path.lower().endswith((".csv", ".csv.gz")) else GwpyTable(path)


def _plain(column: Any) -> pd.Series:
    values = np.ma.filled(column, np.nan) if column.dtype.kind == "f" else np.asarray(column)
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if values.dtype.kind in "fiu":
        return pd.Series(values.astype(np.float64) if values.dtype.kind == "f" else values)
    return pd.Series([str(value) for value in values], dtype="str")


def _hdf5_keywords(path: str) -> dict[str, str]:
    """Return the path of the table in an HDF5 file with several data sets."""
    import h5py

    from glitch_explorer.core import hdf5

    try:
        with h5py.File(path) as file:
            tables = [
                name
                for name in file
                if isinstance(item := hdf5.member(file, name), h5py.Dataset) and item.dtype.names is not None
            ]
    except (OSError, KeyError) as problem:
        raise UserError(f"{path} cannot be read as HDF5: {problem}") from problem
    if not tables:
        raise UserError(f"{path} has no table: none of its data sets has named columns")
    return {"path": "triggers" if "triggers" in tables else tables[0]}

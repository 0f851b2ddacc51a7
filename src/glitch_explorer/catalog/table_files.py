"""Table files of several formats, read in batches of raw columns.

CSV is streamed, so that two million rows fit in memory; HDF5 is read here, since its layouts differ,
and other formats by `gwpy.table.EventTable.read`.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from glitch_explorer.catalog.columns import plan_columns
from glitch_explorer.catalog.names import HDF5_SUFFIXES
from glitch_explorer.catalog.quarantine import READ_CHARACTERS, Reason
from glitch_explorer.core import hdf5
from glitch_explorer.core.errors import UserError, fact_text
from glitch_explorer.core.ligolw import refuse_entities

CSV_SUFFIXES = (".csv", ".csv.gz")
XML_SUFFIXES = (".xml", ".xml.gz")
#: Endings of table files in a folder.
TABLE_SUFFIXES = (*CSV_SUFFIXES, *XML_SUFFIXES, *HDF5_SUFFIXES, ".root")
#: Tables of triggers in LIGO_LW files, in the order in which they are looked for.
LIGOLW_TABLES = ("sngl_burst", "sngl_inspiral")
#: What can be read, for messages.
READABLE = (
    f"tables can be CSV, LIGO_LW XML ({', '.join(LIGOLW_TABLES)}), HDF5 (Omicron, Gravity Spy, PyCBC, SNAX: "
    "a data set with named columns, or a group of columns), ROOT, Parquet, FITS or ECSV"
)
_BLOCK_BYTES = 1 << 24
#: Members of HDF5 files of triggers that are none: Omicron's analysed time, PyCBC's own estimate.
_NO_TRIGGERS = {"segments", "background"}
_IFO = re.compile(r"[A-Z][0-9]")


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
    """LIGO_LW XML, or another format of gwpy, in one batch."""

    def __init__(self, path: str) -> None:
        self.bad: list[BadRow] = []
        try:
            self._table = _read_ligolw(path) if path.lower().endswith(XML_SUFFIXES) else _read_other(path)
        except UserError:
            raise
        # The readers of six formats raise errors of many kinds; the file is the user's.
        except Exception as problem:
            what = (str(problem).splitlines() or [type(problem).__name__])[0]
            raise UserError(f"{path} cannot be read as a table: {what}; {READABLE}") from problem
        self.columns = [] if self._table is None else list(self._table.colnames)

    def batches(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Yield these columns, text as text and numbers as numbers."""
        yield pd.DataFrame({name: _plain(self._table[name]) for name in columns})


def _read_ligolw(path: str) -> Any:
    """Read the table of triggers of a LIGO_LW file; None where it has other tables only."""
    from gwpy.io.ligolw import list_tables
    from gwpy.table import EventTable

    refuse_entities(path)
    try:
        return EventTable.read(path, format="ligolw", tablename=LIGOLW_TABLES[0])
    except ValueError:  # no such table
        tables = list_tables(path)
        name = next((name for name in LIGOLW_TABLES if name in tables), None)
        if name == LIGOLW_TABLES[0]:
            raise
    return None if name is None else EventTable.read(path, format="ligolw", tablename=name)


def _read_other(path: str) -> Any:
    from gwpy.table import EventTable

    if not path.lower().endswith(".root"):
        return EventTable.read(path)
    import uproot

    with uproot.open(path) as file:
        trees = file.keys(filter_classname="TTree", cycle=False)
    # Omicron has others beside it. Of several trees without this name gwpy asks for one.
    return EventTable.read(path, format="root", treename="triggers" if "triggers" in trees else None)


class _Part(NamedTuple):
    """One table of an HDF5 file: where it is, its columns, and what the place says of all its rows."""

    place: str
    columns: list[str]
    facts: dict[str, str]


class Hdf5Table:
    """HDF5: data sets with named columns, or groups with a data set for each column.

    Omicron and Gravity Spy write one data set, PyCBC a group of columns for each detector, SNAX a
    group of data sets for each channel. A file without triggers has no columns: Omicron's `triggers` is
    then an empty array, or absent beside `segments`.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.bad: list[BadRow] = []
        try:
            with h5py.File(path) as file:
                self._parts = _parts(file)
                empty = bool(self._parts) or _has_no_triggers(file)
        except (OSError, KeyError) as problem:
            raise UserError(f"{path} cannot be read as HDF5: {problem}") from problem
        if not empty:
            raise UserError(f"{path} has no table with a known column; {READABLE}")
        self.columns = list(
            dict.fromkeys(name for part in self._parts for name in [*part.columns, *part.facts])
        )

    def batches(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Yield these columns of each table of the file, text as text and numbers as numbers."""
        start = 0
        for part in self._parts:
            frame = self._read(part, columns)
            for name in part.facts.keys() & set(columns):
                frame[name] = pd.Series(part.facts[name], index=frame.index, dtype="str")
            frame.index += start
            start += len(frame)
            yield frame.reindex(columns=list(columns))

    def _read(self, part: _Part, columns: Sequence[str]) -> pd.DataFrame:
        """Read the columns that one table has."""
        try:
            with h5py.File(self.path) as file:
                item = file[part.place]
                values = item[()] if isinstance(item, h5py.Dataset) else item
                return pd.DataFrame(
                    {name: _plain(values[name][()]) for name in columns if name in part.columns}
                )
        except (OSError, KeyError) as problem:
            raise UserError(f"{self.path} cannot be read as HDF5: {part.place}: {problem}") from problem


def _parts(file: h5py.File) -> list[_Part]:
    """Return the tables of an HDF5 file: `triggers`, or else all that have a column of a glitch."""
    if "triggers" in file:
        item = hdf5.member(file, "triggers")
        if isinstance(item, h5py.Group):
            return _tables(item, {})
        return [_Part(item.name, _scalars(item.dtype), {})] if item.dtype.names else []
    parts = _tables(file, {})
    for name in sorted(set(file) - _NO_TRIGGERS):
        item = hdf5.member(file, name)
        if isinstance(item, h5py.Group):
            parts += _tables(item, {"ifo": name} if _IFO.fullmatch(name) else {"channel": name})
    glitches = [part for part in parts if {"event_time", "glitch_id"} & plan_columns(part.columns).keys()]
    return glitches or parts


def _tables(group: h5py.Group, facts: dict[str, str]) -> list[_Part]:
    """Return the tables in a group, and the group itself where its data sets are columns."""
    sets = {name: hdf5.member(group, name) for name in sorted(group)}
    parts = []
    for item in sets.values():
        columns = _scalars(item.dtype) if isinstance(item, h5py.Dataset) and item.dtype.names else []
        if plan_columns(columns):
            parts.append(_Part(item.name, columns, _unknown(facts, columns)))
    columns = [name for name, item in sets.items() if isinstance(item, h5py.Dataset) and item.ndim == 1]
    plan = plan_columns([name for name in columns if sets[name].dtype.names is None])
    if "event_time" in plan:
        n_rows = sets[plan["event_time"][0]].shape
        columns = [name for name in columns if sets[name].shape == n_rows]
        parts.append(_Part(group.name, columns, _unknown(facts, columns)))
    return parts


def _unknown(facts: dict[str, str], columns: Sequence[str]) -> dict[str, str]:
    """Return the facts for which there is no column."""
    return {name: value for name, value in facts.items() if name not in columns}


def _scalars(dtype: np.dtype) -> list[str]:
    """Return the named columns with one value in each row."""
    return [name for name in dtype.names or () if dtype[name].shape == ()]


def _has_no_triggers(file: h5py.File) -> bool:
    """Check whether a file without a table is one of a trigger generator that found nothing."""
    members = {name: hdf5.member(file, name) for name in file}
    return all(
        name in _NO_TRIGGERS
        or (item.size == 0 if isinstance(item, h5py.Dataset) else not item or bool(_IFO.fullmatch(name)))
        for name, item in members.items()
    )


TableFile = CsvTable | GwpyTable | Hdf5Table


def open_table(path: str) -> TableFile:
    """Open a table file.

    Raises
    ------
    UserError
        When it cannot be read as a table.
    """
    if path.lower().endswith(CSV_SUFFIXES):
        return CsvTable(path)
    return Hdf5Table(path) if path.lower().endswith(HDF5_SUFFIXES) else GwpyTable(path)


def _plain(column: Any) -> pd.Series:
    values = np.ma.filled(column, np.nan) if column.dtype.kind == "f" else np.asarray(column)
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if values.dtype.kind in "fiu":
        return pd.Series(values.astype(np.float64) if values.dtype.kind == "f" else values)
    texts = [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values]
    return pd.Series(texts, dtype="str")

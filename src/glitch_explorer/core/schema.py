"""Schemas of tables: columns with type, unit and description, and the columns that many tables share."""

from typing import NamedTuple

import pyarrow as pa

STRING, FLOAT, BOOL, INT = pa.string(), pa.float64(), pa.bool_(), pa.int64()


class Column(NamedTuple):
    """A column: its type, what it means, its unit, and whether it may be null."""

    type: pa.DataType
    description: str
    unit: str
    nullable: bool


def column(kind: pa.DataType, description: str, *, unit: str = "", nullable: bool = False) -> Column:
    """Return a column. Its unit and description are no part of a job's fingerprint."""
    return Column(kind, description, unit, nullable)


def number(description: str, *, unit: str = "") -> Column:
    """Return a column of numbers that may be null. Its unit and description are no part of a fingerprint."""
    return Column(FLOAT, description, unit, nullable=True)


def schema(name: str, /, **columns: Column) -> pa.Schema:
    """Return the schema of table `name`; each column carries its unit and description as metadata."""
    fields = [
        pa.field(key, c.type, c.nullable, metadata={"unit": c.unit, "description": c.description})
        for key, c in columns.items()
    ]
    return pa.schema(fields, metadata={"table": name})


ID = column(STRING, "Gravity Spy id, or one made from detector and time")
IFO = column(STRING, "detector, e.g. H1")
VIEW = column(STRING, "view length in seconds, empty where the four views are fused")
FAMILY = column(STRING, "family id, -1 where unassigned")
CHANNEL = column(STRING, "full name of the channel")
BAND = column(STRING, "frequency band, or mean, slope, distance, broadband")
LABEL = column(STRING, "class name of the label, null where there is none", nullable=True)

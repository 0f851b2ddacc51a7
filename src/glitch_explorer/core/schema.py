"""Schemas of tables: columns with type, unit and description, and the columns that many tables share."""

from typing import NamedTuple

import pyarrow as pa

STRING, FLOAT, BOOL, INT = pa.string(), pa.float64(), pa.bool_(), pa.int64()


class Column(NamedTuple):
    """A column. Its description and unit are no part of a job's fingerprint (`workflow.fingerprint`).

    Attributes
    ----------
    type
        Type of Arrow.
    description, unit
        What it means, and in which unit it is.
    nullable
        Whether it may be null.
    """

    type: pa.DataType
    description: str
    unit: str = ""
    nullable: bool = False


def number(description: str, *, unit: str = "") -> Column:
    """Return a column of numbers that may be null."""
    return Column(FLOAT, description, unit, nullable=True)


def schema(name: str, /, **columns: Column) -> pa.Schema:
    """Return the schema of table `name`; each column carries its unit and description as metadata."""
    fields = [
        pa.field(key, c.type, c.nullable, metadata={"unit": c.unit, "description": c.description})
        for key, c in columns.items()
    ]
    return pa.schema(fields, metadata={"table": name})


ID = Column(STRING, "Gravity Spy id, or one made from detector and time")
IFO = Column(STRING, "detector, e.g. H1")
VIEW = Column(STRING, "view length in seconds, empty where the four views are fused")
FAMILY = Column(STRING, "family id, -1 where unassigned")
CHANNEL = Column(STRING, "full name of the channel")
BAND = Column(STRING, "frequency band, or mean, slope, distance, broadband")
LABEL = Column(STRING, "class name of the label, null where there is none", nullable=True)

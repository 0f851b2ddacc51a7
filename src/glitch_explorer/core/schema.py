"""What the schemas are made of: types, and the columns that many tables share."""

import pyarrow as pa

STRING, FLOAT, BOOL, INT = pa.string(), pa.float64(), pa.bool_(), pa.int64()


#: Type, whether it may be null, unit, meaning.
Column = tuple[pa.DataType, bool, str, str]


def schema(**columns: Column) -> pa.Schema:
    """Make a schema, each column with its unit and meaning as metadata."""
    return pa.schema(
        [
            pa.field(name, kind, nullable, metadata={"unit": unit, "description": text})
            for name, (kind, nullable, unit, text) in columns.items()
        ]
    )


ID = (STRING, False, "", "Gravity Spy id, or one made from detector and time")
IFO = (STRING, False, "", "detector, e.g. H1")
VIEW = (STRING, False, "", "view length in seconds, empty where the four views are fused")
FAMILY = (STRING, False, "", "family id, -1 where unassigned")
CHANNEL = (STRING, False, "", "full name of the channel")
BAND = (STRING, False, "", "frequency band, or mean, slope, distance, broadband")
LABEL = (STRING, True, "", "class name of the label, null where there is none")

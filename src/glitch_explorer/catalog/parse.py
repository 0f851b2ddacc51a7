"""Parsers of columns of text and numbers."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

#: Spellings of a missing value.
MISSING = pa.array(
    ["", "?", "--", "nan", "NaN", "NAN", "None", "null", "NULL", "N/A", "<NA>"], pa.large_string()
)
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


def _stripped(values: pd.Series) -> pa.Array:
    """Return text without surrounding blanks, null for a missing value."""
    array = pa.array(values, pa.large_string(), from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    array = pc.utf8_trim_whitespace(array)
    return pc.if_else(pc.is_in(array, MISSING), pa.scalar(None, array.type), array)


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values.dtype)


def missing_text(index: pd.Index) -> pd.Series:
    """Return a column of text without any value."""
    return pd.Series(np.nan, index=index, dtype="str")


def parse_text(values: pd.Series) -> pd.Series:
    """Return a column as stripped text."""
    if _is_number(values):
        values = values.astype("str")
    return pd.Series(_stripped(values).to_pandas().astype("str").to_numpy(), index=values.index, dtype="str")


def parse_numbers(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Parse a column of numbers.

    Returns
    -------
    numbers
        float64 `(n,)`, NaN if missing or unparsable.
    unparsable
        bool `(n,)`, true for other text and infinite numbers.
    """
    if _is_number(values):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        infinite = np.isinf(numbers)
        return np.where(infinite, np.nan, numbers), infinite
    text = _stripped(values)
    # One parser for all rows, so that a bad row does not change the last bit of the others.
    fits = pc.match_substring_regex(text, _NUMBER)
    parsed = pc.if_else(fits, text, pa.scalar(None, text.type)).cast(pa.float64())
    numbers = parsed.to_numpy(zero_copy_only=False).astype(np.float64)
    unparsable = pc.fill_null(pc.invert(fits), False).to_numpy(zero_copy_only=False) | np.isinf(numbers)
    return np.where(unparsable, np.nan, numbers), unparsable

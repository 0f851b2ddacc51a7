"""Parsers of columns of text and numbers, and what event times are that are not GPS times."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

#: Spellings of a missing value.
MISSING = pa.array(
    ["", "?", "--", "nan", "NaN", "NAN", "None", "null", "NULL", "N/A", "<NA>"], pa.large_string()
)
#: Kinds of event times that are not GPS times, by their range [low, high).
_OTHER_TIMES = {
    "decimal_year": (1980.0, 2100.0),
    "spreadsheet_date": (30000.0, 50000.0),
    "mjd": (50000.0, 70000.0),
    "julian_date": (2.44e6, 2.48e6),
    "milliseconds": (1e11, 4e12),
    "microseconds": (1e14, 4e15),
    "nanoseconds": (1e17, 4e18),
}
#: Kinds of rounding: the step in s, and -log10 of the probability that one time is a multiple by chance.
_ROUNDED = {"rounded_to_100_s": (100.0, 2.0), "single_precision": (64.0, 1.8), "rounded_to_10_s": (10.0, 1.0)}
#: Times are rounded where the sum of the second numbers exceeds this: by chance in one of a million cases.
_LEAST_EVIDENCE = 6.0
#: GPS times since 1983; smaller ones are simulated and may be round.
_SIMULATED_BELOW = 1e8
#: Dates, such as 2019-04-01T00:00:00 and 4/1/2019.
_DATE = r"^([0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4})"
#: GPS times with fewer digits than whole seconds have, as a spreadsheet shows them: 1.26E+09.
_FEW_DIGITS = r"^[0-9](\.[0-9]{0,8})?[eE]\+?0?9$"
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


def mark_time_texts(values: pd.Series) -> dict[str, np.ndarray]:
    """Return which event times `(n,)` are dates, or have lost digits in a spreadsheet, by kind."""
    if _is_number(values):
        return {}
    text = _stripped(values)
    return {
        kind: pc.fill_null(pc.match_substring_regex(text, pattern), False).to_numpy(zero_copy_only=False)
        for kind, pattern in (("date", _DATE), ("rounded_by_a_spreadsheet", _FEW_DIGITS))
    }


def other_time(times: np.ndarray) -> str | None:
    """Return the kind of time that all event times `(n,)` look like; None if they may be GPS times.

    Times on an even grid are not taken for rounded ones.
    """
    times = times[~np.isnan(times)]
    if not times.size:
        return None
    for kind, (low, high) in _OTHER_TIMES.items():
        if low <= times.min() and times.max() < high:
            return kind
    for kind, (quantum, evidence) in _ROUNDED.items():
        if _are_rounded(times, quantum, evidence):
            return kind
    return None


def other_times(times: np.ndarray) -> dict[str, np.ndarray]:
    """Return which event times `(n,)` are not GPS times, by kind: all, or single ones among GPS times."""
    kind = other_time(times)
    if kind is not None:
        return {kind: ~np.isnan(times)}
    known = times[~np.isnan(times)]
    if not known.size or np.median(known) < _SIMULATED_BELOW:
        return {}
    return {kind: (times >= low) & (times < high) for kind, (low, high) in _OTHER_TIMES.items()}


def are_whole_seconds(times: np.ndarray) -> bool:
    """Check whether all event times `(n,)` look rounded to whole seconds."""
    times = times[~np.isnan(times)]
    return bool(times.size) and _are_rounded(times, 1.0, 1.0)


def _are_rounded(times: np.ndarray, quantum: float, evidence: float) -> bool:
    """Check whether times `(n,)` are all multiples of `quantum` s, and more of them than chance would give.

    A time is a multiple by chance with a probability of 10 to the power of -`evidence`.
    """
    steps = np.diff(np.unique(times))
    if times.min() < _SIMULATED_BELOW or (len(steps) > 1 and np.ptp(steps) == 0):
        return False
    return evidence * len(times) > _LEAST_EVIDENCE and not (times % quantum).any()

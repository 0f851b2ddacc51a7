"""Numbers as they are written on pages and beside charts."""

from math import floor, log10
from typing import Any

import pandas as pd

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def known(value: Any) -> bool:
    """Whether there is a number."""
    return value is not None and not pd.isna(value)


def amount_text(value: float | None, digits: int = 3) -> str:
    """Write a number to `digits` significant digits, a count in full, a dash where there is none."""
    if value is None or pd.isna(value):
        return "–"
    if value == 0:
        return "0"
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u202f").replace("-", "−")
    rounded = float(f"{value:.{digits - 1}e}")
    power = floor(log10(abs(rounded)))
    if power < -3 or power > 8:
        mantissa = f"{rounded / 10**power:.{digits - 1}f}".replace("-", "−")
        return f"{mantissa}\u00a0×\u00a010{str(power).translate(_SUPERSCRIPTS)}"
    return f"{rounded:,.{max(0, digits - 1 - power)}f}".replace(",", "\u202f").replace("-", "−")


def key_text(value: float | None) -> str:
    """Write a number for a script to sort by, empty where there is none."""
    return f"{value:.7g}" if value is not None and known(value) else ""

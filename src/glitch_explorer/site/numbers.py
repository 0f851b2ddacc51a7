"""How numbers and codes are written: filters of the templates, labels in figures."""

from collections.abc import Callable
from math import floor, log10
from typing import Any, TypeGuard, TypeVar, cast

import pandas as pd

MISSING = "–"

T = TypeVar("T")

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_FEATURES = {"mean": "mean value", "slope": "slope of the mean", "distance": "distance of the frequency"}
_MODELS = {"xgboost": "XGBoost", "random_forest": "random forest"}
_FEATURE_SETS = {"witness": "all lags", "precursor": "before the glitch only"}
_NULLS = {"shifted": "time-shifted triggers", "quiet": "quiet times"}


def known(value: T | None) -> TypeGuard[T]:
    """Return whether there is a value: neither None nor NaN."""
    return value is not None and not pd.isna(cast("Any", value))


def _signs(text: str) -> str:
    """Return a formatted number with narrow spaces between thousands and a proper minus sign."""
    return text.replace(",", "\u202f").replace("-", "−")


def number_text(value: float | None, digits: int = 2) -> str:
    """Write a number with `digits` decimals, a dash where there is none."""
    return _signs(f"{value:,.{digits}f}") if known(value) else MISSING


def amount_text(value: float | None, digits: int = 3) -> str:
    """Write a number to `digits` significant digits, a count in full, a dash where there is none."""
    return _amount(value, digits) if known(value) else MISSING


def _amount(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    if isinstance(value, int):
        return _signs(f"{value:,}")
    rounded = float(f"{value:.{digits - 1}e}")
    power = floor(log10(abs(rounded)))
    if power < -3 or power > 8:
        mantissa = _signs(f"{rounded / 10**power:.{digits - 1}f}")
        return f"{mantissa}\u00a0×\u00a010{str(power).translate(_SUPERSCRIPTS)}"
    return _signs(f"{rounded:,.{max(0, digits - 1 - power)}f}")


def signed_text(value: float, digits: int = 0) -> str:
    """Write a number with its sign, 0 without."""
    return _signs(f"{value:+.{digits}f}") if value else "0"


def percent_text(share: float | None) -> str:
    """Write a share in per cent, `below 1 %` where it would round to 0, a dash where there is none."""
    if known(share):
        return "below 1\u00a0%" if 0 < share < 0.005 else f"{100 * share:.0f}\u00a0%"
    return MISSING


def count_text(n: int, singular: str, plural: str | None = None) -> str:
    """Write `1 channel`, `2 channels`."""
    return f"{n} {singular if n == 1 else plural or singular + 's'}"


def chance_text(p: float | None, limit: bool = False) -> str:
    """Write a p- or q-value: two digits, powers of ten below 0.001, `≤` before an upper limit."""
    return f"≤\u00a0{_chance(p)}" if limit and known(p) else _chance(p) if known(p) else MISSING


def _chance(p: float) -> str:
    if p >= 0.001:
        return f"{p:.2g}"
    digits, power = f"{p:.1e}".split("e")
    return f"{digits}\u00a0×\u00a010{str(int(power)).translate(_SUPERSCRIPTS)}"


def equals_text(name: str, p: float | None, limit: bool = False) -> str:
    """Write `q = 0.02`, or `q ≤ 0.02` for an upper limit."""
    shown = chance_text(p, limit)
    return f"{name}\u00a0{shown}" if shown.startswith("≤") else f"{name}\u00a0=\u00a0{shown}"


def band_text(band: str) -> str:
    """Write a band: `0.3-1` as `0.3–1 Hz`, and the features besides the bands by their names."""
    return f"{band.replace('-', '–')} Hz" if "-" in band else _FEATURES.get(band, band)


def lag_text(lag: float) -> str:
    """Write a lag: `2 s before the glitch`, `at the glitch`, `3 s after the glitch`."""
    if lag == 0:
        return "at the glitch"
    return f"{abs(lag):g} s {'before' if lag < 0 else 'after'} the glitch"


def date_text(gps: float) -> str:
    """Write the UTC date of a GPS time, e.g. `2019-04-01`."""
    from lal import GPSToUTC  # most pages have no date

    year, month, day = GPSToUTC(int(gps))[:3]
    return f"{year:04d}-{month:02d}-{day:02d}"


def null_text(kind: str) -> str:
    """Write the kind of a pseudo-family."""
    return _NULLS.get(kind, kind)


def model_text(model: str) -> str:
    """Write the kind of a model."""
    return _MODELS[model]


def feature_set_text(name: str) -> str:
    """Write the lags that a model sees."""
    return _FEATURE_SETS[name]


def key_text(value: float | None) -> str:
    """Write a number for a script to sort by, empty where there is none."""
    return f"{value:.7g}" if known(value) else ""


def value_text(value: Any) -> str:
    """Write any value, a dash where there is none."""
    return str(value) if known(value) else MISSING


#: Filters of the templates by name.
FILTERS: dict[str, Callable[..., str]] = {
    "amount": amount_text,
    "band": band_text,
    "chance": chance_text,
    "count": count_text,
    "date": date_text,
    "feature_set": feature_set_text,
    "key": key_text,
    "lag": lag_text,
    "model": model_text,
    "null": null_text,
    "number": number_text,
    "percent": percent_text,
    "signed": signed_text,
    "text": value_text,
}

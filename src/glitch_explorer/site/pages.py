"""Pages from templates: every text of the data is escaped, nothing is asked from outside."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

from glitch_explorer.site.numbers import amount_text, key_text
from glitch_explorer.site.witnesses.words import (
    band_text,
    chance_text,
    equals_text,
    lag_text,
    signed_text,
    verb_text,
)

_HERE = Path(__file__).parent
#: Signs of Unicode that change the direction of the text around them.
_TURNING = dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")

#: A word that no page has room for, and as much of it as is shown.
_ENDLESS = re.compile(r"(\S{99})\S{2,}")


def _number(value: float | None, digits: int = 2) -> str:
    """Write a number with `digits` decimals, a dash where there is none."""
    return (
        "–"
        if value is None or pd.isna(value)
        else f"{value:,.{digits}f}".replace(",", "\u202f").replace("-", "−")
    )


def _percent(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else f"{100 * value:.0f}\u00a0%"


def _text(value: object) -> str:
    return "–" if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]


def legible(value: Any) -> Any:
    """Show signs that turn the reading direction as a replacement sign, and cut words of over 100 signs."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _ENDLESS.sub(r"\1…", value.translate(_TURNING))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the rows of a table as dictionaries."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def static(name: str) -> str:
    """Read a style sheet or script that ships with the project."""
    return (_HERE / name).read_text(encoding="utf-8")


def _script(name: str) -> Markup:
    """Give a script that ships with the project, to stand in a page."""
    return Markup(static(name))  # noqa: S704 - our own file


@cache
def _environment() -> jinja2.Environment:
    """Make the one environment of all pages, which escapes all values."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=legible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": _number, "percent": _percent, "text": _text}
    environment.filters |= {"amount": amount_text, "key": key_text}
    environment.filters |= {"chance": chance_text, "band": band_text, "lag": lag_text, "signed": signed_text}
    environment.globals |= {"equals": equals_text, "verb": verb_text}
    environment.globals["style"] = Markup(static("style.css"))  # noqa: S704 - our own file
    environment.globals["script"] = _script
    return environment


def render(template: str, **values: Any) -> str:
    """Fill a template; everything in `values` is escaped."""
    return _environment().get_template(template).render(**values)


def macro_text(template: str, macro: str, *values: Any) -> str:
    """Return the plain text that a macro of a template writes."""
    text: Markup = getattr(_environment().get_template(template).module, macro)(*values)
    return text.unescape()


def own_fragment(path: str | Path) -> Markup:
    """Read a part of a page that `render` wrote, and escaped, before."""
    return Markup(Path(path).read_text(encoding="utf-8"))  # noqa: S704 - our own page


def script_data(name: str, value: Any) -> str:
    """Write `value` as a script that sets the global `name`; safe inside HTML too."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False, sort_keys=True)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return f"window.{name}={text};\n"

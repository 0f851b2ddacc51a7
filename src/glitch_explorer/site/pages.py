"""Pages from templates: every text of the data is escaped, and nothing is loaded from outside."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

from glitch_explorer.core import tables
from glitch_explorer.map.schemas import FAMILY_NAMES
from glitch_explorer.site.numbers import FILTERS, equals_text

_HERE = Path(__file__).parent
#: Unicode characters that change the direction of the text around them.
_BIDI = dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")

#: A word too long for a page, and its part that is shown.
_LONG_WORD = re.compile(r"(\S{99})\S{2,}")


def legible(value: Any) -> Any:
    """Replace characters that change the reading direction, and cut words of more than 100 characters."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _LONG_WORD.sub(r"\1…", value.translate(_BIDI))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def read_names(path: str | Path | None) -> dict[str, str] | None:
    """Read the names of families of labels or of a file from table "family_names"; None without it."""
    if path is None:
        return None
    named = tables.read(FAMILY_NAMES, path)
    return dict(zip(named["family"], named["name"], strict=True))


def first_record(frame: pd.DataFrame) -> dict[str, Any] | None:
    """Return the first row of a table as a dictionary; None where there is none."""
    return next(iter(records(frame.head(1))), None)


def static(name: str) -> str:
    """Read a style sheet or script that ships with the project."""
    return (_HERE / name).read_text(encoding="utf-8")


def _static_markup(name: str) -> Markup:
    """Read a style sheet or script as a part of a page."""
    return Markup(static(name))  # noqa: S704 - our own file


@cache
def environment() -> jinja2.Environment:
    """Build the environment of all pages, which escapes all values."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=legible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= FILTERS
    environment.globals |= {"equals": equals_text, "script": _static_markup}
    return environment


def render(template: str, **values: Any) -> str:
    """Render a template; everything in `values` is escaped."""
    return environment().get_template(template).render(**values)


def rendered(text: str) -> Markup:
    """Mark a text that `render` returned, and escaped, as a part of a page."""
    return Markup(text)  # noqa: S704 - our own page


def script_data(name: str, value: Any) -> str:
    """Write `value` as a script that sets the global `name`; safe inside HTML too."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False, sort_keys=True)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return f"window.{name}={text};\n"

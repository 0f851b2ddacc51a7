"""The page on real data: sentences from a template, numbers from tables."""

from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from matplotlib.figure import Figure

from docs.real_data import counting
from docs.real_data.driver_figures import driver_figures
from docs.real_data.driver_numbers import LEAST_P, SIGNIFICANT, driver_numbers
from docs.real_data.numbers import trigger_numbers
from docs.real_data.trigger_figures import trigger_figures
from glitch_explorer.core import files
from glitch_explorer.site.numbers import number_text
from glitch_explorer.site.plots import default_style, save

HERE = Path(__file__).parent
PAGE = HERE.parent / "explanation/real-data.md"
PICTURES = HERE.parent / "pictures/real"
_DPI = 140


def page_numbers(triggers: Path, drivers: Path, data: Path) -> dict[str, Any]:
    """Return the numbers of the page by section.

    Parameters
    ----------
    triggers, drivers
        Results of the runs with the configs of these names in `config/real/`.
    data
        Folder of the data.
    """
    return {
        "counts": counting.rows_and_glitches(data),
        "triggers": trigger_numbers(triggers, data),
        "drivers": driver_numbers(drivers, data),
    }


def page_text(numbers: dict[str, Any]) -> str:
    """Return the page in Markdown."""
    environment = jinja2.Environment(  # noqa: S701 - Markdown, not HTML
        loader=jinja2.FileSystemLoader(HERE),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "pct": lambda share, digits=1: number_text(round(100 * share, digits) + 0.0, digits),
        "num": lambda value, digits=1: number_text(value, digits),
        "count": lambda value: f"{value:,.0f}",
        "p": _p_text,
        "sig": lambda value: f"{value:.1g}" if value < 0.1 else f"{value:.2f}",
    }
    return environment.get_template("page.md.jinja").render(_as_rows(numbers))


def _p_text(value: float) -> str:
    """Return a p in bold where it is significant, as a limit where no surrogate has as large a score."""
    text = f"{'≤ ' if value <= LEAST_P else ''}{value:.3f}"
    return f"**{text}**" if value <= SIGNIFICANT else text


def _as_rows(value: Any) -> Any:
    """Return nested numbers with each table as a list of its rows."""
    if isinstance(value, dict):
        return {key: _as_rows(part) for key, part in value.items()}
    return value.to_dict("records") if isinstance(value, pd.DataFrame) else value


def write_page(runs: Path, data: Path) -> None:
    """Write the page and its figures.

    Parameters
    ----------
    runs
        Folder with the folder of each run, named after its config.
    data
        Folder of the data.
    """
    numbers = page_numbers(runs / "triggers/results", runs / "drivers/results", data)
    PICTURES.mkdir(parents=True, exist_ok=True)
    with default_style():
        for name, drawing in page_figures(numbers, data).items():
            save(drawing, PICTURES / f"{name}.png", _DPI)
    files.write_text(PAGE, page_text(numbers))


def page_figures(numbers: dict[str, Any], data: Path) -> dict[str, Figure]:
    """Return the figures of the page by name."""
    return trigger_figures(numbers["triggers"], data) | driver_figures(numbers["drivers"])

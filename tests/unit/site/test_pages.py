"""Text on pages is text, folders are replaced whole, numbers read well."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glitch_explorer.site.front.page import detector_lines, live_time, quarantine_lines
from glitch_explorer.site.pages import render, script_data
from glitch_explorer.site.palette import look
from glitch_explorer.workflow.config import load_schema

BARE = {"witnesses": False, "cost": False, "compared": None, "mapped": True, "root": ""}


def atlas_line(**changes: object) -> dict[str, object]:
    line: dict[str, object] = {
        "family": "F001",
        "n": 10,
        "n_classified": 10,
        "label_state": "labelled",
        "possible_new_class": "",
        "plurality_label": "Blip",
        "called": "Blip",
        "nearest": [],
        "purity": 0.5,
        "ambiguity_score": 5.0,
        "label_entropy_bits": 1.0,
        "stability": 0.9,
        "stability_low": 0.8,
        "stability_high": 1.0,
        "issues": 0,
        "gradient": False,
        "witness": None,
        "rank": None,
    }
    return line | changes


def test_a_label_on_a_page_is_escaped() -> None:
    line = atlas_line(called='<img src=x onerror="alert(1)">')
    page = render("families/atlas.html", lines=[line], unassigned=0, folder="family", **BARE)
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=&#34;alert(1)&#34;&gt;" in page


def test_a_missing_value_is_a_dash() -> None:
    line = atlas_line(called=None, purity=float("nan"), ambiguity_score=None)
    page = render("families/atlas.html", lines=[line], unassigned=0, folder="family", **BARE)
    assert "nan" not in page
    assert page.count("–") >= 3


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=8))
def test_script_data_reads_back_and_cannot_end_a_script(value: object) -> None:
    text = script_data("DATA", {"value": value})
    assert "<" not in text
    assert json.loads(text.removeprefix("window.DATA=").removesuffix(";\n")) == {"value": value}


def test_script_data_refuses_what_is_no_number() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        script_data("DATA", float("nan"))


def test_thirty_categories_look_different() -> None:
    assert len({look(number)[:2] for number in range(30)}) == 30
    assert look(30) == look(0)


def test_live_time_counts_overlaps_once() -> None:
    segments = pd.DataFrame(
        {"ifo": ["H1", "H1", "H1", "L1"], "start": [0.0, 5.0, 20.0, 1.0], "end": [10.0, 12.0, 25.0, 3.0]}
    )
    assert live_time(segments) == {"H1": 17.0, "L1": 2.0}


def test_detectors_without_times_or_segments() -> None:
    glitches = pd.DataFrame({"ifo": ["H1"], "event_time": [float("nan")], "label": [None], "run": [None]})
    line = detector_lines(glitches, pd.DataFrame({"ifo": [], "start": [], "end": []}))[0]
    assert (line["n"], line["labelled"], line["span"], line["live_hours"]) == (1, 0, None, None)


def test_quarantine_is_counted_by_reason() -> None:
    table = pd.DataFrame({"stage": ["views", "catalog", "catalog"], "reason": ["a", "b", "b"]})
    assert [(line["reason"], line["n"]) for line in quarantine_lines(table)] == [("b", 2), ("a", 1)]


def test_keys_of_the_config_that_pages_name_exist(root: Path) -> None:
    sections = load_schema(root / "config/schemas/config.schema.yaml")["properties"]
    pages = sorted((root / "src/glitch_explorer/site").rglob("*.html"))
    keys = {key for page in pages for key in re.findall(r"<code>([a-z_]+\.[a-z_]+)</code>", page.read_text())}
    assert "coupling.time_slides" in keys
    for section, key in (name.split(".") for name in keys):
        assert key in sections[section]["properties"], key

"""Numbers and codes read well, and claim no more than they show."""

import numpy as np
import pytest

from glitch_explorer.site.numbers import FILTERS, equals_text


@pytest.mark.parametrize(
    ("name", "arguments", "shown"),
    [
        ("chance", [0.0421], "0.042"),
        ("chance", [1.0], "1"),
        ("chance", [0.001], "0.001"),
        ("chance", [3.4e-5], "3\u00a0×\u00a010⁻⁵"),
        ("chance", [1e-16], "<\u00a010⁻⁶"),
        ("chance", [0.0], "<\u00a010⁻⁶"),
        ("lag", [-2.0], "2 s before the glitch"),
        ("lag", [0.0], "with the glitch"),
        ("lag", [3.0], "3 s after the glitch"),
        ("band", ["0.3-1"], "0.3–1 Hz"),
        ("band", ["slope"], "slope of the mean"),
        ("band", ["broadband"], "broadband"),
        ("percent", [0.0], "0\u00a0%"),
        ("percent", [0.001], "below 1\u00a0%"),
        ("percent", [0.85], "85\u00a0%"),
        ("signed", [-19.0], "−19"),
        ("signed", [0.0], "0"),
        ("signed", [9.04, 1], "+9.0"),
        ("number", [-1234.567, 1], "−1\u202f234.6"),
        ("count", [1, "family", "families"], "1 family"),
        ("count", [2, "channel"], "2 channels"),
        ("date", [1126259462.4], "2015-09-14"),
        ("date", [0.0], "1980-01-06"),
        ("key", [1 / 3], "0.3333333"),
        ("key", [None], ""),
        ("null", ["shifted"], "time-shifted triggers"),
    ],
)
def test_filters(name, arguments, shown):
    assert FILTERS[name](*arguments) == shown


@pytest.mark.parametrize("name", ["amount", "chance", "number", "percent", "text"])
@pytest.mark.parametrize("missing", [None, np.nan])
def test_a_missing_value_is_a_dash(name, missing):
    assert FILTERS[name](missing) == "–"


def test_a_chance_too_small_to_write_is_no_equation():
    assert equals_text("q", 1e-9) == "q\u00a0<\u00a010⁻⁶"
    assert equals_text("q", 0.2) == "q\u00a0=\u00a00.2"

"""Numbers and codes read well, and claim no more than they show."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glitch_explorer.site.numbers import FILTERS, amount_text, equals_text, key_text
from glitch_explorer.site.pages import legible


@pytest.mark.parametrize(
    ("name", "arguments", "shown"),
    [
        ("chance", [0.0421], "0.042"),
        ("chance", [1.0], "1"),
        ("chance", [0.001], "0.001"),
        ("chance", [3.4e-5], "3.4\u00a0×\u00a010⁻⁵"),
        ("chance", [0.002, True], "≤\u00a00.002"),
        ("lag", [-2.0], "2 s before the glitch"),
        ("lag", [0.0], "at the glitch"),
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


def test_a_chance_that_the_slides_limit_is_no_equation():
    assert equals_text("q", 1 / 2001, True) == "q\u00a0≤\u00a05.0\u00a0×\u00a010⁻⁴"
    assert equals_text("q", 0.2, False) == "q\u00a0=\u00a00.2"
    assert equals_text("q", None, True) == "q\u00a0=\u00a0–"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (12.345, "12.3"),
        (-0.98765, "−0.988"),
        (0.00123, "0.00123"),
        (9.996, "10.0"),
        (12345.6, "12\u202f300"),
        (1234567, "1\u202f234\u202f567"),
        (0.0000123, "1.23\u00a0×\u00a010⁻⁵"),
        (-4.5e12, "−4.50\u00a0×\u00a010¹²"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_amounts_have_three_digits(value: float | None, text: str) -> None:
    assert amount_text(value) == text


@given(st.floats(1e-3, 1e8), st.booleans())
def test_an_amount_reads_back_to_half_a_unit_of_its_third_digit(size: float, negative: bool) -> None:
    value = -size if negative else size
    read = float(amount_text(value).replace("\u202f", "").replace("−", "-"))
    assert read == pytest.approx(value, rel=5.01e-3)


def test_keys_sort_as_numbers_and_are_empty_without_one() -> None:
    assert [key_text(value) for value in (1.5, -2, None, float("nan"))] == ["1.5", "-2", "", ""]


def test_signs_that_turn_text_are_shown() -> None:
    assert legible("a\u202eb\u2066c") == "a\ufffdb\ufffdc"
    assert legible(3) == 3

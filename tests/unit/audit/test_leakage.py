"""The gate fails where views leak, and only there."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from glitch_explorer.audit.gate import check_leakage
from glitch_explorer.audit.leakage import (
    conditional_information,
    leakage_table,
    view_pattern,
)
from glitch_explorer.core.errors import UserError


def world(seed: int, count: int = 400) -> tuple[pd.DataFrame, np.random.Generator]:
    """Families that follow the label with some error; a fifth has no label."""
    generator = np.random.default_rng(seed)
    label = generator.integers(0, 5, count)
    family = np.where(generator.random(count) < 0.8, label, generator.integers(0, 6, count))
    rows = pd.DataFrame(
        {
            "family": np.where(family == 5, "-1", np.char.add("F00", family.astype(str))),
            "label": np.where(generator.random(count) < 0.2, None, np.char.add("class ", label.astype(str))),
        }
    )
    return rows, generator


def table_of(
    rows: pd.DataFrame, name: str, values: np.ndarray, unit: str = "glitch", seed: int = 1
) -> pd.Series:
    variables = {name: pd.Series(values.astype(object))}
    return leakage_table(rows, variables, unit=unit, permutations=200, seed=seed).iloc[0]


def test_information_of_a_copy_is_the_entropy() -> None:
    family = np.repeat(["F1", "F2"], 50).astype(object)
    label = np.full(100, "Blip", dtype=object)
    information, normalised, p_value = conditional_information(
        family, family, label, permutations=200, seed=1
    )
    assert information == pytest.approx(1.0)
    assert normalised == pytest.approx(1.0, abs=0.02)
    assert p_value == pytest.approx(1 / 201)


def test_information_is_taken_within_the_label() -> None:
    """Variable and family both follow the label: given the label nothing is left."""
    label = np.repeat(["A", "B"], 50).astype(object)
    information, normalised, p_value = conditional_information(label, label, label, permutations=100, seed=1)
    assert (information, normalised, p_value) == (0.0, 0.0, 1.0)


def test_unlabelled_rows_are_a_stratum_of_their_own() -> None:
    rows = pd.DataFrame({"family": ["F1", "F2"] * 50, "label": [None] * 100})
    row = table_of(rows, "view pattern", np.array(["a", "b"] * 50))
    assert row["failed"]


def test_gate_is_green_on_independent_views() -> None:
    """Over 200 seeds no more false alarms than p < 0.01 allows (upper 99 % bound)."""
    p_values, failed = [], 0
    for seed in range(200):
        rows, generator = world(seed)
        row = table_of(rows, "view pattern", generator.choice(["1111", "0111", "1011"], len(rows)), seed=seed)
        p_values.append(row["p_value"])
        failed += row["failed"]
    assert failed == 0
    assert (np.array(p_values) < 0.01).sum() <= binom.ppf(0.99, 200, 0.01)
    assert 0.4 < np.mean(p_values) < 0.6


@pytest.mark.parametrize("name", ["view pattern", "image size"])
def test_gate_fails_on_planted_leakage(name: str) -> None:
    rows, generator = world(1)
    size = np.where(generator.random(len(rows)) < 0.5, "569x479", "800x600")
    uncropped = (size == "800x600") & (generator.random(len(rows)) < 0.7)
    rows["family"] = np.where(uncropped, "F009", rows["family"])
    row = table_of(rows, name, size)
    assert row["gated"]
    assert row["failed"]
    with pytest.raises(UserError, match=name):
        check_leakage(pd.DataFrame([row]))


def test_rows_per_view_leak_and_only_report_in_unit_view() -> None:
    """The seed's way: families sort rows by view length. As glitches this would fail."""
    rows, _ = world(2, 4000)
    length = np.resize(["0.5", "1.0", "2.0", "4.0"], len(rows))
    rows["family"] = rows["family"].to_numpy() + length
    told = table_of(rows, "view length", length, unit="view")
    assert told["normalised"] > 0.9
    assert not told["gated"]
    check_leakage(pd.DataFrame([told]))
    assert table_of(rows, "view pattern", length)["failed"]


def test_detector_is_reported_and_never_fails() -> None:
    rows, _ = world(3)
    row = table_of(rows, "detector", np.where(rows["family"] == "F001", "H1", "L1"))
    assert row["p_value"] < 0.01
    assert not row["gated"]
    assert not row["failed"]


def test_a_constant_leaks_nothing() -> None:
    rows, _ = world(4)
    row = table_of(rows, "image size", np.full(len(rows), ""))
    assert row[["mutual_information_bits", "normalised", "p_value"]].tolist() == [0.0, 0.0, 1.0]


def test_no_rows_leak_nothing() -> None:
    rows = pd.DataFrame({"family": [], "label": []}, dtype=object)
    assert not table_of(rows, "image size", np.array([], dtype=object))["failed"]


def test_too_few_permutations_are_refused() -> None:
    rows, _ = world(5)
    with pytest.raises(UserError, match="at least 100"):
        leakage_table(rows, {}, unit="glitch", permutations=99, seed=1)


def test_view_pattern_names_the_views() -> None:
    views = pd.DataFrame(
        {
            "present_0_5": [True, False, False],
            "present_1_0": [True, False, False],
            "present_2_0": [False, False, False],
            "present_4_0": [True, False, False],
            "present_unknown": [False, True, False],
        }
    )
    assert view_pattern(views).tolist() == ["0.5+1.0+4.0", "unknown", ""]

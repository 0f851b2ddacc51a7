"""The axis of a family, its sections and their intervals."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from glitch_explorer.audit.gradient import (
    gradient_table,
    labels_change,
    position_table,
    principal_axis,
)
from tests.fixtures.graphs import nearest


def curve(count: int, seed: int, turn: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """Points in disorder along a bent curve on the sphere, with some width."""
    generator = np.random.default_rng(seed)
    place = generator.permutation(np.linspace(0, 1, count))
    angle = turn * place
    points = np.column_stack([np.cos(angle), np.sin(angle), 1.5 * place])
    points = np.hstack([points, np.zeros((count, 5))]) + 0.02 * generator.normal(size=(count, 8))
    return points / np.linalg.norm(points, axis=1, keepdims=True), place


@pytest.mark.parametrize("count", [60, 700])
def test_axis_follows_a_bent_curve(count: int) -> None:
    points, place = curve(count, 1)
    axis = principal_axis(np.arange(count), points, *nearest(points, 10))
    assert abs(spearmanr(axis, place).statistic) > 0.99


def test_axis_survives_a_graph_in_parts() -> None:
    points, place = curve(90, 2)
    kept = (place < 0.3) | (place > 0.45)
    points, place = points[kept], place[kept]
    axis = principal_axis(np.arange(len(points)), points, *nearest(points, 4))
    assert abs(spearmanr(axis, place).statistic) > 0.99


@pytest.mark.parametrize("count", [1, 2, 3])
def test_axis_of_hardly_any_members(count: int) -> None:
    points, _ = curve(count, 3)
    assert len(principal_axis(np.arange(count), points, *nearest(points, 5))) == count


def test_axis_of_equal_members_is_finite() -> None:
    points = np.tile([[1.0, 0.0]], (8, 1))
    assert np.isfinite(principal_axis(np.arange(8), points, *nearest(points, 5))).all()


def table_rows(count: int, snr: np.ndarray) -> pd.DataFrame:
    ids = [f"g{number:04d}" for number in range(count)]
    return pd.DataFrame({"glitch_id": ids, "view": "", "family": "F001", "snr": snr})


def test_axis_runs_towards_louder_glitches_in_equal_sections() -> None:
    points, place = curve(203, 4)
    rows = table_rows(203, 10 + 5 * place)
    table = position_table(rows, points, *nearest(points, 10), sections=5)
    assert sorted(table["segment"].value_counts()) == [40, 40, 41, 41, 41]
    assert (table["position"].min(), table["position"].max()) == (0.0, 1.0)
    snr = rows.set_index("glitch_id")["snr"].loc[table["glitch_id"]]
    assert spearmanr(table["position"], snr).statistic > 0.99


def test_unassigned_have_no_position_and_small_families_fewer_sections() -> None:
    points, _ = curve(5, 5)
    rows = table_rows(5, np.full(5, np.nan)).assign(family=["F001"] * 3 + ["-1"] * 2)
    table = position_table(rows, points, *nearest(points, 3), sections=5)
    assert sorted(table["segment"]) == [1, 2, 3]
    assert set(table["glitch_id"]) == {"g0000", "g0001", "g0002"}


def test_labels_that_change_along_the_axis_make_a_gradient() -> None:
    sections = np.repeat([1, 2, 3, 4, 5], 20)
    generator = np.random.default_rng(1)
    later = generator.random(100) < (sections - 1) / 4
    assert labels_change(sections, np.where(later, "Tomte", "Blip"), seed=1)


def test_random_labels_make_no_gradient() -> None:
    """At p < 0.01 at most a few of 300 families with random labels look like one."""
    generator = np.random.default_rng(2)
    sections = np.repeat([1, 2, 3, 4, 5], 12)
    labels = [generator.choice(["A", "B"], 60) for _ in range(300)]
    assert sum(labels_change(sections, drawn, seed=number) for number, drawn in enumerate(labels)) <= 9


def test_gradient_table_counts_each_segment() -> None:
    placed = pd.DataFrame(
        {
            "family": "F001",
            "segment": np.repeat([1, 2], 30),
            "label": ["Blip"] * 27 + ["Tomte"] * 3 + ["Tomte"] * 24 + [None] * 6,
        }
    )
    table = gradient_table(placed, seed=1)
    assert table["gradient"].all()
    assert table["plurality_label"].tolist() == ["Blip", "Tomte"]
    assert table["consistency"].tolist() == [0.9, 1.0]
    assert table["n_labelled"].tolist() == [30, 24]
    assert table["position_high"].tolist() == [0.5, 1.0]


def test_segment_without_labels_has_no_consistency() -> None:
    placed = pd.DataFrame({"family": "F001", "segment": [1, 1], "label": [None, None]})
    row = gradient_table(placed, seed=1).iloc[0]
    assert row[["consistency", "consistency_low", "plurality_label"]].isna().all()
    assert not row["gradient"]

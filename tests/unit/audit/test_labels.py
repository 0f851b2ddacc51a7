"""Both entropies, purity and ambiguity, against values worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glitch_explorer.audit.labels import entropy_bits, family_table, label_table, map_entropies
from glitch_explorer.audit.medoid import mean_distances, medoid

STABILITY = pd.DataFrame(
    {"family": ["F001", "F002"], "stability": 0.9, "stability_low": 0.8, "stability_high": 1.0, "n_runs": 10}
)


def rows(*cells: tuple[str, str | None, int]) -> pd.DataFrame:
    """Build map rows of (family, label, how many)."""
    pairs = [(family, label) for family, label, count in cells for _ in range(count)]
    return pd.DataFrame(pairs, columns=["family", "label"])


def family(frame: pd.DataFrame, name: str) -> pd.Series:
    table = family_table(frame, {"F001": "a", "F002": "b"}, STABILITY)
    return table.set_index("family").loc[name]


def test_family_of_two_labels() -> None:
    row = family(rows(("F001", "Blip", 6), ("F001", "Tomte", 2), ("F001", None, 5)), "F001")
    assert (row["n"], row["n_labelled"], row["plurality_label"]) == (13, 8, "Blip")
    assert row["purity"] == 0.75
    assert row["ambiguity_score"] == 2.0
    assert row["label_entropy_bits"] == pytest.approx(0.8112781, abs=1e-6)
    assert row["medoid"] == "a"
    assert row["stability_low"] == 0.8


def test_family_without_labels_has_no_purity() -> None:
    row = family(rows(("F001", None, 5)), "F001")
    assert row["n_labelled"] == 0
    assert row[["purity", "ambiguity_score", "label_entropy_bits"]].isna().all()


def test_equal_labels_go_by_name() -> None:
    assert family(rows(("F001", "Tomte", 3), ("F001", "Blip", 3)), "F001")["plurality_label"] == "Blip"


def test_over_compression_is_read_on_the_label() -> None:
    """One label over four pure families: nothing is split, two bits are compressed."""
    frame = rows(("F001", "Blip", 2), ("F002", "Blip", 2), ("F003", "Blip", 2), ("F004", "Blip", 2))
    row = label_table(frame).set_index("label").loc["Blip"]
    assert row["family_entropy_bits"] == 2.0
    assert row["n_families"] == 4
    whole = map_entropies(frame).set_index("metric")["value"]
    assert whole["over_compression_bits"] == pytest.approx(2.0)
    assert whole["over_splitting_bits"] == pytest.approx(0.0)


def test_over_splitting_is_read_on_the_family() -> None:
    frame = rows(("F001", "Blip", 4), ("F001", "Tomte", 4))
    assert label_table(frame)["family_entropy_bits"].tolist() == [0.0, 0.0]
    whole = map_entropies(frame).set_index("metric")["value"]
    assert whole["over_splitting_bits"] == pytest.approx(1.0)
    assert whole["over_compression_bits"] == pytest.approx(0.0)


def test_unassigned_is_no_family() -> None:
    frame = rows(("F001", "Blip", 6), ("-1", "Blip", 2), ("-1", "Tomte", 3))
    table = label_table(frame).set_index("label")
    assert table.loc["Blip", ["n", "n_families"]].tolist() == [8, 1]
    assert table["share_unassigned"].to_dict() == {"Blip": 0.25, "Tomte": 1.0}
    assert table["family_entropy_bits"].tolist() == [0.0, 0.0]
    assert family_table(frame, {}, STABILITY)["family"].tolist() == ["F001"]
    assert set(map_entropies(frame)["n"]) == {6}


@given(st.lists(st.integers(0, 50), max_size=12))
def test_entropy_is_between_nothing_and_its_maximum(counts: list[int]) -> None:
    held = sum(count > 0 for count in counts)
    assert 0 <= entropy_bits(np.array(counts)) <= np.log2(max(1, held)) + 1e-9


@given(
    st.lists(st.tuples(st.sampled_from(["F1", "F2", "-1"]), st.sampled_from(["A", "B", None])), max_size=40)
)
def test_map_entropies_are_the_weighted_means_of_the_tables(pairs: list[tuple[str, str | None]]) -> None:
    frame = pd.DataFrame(pairs, columns=["family", "label"]).astype(object)
    whole = map_entropies(frame).set_index("metric")["value"]
    known = frame[(frame["family"] != "-1") & frame["label"].notna()]
    for given_by, of, metric in (
        ("family", "label", "over_splitting_bits"),
        ("label", "family", "over_compression_bits"),
    ):
        parts = [
            len(group) / len(known) * entropy_bits(group[of].value_counts().to_numpy())
            for _, group in known.groupby(given_by)
        ]
        assert whole[metric] == pytest.approx(sum(parts), abs=1e-9)


def test_medoid_is_the_middle_of_an_arc() -> None:
    angle = np.deg2rad([0, 10, 20, 30, 45])
    vectors = np.column_stack([np.cos(angle), np.sin(angle)])
    assert medoid(vectors, np.ones((5, 1), dtype=bool)) == 2


def test_medoid_uses_the_views_that_both_have() -> None:
    """A row with one view of two is as near as its one view says."""
    views = np.array([[[1, 0], [1, 0]], [[1, 0], [0, 0]], [[0, 1], [0, 1]]], dtype=float)
    distances = mean_distances(views.reshape(3, 4), views.any(axis=2))
    assert distances.tolist() == [0.5, 0.5, 1.0]


def test_medoid_of_a_large_family_is_near_its_centre() -> None:
    generator = np.random.default_rng(1)
    angle = generator.normal(0, 0.3, 3000)
    vectors = np.column_stack([np.cos(angle), np.sin(angle)])
    assert abs(angle[medoid(vectors, np.ones((3000, 1), dtype=bool))]) < 0.03

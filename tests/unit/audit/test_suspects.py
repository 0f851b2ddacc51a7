"""Planted wrong labels are found, and nobody votes for itself."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from glitch_explorer.audit.relabel import relabel_table
from glitch_explorer.audit.suspects import Votes, neighbour_votes, suspect_table
from tests.fixtures.graphs import nearest


def blobs(sizes: list[int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    kinds = np.repeat(np.arange(len(sizes)), sizes)
    centres = generator.normal(size=(len(sizes), 32))
    return centres[kinds] + 0.45 * generator.normal(size=(len(kinds), 32)), kinds


def frame(labels: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "glitch_id": [f"g{number:05d}" for number in range(len(labels))],
            "view": "",
            "family": "F001",
            "label": labels.astype(object),
        }
    )


def votes_of(rows: pd.DataFrame, points: np.ndarray) -> Votes:
    return neighbour_votes(
        rows["glitch_id"].to_numpy(dtype=object), rows["label"].to_numpy(dtype=object), *nearest(points)
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_planted_wrong_labels_rank_first(seed: int) -> None:
    points, kinds = blobs([200, 150, 120, 100, 60, 40, 25, 12], seed)
    generator = np.random.default_rng(seed)
    wrong = generator.random(len(kinds)) < 0.1
    shift = generator.integers(1, 8, len(kinds))
    given = np.where(wrong, (kinds + shift) % 8, kinds)
    rows = frame(np.array([f"class {kind}" for kind in given]))
    table = suspect_table(rows, votes_of(rows, points), set()).set_index("glitch_id")
    found = table.loc[rows["glitch_id"]]
    assert average_precision_score(wrong, found["evidence"]) >= 0.9
    truth = np.array([f"class {kind}" for kind in kinds])
    assert (found["proposed_label"].to_numpy() == truth).mean() >= 0.97
    assert (found["issue"].to_numpy() & wrong).sum() >= 0.7 * wrong.sum()
    assert found["issue"].to_numpy()[~wrong].mean() <= 0.03


def test_every_labelled_glitch_is_in_the_table_and_no_other() -> None:
    points, kinds = blobs([20, 20], 1)
    labels = np.array([f"class {kind}" for kind in kinds], dtype=object)
    labels[::4] = None
    rows = frame(labels)
    table = suspect_table(rows, votes_of(rows, points), set())
    assert set(table["glitch_id"]) == set(rows.loc[rows["label"].notna(), "glitch_id"])


def test_a_glitch_its_other_views_and_its_duplicates_do_not_vote() -> None:
    """Each row has only itself, its own other view and its duplicate for company of its label."""
    ids = np.array(["a", "a", "b", "c"], dtype=object)
    labels = np.array(["A", "A", "A", "C"], dtype=object)
    indices = np.array([[0, 1, 2, 3], [1, 0, 2, 3], [2, 0, 1, 3], [3, 0, 1, 2]])
    distances = np.array([[0, 0.1, 0, 0.5], [0, 0.1, 0, 0.5], [0, 0, 0, 0.5], [0, 0.5, 0.5, 0.5]])
    votes = neighbour_votes(ids, labels, indices, distances)
    assert votes.classes.tolist() == ["A", "C"]
    assert votes.top().tolist() == ["C", "C", "C", "A"]
    assert votes.probabilities.sum(axis=1) == pytest.approx(np.ones(4))


def test_no_neighbours_leave_the_overall_shares() -> None:
    votes = neighbour_votes(
        np.array(["a", "b", "c", "d"], dtype=object),
        np.array(["A", "A", "A", "B"], dtype=object),
        np.full((4, 2), -1),
        np.full((4, 2), np.inf),
    )
    assert votes.probabilities == pytest.approx(np.tile([0.75, 0.25], (4, 1)))


@pytest.mark.parametrize(
    "labels",
    [
        ["A"] * 19 + ["single"],
        ["A"] * 20,
        [None] * 20,
        ["A"] + [None] * 19,
        [f"class {number}" for number in range(20)],
    ],
    ids=["class of one", "one class", "no labels", "one label", "all classes of one"],
)
def test_few_labels_do_not_stop_it(labels: list[str | None]) -> None:
    points, _ = blobs([20], 1)
    rows = frame(np.array(labels, dtype=object))
    table = suspect_table(rows, votes_of(rows, points), set())
    assert len(table) == rows["label"].notna().sum()
    assert table["evidence"].between(0, 1).all()


def test_confusable_pairs_are_marked_either_way_round() -> None:
    points, kinds = blobs([30, 30], 1)
    labels = np.array(["Blip" if kind else "Tomte" for kind in kinds], dtype=object)
    labels[0] = "Blip"
    rows = frame(labels)
    table = suspect_table(rows, votes_of(rows, points), {frozenset(["Blip", "Tomte"])})
    assert table["glitch_id"].iloc[0] == "g00000"
    assert table.set_index("glitch_id")["confusable_pair"]["g00000"]
    assert table["confusable_pair"].sum() == (table["label"] != table["proposed_label"]).sum()


def test_a_label_is_proposed_where_segment_and_neighbours_agree() -> None:
    points, kinds = blobs([40, 40], 2)
    labels = np.array(["Blip" if kind else "Tomte" for kind in kinds], dtype=object)
    labels[0], labels[1] = "Blip", None
    rows = frame(labels)
    family = np.where(kinds == 1, "F002", "F001")
    placed = rows[["glitch_id", "view"]].assign(family=family, segment=1, position=0.0)
    gradients = pd.DataFrame(
        {
            "family": ["F001", "F002"],
            "segment": 1,
            "n_labelled": [39, 40],
            "plurality_label": ["Tomte", "Blip"],
            "consistency": [38 / 39, 1.0],
            "consistency_low": [0.87, 0.91],
            "consistency_high": [0.99, 1.0],
        }
    )
    table = relabel_table(rows, placed, gradients, votes_of(rows, points))
    assert table[["glitch_id", "proposed_label"]].to_numpy().tolist() == [
        ["g00000", "Tomte"],
        ["g00001", "Tomte"],
    ]
    first, second = table.iloc[0], table.iloc[1]
    assert (first["n_labelled"], first["consistency"]) == (39, 38 / 39)
    assert (first["consistency_low"], first["consistency_high"]) == (0.87, 0.99)
    assert 0 <= first["vote_given"] < 0.5 < first["vote"] <= 1
    assert second["vote"] > 0.5
    assert np.isnan(second["vote_given"])


def test_no_label_is_proposed_by_an_undecided_segment() -> None:
    points, _ = blobs([40], 2)
    rows = frame(np.array([None] + ["Tomte"] * 39, dtype=object))
    placed = rows[["glitch_id", "view"]].assign(family="F001", segment=1, position=0.0)
    gradients = pd.DataFrame(
        {
            "family": ["F001"],
            "segment": 1,
            "n_labelled": [3],
            "plurality_label": ["Tomte"],
            "consistency": [1.0],
            "consistency_low": [0.44],
            "consistency_high": [1.0],
        }
    )
    assert relabel_table(rows, placed, gradients, votes_of(rows, points)).empty

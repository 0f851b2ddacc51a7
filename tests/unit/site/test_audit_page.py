"""The audit page of planted tables: suspects, pairs of labels, gate and probe."""

import re

import numpy as np
import pandas as pd

from glitch_explorer.audit.schemas import RELABEL, SUSPECTS
from glitch_explorer.core import tables
from glitch_explorer.site.audit.entropies import family_rows, label_rows
from glitch_explorer.site.audit.page import TABLES, page_values, probe_counts
from glitch_explorer.site.audit.suspects import label_pairs, pair_matrix, review_rows
from glitch_explorer.site.pages import render


def suspects(*rows: tuple[str, str, str, float, bool, bool]) -> pd.DataFrame:
    names = ["glitch_id", "label", "proposed_label", "evidence", "issue", "confusable_pair"]
    table = pd.DataFrame(rows, columns=names).assign(view="", family="F001")
    return table[SUSPECTS.names]


def relabel(*rows: tuple[str, str | None, str, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["glitch_id", "label", "proposed_label", "vote"])
    share = {"n_labelled": 39, "consistency": 38 / 39, "consistency_low": 0.87, "consistency_high": 0.99}
    return table.assign(view="", family="F002", segment=1, vote_given=np.nan, **share)[RELABEL.names]


FOUND = suspects(
    ("a", "Blip", "Tomte", 0.9, True, True),
    ("b", "Tomte", "Blip", 0.8, False, True),
    ("c", "Whistle", "Blip", 0.7, True, False),
    ("d", "Blip", "Blip", 0.1, False, False),
)


def test_contradicted_and_unlabelled_glitches_are_reviewed() -> None:
    rows = review_rows(
        FOUND,
        relabel(("a", "Blip", "Tomte", 0.9), ("c", "Whistle", "Koi", 0.8), ("z", None, "Blip", 0.7)),
    )
    assert rows["glitch_id"].tolist() == ["a", "b", "c", "z"]
    # The axis counts only where it proposes the same label.
    assert rows["vote"].fillna(-1).tolist() == [0.9, -1, -1, 0.7]
    assert rows["label"].isna().tolist() == [False, False, False, True]
    assert np.isnan(rows["evidence"].iloc[3])


def test_nothing_to_review() -> None:
    assert review_rows(tables.empty(SUSPECTS), tables.empty(RELABEL)).empty
    assert pair_matrix(label_pairs(review_rows(FOUND.tail(1), tables.empty(RELABEL))))["names"] == []


def test_pairs_are_counted_both_ways() -> None:
    pairs = label_pairs(review_rows(FOUND, tables.empty(RELABEL)))
    both, one = pairs
    assert (both["first"], both["second"], both["forward"], both["backward"]) == ("Blip", "Tomte", 1, 1)
    assert (both["n"], both["issues"], both["confusable"]) == (2, 1, True)
    assert (one["first"], one["second"], one["forward"], one["backward"], one["confusable"]) == (
        "Blip",
        "Whistle",
        0,
        1,
        False,
    )
    matrix = pair_matrix(pairs)
    assert matrix["names"] == ["Blip", "Tomte", "Whistle"]
    assert matrix["counts"]["Whistle", "Blip"] == 1
    assert matrix["confusable"] == {("Blip", "Tomte"), ("Tomte", "Blip")}


def test_families_of_a_label_and_labels_of_a_family() -> None:
    rows = pd.DataFrame({"family": ["F001", "F001", "F002", "-1"], "label": ["A", "B", "A", "A"]})
    labels = pd.DataFrame(
        {"label": ["A", "B"], "n": [3, 1], "family_entropy_bits": [1.0, 0.0], "n_families": [2, 1]}
    )
    first, second = label_rows(labels.assign(share_unassigned=[1 / 3, 0]), rows)
    assert (first["label"], first["families"], second["families"]) == (
        "A",
        [("F001", 1), ("F002", 1)],
        [("F001", 1)],
    )
    audited = pd.DataFrame({"family": ["F001", "F002"], "label_entropy_bits": [1.0, None]})
    assert [line["labels"] for line in family_rows(audited, rows)] == [[("A", 1), ("B", 1)], [("A", 1)]]


def leaks(*rows: tuple[str, float, float, bool, bool]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["variable", "normalised", "p_value", "gated", "failed"])
    return table.assign(mutual_information_bits=0.1)


def page(**changes: pd.DataFrame) -> str:
    """Return the text of the page, empty but for the tables in `changes`."""
    metrics = ["over_splitting_bits", "over_compression_bits", "label_bits", "family_bits"]
    empty = {name: tables.empty(schema) for name, schema in TABLES.items()}
    audit = empty | {"quality": pd.DataFrame({"metric": metrics, "value": 0.0, "n": 0})} | changes
    rows = pd.DataFrame({"family": [], "label": []})
    values = page_values(audit, rows, review_rows(audit["suspects"], audit["relabel"]))
    text = render("audit/audit.html", **values, folder="audit", witnesses=True, cost=True, root="")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text.split("<main")[1]))


def test_the_lead_counts_labels_in_doubt() -> None:
    proposals = relabel(("z", None, "Blip", 0.7))
    text = page(suspects=FOUND, relabel=proposals)
    assert "Of 4 labels, 3 are contradicted by their neighbours on the map; 2 of these count as label" in text
    assert "A label is proposed for 1 unlabelled glitch." in text
    assert "No glitch on the map has a label, so 0 families cannot be compared with labels." in page()


def test_the_gate_fails_passes_or_reports() -> None:
    table = leaks(
        ("view pattern", 0.2, 0.001, True, True),
        ("image size", 0.02, 0.001, True, False),
        ("detector", 0.024, 0.005, False, False),
    )
    text = page(leakage=table)
    assert "The test fails: given the label, families follow view pattern." in text
    assert "fails the run" in text
    assert "passes: 2.0 % of its entropy" in text
    assert "reported: 2.4 % of its entropy; not gated, because detectors differ" in text
    passed = page(leakage=table.tail(2).assign(p_value=0.5))
    assert "The test passes: given the label, families do not follow image size" in passed
    assert "passes: no more than chance" in passed
    assert "No variable can fail" in page(leakage=leaks(("view length", 0.9, 0.001, False, False)))


def test_families_whose_vectors_identify_the_detector_are_counted() -> None:
    row = {"detectors": "H1 L1", "n_first": 9, "n_second": 9, "n_blocks": 5, "auc": 0.7, "auc_high": 0.9}
    table = pd.DataFrame([row | {"family": "F001", "auc_low": 0.4}, row | {"family": "F002", "auc_low": 0.6}])
    table = table.assign(p_value=0.5, reason="")
    counts = {"probed": 2, "identified": 1, "expected": 0.05, "few_blocks": 0, "too_few": 3}
    assert probe_counts(table, 5) == counts
    text = page(probe=table)
    assert "In 1 of 2 families the vectors identify the detector of a member" in text
    assert "identified, p = 0.5" in text
    assert "No family could be probed" in page()
    measures = ["auc", "auc_low", "auc_high", "p_value"]
    untold = pd.concat([table, table.tail(1).assign(family="F003", reason="few_blocks")], ignore_index=True)
    untold.loc[2, measures] = None
    assert probe_counts(untold, 5) == counts | {"few_blocks": 1, "too_few": 2}
    text = page(probe=untold)
    assert "For 1 family it cannot be told: the two detectors share fewer than 8 blocks of time" in text
    assert text.count("cannot be told") == 2  # in the sentence and in the row

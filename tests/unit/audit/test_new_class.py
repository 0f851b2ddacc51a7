"""Names of families and possible new classes: planted answers."""

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.audit.labels import family_name, family_table
from glitch_explorer.audit.new_class import families_without_label
from glitch_explorer.audit.run import named_families
from glitch_explorer.map.schemas import STABILITY, UNASSIGNED

#: Directions of the classes of `catalogue`, and of a shape that is none of them.
BLIP, TOMTE, STRANGE = np.eye(3)


def labels(**counts):
    """Build labels from counts; `none` are missing, `noa` are None_of_the_Above."""
    other = {"none": None, "noa": "None_of_the_Above"}
    values = [other.get(name, name) for name, count in counts.items() for _ in range(count)]
    return pd.Series(values, dtype=object)


@pytest.mark.parametrize(
    ("counts", "name", "state"),
    [
        ({"Blip": 18, "Tomte": 2}, "Blip", "labelled"),
        ({"Blip": 10, "none": 10}, "Blip", "labelled"),  # exactly half have a label
        ({"Blip": 10, "none": 11}, None, "unlabelled"),
        ({"Blip": 20, "Helix": 10}, None, "mixed"),  # 67 %, of 30 not surely above one half: 49 % to 81 %
        ({"Blip": 200, "Helix": 100}, "Blip", "labelled"),  # 67 % of 300 are
        ({"Blip": 10, "Helix": 10}, None, "mixed"),
        ({"Blip": 1, "Helix": 1, "none": 55}, None, "unlabelled"),
        ({"none": 5}, None, "unlabelled"),
        ({"noa": 30, "Blip": 10}, None, "unlabelled"),
        ({"Blip": 30, "noa": 10}, "Blip", "labelled"),
    ],
)
def test_a_family_is_named_only_by_labels_that_settle_it(counts, name, state):
    assert family_name(labels(**counts)) == (name, state)


def catalogue(*families, ifo="H1", run="O3a"):
    """Build rows of the map and their vectors from families (direction, labels); noise is small."""
    generator = np.random.default_rng(7)
    rows, vectors = [], []
    for number, (direction, named) in enumerate(families, start=1):
        rows += [(f"g{number}-{i}", f"F{number:03d}", label) for i, label in enumerate(named)]
        vectors.append(direction + generator.normal(0, 0.02, (len(named), len(direction))))
    frame = pd.DataFrame(rows, columns=["glitch_id", "family", "label"]).assign(view="", ifo=ifo, run=run)
    values = np.concatenate(vectors)
    return frame, (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def audited(rows, values):
    """Return tables "audit_families", by family, and "nearest_families"."""
    stability = pd.DataFrame(columns=STABILITY.names)
    table = family_table(rows, {}, stability.assign(family=stability["family"].astype(object)))
    families, nearest = named_families(rows, table, values, np.ones((len(rows), 1), dtype=bool))
    return families.set_index("family"), nearest


KNOWN = ((BLIP, labels(Blip=60)), (TOMTE, labels(Tomte=40, Blip=2)))


@pytest.mark.parametrize("few", [labels(none=30), labels(none=28, Tomte=1, Blip=1), labels(noa=30)])
def test_a_family_without_labels_in_a_labelled_catalogue_may_be_new(few):
    families, nearest = audited(*catalogue(*KNOWN, (STRANGE + 0.5 * TOMTE, few)))
    assert families["possible_new_class"].tolist() == ["", "", "without_label"]
    assert families["name"].tolist()[:2] == ["Blip", "Tomte"]
    assert pd.isna(families.loc["F003", "name"])
    assert nearest["family"].tolist() == ["F003", "F003"]
    assert nearest["known_family"].tolist() == ["F002", "F001"]  # it leans towards Tomte
    assert nearest["name"].tolist() == ["Tomte", "Blip"]
    cosine = 0.5 / np.sqrt(1.25)
    assert nearest["distance"][0] == pytest.approx(1 - cosine, abs=0.05)
    assert nearest["distance"][1] == pytest.approx(1, abs=0.1)
    assert (nearest["distance_within"] < 0.01).all()
    assert (nearest["fitting"] == 0).all()


def test_a_family_whose_members_do_not_fit_the_families_of_their_labels_may_be_new():
    families, nearest = audited(*catalogue(*KNOWN, (STRANGE, labels(Blip=15, Tomte=15))))
    assert families["label_state"].tolist() == ["labelled", "labelled", "mixed"]
    assert families["possible_new_class"].tolist() == ["", "", "misfit"]
    assert nearest["fitting"].tolist() == [0, 0]


def test_a_second_family_of_one_name_is_no_new_class():
    """One label on two shapes is over-compression: a map that splits a class must not fill the findings."""
    families, _ = audited(*catalogue(*KNOWN, (STRANGE, labels(Blip=28, Tomte=2))))
    assert families.loc["F003", ["name", "possible_new_class"]].tolist() == ["Blip", ""]


def test_mixed_labels_that_fit_are_no_new_class():
    """Half of the family looks like Blip and is called Blip, the other half like Tomte."""
    both = [(BLIP, labels(Blip=15)), (TOMTE, labels(Tomte=15))]
    rows, values = catalogue(*KNOWN, *both)
    rows["family"] = rows["family"].replace("F004", "F003")
    families, nearest = audited(rows, values)
    assert families.loc["F003", ["label_state", "possible_new_class"]].tolist() == ["mixed", ""]
    assert nearest["fitting"].between(0.3, 0.6).all()


def test_labels_that_name_no_family_cannot_be_misfits():
    families, _ = audited(*catalogue(*KNOWN, (STRANGE, labels(Helix=16, Whistle=14))))
    assert families.loc["F003", ["label_state", "possible_new_class"]].tolist() == ["mixed", ""]


def test_nothing_is_new_in_an_unlabelled_catalogue():
    few = (STRANGE, labels(none=30))
    none = [(BLIP, labels(none=60)), (TOMTE, labels(none=40)), few]
    families, nearest = audited(*catalogue(*none))
    assert set(families["label_state"]) == {"unlabelled"}
    assert set(families["possible_new_class"]) == {""}
    assert nearest.empty
    noa = [(BLIP, labels(noa=60)), (TOMTE, labels(Tomte=40)), few]
    assert set(audited(*catalogue(*noa))[0]["possible_new_class"]) == {""}


@pytest.mark.parametrize("column", ["ifo", "run"])
def test_a_detector_or_run_that_nobody_labelled_has_no_new_class(column):
    rows, _ = catalogue(*KNOWN, (STRANGE, labels(none=30)))
    assert families_without_label(rows) == ["F003"]
    rows.loc[rows["family"] == "F003", column] = "other"
    assert families_without_label(rows) == []


def test_unassigned_glitches_are_no_family():
    rows, _ = catalogue(*KNOWN, (STRANGE, labels(none=30)))
    rows["family"] = rows["family"].replace("F003", UNASSIGNED)
    assert families_without_label(rows) == []


def test_labels_missing_at_random_make_no_new_class():
    """Of 2,000 families in which 30 % of the labels are missing by chance."""
    generator = np.random.default_rng(3)
    rows = pd.DataFrame({"family": np.repeat([f"F{i:04d}" for i in range(2000)], 20), "ifo": "H1", "run": ""})
    rows["label"] = np.where(generator.random(len(rows)) < 0.3, None, "Blip")
    assert len(families_without_label(rows)) <= 2

"""The catalogue of every real source."""

import pytest

from glitch_explorer.catalog.classes import CLASSES
from glitch_explorer.core.views import VIEW_PATHS
from tests.unit.catalog import built


def build(tmp_path, kind, *paths):
    glitches, quarantine, duplicates = built.build(tmp_path, kind, paths)
    assert quarantine.empty
    assert glitches["glitch_id"].is_unique
    return glitches, duplicates


def test_a_month_of_o3a(tmp_path, shared_data):
    glitches, duplicates = build(tmp_path, "catalogue", shared_data / "catalogs" / "gravityspy_O3a_month.csv")
    # 8,790 rows, of which 556 are Virgo's; all repeats are whole rows.
    assert (len(glitches), len(duplicates)) == (7503, 731)
    assert set(duplicates["reason"]) == {"same_id_and_event"}
    assert set(glitches["run"]) == {"O3a"}
    assert set(glitches["label"]) == {"Blip", "Blip_Low_Frequency", "Koi_Fish", "Tomte"}


def test_golden(tmp_path, shared_data):
    glitches, duplicates = build(tmp_path, "images", shared_data / "images" / "golden")
    assert len(glitches) == 84
    assert set(glitches["label"]) == set(CLASSES)
    assert glitches[list(VIEW_PATHS)].notna().sum(axis=1).value_counts().to_dict() == {4: 57, 1: 27}
    assert duplicates.empty


def test_training_tree(tmp_path, shared_data):
    glitches, _ = build(tmp_path, "images", shared_data / "images" / "training_tree")
    assert len(glitches) == 18
    assert glitches[list(VIEW_PATHS)].notna().all(axis=None)
    assert set(glitches["label"]) == {"Blip", "Scratchy"}
    assert set(glitches["ifo"]) <= {"H1", "L1"}


def test_zooniverse(tmp_path, shared_data):
    glitches, duplicates = build(tmp_path, "images", shared_data / "images" / "zooniverse_jpeg")
    # 259 pictures; 15 subjects with four frames, two of them copies.
    assert (len(glitches), len(duplicates)) == (188, 26)
    assert set(glitches["label"]) <= set(CLASSES)
    assert not glitches["glitch_id"].str.contains(r"-0$").any()


@pytest.mark.parametrize(("name", "n", "n_same"), [("H1-LDAS", 993, 1059), ("docs_data", 3, 0)])
def test_triggers(tmp_path, shared_data, name, n, n_same):
    path = next((shared_data / "triggers").glob(f"{name}*"))
    glitches, duplicates = build(tmp_path, "triggers", path)
    assert (len(glitches), len(duplicates)) == (n, n_same)
    assert glitches["peak_frequency_hz"].notna().all()


def test_a_table_of_gravity_spy_itself(tmp_path, shared_data):
    glitches, _ = build(tmp_path, "catalogue", shared_data / "catalogs" / "scratchy_results_table.h5")
    assert glitches.loc[0, ["ifo", "label", "run"]].tolist() == ["L1", "Scratchy", "O1"]
    assert glitches["event_time"][0] == pytest.approx(1127700030.877929, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "n", "n_same"),
    [("O3a", 11441, 2030), ("O3b_Jan-Feb2020", 8969, 81)],
)
def test_the_search_page(tmp_path, shared_data, name, n, n_same):
    path = shared_data / "o3_scattering" / f"L1_scattered_light_{name}.csv"
    glitches, duplicates = build(tmp_path, "catalogue", path)
    assert (len(glitches), len(duplicates)) == (n, n_same)
    assert set(glitches["label"]) == {"Scattered_Light"}
    assert glitches[["peak_frequency_hz", "label_confidence"]].notna().all(axis=None)

"""File names, classes, runs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glitch_explorer.catalog.classes import (
    CLASSES,
    canonical_class,
    confusable_pairs,
    known_label,
)
from glitch_explorer.catalog.names import UNKNOWN_IFO, parse_name, subject_of
from glitch_explorer.catalog.runs import observing_run
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.views import VIEW_NAMES

TAXONOMY = Path(__file__).parents[3] / "resources" / "taxonomy"

IDS = st.text("abcXYZ0189-_. ", min_size=1, max_size=20)


@given(
    st.sampled_from(["H1", "L1", "V1", "K1"]),
    IDS,
    st.sampled_from(range(4)),
    st.sampled_from(["png", "JPG", "jpeg"]),
)
def test_a_name_comes_back(ifo, glitch_id, view, suffix):
    name = f"{ifo}_{glitch_id}_spectrogram_{VIEW_NAMES[view]}.{suffix}"
    assert parse_name(f"some/folder/{name}") == (ifo, glitch_id, view)


def test_a_name_without_detector():
    assert parse_name("blip-2_spectrogram_0.5.png") == (UNKNOWN_IFO, "blip-2", 0)
    assert parse_name("L1_1127700030.877928972_spectrogram_4.0.png") == ("L1", "1127700030.877928972", 3)


@pytest.mark.parametrize(
    "name",
    [
        "133b6972-f47c-4e02-9d21-c6bb813dd44f-0.jpg",
        "H1_a_spectrogram_3.0.png",
        "H1_a_spectrogram_0.5.txt",
        "x.png",
    ],
)
def test_other_names_are_none(name):
    assert parse_name(name) is None


def test_frames_of_a_subject():
    assert subject_of("133b6972-c6bb813dd44f-3") == "133b6972-c6bb813dd44f"
    assert subject_of("133b6972-c6bb813dd44f-4") is None
    assert subject_of("133b6972") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Power Line (60 Hz)", "Power_Line"),
        ("POWERLINE60HZ", "Power_Line"),
        ("70HZLINE", "70Hz_Line"),
        ("70HzLine", "70Hz_Line"),
        ("HIGHFREQUENCYBURST", "High_Frequency_Burst"),
        ("HighFreqBurst", "High_Frequency_Burst"),
        ("LOWFREQUENCYBLIP", "Blip_Low_Frequency"),
        ("LowFreqBlip", "Blip_Low_Frequency"),
        ("CROWN", "Fast_Scattering"),
        ("Violin Mode Harmonic", "Violin_Mode"),
        ("Air Compressor (50 Hz)", "Air_Compressor"),
        ("NOA", "None_of_the_Above"),
        ("1080Line", "1080Lines"),
        ("koifish", "Koi_Fish"),
        ("H1L1", None),
        ("train", None),
        ("TrainingSet", None),
        ("", None),
    ],
)
def test_spellings(name, expected):
    assert canonical_class(name) == expected


@given(st.sampled_from(CLASSES), st.sampled_from(["", " ", "_", "-"]), st.booleans())
def test_every_class_in_any_spelling(name, blank, upper):
    spelt = name.replace("_", blank)
    assert canonical_class(spelt.upper() if upper else spelt.lower()) == name


def test_other_labels_stand_as_they_are():
    assert known_label("<script>alert(1)</script>") == "<script>alert(1)</script>"


def test_confusable_pairs():
    pairs = confusable_pairs(TAXONOMY / "confusable_pairs.csv")
    assert frozenset(("Blip", "Tomte")) in pairs
    assert all(len(pair) == 2 and pair <= set(CLASSES) for pair in pairs)


def test_confusable_pairs_with_old_line_ends(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_bytes(b"class_a,class_b\rBlip,Koi Fish\r")
    assert confusable_pairs(path) == {frozenset(("Blip", "Koi_Fish"))}
    path.write_text("Name,Twin\nBlip,Tomte\n")
    with pytest.raises(UserError, match="class_a"):
        confusable_pairs(path)


def test_characteristics_name_known_classes():
    table = pd.read_csv(TAXONOMY / "characteristics.csv", keep_default_na=False)
    assert set(table["class"]) == set(CLASSES)
    assert table.set_index("class").loc["Koi_Fish", "frequency"] == "mid;low"


def test_runs_by_their_bounds():
    times = np.array([1126051216.9, 1126051217, 1137254417, 1240000000, 1256655618, 1370000000, np.nan])
    assert observing_run(times).fillna("").tolist() == ["", "O1", "", "O3a", "O3b", "O4a", ""]

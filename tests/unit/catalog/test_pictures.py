"""Picture trees in every layout, HDF5 containers and metadata."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from glitch_explorer.core.errors import UserError
from glitch_explorer.core.views import VIEW_NAMES, VIEW_PATHS
from tests.unit.catalog import built


def picture(path, shade):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 6), (shade, 0, 0)).save(path)


def glitch(folder, name, shade=0, views=VIEW_NAMES):
    for i, view in enumerate(views):
        picture(folder / f"{name}_spectrogram_{view}.png", shade + i)


def build(tmp_path, *paths, **options):
    glitches, quarantine, duplicates = built.build(tmp_path, "images", paths, **options)
    return glitches.set_index("glitch_id"), quarantine, duplicates


@pytest.mark.parametrize(
    "layout",
    [
        "TrainingSet/Koi_Fish",
        "trainingsetv1d0/H1L1/Koi_Fish",
        "Koi_Fish/train",
        "train/train/Koi_Fish",
        "Koi Fish/a/b",
    ],
)
def test_layouts(tmp_path, layout):
    glitch(tmp_path / "data" / layout, "H1_abcDEF1234")
    glitches, quarantine, duplicates = build(tmp_path, tmp_path / "data")
    row = glitches.loc["abcDEF1234"]
    assert (row["ifo"], row["label"], row["label_source"]) == ("H1", "Koi_Fish", "folder")
    assert row["view_path_4_0"] == f"{tmp_path}/data/{layout}/H1_abcDEF1234_spectrogram_4.0.png"
    assert row["shard"].startswith("H1-x")
    assert quarantine.empty
    assert duplicates.empty


def test_the_source_itself_may_be_a_class_folder(tmp_path):
    glitch(tmp_path / "Whistle", "L1_a")
    assert build(tmp_path, tmp_path / "Whistle")[0]["label"].tolist() == ["Whistle"]


def test_an_unknown_folder_gives_no_label(tmp_path):
    glitch(tmp_path / "data" / "my stuff", "L1_a")
    row = build(tmp_path, tmp_path / "data")[0].loc["a"]
    assert row[["label", "label_source"]].isna().all()


def test_views_are_one_glitch_without_a_detector(tmp_path):
    glitch(tmp_path / "data" / "Blip", "blip-1", 0, ["0.5"])
    glitch(tmp_path / "data" / "Blip", "blip-2", 10)
    glitches, _, _ = build(tmp_path, tmp_path / "data")
    assert set(glitches["ifo"]) == {"unknown"}
    assert glitches[list(VIEW_PATHS)].notna().sum(axis=1).to_dict() == {"blip-1": 1, "blip-2": 4}


def test_a_second_copy_is_a_duplicate(tmp_path):
    glitch(tmp_path / "data" / "train" / "Blip", "H1_a")
    glitch(tmp_path / "data" / "test" / "Tomte", "H1_a", 50)
    glitches, _, duplicates = build(tmp_path, tmp_path / "data")
    assert glitches.index.tolist() == ["a"]
    assert duplicates[["glitch_id", "kept_id", "reason"]].to_numpy().tolist() == [
        ["a", "a", "same_id_and_view"]
    ]


def test_a_replaced_picture_changes_the_digest(tmp_path):
    glitch(tmp_path / "data" / "Blip", "H1_a")
    before = build(tmp_path, tmp_path / "data")[0]["view_digest"]["a"]
    assert before == build(tmp_path, tmp_path / "data")[0]["view_digest"]["a"]
    picture(tmp_path / "data" / "Blip" / "H1_a_spectrogram_2.0.png", 99)
    assert before != build(tmp_path, tmp_path / "data")[0]["view_digest"]["a"]


def test_pictures_whose_names_have_no_view_length(tmp_path):
    lengths = {"u-0": 0.5, "u-1": 1.0, "u-2": 2.0, "u-3": 4.0, "v-0": 1.0, "v-1": 1.0, "w": None}
    for i, name in enumerate(lengths):
        picture(tmp_path / "data" / "blip" / f"{name}.jpg", i * 20)
    glitches, _, _ = build(tmp_path, tmp_path / "data", view_length=lambda file: lengths[Path(file).stem])
    assert set(glitches.index) == {"u", "v-0", "v-1", "w"}
    assert glitches.loc["u", list(VIEW_PATHS)].notna().all()
    assert glitches.loc["w", "view_path_unknown"].endswith("w.jpg")


def test_a_link_to_nothing_is_set_aside(tmp_path):
    glitch(tmp_path / "data" / "Blip", "H1_a")
    (tmp_path / "data" / "Blip" / "H1_b_spectrogram_0.5.png").symlink_to(tmp_path / "absent.png")
    glitches, quarantine, _ = build(tmp_path, tmp_path / "data")
    assert glitches.index.tolist() == ["a"]
    assert quarantine[["glitch_id", "row"]].to_numpy().tolist() == [["b", -1]]
    assert quarantine[["reason", "detail"]].to_numpy().tolist() == [
        ["file_unreadable", "error=FileNotFoundError"]
    ]


def test_a_tree_without_pictures(tmp_path):
    (tmp_path / "data").mkdir()
    with pytest.raises(UserError, match="has no picture"):
        build(tmp_path, tmp_path / "data")


def test_only_unreadable_pictures(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "H1_b_spectrogram_0.5.png").symlink_to(tmp_path / "absent.png")
    with pytest.raises(UserError, match="no glitch is left"):
        build(tmp_path, tmp_path / "data")


def test_unknown_and_unwanted_detectors(tmp_path):
    for ifo in ("H1", "V1", "X9"):
        glitch(tmp_path / "data" / "Blip", f"{ifo}_{ifo}a", ord(ifo[0]))
    glitches, quarantine, _ = build(tmp_path, tmp_path / "data")
    assert glitches.index.tolist() == ["H1a"]
    assert quarantine["reason"].tolist() == ["detector_unknown"]


def container(path):
    with h5py.File(path, "w") as file:
        for label, glitch_id, shade in (("Blip", "aaa", 1), ("My_Class", "bbb", 2)):
            for view in VIEW_NAMES:
                file[f"{label}/train/{glitch_id}/{view}.png"] = np.full((1, 14, 17), shade, np.uint8)


def test_the_hdf5_training_set(tmp_path):
    container(tmp_path / "set.h5")
    glitches, _, _ = build(tmp_path, tmp_path / "set.h5")
    assert glitches["label"].to_dict() == {"aaa": "Blip", "bbb": "My_Class"}
    assert glitches.loc["aaa", "view_path_0_5"] == f"{tmp_path}/set.h5::/Blip/train/aaa/0.5.png"
    assert glitches["view_digest"].is_unique


def test_half_an_hdf5_file_is_set_aside(tmp_path):
    glitch(tmp_path / "data" / "Blip", "H1_a")
    container(tmp_path / "set.h5")
    (tmp_path / "data" / "half.h5").write_bytes((tmp_path / "set.h5").read_bytes()[:900])
    _, quarantine, _ = build(tmp_path, tmp_path / "data")
    assert quarantine["reason"].tolist() == ["file_unreadable"]


def test_metadata_of_both_versions(tmp_path):
    glitch(tmp_path / "data" / "Blip", "H1_aaa")
    glitch(tmp_path / "data" / "Blip", "L1_bbb", 20)
    glitch(tmp_path / "data" / "Blip", "L1_ccc", 40)
    old = tmp_path / "v1d0.csv"
    old.write_text("gravityspy_id,label,sample_type\naaa,Koi_Fish,train\n")
    new = tmp_path / "v1d1.csv"
    new.write_text(
        "event_time,ifo,gravityspy_id,label,snr,peak_frequency\n"
        "1130000000.5,L1,bbb,Tomte,12,40\n1130000000.5,L1,bbb,Tomte,12,40\nnan,L1,ccc,Tomte,12,40\n1130000009,L1,zzz,Tomte,9,9\n"
    )
    glitches, quarantine, duplicates = build(tmp_path, tmp_path / "data", metadata=[str(old), str(new)])
    assert glitches["label"].to_dict() == {"aaa": "Koi_Fish", "bbb": "Tomte", "ccc": "Blip"}
    assert glitches["label_source"].to_dict() == {"aaa": "metadata", "bbb": "metadata", "ccc": "folder"}
    row = glitches.loc["bbb", ["event_time", "snr", "run", "shard"]]
    assert row.tolist() == [1130000000.5, 12, "O1", "L1-1129939200"]
    assert quarantine[["glitch_id", "row"]].to_numpy().tolist() == [["ccc", 2]]
    assert duplicates[["glitch_id", "row"]].to_numpy().tolist() == [["bbb", 1]]


def test_metadata_gives_the_detector_and_joins_one_event(tmp_path):
    glitch(tmp_path / "data" / "Blip", "aaa")
    glitch(tmp_path / "data" / "Blip", "bbb", 20)
    table = tmp_path / "m.csv"
    table.write_text("event_time,ifo,gravityspy_id\n1130000000.5,L1,aaa\n1130000000.5,L1,bbb\n")
    glitches, _, duplicates = build(tmp_path, tmp_path / "data", metadata=[str(table)])
    assert glitches["ifo"].to_dict() == {"aaa": "L1"}
    assert duplicates[["glitch_id", "kept_id", "reason"]].to_numpy().tolist() == [
        ["bbb", "aaa", "same_event"]
    ]


def test_a_detector_of_metadata_that_is_none_is_quarantined(tmp_path):
    glitch(tmp_path / "data" / "Blip", "aaa")
    glitch(tmp_path / "data" / "Blip", "bbb", 20)
    glitch(tmp_path / "data" / "Blip", "H1_ccc", 40)
    table = tmp_path / "m.csv"
    table.write_text("ifo,gravityspy_id\nL1,aaa\nHanford,bbb\nH,ccc\n")
    glitches, quarantine, _ = build(
        tmp_path, tmp_path / "data", metadata=[str(table)], max_quarantined_share=0.9
    )
    assert glitches["ifo"].to_dict() == {"aaa": "L1", "bbb": "unknown", "ccc": "H1"}
    assert quarantine[["glitch_id", "reason"]].to_numpy().tolist() == [
        ["bbb", "detector_unknown"], ["ccc", "detector_unknown"],
    ]  # fmt: skip


def test_a_cut_without_metadata_says_so(tmp_path):
    glitch(tmp_path / "data" / "Blip", "H1_a")
    with pytest.raises(UserError, match=r"source\.snr sets bounds"):
        build(tmp_path, tmp_path / "data", snr=(7.5, None))
    with pytest.raises(UserError, match=r"source\.gps sets bounds"):
        build(tmp_path, tmp_path / "data", gps=[1e9, None])


NOT_UNDERSTOOD = {
    "browser": "H1_{id}_spectrogram_{view} (1).png",
    "dashes": "H1-{id}-spectrogram-{view}.png",
    "view first": "{view}_H1_{id}.png",
    "folder a view": "{view}/H1_{id}.png",
}


@pytest.mark.parametrize("style", NOT_UNDERSTOOD)
def test_names_that_are_not_understood_are_counted(tmp_path, caplog, style):
    shade = 0
    for view in VIEW_NAMES:
        for glitch_id in ("abc", "def"):
            name = NOT_UNDERSTOOD[style].format(id=glitch_id, view=view)
            picture(tmp_path / "data" / "Blip" / name, shade)
            shade += 20
    glitch(tmp_path / "data" / "Blip", "H1_understood", 200)
    glitches, _, _ = build(tmp_path, tmp_path / "data", view_length=lambda _: 1.0)
    assert len(glitches) == 9
    assert "8 of 12 pictures have names that are not understood, such as " in caplog.text
    assert NOT_UNDERSTOOD[style].format(id="abc", view="0.5") in caplog.text
    assert "names like H1_ID_spectrogram_1.0.png" in caplog.text


def test_the_case_of_single_view_names(tmp_path, shared_data, caplog):
    files = sorted((shared_data / "images/training_tree/TrainingSet/Blip").glob("*_spectrogram_*.png"))[:24]
    folder = tmp_path / "pictures" / "Blip"
    folder.mkdir(parents=True)
    for file in files:
        (folder / f"{file.stem} (1).png").write_bytes(file.read_bytes())
    build(tmp_path, tmp_path / "pictures")
    assert "24 of 24 pictures have names that are not understood" in caplog.text


def test_understood_names_need_no_word(tmp_path, caplog):
    glitch(tmp_path / "data" / "Blip", "H1_a")
    for number, shade in enumerate((100, 120)):
        picture(tmp_path / "data" / "Blip" / f"subject-{number}.jpg", shade)
    lengths = {"subject-0": 0.5, "subject-1": 1.0}
    build(tmp_path, tmp_path / "data", view_length=lambda file: lengths[Path(file).stem])
    assert "not understood" not in caplog.text


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("L1_1238344367.245120049", 1238344367.245120049),
        ("H1_931234567.5", 931234567.5),
        ("L1_1238344367", 1238344367.0),
        ("L1_abcdefghij", np.nan),
        ("L1_12383443", np.nan),
        ("L1_2238344367", np.nan),
        ("L1_1238344367.245.1", np.nan),
    ],
)
def test_a_gps_time_in_the_name_is_the_time_of_the_event(tmp_path, name, time):
    glitch(tmp_path / "data" / "Blip", name)
    glitches, _, _ = build(tmp_path, tmp_path / "data")
    assert glitches.index.tolist() == [name[3:]]
    np.testing.assert_array_equal(glitches["event_time"], [time])


def test_the_time_of_metadata_replaces_that_of_the_name(tmp_path):
    for number, name in enumerate(("L1_1238344367.25", "L1_1238344368.25")):
        glitch(tmp_path / "data" / "Blip", name, 50 * number)
    (tmp_path / "m.csv").write_text("gravityspy_id,event_time\n1238344367.25,1238344367.2501\n")
    glitches, _, _ = build(tmp_path, tmp_path / "data", metadata=[str(tmp_path / "m.csv")])
    assert glitches["event_time"].to_dict() == {
        "1238344367.25": 1238344367.2501,
        "1238344368.25": 1238344368.25,
    }
    assert set(glitches["run"]) == {"O3a"}


def test_metadata_without_a_picture_are_refused(tmp_path, caplog):
    glitch(tmp_path / "data" / "Blip", "H1_a")
    (tmp_path / "m.csv").write_text("gravityspy_id,snr\nH1_a,9\nH1_b,9\n")
    with pytest.raises(
        UserError, match=r"none of the 2 ids of source\.metadata .* is 'H1_a', of a picture 'a'"
    ):
        build(tmp_path, tmp_path / "data", metadata=[str(tmp_path / "m.csv")])
    (tmp_path / "n.csv").write_text("gravityspy_id,snr\na,9\nb,9\n")
    with caplog.at_level("INFO"):
        build(tmp_path, tmp_path / "data", metadata=[str(tmp_path / "m.csv"), str(tmp_path / "n.csv")])
    assert "m.csv: 0 of 2 rows are of pictures" in caplog.text
    assert "n.csv: 1 of 2 rows are of pictures" in caplog.text


def test_an_unknown_column_of_labels_in_metadata_is_refused(tmp_path):
    glitch(tmp_path / "data" / "Blip", "H1_a")
    (tmp_path / "m.csv").write_text("gravityspy_id,Labels\na,Tomte\n")
    with pytest.raises(UserError, match=r"m\.csv has no label: its column 'Labels' .* rename it 'label'"):
        build(tmp_path, tmp_path / "data", metadata=[str(tmp_path / "m.csv")])

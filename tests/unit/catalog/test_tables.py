"""Catalogue and trigger files: columns, bad rows, cuts."""

import gzip

import h5py
import numpy as np
import pandas as pd
import pytest

from glitch_explorer.catalog.classes import CATALOGUE_CLASSES
from glitch_explorer.catalog.schemas import QUARANTINE
from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError
from tests.unit.catalog import built

HEADER = "event_time,ifo,gravityspy_id,ml_label,ml_confidence,snr,peak_frequency,duration,url1,url2"
GOOD = "1240000000.25,H1,aaaaaaaaaa,Blip,0.9,12.5,100,0.3,https://x/1.png,?"


def build(tmp_path, *paths, kind="catalogue", **options):
    return built.build(tmp_path, kind, paths, **{"max_quarantined_share": 1.0} | options)


def csv(tmp_path, *rows, header=HEADER, name="a.csv"):
    path = tmp_path / name
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_a_row_of_gravity_spy(tmp_path):
    glitches, quarantine, duplicates = build(tmp_path, csv(tmp_path, GOOD))
    row = glitches.iloc[0]
    assert row[row.index != "view_path_1_0"].dropna().to_dict() == {
        "glitch_id": "aaaaaaaaaa", "ifo": "H1", "event_time": 1240000000.25, "duration_s": 0.3,
        "peak_frequency_hz": 100, "snr": 12.5, "label": "Blip", "label_confidence": 0.9,
        "label_source": "machine", "run": "O3a", "shard": "H1-1239926400", "astrophysical": "",
        "view_path_0_5": "https://x/1.png",
    }  # fmt: skip
    assert pd.isna(row["view_path_1_0"])
    assert len(quarantine) == len(duplicates) == 0


@pytest.mark.parametrize(
    ("row", "reason", "read"),
    [
        ("nan,H1,b,Blip,0.9,9,100,0.3,,", "event_time_missing", "event_time=nan"),
        (",H1,b,Blip,0.9,9,100,0.3,,", "event_time_missing", "gravityspy_id=b"),
        ("12:30,H1,b,Blip,0.9,9,100,0.3,,", "not_a_number column=event_time", "12:30"),
        ("inf,H1,b,Blip,0.9,9,100,0.3,,", "not_a_number column=event_time", "inf"),
        ("-5,H1,b,Blip,0.9,9,100,0.3,,", "event_time_not_gps", "-5"),
        ("1240000001,H1,b,Blip,0.9,loud,100,0.3,,", "not_a_number column=snr", "loud"),
        ("1240000001,X9,b,Blip,0.9,9,100,0.3,,", "detector_unknown", "X9"),
        ("1240000001,,b,Blip,0.9,9,100,0.3,,", "detector_unknown", "ifo="),
        ("1240000001,H1,,Blip,0.9,9,100,0.3,,", "id_missing", "gravityspy_id="),
        ("1240000001,H1,b", "column_count columns=3, header=10", "1240000001,H1,b"),
        ("1240000001,H1,b," + "x" * 500, "column_count columns=4, header=10", "xxx"),
    ],
)
def test_a_bad_row_is_set_aside(tmp_path, row, reason, read):
    glitches, quarantine, _ = build(
        tmp_path, csv(tmp_path, GOOD, row, GOOD.replace("0.25", "7.5").replace("aaa", "ccc"))
    )
    assert len(glitches) == 2
    assert quarantine["row"].tolist() == [1]
    assert " ".join(quarantine.loc[0, ["reason", "detail"]]).strip() == reason
    assert read in quarantine["read"][0]
    assert len(quarantine["read"][0]) <= 200
    assert quarantine["stage"][0] == "catalog"


def test_rows_after_an_unsplit_one_keep_their_number(tmp_path):
    path = csv(tmp_path, "too,short", GOOD, "nan,H1,b,Blip,0.9,9,100,0.3,,")
    _, quarantine, _ = build(tmp_path, path)
    assert sorted(quarantine["row"]) == [0, 2]


def test_labels_are_data(tmp_path):
    glitches, _, _ = build(tmp_path, csv(tmp_path, GOOD.replace("Blip", "<script>alert(1)</script>")))
    assert glitches["label"][0] == "<script>alert(1)</script>"


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes((HEADER + "\n" + GOOD + "\n").encode().replace(b"Blip", b"Bl\xffp"))
    glitches, _, _ = build(tmp_path, path)
    assert glitches["label"][0] == "Bl�p"


def test_another_separator_than_the_comma_is_named(tmp_path):
    path = csv(tmp_path, "1;H1;b", header="event_time;ifo;gravityspy_id")
    with pytest.raises(UserError, match=r"a\.csv has no column .*separated by ';', not by commas"):
        build(tmp_path, path)


def test_a_missing_column_names_the_nearest(tmp_path):
    path = csv(tmp_path, "1,H1,b", header="event_tyme,ifo,gravityspy_id")
    with pytest.raises(UserError, match=r"a\.csv has no column 'event_time'.*did you mean 'event_tyme'"):
        build(tmp_path, path)


@pytest.mark.parametrize("text", ["", HEADER + "\n"])
def test_an_empty_table_is_refused(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=r"empty|no glitch is left"):
        build(tmp_path, path)


def test_a_missing_file_and_a_folder_without_tables(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        build(tmp_path, tmp_path / "absent.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="has no table"):
        build(tmp_path, tmp_path / "empty")


def test_cuts_and_other_detectors_are_no_bad_rows(tmp_path):
    rows = [
        GOOD,
        "1240000002,V1,b,Blip,0.9,12,100,0.3,,",
        "1240000003,L1,c,Blip,0.9,5,100,0.3,,",
        "1240000004,L1,d,Blip,0.9,12,5000,0.3,,",
        "1240000005,L1,e,Blip,0.9,7.5,2048,0.3,,",
    ]
    glitches, quarantine, _ = build(
        tmp_path, csv(tmp_path, *rows), snr=(7.5, None), peak_frequency_hz=(10, 2048)
    )
    assert set(glitches["glitch_id"]) == {"aaaaaaaaaa", "e"}
    assert quarantine.empty


def test_a_stretch_of_time(tmp_path):
    path = csv(tmp_path, GOOD, *[f"{time},H1,{time},Blip,1,9,9,1,," for time in (1240000100, 1240000200)])
    glitches, quarantine, _ = build(tmp_path, path, gps=(1240000050, 1240000150))
    assert glitches["glitch_id"].tolist() == ["1240000100"]
    assert quarantine.empty


def test_a_cut_needs_its_column_and_value(tmp_path):
    bare = csv(tmp_path, "1240000000,H1,b", header="event_time,ifo,gravityspy_id")
    with pytest.raises(UserError, match="no column 'snr'"):
        build(tmp_path, bare, snr=(7.5, None))
    _, quarantine, _ = build(
        tmp_path, csv(tmp_path, GOOD, "1240000002,H1,b,Blip,0.9,,100,0.3,,"), snr=(7.5, None)
    )
    assert quarantine.loc[0, ["reason", "detail"]].tolist() == ["value_missing", "column=snr"]


def test_segments(tmp_path):
    segments = pd.DataFrame(
        {
            "ifo": ["H1", "H1", "L1"],
            "start": [1240000000.0, 1240000100.0, 0.0],
            "end": [1240000050.0, 1240000200.0, 10.0],
            "flag": "x",
            "source": "y",
        }
    )
    times = {"a": 1240000000, "b": 1240000049.9, "c": 1240000050, "d": 1240000150, "e": 1240000200}
    rows = [f"{time},H1,{name},Blip,1,9,100,1,," for name, time in times.items()]
    glitches, quarantine, _ = build(tmp_path, csv(tmp_path, *rows), segments=segments)
    assert glitches["glitch_id"].tolist() == ["a", "b", "d"]
    assert quarantine["glitch_id"].tolist() == ["c", "e"]
    assert set(quarantine["reason"]) == {"outside_segments"}


def test_too_many_bad_rows_stop_the_run_after_the_table_is_written(tmp_path):
    path = csv(tmp_path, GOOD, "nan,H1,b,Blip,0.9,9,100,0.3,,")
    with pytest.raises(UserError, match=r"1 of 2 rows .* 1 x event_time_missing;"):
        build(tmp_path, path, max_quarantined_share=0.4)
    assert len(tables.read(QUARANTINE, tmp_path / "catalog" / "parts" / "catalog.parquet")) == 1


def test_the_message_names_the_column_that_is_wrong(tmp_path):
    rows = [f"1240000000,H1,{name},Blip,0.9,much,100,0.3,," for name in "bcd"]
    with pytest.raises(UserError, match=r"3 x not_a_number \(column=snr\)"):
        build(tmp_path, csv(tmp_path, GOOD, *rows), max_quarantined_share=0.4)


def test_events_within_a_second(tmp_path, caplog):
    events = pd.DataFrame(
        {
            "name": ["GW1", "inj"],
            "ifo": ["", "L1"],
            "event_time": [1240000000.5, 1240000100.0],
            "kind": ["event", "injection"],
        }
    )
    rows = [
        GOOD,
        "1240000100.9,L1,b,Blip,1,9,9,1,,",
        "1240000100.9,H1,c,Blip,1,9,9,1,,",
        "1240000101.5,L1,d,Blip,1,9,9,1,,",
    ]
    with caplog.at_level("INFO"):
        glitches, _, _ = build(tmp_path, csv(tmp_path, *rows), events=events)
    assert "events: 2 of 2 rows are within 1 s of a glitch" in caplog.text
    assert "4 of 4 rows are of the study" in caplog.text
    kinds = glitches.set_index("glitch_id")["astrophysical"].to_dict()
    assert kinds == {"aaaaaaaaaa": "event", "b": "injection", "c": "", "d": ""}


def test_a_label_from_the_confidences(tmp_path):
    header = "event_time,ifo,gravityspy_id,Blip,Koi_Fish,Whistle"
    rows = ["1240000000,H1,a,0.1,0.7,0.2", "1240000001,H1,b,,,"]
    glitches, _, _ = build(tmp_path, csv(tmp_path, *rows, header=header))
    assert glitches["label"].fillna("").tolist() == ["Koi_Fish", ""]
    assert glitches["label_confidence"][0] == 0.7
    assert glitches["label_source"].fillna("").tolist() == ["machine", ""]


def test_all_columns_of_the_zenodo_record(tmp_path):
    confidences = [
        name for name in CATALOGUE_CLASSES if name not in ("Blip_Low_Frequency", "Fast_Scattering")
    ]
    columns = [
        "event_time", "ifo", "peak_time", "peak_time_ns", "start_time", "start_time_ns", "duration",
        "peak_frequency", "central_freq", "bandwidth", "channel", "amplitude", "snr", "q_value",
        "gravityspy_id", *confidences, "ml_label", "ml_confidence", "url1", "url2", "url3", "url4",
    ]  # fmt: skip
    assert len(columns) == 43
    values = dict.fromkeys(columns, "0.5") | {
        "event_time": "1240000000.5", "ifo": "L1", "gravityspy_id": "x", "ml_label": "Fast_Scattering",
        "url1": '""', "url4": "u4",
    }  # fmt: skip
    path = tmp_path / "L1_O3a.csv.gz"
    path.write_bytes(
        gzip.compress("\n".join([",".join(columns), ",".join(values[c] for c in columns)]).encode())
    )
    glitches, _, _ = build(tmp_path, path)
    row = glitches.loc[0, ["label", "label_confidence", "view_path_4_0"]]
    assert row.tolist() == ["Fast_Scattering", 0.5, "u4"]
    assert pd.isna(glitches["view_path_0_5"][0])


def test_triggers_have_ids_made_from_their_times(tmp_path):
    path = csv(
        tmp_path,
        "968654557,783203126,9,162,L1:STRAIN",
        "968654557,783203126,12,170,L1:STRAIN",
        header="peak_time,peak_time_ns,snr,central_freq,channel",
    )
    glitches, _, duplicates = build(tmp_path, path, kind="triggers")
    assert glitches["glitch_id"].tolist() == ["L1-968654557783203000"]
    assert glitches[["snr", "peak_frequency_hz"]].iloc[0].tolist() == [12, 170]  # the loudest tile stays
    assert duplicates["reason"].tolist() == ["same_id_and_event"]


def test_omicron_hdf5(tmp_path):
    path = tmp_path / "H-H1_STRAIN_OMICRON-1240000000-60.h5"
    rows = np.array(
        [(1240000001.5, 60.0, 1240000001.0, 1240000002.0, 50.0, 80.0, 9.5)],
        dtype=[(name, "f8") for name in ("time", "frequency", "tstart", "tend", "fstart", "fend", "snr")],
    )
    with h5py.File(path, "w") as file:
        file["triggers"] = rows
        file["segments"] = np.zeros((1, 2))
    glitches, _, _ = build(tmp_path, path, kind="triggers")
    row = glitches.loc[0, ["ifo", "duration_s", "bandwidth_hz", "peak_frequency_hz"]]
    assert row.tolist() == ["H1", 1, 30, 60]


def test_a_file_that_is_no_table(tmp_path):
    path = tmp_path / "H1-x.xml"
    path.write_text("<LIGO_LW>")
    with pytest.raises(UserError, match=r"H1-x\.xml cannot be read"):
        build(tmp_path, path, kind="triggers")
    other = tmp_path / "H1-x.h5"
    other.write_text("half a file")
    with pytest.raises(UserError, match=r"H1-x\.h5 cannot be read as HDF5"):
        build(tmp_path, other, kind="triggers")


def test_an_unknown_kind(tmp_path):
    with pytest.raises(UserError, match="images, catalogue or triggers"):
        build(tmp_path, csv(tmp_path, GOOD), kind="image")


SEARCH = (
    "GPStime,peakFreq,snr,amplitude,centralFreq,duration,bandwidth,chisq,chisqDof,confidence,id,ifo,label,"
    "Q-value,imgUrl"
)
SEARCH_ROW = (
    "1263814624.844,24.3,22.0,6e-22,3200.1,7.3,6369.6,0.0,0.0,0.97,QRDL3Mp2Eo,L1,Scattered_Light,"
    "22.6,https://x/1.png"
)


@pytest.mark.parametrize(
    "header", [SEARCH, SEARCH.lower(), SEARCH.replace("GPStime", "GPS time").replace("id,", "ID,")]
)
def test_the_csv_of_the_search_page(tmp_path, header):
    glitches, quarantine, _ = build(tmp_path, csv(tmp_path, SEARCH_ROW, header=header))
    assert glitches.iloc[0].dropna().to_dict() == {
        "glitch_id": "QRDL3Mp2Eo", "ifo": "L1", "event_time": 1263814624.844, "duration_s": 7.3,
        "peak_frequency_hz": 24.3, "bandwidth_hz": 6369.6, "snr": 22.0, "label": "Scattered_Light",
        "label_confidence": 0.97, "label_source": "metadata", "run": "O3b", "shard": "L1-1263772800",
        "astrophysical": "",
    }  # fmt: skip
    assert quarantine.empty


def test_an_exact_name_precedes_another_spelling(tmp_path):
    path = csv(tmp_path, "1240000009,1240000000,H1,a,5", header="TIME,time,ifo,gravityspy_id,SNR")
    glitches, _, _ = build(tmp_path, path)
    assert glitches.loc[0, ["event_time", "snr"]].tolist() == [1240000000, 5]


@pytest.mark.parametrize(
    ("column", "nearest"),
    [("labels", "label"), ("ml_lable", "ml_label"), ("glitch_class", "ml_label"), ("ML-Labels", "ml_label")],
)
def test_an_unknown_column_of_labels_is_refused(tmp_path, column, nearest):
    path = csv(tmp_path, "1240000000,H1,a,Blip", header=f"event_time,ifo,gravityspy_id,{column}")
    with pytest.raises(
        UserError, match=rf"a\.csv has no label: its column '{column}' .* rename it '{nearest}'"
    ):
        build(tmp_path, path)


@pytest.mark.parametrize("extra", ["", ",subclass_note", ",amplitude"])
def test_a_table_with_a_label_may_have_other_columns(tmp_path, extra):
    header = f"event_time,ifo,gravityspy_id,ml_label{extra}"
    glitches, _, _ = build(
        tmp_path, csv(tmp_path, "1240000000,H1,a,Blip" + ",1" * bool(extra), header=header)
    )
    assert glitches["label"].tolist() == ["Blip"]

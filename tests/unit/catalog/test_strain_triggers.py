"""Triggers of several channels: those of strain become glitches."""

import gzip
import logging

import h5py
import numpy as np
import pytest

from glitch_explorer.core.channels import base_channel, is_strain
from glitch_explorer.core.errors import UserError
from tests.unit.catalog import built

HEADER = "ifo,channel,peak_time,peak_time_ns,snr"
STRAIN = ["L1,GDS-CALIB_STRAIN,1250000061,0,9", "L1,GDS-CALIB_STRAIN,1250000062,1000,9"]
OTHERS = ["L1,LSC-MICH_IN1_DQ,1250000061,0,50", "L1,PEM-EX_ACC_X_DQ,1250000161,0,9"]


def build(tmp_path, *paths, strain="{ifo}:GDS-CALIB_STRAIN", **options):
    return built.build(tmp_path, "triggers", paths, strain=strain, **options)


def csv(tmp_path, *rows, header=HEADER, name="L1-OMICRON.csv"):
    path = tmp_path / name
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def omicron(path, times, snr):
    """Write triggers as Omicron's HDF5, whose only trace of the channel is the file's name."""
    path.parent.mkdir(exist_ok=True)
    rows = np.array([(time, 60.0, snr) for time in times], [(n, "f8") for n in ("time", "frequency", "snr")])
    with h5py.File(path, "w") as file:
        file["triggers"] = rows


def test_a_file_of_all_channels(tmp_path, shared_cases, caplog):
    path = shared_cases / "triggers-of-every-channel" / "L1-OMICRON_ALL-1250000060-600.xml.gz"
    glitches, quarantine, duplicates = build(tmp_path, path)
    assert glitches["event_time"].tolist() == [1250000061.0, 1250000062.000001, 1250000063.000002]
    assert set(glitches["snr"]) == {9}
    assert quarantine.empty
    assert duplicates.empty
    assert "4 of L1:PEM-EX_ACC_BSC9_ETMX_X_DQ, 1 of L1:LSC-MICH_IN1_DQ" in caplog.text


def test_a_folder_with_a_file_for_each_channel(tmp_path, caplog):
    folder = tmp_path / "triggers" / "L1"
    for channel, snr in (("GDS_CALIB_STRAIN", 9), ("LSC_MICH_IN1_DQ", 50), ("PEM_EX_ACC_X_DQ", 12)):
        folder.parent.mkdir(exist_ok=True)
        folder.mkdir(exist_ok=True)
        omicron(folder / channel / f"L1-{channel}_OMICRON-1250000060-60.h5", [1250000061, 1250000070], snr)
    glitches, _, duplicates = build(tmp_path, folder)
    assert glitches["snr"].tolist() == [9, 9]
    assert duplicates.empty
    assert "2 of L1:LSC_MICH_IN1_DQ" in caplog.text


def test_auxiliary_triggers_outside_the_segments_are_not_bad_rows(tmp_path):
    outside = [row.replace("12500", "12600") for row in OTHERS]
    segments = built.segments("L1", (1250000000, 1250001000))
    glitches, quarantine, _ = build(
        tmp_path, csv(tmp_path, *STRAIN, *outside), segments=segments, max_quarantined_share=0.0
    )
    assert len(glitches) == 2
    assert quarantine.empty


def test_the_strain_channel_of_the_config_is_strain(tmp_path):
    path = csv(tmp_path, *[row.replace("GDS-CALIB_STRAIN", "OMC-DCPD_SUM_OUT_DQ") for row in STRAIN], *OTHERS)
    with pytest.raises(UserError, match=r"L1 has triggers of 3 channels, none of them strain \(2 of L1:OMC"):
        build(tmp_path, path)
    glitches, _, _ = build(tmp_path, path, strain="{ifo}:OMC-DCPD_SUM_OUT_DQ")
    assert set(glitches["snr"]) == {9}


def test_one_channel_by_another_name_is_read_and_named(tmp_path, caplog):
    glitches, _, _ = build(tmp_path, csv(tmp_path, OTHERS[1]))
    assert len(glitches) == 1
    assert (
        "all triggers of L1 are of one auxiliary channel and are used as glitches: 1 of L1:PEM-EX_ACC_X_DQ"
        in caplog.text
    )


def test_each_detector_has_its_own_channels(tmp_path, caplog):
    rows = [*STRAIN, "V1,V1:Hrec_hoft_16384Hz,1250000061,0,8", "V1,V1:ENV_CEB_MAG_N,1250000061,0,80"]
    glitches, _, _ = build(tmp_path, csv(tmp_path, *rows), detectors=["L1", "V1"])
    assert glitches.set_index("ifo")["snr"].to_dict() == {"L1": 9, "V1": 8}


def test_several_spellings_of_strain_need_no_word(tmp_path, caplog):
    rows = [
        STRAIN[0],
        "L1,L1:GDS_CALIB_STRAIN,1250000100,0,9",
        'L1,"GDS-CALIB_STRAIN,reduced",1250000200,0,9',
    ]
    path = tmp_path / "L1.csv.gz"
    path.write_bytes(gzip.compress("\n".join([HEADER, *rows]).encode()))
    with caplog.at_level(logging.WARNING):
        glitches, _, _ = build(tmp_path, path)
    assert len(glitches) == 3
    assert not caplog.text


def test_several_channels_of_strain_are_named(tmp_path, caplog):
    path = csv(tmp_path, STRAIN[0], "L1,GDS-CALIB_STRAIN_CLEAN,1250000061,4000000,9")
    glitches, _, _ = build(tmp_path, path)
    assert len(glitches) == 2
    assert "several channels of L1 are strain" in caplog.text
    assert "L1:GDS_CALIB_STRAIN_CLEAN" in caplog.text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("H1:GDS-CALIB_STRAIN", True),
        ("H1:GDS_CALIB_STRAIN_CLEAN", True),
        ("H1:GDS-CALIB_STRAIN,reduced", True),
        ("H1:STRAIN", True),
        ("H1:OBS_H_OF_T", True),
        ("L1:PEM-STRAINGAUGE_X", False),
        ("H1:PEM-CS_ACC.mean,m-trend", False),
    ],
)
def test_names_of_strain(name, expected):
    assert is_strain(name, "{ifo}:OBS-H_OF_T") is expected


@pytest.mark.parametrize("suffix", ["", ",reduced", ".mean", ".rms,m-trend", ".n,s-trend", ",online,16384"])
def test_a_suffix_does_not_change_the_channel(suffix):
    assert base_channel(f"H1:PEM-CS_ACC_30M.X{suffix}") == "H1:PEM-CS_ACC_30M.X"

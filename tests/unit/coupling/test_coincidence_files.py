"""Auxiliary triggers and segments from files: layouts, formats, and what is left out."""

import logging

import h5py
import numpy as np
import pytest
import uproot
from gwpy.segments import DataQualityDict, DataQualityFlag

from glitch_explorer.core.errors import UserError
from glitch_explorer.coupling.auxiliary.flags import read_flags
from glitch_explorer.coupling.auxiliary.trigger_files import TriggerSource, read_triggers

SEGMENTS = np.array([[1241900000.0, 1241900200.0]])
OMICRON = [("time", "f8"), ("frequency", "f8"), ("snr", "f8")]


def omicron(root, channel, start, times, *, folder="", column=""):
    """Write an HDF5 file in pyomicron's layout."""
    path = root / "L1" / f"{folder or channel}_OMICRON" / str(start)[:5]
    path.mkdir(parents=True, exist_ok=True)
    rows = [(t, 30.0 * (k + 1), 8.0 + k) for k, t in enumerate(times)]
    dtype = [*OMICRON, ("channel", "S40")] if column else OMICRON
    rows = [(*row, column.encode()) for row in rows] if column else rows
    with h5py.File(path / f"L1-{channel}_OMICRON-{start}-64.h5", "w") as file:
        file["triggers"] = np.array(rows, dtype)


def read(*paths, channel="", segments=SEGMENTS, **options):
    return read_triggers([TriggerSource(str(path), channel) for path in paths], "L1", segments, **options)


def test_pyomicrons_layout_with_the_names_of_the_channel_list(tmp_path, caplog):
    omicron(tmp_path, "ASC_X_TR_B", 1241900000, [1241900010.0, 1241900050.0])
    omicron(tmp_path, "ASC_X_TR_B", 1241900064, [1241900070.0])
    omicron(tmp_path, "ASC_X_TR_B", 1241900128, [])
    omicron(tmp_path, "ASC_X_TR_B", 1241990000, [1241990001.0])
    omicron(tmp_path, "PEM_EX", 1241900000, [1241900001.0, 1241900001.01])
    with caplog.at_level(logging.INFO):
        asc, pem = read(tmp_path, names=["L1:ASC-X_TR_B"])
    assert (asc.channel, pem.channel) == ("L1:ASC-X_TR_B", "L1:PEM_EX")
    assert asc.times.tolist() == [1241900010.0, 1241900050.0, 1241900070.0]
    assert asc.known.tolist() == [[1241900000.0, 1241900192.0]]  # the empty file's time is known
    assert pem.snr.tolist() == [8.0, 9.0]
    assert "1 of 5 files are of another time than the segments" in caplog.text
    assert "5 auxiliary triggers of 2 channels of L1, of 5 read" in caplog.text


def test_triggers_of_another_channel_than_their_folder_are_left_out_and_counted(tmp_path, caplog):
    omicron(tmp_path, "PEM_EX", 1241900000, [1241900010.0])
    omicron(tmp_path, "PEM_EY", 1241900000, [1241900020.0], folder="PEM_EX")
    omicron(tmp_path, "PEM_EX", 1241900064, [1241900070.0, 1241900080.0], column="L1:PEM-EZ")
    (only,) = read(tmp_path)
    assert only.times.tolist() == [1241900010.0]
    assert "2 triggers are of another channel than their file or folder is named after" in caplog.text
    assert "1 files are of another channel than their folder" in caplog.text
    assert "PEM_EY_OMICRON" in caplog.text


def omicron_root(root, start, times):
    """Write a ROOT file in pyomicron's layout, with the trees of Omicron that matter here."""
    path = root / "L1" / "PEM_EX_OMICRON" / str(start)[:5]
    path.mkdir(parents=True, exist_ok=True)
    with uproot.recreate(path / f"L1-PEM_EX_OMICRON-{start}-64.root") as file:
        file.mktree("segments", {"start": "f8", "end": "f8"})
        file["segments"].extend({"start": np.array([start + 0.0]), "end": np.array([start + 64.0])})
        file.mktree("triggers", {"time": "f8", "frequency": "f8", "snr": "f8"})
        if times:
            columns = {"time": times, "frequency": [30.0] * len(times), "snr": [9.0] * len(times)}
            file["triggers"].extend({name: np.array(values) for name, values in columns.items()})


def test_root_files_in_pyomicrons_layout(tmp_path):
    omicron_root(tmp_path, 1241900000, [1241900001.5, 1241900010.25])
    omicron_root(tmp_path, 1241900064, [])
    (only,) = read(tmp_path)
    assert only.channel == "L1:PEM_EX"
    assert only.times.tolist() == [1241900001.5, 1241900010.25]
    assert only.snr.tolist() == [9.0, 9.0]
    assert only.known.tolist() == [[1241900000.0, 1241900128.0]]


def test_csv_of_one_channel_is_known_from_first_to_last_trigger(tmp_path, caplog):
    path = tmp_path / "triggers.csv"
    path.write_text(
        "time,frequency,snr\n1241900050,20,9\n1241900010,20,9\n1241900010,20,9\nx,20,9\n1241900020,20,\n"
        "1241900190,900,9\n1241900300,20,9\n"
    )
    with caplog.at_level(logging.INFO):
        (only,) = read(path, channel="L1:ASC-X_TR_B", frequency_hz=(10.0, 100.0))
    assert only.channel == "L1:ASC-X_TR_B"
    assert only.times.tolist() == [1241900010.0, 1241900050.0]
    assert only.known == pytest.approx(np.array([[1241900010.0, 1241900300.0]]))
    assert "2 rows have no time or SNR" in caplog.text
    assert "1 repeated, 1 outside the segments" in caplog.text
    assert "1 were not in order" in caplog.text


def test_csv_of_many_channels_and_detectors(tmp_path, caplog):
    path = tmp_path / "triggers.csv"
    path.write_text(
        "channel,time,snr\nL1:B,1241900050,9\nL1:A,1241900010,9\nH1:A,1241900020,9\nL1:A,1241900090,9\n"
    )
    a, b = read(path)
    assert [a.channel, b.channel] == ["L1:A", "L1:B"]
    assert (len(a), len(b)) == (2, 1)
    assert a.known == pytest.approx(b.known)
    assert "1 triggers are of another detector than L1" in caplog.text


def test_files_of_other_detectors_are_not_opened(tmp_path, caplog):
    omicron(tmp_path, "PEM_EX", 1241900000, [1241900010.0])
    (tmp_path / "H1-PEM_EX_OMICRON-1241900000-64.h5").write_text("not a file of HDF5")
    (only,) = read(tmp_path)
    assert len(only) == 1
    assert "1 of 2 files are of another detector than L1" in caplog.text


def test_a_detector_without_triggers_has_no_channel_and_the_log_says_so(tmp_path, caplog):
    (tmp_path / "L1-triggers.csv").write_text("time,snr\n1241900050,9\n")
    source = TriggerSource(str(tmp_path / "L1-triggers.csv"), "L1:A")
    assert read_triggers([source], "H1", SEGMENTS) == []
    assert "no auxiliary trigger is of H1: 1 triggers are of another detector than H1" in caplog.text
    (tmp_path / "L1-OVERFLOW.txt").write_text("1241900050 1241900060\n")
    assert read_flags([tmp_path / "L1-OVERFLOW.txt"], "H1", SEGMENTS, detectors=["H1", "L1"]) == []
    assert "0 of 1 flags are of H1" in caplog.text


def test_the_detector_stands_for_its_place_in_path_and_channel(tmp_path):
    (tmp_path / "H1.csv").write_text("time,snr\n1241900050,9\n")
    (only,) = read_triggers([TriggerSource(f"{tmp_path}/{{ifo}}.csv", "{ifo}:A")], "H1", SEGMENTS)
    assert (only.channel, len(only)) == ("H1:A", 1)
    (tmp_path / "H1-B.txt").write_text("1241900050 1241900060\n")
    assert read_flags([f"{tmp_path}/{{ifo}}-B.txt"], "H1", SEGMENTS)[0].channel == "H1:B"
    with pytest.raises(UserError, match=r"would be those of .*:A in every detector"):
        read_triggers([TriggerSource(f"{tmp_path}/H1.csv", "{ifo}:A")], "L1", SEGMENTS)
    with pytest.raises(UserError, match="names no detector: write it like L1:A"):
        read_triggers([TriggerSource(f"{tmp_path}/H1.csv", "A")], "L1", SEGMENTS)


def test_ligo_lw(tmp_path):
    text = "".join(
        f'<Column Name="sngl_burst:{name}" Type="{kind}"/>'
        for name, kind in (
            ("ifo", "lstring"),
            ("channel", "lstring"),
            ("peak_time", "int_4s"),
            ("peak_time_ns", "int_4s"),
            ("peak_frequency", "real_4"),
            ("snr", "real_4"),
        )
    )
    path = tmp_path / "L1-PEM_EX_OMICRON-1241900000-64.xml"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE LIGO_LW SYSTEM "x.dtd"><LIGO_LW><Table Name="sngl_burst:table">'
        f'{text}<Stream Name="sngl_burst:table" Type="Local" Delimiter=",">'
        '"L1","PEM-EX",1241900010,250000000,60.0,12.5</Stream></Table></LIGO_LW>'
    )
    (only,) = read(path)
    assert (only.channel, only.times[0], only.snr[0]) == ("L1:PEM-EX", 1241900010.25, 12.5)


def test_errors_say_what_and_where(tmp_path):
    path = tmp_path / "triggers.csv"
    with pytest.raises(UserError, match=r"triggers\.csv do not exist"):
        read(path)
    path.write_text("time,frequency\n1241900050,20\n")
    with pytest.raises(UserError, match="no column 'snr'"):
        read(path, channel="L1:A")
    path.write_text("time,snr\n1241900050,20\n")
    with pytest.raises(UserError, match=r"channel of the triggers in .* is not known"):
        read(path)
    with pytest.raises(UserError, match="no auxiliary trigger of L1 is left of 1 in 1 files: 1 are outside"):
        read(path, channel="L1:A", segments=np.array([[0.0, 9.0]]))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="has no trigger file"):
        read(tmp_path / "empty")


def scattering_file(path, channels, start=1241900000):
    """Write segments as `gwdetchar.scattering` does: groups named after channels, flags after optics."""
    flags = {
        f"L1:SUS-{name}": DataQualityFlag(
            "L1:DCH-ETMX_SCATTERING_GE_15_HZ:1",
            active=[(start + a, start + b) for a, b in active],
            known=[(start, start + 100)],
        )
        for name, active in channels.items()
    }
    DataQualityDict(flags).write(str(path), format="hdf5", path="segments", overwrite=True)


def test_one_hdf5_file_has_many_channels_and_files_are_joined(tmp_path):
    scattering_file(tmp_path / "L1-A-1241900000-100.h5", {"ETMX_L1": [], "ETMX_L2": [(40, 50), (10, 20)]})
    scattering_file(tmp_path / "L1-A-1241900100-100.h5", {"ETMX_L2": [(0, 5)]}, start=1241900100)
    first, second = read_flags([tmp_path], "L1", SEGMENTS)
    assert (first.channel, second.channel) == ("L1:SUS-ETMX_L1", "L1:SUS-ETMX_L2")
    assert len(first.active) == 0
    assert (second.active - 1241900000).tolist() == [[10, 20], [40, 50], [100, 105]]
    assert (second.known - 1241900000).tolist() == [[0, 200]]


def test_text_in_the_wrong_order_is_known_everywhere(tmp_path):
    path = tmp_path / "L1-OVERFLOW.txt"
    path.write_text("1241900050 1241900060\n1241900010 1241900020\n1241900015 1241900030\n")
    (only,) = read_flags([path], "L1", SEGMENTS)
    assert only.channel == "L1:OVERFLOW"
    assert (only.active - 1241900000).tolist() == [[10, 30], [50, 60]]
    assert only.known.tolist() == [[-np.inf, np.inf]]


def test_flags_elsewhere_are_refused(tmp_path):
    scattering_file(tmp_path / "L1-A.h5", {"ETMX_L2": [(40, 50)]}, start=1000000000)
    with pytest.raises(UserError, match="1 auxiliary flags of L1 have no time in common"):
        read_flags([tmp_path / "L1-A.h5"], "L1", SEGMENTS)
    with pytest.raises(UserError, match="do not exist"):
        read_flags([tmp_path / "none.h5"], "L1", SEGMENTS)

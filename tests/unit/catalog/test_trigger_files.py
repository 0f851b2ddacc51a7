"""Files of trigger generators: Omicron's without a trigger, PyCBC's, SNAX's and other LIGO_LW tables."""

import gzip
import logging

import h5py
import numpy as np
import pytest

from glitch_explorer.core.errors import UserError
from tests.unit.catalog import built

OMICRON = [(name, "f8") for name in ("time", "frequency", "tstart", "tend", "fstart", "fend", "snr")]
ROW = (1250000061.5, 60.0, 1250000061.0, 1250000062.0, 50.0, 80.0, 9.5)


def build(tmp_path, *paths, **options):
    return built.build(tmp_path, "triggers", paths, strain="{ifo}:GDS-CALIB_STRAIN", **options)


def hdf5(folder, name="L1-GDS_CALIB_STRAIN_OMICRON-1250000060-60.h5", **members):
    """Write an HDF5 file of data sets by their paths."""
    path = folder / name
    with h5py.File(path, "w") as file:
        for member, values in members.items():
            file[member.replace("__", "/")] = values
    return path


def ligolw(folder, table, columns, *rows, name="L1-X.xml"):
    text = "".join(f'<Column Name="{column}" Type="{kind}"/>' for column, kind in columns.items())
    path = folder / name
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE LIGO_LW SYSTEM "x.dtd">'
        f'<LIGO_LW><Table Name="{table}:table">{text}'
        f'<Stream Name="{table}:table" Type="Local" Delimiter=",">{",".join(rows)}</Stream></Table></LIGO_LW>'
    )
    return path


@pytest.fixture
def folder(tmp_path):
    """Make a folder with one file that has a trigger."""
    path = tmp_path / "triggers"
    path.mkdir()
    hdf5(path, triggers=np.array([ROW], OMICRON))
    return path


def test_the_case_of_an_empty_omicron_file(tmp_path, shared_cases, caplog):
    case = shared_cases / "empty-omicron-h5"
    with caplog.at_level(logging.INFO):
        glitches, quarantine, _ = build(tmp_path, case / "one", case / "segments_only.h5")
    assert len(glitches) == 5
    assert quarantine.empty
    assert "2 of 3 files have no rows" in caplog.text


@pytest.mark.parametrize(
    "members",
    [
        {"triggers": np.zeros(0)},
        {"triggers": np.zeros(0, OMICRON)},
        {"segments": np.zeros(1, [("start", "f8"), ("end", "f8")])},
        {"segments": np.zeros((1, 2)), "triggers": np.zeros(0)},
        {"L1__psd": np.ones(8)},
        {"L1__psd": np.ones(8), "background__snr": np.ones(3)},
        {},
    ],
)
def test_a_file_without_triggers_adds_none(tmp_path, folder, members, caplog):
    path = hdf5(folder, "L1-GDS_CALIB_STRAIN_OMICRON-1250000000-60.h5", **members)
    with caplog.at_level(logging.INFO):
        glitches, quarantine, _ = build(tmp_path, folder)
    assert len(glitches) == 1
    assert quarantine.empty
    assert f"1 of 2 files have no rows, such as {path}" in caplog.text


def test_a_ligo_lw_file_without_a_table_of_triggers_adds_none(tmp_path, folder):
    ligolw(folder, "segment", {"start_time": "int_4s", "end_time": "int_4s"}, "1250000000,1250000060")
    assert len(build(tmp_path, folder)[0]) == 1


def test_only_empty_files_stop_the_run(tmp_path):
    path = hdf5(tmp_path, triggers=np.zeros(0))
    with pytest.raises(
        UserError, match=r"no glitch in source\.paths: 1 files are without rows, such as .*h5"
    ):
        build(tmp_path, path)


@pytest.mark.parametrize(
    "members",
    [{"triggers": np.ones(3)}, {"strain__Strain": np.ones(8)}, {"x": np.zeros(2, [("tyme", "f8")])}],
)
def test_other_data_are_refused(tmp_path, folder, members):
    hdf5(folder, "L1-x.h5", **members)
    with pytest.raises(
        UserError, match=r"L1-x\.h5 has no table with a known column; tables can be CSV, LIGO_LW"
    ):
        build(tmp_path, folder)


def test_pycbc_has_a_group_of_columns_for_each_detector(tmp_path):
    members = {
        f"{ifo}__{name}": values
        for ifo, times in (("H1", [1250000061.25]), ("L1", [1250000071.5, 1250000081.5]))
        for name, values in (
            ("end_time", np.array(times)),
            ("snr", np.full(len(times), 7.5, "f4")),
            ("template_duration", np.ones(len(times))),
            ("psd", np.ones(9)),
            ("loudest", np.arange(1)),
        )
    }
    glitches, _, _ = build(tmp_path, hdf5(tmp_path, "H1L1-Live-1250000060.0-60.0.hdf", **members))
    assert glitches["event_time"].groupby(glitches["ifo"]).apply(list).to_dict() == {
        "H1": [1250000061.25],
        "L1": [1250000071.5, 1250000081.5],
    }
    assert set(glitches["snr"]) == {7.5}


def test_snax_has_a_group_for_each_channel(tmp_path, caplog):
    rows = np.array([(1250000061.5, 9.0), (1250000062.5, 9.0)], [("time", "f8"), ("snr", "f8")])
    later = rows.copy()
    later["time"] += 20
    members = {
        "L1:GDS-CALIB_STRAIN__1250000060.0_20.0": rows,
        "L1:GDS-CALIB_STRAIN__1250000080.0_20.0": later,
        "L1:PEM-EX_ACC__1250000060.0_20.0": rows,
    }
    glitches, _, _ = build(tmp_path, hdf5(tmp_path, "L-SNAX_FEATURES-1250000060-40.h5", **members))
    assert glitches["event_time"].tolist() == [1250000061.5, 1250000062.5, 1250000081.5, 1250000082.5]
    assert set(glitches["ifo"]) == {"L1"}
    assert "2 of L1:PEM-EX_ACC" in caplog.text


@pytest.mark.parametrize("zipped", [False, True])
def test_sngl_inspiral(tmp_path, zipped):
    columns = {"ifo": "lstring", "channel": "lstring", "end_time": "int_4s", "end_time_ns": "int_4s"}
    columns["snr"] = "real_4"
    path = ligolw(tmp_path, "sngl_inspiral", columns, '"L1","GDS-CALIB_STRAIN",1250000061,500000000,8.5')
    if zipped:
        (tmp_path / "L1-X.xml.gz").write_bytes(gzip.compress(path.read_bytes()))
        path = tmp_path / "L1-X.xml.gz"
    glitches, _, _ = build(tmp_path, path)
    assert glitches.loc[0, ["ifo", "event_time", "snr"]].tolist() == ["L1", 1250000061.5, 8.5]


@pytest.mark.parametrize("name", ["L1-x.json", "L1-x.txt", "L1-x.root"])
def test_what_can_be_read_stands_in_the_message(tmp_path, name):
    path = tmp_path / name
    path.write_text("no table")
    with pytest.raises(
        UserError, match=rf"{name} cannot be read as a table: .*; tables can be CSV, .*PyCBC, SNAX"
    ) as error:
        build(tmp_path, path)
    assert "\n" not in str(error.value)

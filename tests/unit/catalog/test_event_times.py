"""Event times that are not GPS times, or are no longer."""

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glitch_explorer.catalog.parse import other_time
from glitch_explorer.core.errors import UserError
from tests.unit.catalog import built

GPS = 1240000000.0 + np.array([3.125, 77.25, 1512.5, 30044.75, 86412.875])


def build(tmp_path, times, **options):
    path = tmp_path / "a.csv"
    rows = [f"{time},H1,id{number}" for number, time in enumerate(times)]
    path.write_text("\n".join(["event_time,ifo,gravityspy_id", *rows]) + "\n")
    return built.build(tmp_path, "catalogue", [path], **options)


@pytest.mark.parametrize(
    ("kind", "times"),
    [
        ("mjd", 44244 + GPS / 86400),
        ("julian_date", 2444244.5 + GPS / 86400),
        ("spreadsheet_date", 29226 + GPS / 86400),
        ("decimal_year", 1980 + GPS / 31557600),
        ("milliseconds", GPS * 1e3),
        ("microseconds", GPS * 1e6),
        ("nanoseconds", GPS * 1e9),
        ("rounded_to_100_s", np.round(GPS, -2)),
        ("rounded_to_100_s", np.full(5, 1.24e9)),
        ("rounded_by_a_spreadsheet", [f"{time:.2E}" for time in GPS]),
        ("rounded_by_a_spreadsheet", [f"{time:.5e}" for time in GPS]),
        ("single_precision", GPS.astype(np.float32).astype(float)),
        (
            "date",
            ["2019-04-25T20:26:25", "2019-04-25 20:26:25.5", "2019/04/25", "25.04.2019 20:26", "4/25/19"],
        ),
    ],
)
def test_other_times_are_told(tmp_path, kind, times):
    with pytest.raises(
        UserError, match=rf"5 x event_time_not_gps \(looks_like={kind}\); event times must be GPS"
    ):
        build(tmp_path, times)


def test_rows_with_a_date_do_not_stop_the_others(tmp_path):
    glitches, quarantine, _ = build(tmp_path, [*GPS, "2019-04-25T20:26:25", "1.24E+09"])
    assert len(glitches) == 5
    assert quarantine["detail"].tolist() == ["looks_like=date", "looks_like=rounded_by_a_spreadsheet"]


def test_single_rows_of_another_time_are_named_among_gps_times(tmp_path):
    glitches, quarantine, _ = build(tmp_path, [*GPS, 58800.25, 2019.4, GPS[0] * 1e3, -7.0])
    assert len(glitches) == 5
    kinds = ["looks_like=mjd", "looks_like=decimal_year", "looks_like=milliseconds", ""]
    assert quarantine["detail"].tolist() == kinds


def test_times_of_single_precision_in_hdf5(tmp_path):
    path = tmp_path / "H1-x.h5"
    with h5py.File(path, "w") as file:
        file["triggers"] = np.array([(time, 9.0) for time in GPS], [("time", "f4"), ("snr", "f4")])
    with pytest.raises(UserError, match="looks_like=single_precision"):
        built.build(tmp_path, "triggers", [path])


def test_metadata_with_other_times_stop_pictures(tmp_path):
    pictures = tmp_path / "data" / "Blip"
    pictures.mkdir(parents=True)
    for number in range(5):
        (pictures / f"H1_id{number}_spectrogram_0.5.png").write_bytes(bytes([number]))
    frame = pd.DataFrame({"gravityspy_id": [f"id{n}" for n in range(5)], "event_time": 44244 + GPS / 86400})
    frame.to_csv(tmp_path / "m.csv", index=False)
    with pytest.raises(UserError, match="looks_like=mjd"):
        built.build(tmp_path, "images", [tmp_path / "data"], metadata=[str(tmp_path / "m.csv")])


@pytest.mark.parametrize(
    "times",
    [
        GPS,
        np.floor(GPS),  # whole seconds
        1.24e9 + 100.0 * np.arange(8),  # an even grid
        [1.24e9, 1.24e9 + 300],  # too few to be sure
        np.arange(1.0, 9.0) ** 2 * 100,  # simulated
        [np.nan, np.nan],
        [],
    ],
)
def test_gps_times_are_left_alone(times):
    assert other_time(np.array(times, float)) is None


@given(st.lists(st.floats(6e8, 2e9), min_size=4, max_size=30, unique=True))
def test_no_glitches_with_decimals_are_taken_for_others(times):
    fine = np.array(times) + 0.001
    assert other_time(np.where(fine % 1 == 0, fine + 0.5, fine)) is None


def test_whole_seconds_are_told(tmp_path, caplog):
    build(tmp_path, [f"{time:.10g}" for time in np.concatenate([GPS, GPS + 200_000.3])])
    assert "all 10 event times are whole seconds, as after a spreadsheet" in caplog.text
    caplog.clear()
    for times in (np.append(np.floor(GPS), GPS + 7), np.floor(GPS), 1.24e9 + 7.0 * np.arange(20)):
        build(tmp_path, times)
    assert "whole seconds" not in caplog.text


def test_unix_times_lie_in_the_future(tmp_path, caplog):
    build(tmp_path, GPS + 315964782)
    assert "all event times lie in the future: Unix times minus 315964782 s are GPS times" in caplog.text
    caplog.clear()
    build(tmp_path, GPS)
    assert "future" not in caplog.text

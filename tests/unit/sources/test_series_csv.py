"""Trends in CSV files: what is read, in any order and with missing rows, and what is refused."""

import logging

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glitch_explorer.core.errors import UserError
from glitch_explorer.sources import frame_files, frames
from glitch_explorer.sources.frame_files import read_series
from glitch_explorer.sources.reasons import Reason

START = 1262649600.0
WIND, GROUND = "L1:PEM-EY_WIND.mean", "L1:ISI-GND_Z_BLRMS_1_3.mean"


def table(n, step=60.0):
    time = START + step * np.arange(n)
    return pd.DataFrame({"time": time, WIND: np.arange(n) / 2, GROUND: np.arange(n) ** 2})


@pytest.fixture
def trend(tmp_path):
    table(100).drop(index=[7, 8]).to_csv(tmp_path / "trends.csv", index=False)
    return tmp_path


def test_trends_are_found_and_read_as_frames_are(trend):
    (frame,) = frame_files.find_frames(str(trend), ifo="L1", frame_type=None)
    assert (frame.start, frame.end) == (START, START + 6000)
    pieces = frames.load_many(frame, [WIND, "L1:OTHER"])
    assert pieces["L1:OTHER"] is Reason.NO_CHANNEL
    assert (pieces[WIND].t0, pieces[WIND].rate) == (START, pytest.approx(1 / 60))
    expected = np.arange(100) / 2
    expected[[7, 8]] = np.nan
    np.testing.assert_array_equal(pieces[WIND].values, expected)
    assert frames.channel_rates(frame, ["*_BLRMS_*"]) == {GROUND: pytest.approx(1 / 60)}
    with pytest.raises(UserError, match="no frame of H1"):
        frame_files.find_frames(str(trend), ifo="H1", frame_type=None)


def test_a_file_that_was_written_again_is_read_again(trend):
    path = trend / "trends.csv"
    read_series(str(path))
    table(5).to_csv(path, index=False)
    assert len(read_series(str(path))[2][WIND]) == 5


@given(
    rows=st.lists(st.integers(0, 300), min_size=2, max_size=50, unique=True),
    step=st.sampled_from([0.0625, 1.0, 60.0]),
)
def test_rows_may_be_missing_and_in_any_order(tmp_path_factory, rows, step):
    # Two neighbours show the step.
    rows = [*rows, max(rows) + 1]
    path = tmp_path_factory.mktemp("csv") / "trend.csv"
    table(302, step).iloc[[*rows, *rows[:3]]].to_csv(path, index=False)
    start, found, series = read_series(str(path))
    assert (start, found) == (START + step * min(rows), step)
    values = series[GROUND]
    assert len(values) == max(rows) - min(rows) + 1
    known = np.flatnonzero(~np.isnan(values)) + min(rows)
    assert known.tolist() == sorted(rows)
    np.testing.assert_array_equal(values[known - min(rows)], known**2)


def test_what_is_no_number_is_no_data(tmp_path):
    rows = table(5).astype({WIND: object})
    rows.loc[2, WIND] = "bad"
    rows.to_csv(tmp_path / "a.csv", index=False)
    assert np.isnan(read_series(str(tmp_path / "a.csv"))[2][WIND]).tolist() == [
        False,
        False,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"time,{WIND}\n1,1\n", "1 rows with a time"),
        (f"time,{WIND}\n1,1\n2,1\n3.4,1\n", "not evenly spaced"),
        (f"time,{WIND}\n1,1\n2,1\n2.001,1\n9000,1\n", "not evenly spaced"),
        (f'time,{WIND}\n"1,1\n', "cannot be read as CSV"),
    ],
)
def test_what_is_no_series_is_refused_with_its_reason(tmp_path, caplog, text, problem):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(UserError, match=problem):
        read_series(str(tmp_path / "a.csv"))
    # Among frames, another file may be the right one.
    with caplog.at_level(logging.WARNING), pytest.raises(UserError, match="no frame of L1"):
        frame_files.find_frames(str(tmp_path), ifo="L1", frame_type=None)
    assert problem in caplog.text


def test_other_tables_among_frames_are_passed_over(trend):
    (trend / "glitches.csv").write_text("GPStime,ifo,snr\n1262649600.5,L1,9\n")
    (frame,) = frame_files.find_frames(str(trend), ifo="L1", frame_type=None)
    assert frame.path.endswith("trends.csv")

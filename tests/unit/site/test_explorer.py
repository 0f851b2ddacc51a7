"""The map's data: packed columns, samples, leap seconds, the line of gwpy."""

import base64
import random

import numpy as np
import pandas as pd
import pytest
from astropy.time import Time

from glitch_explorer.core import tables
from glitch_explorer.similar.schemas import NEIGHBOURS
from glitch_explorer.site.map.data import column_data, live_data, neighbour_data, packed, point_data
from glitch_explorer.site.map.gwpy_line import gwpy_line
from glitch_explorer.site.map.leap_seconds import leap_seconds
from glitch_explorer.site.map.sample import ODD, even_sample

TYPES = {"Float32": "<f4", "Float64": "<f8", "Uint8": "u1", "Uint16": "<u2", "Int32": "<i4"}


def unpacked(column: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(column["data"]), TYPES[column["type"]])


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "glitch_id": ["a", "b", "b"],
            "view": ["", "0.5", "4.0"],
            "x": [0.0, 1.0, 2.0],
            "y": [0.0, 1.0, 2.0],
            "event_time": [1187008882.4, np.nan, np.nan],
            "duration_s": [0.5, np.nan, np.nan],
            "peak_frequency_hz": [100.0, np.nan, np.nan],
            "snr": [8.04, np.nan, np.nan],
            "probability": [1.0, 0.5, 0.0],
            "isolation": [1.0, 2.0, 1.5],
            "family": ["F001", "F001", "-1"],
            "label": ["Tomte", None, "zebra"],
            "ifo": ["L1", "H1", "H1"],
            "run": ["O2", None, None],
        }
    )


def test_what_has_no_name_comes_last(rows: pd.DataFrame) -> None:
    data = point_data(rows)
    assert data["names"] == {
        "family": ["F001", "-1"],
        "label": ["Tomte", "zebra", "no label"],
        "detector": ["H1", "L1"],
        "run": ["O2", "no run"],
    }
    assert unpacked(data["label"]).tolist() == [0, 2, 1]
    assert unpacked(data["x"]).tolist() == [0.0, 1.0, 2.0]


def test_columns_keep_gps_times_whole_and_gaps_as_nan(rows: pd.DataFrame) -> None:
    judged = {"family": "F001", "label": "zebra", "evidence": 0.9, "issue": True, "confusable_pair": False}
    suspects = pd.DataFrame([{"glitch_id": "b", "view": "4.0", "proposed_label": "Tomte"} | judged])
    data = column_data(rows, suspects, ["b"])
    assert unpacked(data["time"])[0] == 1187008882.4
    assert np.isnan(unpacked(data["snr"])[1:]).all()
    assert unpacked(data["suspect"]).tolist() == [0, 0, 1]
    assert [data["names"]["proposed"][code] for code in unpacked(data["proposed"])] == ["", "", "Tomte"]
    assert unpacked(data["glitch"]).tolist() == [0, 1, 1]
    assert unpacked(data["sprite"]).tolist() == [-1, 0]


def test_neighbours_that_are_not_on_the_page_are_left_out(rows: pd.DataFrame) -> None:
    near = {"glitch_id": ["a", "a", "b"], "view": ["", "", "0.5"], "rank": [1, 2, 1]}
    other = {"neighbour_id": ["gone", "b", "b"], "neighbour_view": ["", "4.0", "4.0"]}
    data = neighbour_data(rows, pd.DataFrame(near | other | {"distance": [0.1, 0.25, 0.5]}))
    assert unpacked(data["row"]).reshape(3, data["k"]).tolist() == [[-1, 2], [2, -1], [-1, -1]]
    assert unpacked(data["distance"]).reshape(3, 2)[:2].tolist() == [[0, 0.25], [0.5, 0]]
    assert neighbour_data(rows, tables.empty(NEIGHBOURS))["k"] == 0


def test_live_time_is_merged_by_detector() -> None:
    segments = pd.DataFrame(
        {"ifo": ["H1", "L1", "H1", "H1"], "start": [5.0, 0, 0, 20], "end": [9.0, 4, 6, 30]}
    )
    assert live_data(segments) == {"H1": [[0, 9], [20, 30]], "L1": [[0, 4]]}


def test_packed_numbers_are_little_endian() -> None:
    assert base64.b64decode(packed([1.0, 2.0], "f4")["data"]) == b"\x00\x00\x80?\x00\x00\x00@"


def test_a_sample_keeps_medoids_odd_ones_and_an_even_share() -> None:
    generator = np.random.default_rng(3)
    sizes = {"-1": 4000, "F001": 4000, "F002": 400, "F003": 5}
    family = np.repeat(list(sizes), list(sizes.values()))
    rows = pd.DataFrame({"family": family, "isolation": generator.random(len(family))})
    rows["glitch_id"] = [f"g{number}" for number in range(len(rows))]
    medoids = {"g4100", "g8405"}
    kept = even_sample(rows, 1000, medoids)
    assert 950 <= kept.sum() <= 1000
    assert rows.loc[rows["glitch_id"].isin(medoids)].index.isin(np.flatnonzero(kept)).all()
    for name, members in rows.groupby("family"):
        if name != "-1":
            assert kept[members.nlargest(ODD, "isolation").index].all()
    shares = pd.Series(kept).groupby(family).mean()
    assert shares["-1"] == pytest.approx(shares["F001"], abs=0.01)
    assert (kept == even_sample(rows, 1000, medoids)).all()
    assert even_sample(rows, len(rows), set()).all()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("none", "TimeSeries.fetch_open_data('{ifo}', {start}, {end})"),
        ("gwosc", "TimeSeries.fetch_open_data('{ifo}', {start}, {end})"),
        ("nds2", "TimeSeries.get('{ifo}:C', {start}, {end})"),
        ("gwdatafind", "TimeSeries.find('{ifo}:C', {start}, {end}, frametype='{ifo}_T')"),
        ("frames", "TimeSeries.read(glob('a/{ifo}/**/*.gwf', recursive=True), '{ifo}:C', {start}, {end})"),
    ],
)
def test_the_line_of_gwpy_fits_the_source(source: str, expected: str) -> None:
    assert gwpy_line(source, channel="{ifo}:C", frames="a/{ifo}", frame_type="{ifo}_T") == expected


def test_leap_seconds_are_those_of_astropy() -> None:
    steps = leap_seconds(1.4e9)
    assert steps[-1] == (1167264018, 18)
    assert leap_seconds(1.1e9) == steps[:-2]  # those of July 2015 and January 2017 come later
    draw = random.Random(1)
    around = [step + part for step, _ in steps for part in (-2, 0, 1)]
    for gps in [draw.randrange(30_000_000, 1_400_000_000) for _ in range(100)] + around:
        offset = next((after for start, after in reversed(steps) if gps >= start), 0)
        naive = np.datetime64(gps + 315964800 - offset, "s")
        assert Time(gps, format="gps").utc.isot == f"{naive}.000", gps

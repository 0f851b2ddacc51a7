"""Minute trends of Livingston as witnesses of scattered light in January and February 2020."""

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.coupling.auxiliary.trend_files import TrendSource, read_trends
from glitch_explorer.coupling.coincidence.scan import Scan
from glitch_explorer.coupling.coincidence.search import find_coincidences
from tests.fixtures.trends import TRENDS


@pytest.fixture(scope="module")
def table(shared_data):
    if not (shared_data / TRENDS).exists():
        pytest.skip(f"no {TRENDS} in the shared data")
    folder = (shared_data / TRENDS).parent
    segments = np.loadtxt(folder / "o3b_L1_times.dat")[:, :2]
    segments = segments[(segments[:, 0] > 1262649600) & (segments[:, 1] < 1264982400)]
    times = np.unique(pd.read_csv(folder / "L1_scattered_light_O3b_Jan-Feb2020.csv")["GPStime"])
    trends = read_trends(TrendSource([str(shared_data / TRENDS)], ["*:ISI-GND_*", "*:PEM-*"]), "L1", segments)
    options = {"scan": Scan(), "slides": 500, "most_slides": 500, "seed": 42, "threads": 1}
    return find_coincidences(times, segments, trends, ["unknown"] * len(trends), **options).table


def test_the_driver_of_the_joint_model_is_the_strongest_witness_and_a_small_one(table):
    assert len(table) == 16
    first = table.iloc[0]
    assert first["channel"] == "L1:ISI-GND_STS_ITMY_Z_BLRMS_1_3.mean"
    assert first["measure"] == "high"
    assert first["p_fwer"] < 0.05
    assert 0.005 < first["excess_efficiency"] < 0.03
    assert (table["p_fwer"][1:] > 0.2).all()
    # All of the segments but the minutes at their ends.
    assert table["coverage"].between(0.96, 0.99).all()

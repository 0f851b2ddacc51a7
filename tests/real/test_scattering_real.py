"""27 days of scattered light in L1: labels, segments and minute trends as people have them, no strain."""

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.coupling.rates.schemas import SLOW_DRIVERS
from glitch_explorer.impact.schemas import COST
from tests.fixtures.project import Project
from tests.fixtures.real_runs import real_run

pytestmark = pytest.mark.slow

GPS = [1262649600, 1264982400]


@pytest.fixture(scope="module")
def study(root, shared_data, tmp_path_factory) -> Project:
    """Return the run of ten lines; the trends' file keeps its own name, which says nothing of its times."""
    return real_run(root, shared_data, tmp_path_factory, "drivers")


def test_the_glitches_are_those_that_plain_counting_finds(study, shared_data):
    folder = shared_data / "o3_scattering"
    times = pd.read_csv(folder / "L1_scattered_light_O3b_Jan-Feb2020.csv")["GPStime"].to_numpy()
    spans = np.loadtxt(folder / "o3b_L1_times.dat")[:, :2].clip(*GPS)
    inside = np.any((spans[:, :1] <= times) & (times < spans[:, 1:]), axis=0)
    glitches = tables.read(GLITCHES, study.folder / "results/catalog/glitches.parquet")
    # Rows of one time under several ids are one glitch.
    assert sorted(glitches["event_time"]) == sorted(set(times[inside]))
    assert len(glitches) == 8896


def test_minute_trends_are_slow_drivers_and_no_witnesses(study):
    rows = tables.read(SLOW_DRIVERS, study.folder / "results/coupling/slow_drivers/L1.parquet")
    assert set(rows["family"]) == {"F001"}
    assert rows["channel"].nunique() == len(rows) == 16
    assert (rows["reason"] == "").all()
    assert (rows["answer"] != "too short").all()
    page = (study.folder / "results/site/family/F001.html").read_text()
    assert "Family F001" in page
    assert "Scattered_Light" in page
    assert "a sample is longer than 10 s, as in a minute trend: 16 channels" in page


def test_the_range_comes_from_a_trend(study):
    (cost,) = tables.read(COST, study.folder / "results/impact/cost.parquet").to_dict("records")
    assert cost["family"] == "F001"
    assert cost["cost_low"] > 0
    front = (study.folder / "results/site/index.html").read_text()
    assert "No map was made" in front
    # The list covers what is analysed.
    assert "before the first or after the last glitch" not in front

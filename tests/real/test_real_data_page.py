"""docs/explanation/real-data.md has the numbers that the runs of `make real-data` give."""

import difflib
import re

import numpy as np
import pytest

from docs.real_data.page import PAGE, PICTURES, page_figures, page_numbers, page_text
from tests.fixtures.real_runs import real_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def numbers(root, shared_data, tmp_path_factory):
    runs = [real_run(root, shared_data, tmp_path_factory, name) for name in ("triggers", "drivers")]
    return page_numbers(*(run.folder / "results" for run in runs), shared_data)


def test_the_page_has_the_numbers_of_the_runs(numbers):
    old, new = PAGE.read_text(), page_text(numbers)
    changes = difflib.unified_diff(old.splitlines(), new.splitlines(), "page", "runs", lineterm="", n=0)
    assert old == new, "run `make real-data`:\n" + "\n".join(changes)


def test_the_page_shows_every_figure(numbers, shared_data):
    shown = set(re.findall(r"\.\./pictures/real/(\w+)\.png", PAGE.read_text()))
    assert shown == {path.stem for path in PICTURES.iterdir()}
    assert shown == set(page_figures(numbers, shared_data))
    assert max(path.stat().st_size for path in PICTURES.iterdir()) < 150_000


def test_the_run_finds_what_plain_counting_finds(numbers):
    triggers = numbers["triggers"]
    monitor, plain = triggers["monitor"], triggers["plain"]
    assert plain["n"] == 8360
    assert monitor["efficiency"] == pytest.approx(plain["share"], abs=0.0005)
    assert plain["share"] == pytest.approx(0.152, abs=0.0005)
    assert plain["shifted_low"] < monitor["expected_efficiency"] < plain["shifted_high"]
    others = triggers["classes"].query("name != 'Scattered_Light'")
    assert (others["q_value"] > 0.5).all()
    assert (others["excess_high"] < 0.01).all()
    first, second = triggers["channels"].iloc[0], triggers["channels"].iloc[1]
    for row, key in ((first, "first"), (second, "second")):
        counted = triggers["plain_segments"][key][0.0]
        assert counted["n"] == row["n_glitches"] == 854
        assert row["efficiency"] == pytest.approx(counted["share"])
        assert row["deadtime"] == pytest.approx(counted["deadtime"], abs=1e-4)
        assert counted["shifted_low"] < row["expected_efficiency"] < counted["shifted_high"]


def test_two_populations_share_the_label(numbers):
    """The rise of the share with SNR is mostly between days, which a leak of strain is not."""
    loud, faint, _ = numbers["triggers"]["kinds"]
    assert loud["share"] > 20 * faint["share"]
    assert loud["median_hz"] < 22 < 32 < faint["median_hz"]
    below = numbers["triggers"]["below_10"]
    assert below["loud"]["share"] > 10 * below["loud"]["shifted"]
    assert below["faint"]["share"] < 0.01


def test_rows_of_one_time_are_one_glitch(numbers):
    counts = numbers["counts"]
    assert {name: row["repeated"] for name, row in counts.items()} == {"O3a": 2030, "O3b": 81, "month": 390}
    # One of them repeats outside the analysed time; two glitches are in both lists.
    assert numbers["triggers"]["log"]["repeated"] == 2030 + 390 - 1 + 2


def test_ground_motion_of_1_to_3_hz_drives_the_rate_of_2020(numbers):
    drivers = numbers["drivers"]
    assert len(drivers["rows"]) == 16
    assert drivers["joint"]["driver"].tolist() == ["ITMY vertical, 1–3 Hz"]
    assert drivers["first"]["clock_low"] > 1
    within = set(drivers["significant"]["within"])
    assert all("1–3 Hz" in name or "3–10 Hz" in name for name in within)
    assert within >= set(drivers["significant"]["clock"])
    assert (drivers["rows"]["answer"] != "falls").all()
    # Rate in the top tenth over the lower half, by plain counting of the raw files.
    plain = drivers["rows"].set_index("driver")["plain"]
    for driver, ratio in (
        ("ETMX vertical, 3–10 Hz", 1.74),
        ("ETMY along Y, 1–3 Hz", 1.58),
        ("ITMY vertical, 1–3 Hz", 1.56),
        ("ETMX along X, 1–3 Hz", 1.42),
        ("ETMY along Y, 0.1–0.3 Hz", 0.38),
    ):
        assert plain[driver] == pytest.approx(ratio, abs=0.03)


def test_the_range_is_the_same_with_and_without_glitches(numbers):
    without, *others = numbers["drivers"]["range"]
    for row, counted in zip(numbers["drivers"]["range"], numbers["drivers"]["plain_range"], strict=True):
        assert row["mean"] == pytest.approx(counted["mean"], abs=0.0005)
    for row in others:
        assert abs(row["mean"] - without["mean"]) < 2 * np.hypot(row["error"], without["error"])
    assert numbers["drivers"]["cost"]["range_loss"] < 0.001

"""The rows of the witness pages carry the right codes and numbers."""

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core import tables
from glitch_explorer.coupling.rates.schemas import SLOW_DRIVERS
from glitch_explorer.coupling.schemas import SCATTERING
from glitch_explorer.site.witnesses.plots import feature_settling_s, lag_profiles, make_profile
from glitch_explorer.site.witnesses.rates import ground_band, ground_result
from glitch_explorer.site.witnesses.rows import fringe_result, state_of
from tests.fixtures.macros import macro_text

SENTENCES = "witnesses/sentences.html"


@pytest.mark.parametrize(
    ("band", "name"),
    [
        ("0.03-0.1", "earthquake"),
        ("0.1-0.3", "microseism"),
        ("1-6", "human"),
        ("3-10", "human"),
        ("10-30", None),
        ("broadband", None),
    ],
)
def test_ground_bands(band, name):
    assert ground_band(band) == name


def slow(**changes):
    row = {
        "family": "F001",
        "ifo": "H1",
        "channel": "H1:GND",
        "band": "1-6",
        "reason": "",
        "clock_reason": "",
    }
    row |= {"ratio": 1.8, "ratio_low": 1.3, "ratio_high": 2.5, "p_value": 0.001, "p_fwer": 0.01}
    row |= {"least_ratio": 1.6, "blocks": 14, "block_s": 172800.0, "answer": "rises"}
    row |= {"clock_ratio": 1.2, "clock_low": 0.9, "clock_high": 1.6, "clock_p_fwer": 0.3}
    return row | {"clock_answer": changes.get("answer", "rises")} | changes


FALLS = {"ratio": 0.5, "ratio_low": 0.4, "ratio_high": 0.6, "answer": "falls"}
UNSEEN = {"p_value": 0.4, "p_fwer": 0.5}
UNTESTED = {"ratio": None, "p_value": None, "p_fwer": None, "least_ratio": None, "answer": "too short"}


@pytest.mark.parametrize(
    ("code", "rows"),
    [
        ("no channel", []),
        ("too short", [slow(**UNTESTED, reason="few_blocks")]),
        ("too short", [slow(**UNSEEN, least_ratio=3.0, answer="too short")]),
        ("nothing found", [slow(**UNSEEN, answer="nothing found")]),
        ("nothing found", [slow(**UNSEEN, answer="nothing found"), slow(**UNTESTED, reason="no_fit")]),
        ("rises", [slow(), slow(**UNTESTED, reason="no_data")]),
        ("rises", [slow(clock_ratio=None, clock_reason="few_days")]),
        ("falls", [slow(**FALLS)]),
        ("both", [slow(), slow(**FALLS)]),
        ("rises", [slow(), slow(**UNSEEN, answer="nothing found")]),
        ("clock only", [slow(clock_answer="nothing found")]),
        ("falls", [slow(clock_answer="nothing found"), slow(**FALLS)]),
    ],
)
def test_ground_motion_has_a_code_and_a_sentence(code, rows):
    result = ground_result(pd.DataFrame(rows, columns=SLOW_DRIVERS.names))
    assert result["code"] == code
    assert macro_text(SENTENCES, "ground", result).strip().endswith(".")


def fringes(**changes):
    row = {"family": "F001", "ifo": "H1", "channel": "H1:SUS", "n_glitches": 40, "matched": 0.6}
    row |= {"matched_low": 0.4, "matched_high": 0.8, "matched_slides": 0.2, "n_slides": 500}
    row |= {"p_value": 0.01, "p_fwer": 0.01, "answer": "yes"}
    return pd.DataFrame([row | changes], columns=SCATTERING.names)


@pytest.mark.parametrize(
    ("code", "rows", "frequency_hz", "kind"),
    [
        ("no frequency", tables.empty(SCATTERING), np.nan, "displacement"),
        ("high frequency", tables.empty(SCATTERING), 200.0, "displacement"),
        ("no channel", tables.empty(SCATTERING), 49.0, "raw"),
        ("too few", tables.empty(SCATTERING), 49.0, "displacement"),
        ("too few", fringes(p_fwer=None, answer="too few"), 30.0, "displacement"),
        ("no", fringes(p_fwer=0.2, answer="no"), 30.0, "displacement"),
        ("yes", fringes(), 30.0, "displacement"),
    ],
)
def test_scattered_light_has_a_code_and_a_sentence(code, rows, frequency_hz, kind):
    result = fringe_result(rows, frequency_hz, pd.DataFrame({"kind": [kind]}))
    assert result["code"] == code
    assert macro_text(SENTENCES, "fringes", result).strip().endswith(".")


def test_an_interval_across_zero_and_a_missing_one_are_marked():
    across = macro_text(SENTENCES, "interval", {"excess_low": -0.02, "excess_high": 0.1})
    assert across.strip() == "95 % interval −0.02 to 0.10, consistent with zero"
    assert "no interval" in macro_text(SENTENCES, "interval", {"excess_low": np.nan, "excess_high": np.nan})


def test_states():
    rows = pd.DataFrame({"p_fwer": [0.01, None], "q_value": [0.04, None]}, dtype=float)
    assert state_of(rows, ["a note"]) == "witnessed"
    assert state_of(rows.assign(q_value=0.06), ["a note"]) == "none"
    assert state_of(rows.head(0), ["too few"]) == "unanswered"
    assert state_of(rows.tail(1), ["only unsafe"]) == "unanswered"
    assert state_of(rows.head(0), None) == "absent"


def test_low_bands_settle_slowly_and_averages_in_a_time_bin():
    assert feature_settling_s("0.3-1", 256.0) > feature_settling_s("10-30", 256.0)
    assert feature_settling_s("mean", 256.0) == 0.5
    assert feature_settling_s("broadband", 0.1) == 10.0


def test_a_lag_with_too_few_glitches_is_a_gap_of_its_profile(tmp_path):
    witness = {"channel": "H1:A", "band": "10-30", "lag": -1.0, "t_peak": 6.0}
    profiles = pd.DataFrame(
        {"channel": "H1:A", "band": "10-30", "lag": [-2, -1, 0], "t_statistic": [0.0, 6.0, 3.0]}
    )
    profiles = profiles.assign(n_glitches=[7, 8, 40], survives=[False, True, False])
    channel = {"kind": "raw", "rate_hz": 256.0}
    profile = make_profile(witness, profiles, channel, half_s=0.1, significant=True)
    assert profile.rows["t_statistic"].isna().tolist() == [True, False, False]
    lag_profiles([("H1", [profile])], tmp_path / "F001.png", dpi=40)
    assert (tmp_path / "F001.png").stat().st_size > 0


def test_an_effect_without_ten_blocks_has_no_interval():
    row = {"excess_low": None, "excess_high": None}
    assert (
        macro_text(SENTENCES, "interval", row).strip() == "no interval: all glitches are in one block of time"
    )

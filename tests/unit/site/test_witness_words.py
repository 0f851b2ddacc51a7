"""The words of the witness pages: numbers read well and claim no more than they show."""

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core import tables
from glitch_explorer.coupling.schemas import SCATTERING, SLOW_DRIVERS
from glitch_explorer.site.witnesses.answers import ground_band, state_of
from glitch_explorer.site.witnesses.plots import feature_settling_s
from glitch_explorer.site.witnesses.words import (
    band_text,
    chance_text,
    equals_text,
    fringe_text,
    ground_text,
    interval_text,
    lag_text,
    share_text,
    signed_text,
)


@pytest.mark.parametrize(
    ("p", "shown"),
    [
        (0.0421, "0.042"),
        (1.0, "1"),
        (0.001, "0.001"),
        (3.4e-5, "3\u00a0×\u00a010⁻⁵"),
        (1e-16, "<\u00a010⁻⁶"),
        (0.0, "<\u00a010⁻⁶"),
        (None, "–"),
        (np.nan, "–"),
    ],
)
def test_chances(p, shown):
    assert chance_text(p) == shown


def test_a_chance_too_small_to_write_is_no_equation():
    assert equals_text("q", 1e-9) == "q\u00a0<\u00a010⁻⁶"
    assert equals_text("q", 0.2) == "q\u00a0=\u00a00.2"


@pytest.mark.parametrize(
    ("lag", "shown"),
    [(-2.0, "2 s before the glitch"), (0.0, "with the glitch"), (3.0, "3 s after the glitch")],
)
def test_lags(lag, shown):
    assert lag_text(lag) == shown


@pytest.mark.parametrize(
    ("band", "shown"),
    [
        ("0.3-1", "0.3–1 Hz"),
        ("mean", "mean value"),
        ("slope", "slope of the mean"),
        ("broadband", "broadband"),
    ],
)
def test_bands(band, shown):
    assert band_text(band) == shown


def test_small_shares_and_signs():
    assert (share_text(0.0), share_text(0.001), share_text(0.85)) == (
        "0\u00a0%",
        "below 1\u00a0%",
        "85\u00a0%",
    )
    assert (signed_text(-19.0), signed_text(0.0), signed_text(9.04, 1)) == ("−19", "0", "+9.0")


def test_an_interval_that_holds_zero_says_so():
    assert interval_text({"excess_low": -0.02, "excess_high": 0.1}).endswith("−0.02 to 0.10, which holds 0")
    assert "no interval" in interval_text({"excess_low": np.nan, "excess_high": np.nan})


@pytest.mark.parametrize(
    ("band", "name"),
    [
        ("0.03-0.1", "earthquake"),
        ("0.1-0.3", "microseism"),
        ("1-6", "human"),
        ("1-3", "human"),
        ("3-10", "human"),
        ("10-30", None),
        ("broadband", None),
    ],
)
def test_ground_bands(band, name):
    assert ground_band(band) == name


def slow(**changes):
    row = {"family": "F001", "ifo": "H1", "channel": "H1:GND", "band": "1-6", "rho": 0.4, "p_value": 0.01}
    row |= {"p_fwer": 0.01, "blocks": 30, "correlation_min": 2, "null": "shift", "answer": "rises"}
    return row | changes


def test_ground_answers():
    def told(*rows):
        return ground_text(pd.DataFrame(rows, columns=SLOW_DRIVERS.names), alpha=0.05)[0]

    assert told() == "no channel"
    assert told(slow(p_fwer=None, answer="too short")) == "too short"
    assert told(slow(p_fwer=0.06, answer="nothing found")) == "nothing found"
    assert told(slow(), slow(p_fwer=None, answer="too short")) == "rises"
    assert told(slow(), slow(rho=-0.4, answer="falls")) == "both"
    assert told(slow(), slow(rho=-0.4, p_fwer=0.5, answer="nothing found")) == "rises"


def test_fringes_that_were_not_asked_for():
    empty = tables.empty(SCATTERING)
    assert "812 Hz" in fringe_text(empty, 812.0, alpha=0.05)[1]
    assert "does not say" in fringe_text(empty, np.nan, alpha=0.05)[1]
    none = pd.DataFrame([("F", "H1", "H1:SUS", 3, None, None, None, None)], columns=SCATTERING.names)
    assert fringe_text(none, 30.0, alpha=0.05) == (
        "too few",
        "Not answered: too few glitches have displacement data.",
    )


def test_states():
    rows = pd.DataFrame({"p_fwer": [0.01, None], "q_value": [0.04, None]}, dtype=float)
    assert state_of(rows, ["said"]) == "witnessed"
    assert state_of(rows.assign(q_value=0.06), ["said"]) == "none"
    assert state_of(rows.head(0), ["too few"]) == "unanswered"
    assert state_of(rows.tail(1), ["only unsafe"]) == "unanswered"
    assert state_of(rows.head(0), None) == "absent"


def test_low_bands_settle_slowly_and_averages_in_a_cell():
    assert feature_settling_s("0.3-1", 256.0) > feature_settling_s("10-30", 256.0)
    assert feature_settling_s("mean", 256.0) == 0.5
    assert feature_settling_s("broadband", 0.1) == 10.0

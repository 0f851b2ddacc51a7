"""Excursions of the whitened strain, and the costs that gates at them make."""

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core import tables
from glitch_explorer.impact.cost import excursions
from glitch_explorer.impact.cost.gather import family_costs
from glitch_explorer.impact.cost.settings import CostSettings
from glitch_explorer.impact.schemas import COST, COST_BY_DETECTOR, EXCURSIONS
from glitch_explorer.sources.frames import Piece
from tests.unit.impact.test_cost import NO_WITNESS, SPANS, VOLUME, YEAR, flat_minutes, glitches

RATE = 4096


def noise(seconds: float = 32.0, *, red: bool = False) -> np.ndarray:
    """Return Gaussian noise of strain's size; red noise has a random walk added."""
    rng = np.random.default_rng(1)
    white = rng.normal(size=round(seconds * RATE))
    walk = np.cumsum(rng.normal(size=len(white))) if red else 0.0
    return 1e-22 * (white + walk)


def series(values: np.ndarray) -> Piece:
    return Piece(values, t0=1000.0, rate=RATE, unit="")


@pytest.mark.parametrize("red", [False, True])
def test_whitened_noise_has_unit_variance(red):
    white = excursions.whitened(series(noise(red=red)))
    assert white.rate == excursions.SEARCH_RATE_HZ
    inner = white.values[round(5 * white.rate) : round(27 * white.rate)]
    assert inner.std() == pytest.approx(1.0, abs=0.05)
    assert np.abs(inner).max() < 6


def burst(times: np.ndarray, at: float, height: float) -> np.ndarray:
    """Return a sine-Gaussian of 200 Hz, 20 ms long."""
    return 1e-22 * height * np.exp(-(((times - at) / 0.02) ** 2)) * np.cos(2 * np.pi * 200 * (times - at))


def test_an_excursion_has_the_height_and_time_of_what_was_added():
    values = noise()
    times = 1000.0 + np.arange(len(values)) / RATE
    # One sample of the noise has the variance of 0 to 2048 Hz, the whitened one that of 30 to 1024 Hz.
    height = 100.0 * np.sqrt((RATE / 2) / (excursions.SEARCH_RATE_HZ / 2 - excursions.LOW_HZ))
    added = series(values + burst(times, 1016.3, 100.0))
    peak, start, end = excursions.excursion(added, (1015.8, 1016.8), 50.0)
    assert peak == pytest.approx(height, rel=0.1)
    assert 1016.26 < start < 1016.3 < end < 1016.34
    # Below the threshold, elsewhere, and where whitening spoils the strain.
    assert np.isnan(excursions.excursion(added, (1015.8, 1016.8), 200.0)[1])
    assert excursions.excursion(added, (1010.0, 1011.0), 50.0)[0] < 6
    assert np.isnan(excursions.excursion(added, (1000.0, 1001.0), 50.0)).all()


def test_a_long_glitch_that_is_loud_in_snr_need_not_be_an_excursion():
    """A second of a 60 Hz sine of four times the noise has an SNR above 100, and stays below 50."""
    values = noise()
    times = 1000.0 + np.arange(len(values)) / RATE
    wave = 4e-22 * np.exp(-(((times - 1016.0) / 1.0) ** 2)) * np.cos(2 * np.pi * 60 * times)
    peak, start, _ = excursions.excursion(series(values + wave), (1014.0, 1018.0), 50.0)
    assert np.sqrt((wave**2).sum()) / 1e-22 > 100
    assert peak < 15
    assert np.isnan(start)


def test_strain_of_zeros_has_no_excursion():
    assert np.isnan(excursions.excursion(series(np.zeros(32 * RATE)), (1015.0, 1017.0), 50.0)).all()


class FakeStrain:
    """Noise with one loud burst; no strain from 2000 s on."""

    def available(self, ifo, start, end):
        return [(max(start, 0.0), min(end, 2000.0))] if start < 2000 else []

    def read(self, ifo, start, end):
        times = np.arange(np.floor(start * RATE), np.floor(end * RATE)) / RATE
        values = np.random.default_rng(2).normal(size=len(times)) * 1e-22 + burst(times, 1500.0, 100.0)
        return Piece(values, t0=times[0], rate=RATE, unit="")


ROWS = [("H1", 1500.0, "F001", {}), ("H1", 1000.0, "F002", {}), ("H1", 2500.0, "F002", {})]


def measured() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    table, families = glitches(ROWS)
    spans = SPANS
    settings = CostSettings(gate_threshold=50.0)
    rows = excursions.measure_excursions(table, spans, ifo="H1", strain=FakeStrain(), settings=settings)
    return table, families, rows


def test_every_glitch_in_the_live_time_has_a_row():
    _, _, rows = measured()
    tables.conform(EXCURSIONS, rows)
    assert rows["glitch_id"].tolist() == ["g1", "g0", "g2"]
    assert rows["peak"].notna().tolist() == [True, True, False]
    assert rows["start"].notna().tolist() == [False, True, False]


def test_gates_of_a_search_cost_less_than_gates_of_every_glitch_and_nothing_is_free():
    table, families, rows = measured()
    settings = CostSettings()
    minutes = flat_minutes(SPANS, table, reach=100.0, lost=None, settings=settings)
    result = family_costs(
        table, families, SPANS, minutes, witnesses=NO_WITNESS, settings=settings, excursions=rows
    )
    tables.conform(COST, result.cost)
    tables.conform(COST_BY_DETECTOR, result.by_detector)
    by_gates = result.by_detector.set_index("gates")
    assert by_gates["n_gated"].to_dict() == {"excursions": 1, "all": 3}
    # The burst exceeds the threshold for some hundredths of a second, half a second is added on either side.
    gated = float(rows["end"].max() - rows["start"].max()) + 1.0
    assert 1.0 < gated < 1.1
    assert by_gates["gated_s"].to_dict() == {"excursions": pytest.approx(gated), "all": pytest.approx(3.0)}
    assert by_gates["cost_mpc3_yr"]["excursions"] == pytest.approx(VOLUME * gated / YEAR)
    cost = result.cost.set_index("family")
    assert cost["n_excursions"].to_dict() == {"F001": 1, "F002": 0}
    assert cost["search_hours_per_1000h"]["F001"] == pytest.approx(1000 * gated / 120000)
    assert pd.isna(cost["search_hours_per_1000h"]["F002"])
    assert cost["cost_mpc3_yr"].notna().all()
    without = family_costs(table, families, SPANS, minutes, witnesses=NO_WITNESS, settings=settings)
    assert without.cost["n_excursions"].isna().all()
    assert without.by_detector["gates"].tolist() == ["all"]

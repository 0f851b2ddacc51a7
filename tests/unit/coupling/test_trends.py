"""Levels of minute trends and other slow channels, minute by minute."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.coupling.rates.trends import live_minutes, trend_levels


def trend_source(samples, rate, start):
    """Return a source whose channels have those samples from GPS `start` on, and nothing before or after."""

    def read(names, first, end):
        n = round((end - first) * rate)
        index = np.rint((first - start) * rate).astype(int) + np.arange(n)
        inside = (index >= 0) & (index < len(samples))
        values = np.where(inside, samples[index.clip(0, len(samples) - 1)], np.nan)
        return np.tile(values, (len(names), 1)), []

    reader = SimpleNamespace(advance=lambda *_: None, samples=read)
    return SimpleNamespace(reader=lambda *_: reader)


@pytest.mark.parametrize(("rate", "name"), [(1 / 60, "GND_1_3"), (0.1, "GND_1_3"), (1 / 300, "X")])
def test_a_trend_has_a_level_in_every_minute_with_data(rate, name):
    start = 1_262_649_600.0
    samples = np.exp(np.arange(1.0, round(3600 * rate) + 1))
    samples[3] = 0.0
    table = pd.DataFrame({"channel": [f"L1:{name}"], "rate_hz": [rate]})
    minute = np.arange(start // 60 - 2, start // 60 + 62).astype(int)
    columns, levels = trend_levels(trend_source(samples, rate, start), "L1", table, minute)
    assert columns["channel"].tolist() == [f"L1:{name}"]
    expected = np.arange(1.0, len(samples) + 1)
    # Ground motion of zero is no data.
    expected[3] = np.nan
    if rate > 1 / 60:
        expected = np.nanmean(expected.reshape(60, -1), axis=1)
    expected = np.repeat(expected, 60 // len(expected))
    assert levels[2:-2, 0] == pytest.approx(expected, nan_ok=True)
    assert np.isnan(levels[[0, 1, -2, -1], 0]).all()


def test_live_minutes_are_whole():
    assert live_minutes(np.array([[30.0, 200.0], [300.0, 361.0], [400.0, 410.0]])).tolist() == [1, 2, 5]

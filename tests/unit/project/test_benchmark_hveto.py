"""The triggers that hveto is compared on, and how its and our answers are counted."""

import importlib

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.coupling.channels.feature_set import FeatureSet
from glitch_explorer.coupling.channels.live_time import LiveTime
from glitch_explorer.coupling.witnesses.effects import coincident


@pytest.fixture(scope="module")
def bench(root):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(root / "benchmarks"))
        yield importlib.import_module("hveto")


def test_each_excursion_of_any_band_is_one_trigger_at_its_peak(bench):
    rng = np.random.default_rng(1)
    values = np.clip(rng.standard_normal((400, 2)), -2, 2).astype(np.float32)
    values[50:53, 0] = [6, 9, 7]
    values[51:54, 1] = [8, 12, 6]  # the same excursion, louder in the other band
    values[199:201, 0] = [7, 8]  # on both sides of a gap in the time
    values[300, 1], values[301, 1], values[302, 1] = 7, np.nan, 8
    live = LiveTime.of(np.array([[500.0, 600.0], [625.0, 725.0]]))
    columns = pd.DataFrame(
        {"channel": "H1:A", "band": ["1-4", "4-16"], "low_hz": [1.0, 4.0], "high_hz": [4.0, 16.0]}
    )
    found = bench.triggers(FeatureSet(live, columns, values, pd.DataFrame()), threshold=4.0)
    assert list(found["time"]) == list((live.bins[[52, 199, 200, 300, 302]] + 0.5) * 0.5)
    assert list(found["frequency"]) == [8.0, 2.0, 2.0, 8.0, 8.0]
    assert found["snr"].iloc[0] == pytest.approx(12, rel=0.2)
    assert list(found["channel"].unique()) == ["H1:A"]


def test_bursts_have_2000_coincident_primaries(bench):
    job = bench.bursts()
    (window,) = job["windows"]
    primary, auxiliary = (np.array(rows)[:, 0] for rows in (job["primary"], *job["auxiliary"].values()))
    assert (len(primary), len(auxiliary)) == (2000, 400)
    assert coincident(primary, auxiliary, window) == 2000


def test_a_named_echo_counts_as_its_witness_and_others_as_false(bench):
    plants, names = bench.KINDS["correlated decoys"], [bench.name(k) for k in (11, 1, 6)]
    assert bench.score(plants, [names[0]]) == (1, 1, 0)
    assert bench.score(plants, [names[1], f"{names[2]} {names[0]}"]) == (0, 1, 1)
    assert bench.score(plants, []) == (0, 0, 0)
    two = [bench.name(plant.channel) for plant in bench.KINDS["two"]]
    assert bench.score(bench.KINDS["two"], two) == (1, 2, 0)
    assert bench.score((), [two[0]]) == (0, 0, 1)

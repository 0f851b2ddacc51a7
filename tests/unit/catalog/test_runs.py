import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glitch_explorer.catalog.runs import uncovered_live_time


def worked(times, spans, ifo="L1"):
    glitches = pd.DataFrame({"ifo": ifo, "event_time": np.asarray(times, dtype=float)})
    segments = pd.DataFrame([(ifo, *span) for span in spans], columns=["ifo", "start", "end"])
    return uncovered_live_time(glitches, segments)


def test_a_list_of_two_days_in_segments_of_ten():
    times = np.arange(3 * 86400, 5 * 86400, 60)
    outside, live = worked(times, [(0, 4 * 86400), (4.5 * 86400, 10 * 86400)])["L1"]
    assert live == 9.5 * 86400
    assert outside == 9.5 * 86400 - 1.5 * 86400 + 60


@pytest.mark.parametrize(
    ("times", "spans"),
    [
        (np.arange(30, 86400, 60), [(0, 86400)]),
        # Ten glitches leave much time at the ends by chance.
        (np.linspace(10000, 60000, 10), [(0, 86400)]),
        ([], [(0, 86400)]),
        ([5.0, np.nan], []),
    ],
)
def test_nothing_to_report(times, spans):
    assert worked(times, spans) == {}


@given(st.integers(200, 2000), st.integers(0, 2**31))
def test_glitches_at_a_constant_rate_are_not_reported(n, seed):
    times = np.random.default_rng(seed).uniform(0, 1e6, n)
    assert worked(times, [(0, 1e6)]) == {}

"""The Q-scan of real strain, compared with gwpy's."""

import warnings

import numpy as np
import pytest
from gwpy.io.gwf import get_channel_names
from gwpy.timeseries import TimeSeries

from glitch_explorer.core.views import VIEW_LENGTHS_S
from glitch_explorer.views.qscan import qscan
from tests.unit.views.test_qscan import chosen, correlation, reference, render

FRAME = "H-H1_GWOSC_O3b_4KHZ_R1-1266281937-128.gwf"
GW150914 = 1126259462.42
CASES = [(FRAME, 1266281937 + t) for t in (5.4, 40.3, 64.123, 85.77, 121.9)]
CASES += [(f"{d}-{d}1_LOSC_4_V2-1126259446-32.hdf5", t) for d in "HL" for t in (GW150914, 1126259455.1)]


def load(path, event):
    """Up to 64 s of strain around `event`, and its start."""
    if path.suffix == ".gwf":
        strain = TimeSeries.read(path, next(c for c in get_channel_names(path) if "STRAIN" in c))
    else:
        strain = TimeSeries.read(path, format="hdf5.gwosc")
    start, end = map(float, strain.span)
    first = min(max(start, round(event) - 32), max(start, end - 64))
    return strain.crop(first, min(end, first + 64)).value.astype(float), first


@pytest.mark.parametrize(("name", "event"), CASES)
def test_views_are_those_of_gwpy(shared_data, name, event):
    path = shared_data / "strain" / name
    if not path.exists():
        pytest.skip(f"{path.name} is not there")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        strain, start = load(path, event)
    at = event - start
    views, flags = qscan(strain[None], sample_rate=4096, event_offset=np.array([at]))
    assert "nyquist_limited" in flags[0]
    for view, seconds in zip(views[0], VIEW_LENGTHS_S, strict=True):
        theirs = reference(strain, 4096, at, seconds)
        assert correlation(view, render(theirs, seconds)) >= 0.99
    assert chosen(strain, 4096, at) == pytest.approx(theirs.q)


@pytest.mark.parametrize("detector", ["H", "L"])
def test_gw150914_is_a_chirp(shared_data, detector):
    path = shared_data / "strain" / f"{detector}-{detector}1_LOSC_4_V2-1126259446-32.hdf5"
    if not path.exists():
        pytest.skip(f"{path.name} is not there")
    strain, start = load(path, GW150914)
    views, _ = qscan(strain[None], sample_rate=4096, event_offset=np.array([GW150914 - start]))
    bright = np.argwhere(views[0, 0] > 150)
    early = bright[bright[:, 1] < np.median(bright[:, 1]), 0].mean()
    late = bright[bright[:, 1] >= np.median(bright[:, 1]), 0].mean()
    assert late < early  # row 0 is the highest frequency: it rises

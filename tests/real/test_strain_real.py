"""The strain files beside the project, through the one interface."""

import numpy as np
import pytest

from glitch_explorer.sources.reasons import StrainMissing
from glitch_explorer.sources.strain import open_strain

GWF = 1266281937
GW150914 = 1126259446


@pytest.mark.parametrize(
    ("channel", "ifo", "start", "length", "rate"),
    [
        ("{ifo}:GWOSC-4KHZ_R1_STRAIN", "H1", GWF, 128, 4096),
        ("{ifo}:LDAS-STRAIN", "H1", 968654552, 1, 16384),
        ("{ifo}:LDAS-STRAIN", "L1", 968654552, 1, 16384),
        ("V1:h_16384Hz", "V1", 968654552, 1, 16384),
        ("whatever it is called", "H1", GW150914, 32, 4096),
        ("whatever it is called", "L1", GW150914, 32, 4096),
    ],
)
def test_every_file_reads_whole(shared_data, channel, ifo, start, length, rate):
    strain = open_strain(source="frames", channel=channel, frames=str(shared_data / "strain"))
    assert strain.available(ifo, start - 5, start + length + 5) == [(start, start + length)]
    series = strain.read(ifo, start, start + length)
    assert len(series.values) == length * rate
    assert series.t0 == start
    assert series.values.dtype == np.float64
    assert 0 < np.std(series.values) < 1e-15


def test_a_window_at_the_edge_is_missing_and_says_where(shared_data):
    strain = open_strain(
        source="frames", channel="{ifo}:GWOSC-4KHZ_R1_STRAIN", frames=str(shared_data / "strain" / "*.gwf")
    )
    with pytest.raises(StrainMissing, match=r"H1:GWOSC-4KHZ_R1_STRAIN.*available=\[1266281937\.000"):
        strain.read("H1", GWF - 10, GWF + 10)

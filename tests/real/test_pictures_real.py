"""Real Gravity Spy pictures: each decodes, and its time axis is read correctly."""

import numpy as np
import pytest

from glitch_explorer.views.axes import HIGH_HZ, LOW_HZ
from glitch_explorer.views.pictures import decode

#: Pictures whose name says 0.5 s, and whose time axis shows another length (checked by eye).
MISNAMED = {
    "1080-1": 1.0,
    "45mhz-1": 1.0,
    "crown-1": 4.0,
    "exloud-1": 2.0,
    "lowfreqline-1": 2.0,
    "noa-1": 1.0,
    "noglitch-1": 4.0,
    "paireddoves-1": 4.0,
    "powerline-1": 1.0,
    "repeatingblips-1": 2.0,
    "scatteredlight-1": 2.0,
    "scratchy-1": 2.0,
    "violinmode-1": 1.0,
    "wanderingline-1": 1.0,
    "whistle-1": 1.0,
}
#: Pictures whose time labels lie on top of each other.
ILLEGIBLE = "L1_123abc1234"


def pictures(shared_data, folder):
    paths = sorted(path for path in (shared_data / "images" / folder).rglob("*") if path.is_file())
    assert paths
    return paths


@pytest.mark.parametrize("folder", ["training_tree", "golden", "zooniverse_jpeg"])
def test_every_picture_decodes(shared_data, folder):
    for path in pictures(shared_data, folder):
        picture = decode(path)
        assert picture.axes.framed, path
        assert abs(np.log2(picture.axes.low_hz / LOW_HZ)) < 0.15, path
        assert -0.2 < np.log2(picture.axes.high_hz / HIGH_HZ) < 0.02, path
        view = picture.view(height=128, width=128)
        assert len(np.unique(view)) > 8, path


@pytest.mark.parametrize("folder", ["training_tree", "golden"])
def test_the_time_axis_agrees_with_the_name(shared_data, folder):
    for path in pictures(shared_data, folder):
        name, seconds = path.stem.split("_spectrogram_")
        expected = None if name == ILLEGIBLE else MISNAMED.get(name, float(seconds))
        assert decode(path).length() == expected, path


def test_the_time_axis_of_jpeg_copies_is_read(shared_data):
    lengths = [decode(path).length() for path in pictures(shared_data, "zooniverse_jpeg")]
    counts = {length: lengths.count(length) for length in (0.5, 1.0, 2.0, 4.0, None)}
    assert counts == {0.5: 120, 1.0: 79, 2.0: 34, 4.0: 26, None: 0}

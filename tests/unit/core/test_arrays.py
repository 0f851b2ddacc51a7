"""Runs of true values."""

import numpy as np
import pytest

from glitch_explorer.core.arrays import runs


@pytest.mark.parametrize(
    ("mask", "expected"),
    [("", []), ("000", []), ("111", [(0, 3)]), ("0110100", [(1, 3), (4, 5)]), ("1001", [(0, 1), (3, 4)])],
)
def test_runs(mask, expected):
    assert runs(np.array([bit == "1" for bit in mask], bool)) == expected

"""Each code of notes.json has a sentence on the pages."""

import pytest

from tests.fixtures.macros import macro_text


@pytest.mark.parametrize(
    ("note", "text"),
    [
        ({"code": "too_few", "usable": 3, "total": 9, "least": 8}, "Too few glitches: 3 of 9 can be used"),
        (
            {"code": "no_data", "least_coverage": 0.2, "least_glitches": 8},
            "at least 20 % of the live time",
        ),
        ({"code": "too_dense", "least_share": 0.1}, "less than 10 % of the live time is background"),
        ({"code": "witnesses", "channels": 1, "bands": 7, "n": 1, "alpha": 0.05}, "1 channel with 7 feat"),
        ({"code": "no_witness", "channels": 9, "bands": 7, "p": 0.25}, "the smallest family-wise p is 0.25."),
        ({"code": "no_witness", "channels": 0, "bands": 0, "p": None}, "more than chance allows."),
        ({"code": "unusable_glitches", "n": 2, "total": 9}, "2 of 9 glitches are left out"),
        (
            {"code": "shorter_lags", "before_s": 30.0, "after_s": 10.0, "least_share": 0.1},
            "from −30 to +10 s only",
        ),
        ({"code": "untested_channels", "n": 2}, "Not tested: 2 channels"),
        (
            {"code": "missing_data", "reason": "no_frame", "n": 2},
            "2 channels (no frame covers",
        ),
        ({"code": "unsafe_channels", "n": 1}, "not ranked"),
        ({"code": "unknown_safety", "n": 1}, "The safety of 1 of these channels is unknown."),
        ({"code": "few_isolated", "n": 2, "isolated": 5}, "Only 5 glitches have no other"),
        ({"code": "precursors", "n": 1}, "Precursor candidates"),
        (
            {"code": "slow_channels", "n": 16, "longest_s": 10.0},
            "longer than 10 s, as in a minute trend: 16 channels",
        ),
        (
            {"code": "not_calibrated", "kind": "quiet", "n_below": 3, "n": 9, "alpha": 0.05},
            "(quiet times): 3 of 9 pseudo-families have p at most 0.05",
        ),
    ],
)
def test_each_note_has_its_sentence(note, text):
    assert text in macro_text("witnesses/notes.html", note["code"], note).replace("\u00a0", " ")

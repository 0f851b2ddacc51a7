"""Sections about auxiliary triggers and flags: every state of a family, groups, and what stays unknown."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core import files, tables
from glitch_explorer.coupling.evidence import gather_evidence
from glitch_explorer.coupling.schemas import COINCIDENCE_SHARES, COINCIDENCES, HVETO_ROUNDS
from glitch_explorer.map.schemas import FAMILY_NAMES
from glitch_explorer.site.coincidences.page import write_coincidence_page
from glitch_explorer.site.coincidences.pages import write_coincidence_pages
from tests.fixtures.coincidences import coincidence_row

TESTED = {"code": "tested", "channels": 2, "significant": 2, "glitches": 90, "range_s": 1180.0}
NOTES = {
    "H1": {"channels": {}, "families": {"F001": [{"code": "too_few", "usable": 0, "total": 9, "least": 8}]}},
    "L1": {
        "channels": {"triggers": 2, "segments": 1, "trends": 3},
        "families": {
            "F001": [TESTED, {"code": "outside", "n": 3, "total": 93}],
            "F002": [TESTED | {"significant": 0}, {"code": "unknown_times", "n": 1, "least": 8}],
            "F003": [{"code": "too_few", "usable": 2, "total": 9, "least": 8}],
        },
    },
}


@pytest.fixture
def pages(tmp_path):
    """Write the sections of three families."""
    nothing = {"p_fwer": 0.4, "q_value": 0.6, "at_floor": False, "snr_auc": np.nan, "snr_auc_low": np.nan}
    rows = [
        coincidence_row("F001", "L1:A<script>"),
        coincidence_row(
            "F001", "L1:B", kind="segments", window=0.0, snr_threshold=np.nan, delay=np.nan, lag=-2.0
        ),
        coincidence_row("F001", "L1:ASC", safety="unsafe", p_fwer=np.nan, q_value=np.nan, group="L1:ASC"),
        coincidence_row("F002", "L1:B", group="L1:B", days_to_half=pd.NA, **nothing),
    ]
    sample = {"window": 60.0, "snr_threshold": np.nan, "delay": np.nan, "safety": "safe"}
    rows += [
        coincidence_row(
            "F001",
            "L1:T.max",
            kind="trends",
            lag=-60.0,
            measure=measure,
            top_share=0.05,
            group=group,
            **sample,
        )
        for measure, group in (("high", "L1:T"), ("low", "L1:U"), ("change", "L1:V"))
    ]
    rounds = {
        "family": "F001", "ifo": "L1", "round": 1, "channel": "L1:B", "window": 1.0, "snr_threshold": 8.0,
        "significance": 77.0, "mean": 1.0, "coincident": 40, "vetoed": 41, "glitches": 90,
        "deadtime_s": 400.0, "live_time_s": 4e4,
    }  # fmt: skip
    share = {"family": "F001", "ifo": "L1", "channel": "L1:A<script>", "kind": "triggers", "by": "snr"}
    share |= {
        "low": 50.0,
        "high": np.inf,
        "n": 10,
        "hits": 9,
        "share": 0.9,
        "share_low": 0.6,
        "share_high": 0.97,
    }
    tables.write(
        COINCIDENCES, pd.DataFrame(rows).astype({"days_to_half": "Int64"}), tmp_path / "coincidences.parquet"
    )
    tables.write(HVETO_ROUNDS, pd.DataFrame([rounds]), tmp_path / "hveto_rounds.parquet")
    tables.write(COINCIDENCE_SHARES, pd.DataFrame([share]), tmp_path / "coincidence_shares.parquet")
    gather_evidence(
        tmp_path / "evidence.parquet", witnesses=None, coincidences=tmp_path / "coincidences.parquet"
    )
    files.write_json(tmp_path / "coincidence_notes.json", NOTES)
    names = pd.DataFrame({"family": ["F001", "F002"], "name": ["Scattered_Light", "Tomte"], "parts": ""})
    tables.write(FAMILY_NAMES, names, tmp_path / "family_names.parquet")
    write_coincidence_pages(
        tmp_path,
        families=["F001", "F002", "F003", "F004"],
        names=tmp_path / "family_names.parquet",
        out=tmp_path / "pages",
    )
    return tmp_path / "pages"


def text_of(path):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", path.read_text()))


def test_a_witness_has_its_numbers_its_group_and_its_shares(pages):
    html, text = (pages / "F001.html").read_text(), text_of(pages / "F001.html")
    assert "<script>" not in html
    assert "4 groups of channels coincide with the glitches of F001" in text
    assert "SNR ≥ 8 within ±0.2 s" in text
    assert "trend level in the highest 5 % of 60 s samples nearby, 60 s before the glitch" in text
    assert "trend level in the lowest 5 % of 60 s samples nearby" in text
    assert "trend change in the largest 5 % of 60 s samples nearby" in text
    assert "and 1 of its group" in text
    assert "rises with SNR" in text
    assert "50 or more 10 9 90.0 %" in text
    assert "3 of 93 glitches are left out" in text
    assert "41 of 90" in text
    assert "Unsafe, measured but not ranked: L1:ASC" in text
    facts = json.loads((pages / "F001.json").read_text())
    assert facts["unknown"] == [{"code": "safety", "ifo": "L1", "channels": ["L1:A<script>"]}]


def test_families_without_a_witness_say_why(pages):
    assert "No witness was found among triggers, flags and trends." in text_of(pages / "F002.html")
    assert "The strongest is L1:B" in text_of(pages / "F002.html")
    assert "1 channel whose files cover fewer than 8 of the glitches" in text_of(pages / "F002.html")
    assert "no channel can be compared with more than 2 of the 9 glitches" in text_of(pages / "F003.html")
    assert "The family has no glitch in L1." in text_of(pages / "F004.html")
    assert json.loads((pages / "F002.json").read_text()) == {"unknown": []}


def test_the_page_of_all_families_links_them(pages, tmp_path):
    write_coincidence_page(
        pages,
        evidence=tmp_path / "evidence.parquet",
        page=tmp_path / "witnesses.html",
        cost=False,
        mapped=False,
    )
    html = (tmp_path / "witnesses.html").read_text()
    for family in ("F001", "F002", "F003", "F004"):
        assert f'href="family/{family}.html#coincidences"' in html
    assert "F001 Scattered_Light" in text_of(tmp_path / "witnesses.html")
    assert "Channels: H1, none; L1, 1 of flags, 3 of trends and 2 of triggers." in text_of(
        tmp_path / "witnesses.html"
    )

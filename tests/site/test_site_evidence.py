"""A base channel is named once, with its kinds of evidence: whether they agree, or only one shows it."""

from pathlib import Path

import pytest
from fake_coupling import fake_coincidences, fake_coupling, make_pages
from fake_results import fake_results, make_site, text_of

from tests.fixtures.once import made_once


def make_both(root: Path) -> None:
    """Write the site of a study with channels and triggers."""
    fake_results(root, count=120, families=4)
    names = fake_coupling(root)
    triggers = fake_coincidences(root, names)
    fragments = make_pages(root, root / "site", names, coincidences=triggers)
    make_site(root, root / "site", root / "figures", fragments, coincidences=triggers)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "evidence_site", make_both) / "site"


def test_a_page_of_a_family_names_each_channel_once_with_its_evidence(both: Path) -> None:
    first, second = (text_of(both / "family" / f"{family}.html") for family in ("F001", "F002"))
    table = first.split("Witnesses and their evidence")[1].split("A channel counts once")[0]
    assert "3 channels are witnesses of F001." in table
    assert "Several kinds of evidence were tested for 1 of them: they agree for 1" in table
    assert table.count("H1:PEM-ACC_A_DQ") == 1
    assert "H1:PEM-ACC_A_DQ samples and triggers agree 0.84 0.70 to 0.92 2 s before" in table
    assert "they agree for 0, and only one is significant for 2." in second
    assert "H1:SUS-WIT_DQ triggers only not significant, q = 0.8 0.40 0.30 to 0.50" in second
    assert "H1:ASC-PITCH_DQ safety unknown samples only 0.84" in second


def test_the_page_of_witnesses_counts_all_kinds(both: Path) -> None:
    text = text_of(both / "witnesses.html")
    assert "2 of 4 families have at least one witness: a channel that changes at, or whose triggers" in text
    assert "H1:PEM-ACC_A_DQ 10–30 Hz rises 2 s before" in text
    coincidences = text.split("Coincidences with auxiliary triggers")[1]
    assert "1 channel is a witness by its samples, too: see the table above" in coincidences
    assert "PEM_ACC_A" not in coincidences
    html = (both / "witnesses.html").read_text(encoding="utf-8")
    assert "△40" in html
    assert "◀84<b>△★★</b>" in html
    assert 'href="family/F002.html#coincidences"' in html


def test_the_front_page_names_a_channel_once(both: Path) -> None:
    text = text_of(both / "index.html")
    assert "5 are witnesses of 2 families" in text
    assert "Evidence: samples and triggers agree." in text
    findings = text.split("How these were chosen")[0]
    assert "PEM_ACC_A" not in findings
    assert "H1:SUS_WIT coincides with 42 %" in findings
    assert "Evidence: triggers only; samples tested too, not significant (q = 0.8)." in findings

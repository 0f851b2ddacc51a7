"""The pages of the coupling agree with its tables, whatever the channels are called."""

import html
import re
from pathlib import Path

import pytest
from fake_coupling import EVIL, fake_coupling, make_pages
from fake_results import change, fake_results, make_site, text_of

from glitch_explorer.core import tables
from glitch_explorer.coupling.schemas import WITNESSES
from glitch_explorer.map.schemas import FAMILIES

TOO_FEW = "Too few glitches: 3 can be used; at least 8 are needed."


@pytest.fixture(scope="module")
def fragments(results: Path, site: Path) -> Path:
    assert site.is_dir()
    return results / "coupling" / "pages"


def test_a_fragment_a_picture_and_a_table_for_each_family(fragments: Path, results: Path) -> None:
    families = set(tables.read(FAMILIES, results / "map" / "families.parquet")["family"]) - {"-1"}
    expected = {f"{family}.{kind}" for family in families for kind in ("html", "png", "parquet", "json")}
    assert {path.name for path in fragments.iterdir()} == expected
    everything = tables.read(WITNESSES, results / "coupling" / "witnesses.parquet")
    for family in families:
        rows = tables.read(WITNESSES, fragments / f"{family}.parquet")
        assert set(rows["family"]) == {family}
        assert len(rows) == (everything["family"] == family).sum()
        assert "<html" not in (fragments / f"{family}.html").read_text(encoding="utf-8")


def test_a_witness_is_told_with_lag_effect_and_both_corrections(fragments: Path) -> None:
    text = text_of(fragments / "F001.html")
    assert "H1:PEM-ACC_A_DQ (10–30 Hz, one of a group of 2) rises 2 s before the glitch. At that lag" in text
    assert (
        "85 % of the family's glitches, compared with 1 % of time-shifted triggers (excess efficiency 0.84, "
        "95 % interval 0.70 to 0.92)" in text
    )
    assert "family-wise p ≤ 5.0 × 10⁻⁴, q ≤ " in text
    assert (
        "It is a precursor candidate: its change before the glitch begins is significant in a test on the 30 "
        "isolated glitches" in text
    )
    assert "overstated" in text


def test_a_group_is_reported_once_with_its_members(fragments: Path, site: Path) -> None:
    page = (fragments / "F001.html").read_text(encoding="utf-8")
    assert page.count('<tr><th scope="row"><code class="channel">H1:PEM-ACC_A_DQ') == 1
    assert '<tr><th scope="row"><code class="channel">H1:PEM-ACC_B_DQ' not in page
    assert "group of 2 H1:PEM-ACC_A_DQ , H1:PEM-ACC_B_DQ" in text_of(fragments / "F001.html")
    assert "H1: 2 groups of channels change at the glitches of F001" in text_of(site / "family" / "F001.html")


def test_what_is_low_drops_and_a_lag_before_is_no_lead_by_itself(fragments: Path) -> None:
    text = text_of(fragments / "F002.html")
    assert "(mean value) drops 5 s before the glitch" in text
    assert "A change before the glitch begins is not significant." in text
    assert "Precursor candidates: none" in text


def test_safety_is_flagged_wherever_a_channel_is_shown(fragments: Path, site: Path) -> None:
    for path in (fragments / "F001.html", fragments / "F002.html", site / "witnesses.html"):
        page = path.read_text(encoding="utf-8")
        for name in ("H1:ASC-PITCH_DQ", str(html.escape(EVIL, quote=True))):
            for after in re.findall(
                rf'<code class="channel">{re.escape(name)}</code>(.{{0,600}})', page, re.DOTALL
            ):
                assert "safety unknown" in after
        ranked = page.split("unsafe channels, not ranked")[0].split("Unsafe channels, not ranked")[0]
        assert "LSC-DARM_DQ" not in ranked
        assert "LSC-DARM_DQ" in page


def test_no_witness_and_too_few_are_said_plainly(fragments: Path, site: Path) -> None:
    text = text_of(fragments / "F003.html")
    assert "No witness was found in H1. There is no result in L1." in text
    assert TOO_FEW in text
    everything = text_of(site / "witnesses.html")
    assert "2 of 6 families have at least one witness" in everything
    assert "L1: no witness for F001, F002, F004, F005, F006; no result for F003." in everything


def test_ground_motion_is_answered_by_band(fragments: Path, site: Path) -> None:
    text = text_of(fragments / "F001.html")
    assert (
        "earthquake, 0.03–0.1 Hz Not significant in 1 channel; a rate ratio of 1.40 would have been seen."
        in text
    )
    assert (
        "There are more glitches when H1:ISI-GND_DQ is high, but not when adjusted for local time: "
        "rate ratio × 2.50 2.00 to 3.12 (p ≤ 0.001" in text
    )
    assert "Adjusted for local time: × 1.30 0.90 to 1.90 (p = 0.4)." in text
    assert "Over the whole time, with days compared too: × 2.50 0.50 to 9.00 (p = 0.5)." in text
    assert "anthropogenic, 1–6 Hz Too little data: a rate ratio of 2 would not have been seen" in text
    everything = text_of(site / "witnesses.html")
    assert "microseism, 0.1–0.3 Hz H1 – – – F001 5 0 0" in everything
    assert (
        "F002 , H1: H1:ISI-GND_DQ (0.1–0.3 Hz) with H1:ISI-GND_DQ (1–6 Hz), × 1.90 1.40 to 2.60" in everything
    )
    assert (site / "witnesses" / "rates.png").stat().st_size > 5000


def test_scattered_light_and_coverage(fragments: Path) -> None:
    text = text_of(fragments / "F001.html")
    assert (
        "Yes: the fringe frequency of H1:SUS-WIT_DQ is within a factor of 1.2 of the peak frequency for 60 % "
        "of 40 glitches (95 % interval 45 % to 74 %), compared with 20 % in time slides (p = 0.003)." in text
    )
    assert "Not tested: H1:PEM-GONE_DQ : a frame has no such channel." in text
    assert "H1:SUS-WIT_DQ : 90.0 % of the live time has data; NaN or infinite values (10.0 %)" in text
    assert "No: of 1 displacement channel, none has a fringe frequency" in text_of(fragments / "F002.html")


def test_a_null_that_fails_is_shown(fragments: Path, site: Path) -> None:
    assert "The p-values of this family are not calibrated" in text_of(fragments / "F002.html")
    assert "The test of calibration does not fail" in text_of(fragments / "F001.html")
    everything = text_of(site / "witnesses.html")
    assert "FAILS" in everything
    assert "F002, H1 : 10 of 10 (quiet times) at 0.01" in everything


def test_a_run_without_couplings_says_so(tmp_path: Path) -> None:
    root = fake_results(tmp_path, count=60, families=3)
    folder = make_pages(root, root / "site", fake_coupling(root, found=False))
    text = text_of(root / "site" / "witnesses.html")
    assert "of 3 families could be tested, and no channel changes at the glitches of any" in text
    assert "Channels tested, unsafe ones included: 5 in H1; 5 in L1." in text
    for path in folder.glob("*.html"):
        assert "No witness was found in H1 or L1." in text_of(path)


def test_a_map_without_families(tmp_path: Path) -> None:
    root = fake_results(tmp_path, count=20, families=1, bare=True)
    make_pages(root, root / "site", fake_coupling(root))
    assert "There is no family to test." in text_of(root / "site" / "witnesses.html")


def test_no_data_at_all(tmp_path: Path) -> None:
    root = fake_results(tmp_path, count=60, families=2)
    names = fake_coupling(root, found=False)
    folder = root / "coupling"
    for path in (folder / "witnesses.parquet", folder / "calibration.parquet", *folder.glob("F*/*.parquet")):
        change(path, lambda table: table.head(0))
    folder = make_pages(root, root / "site", names)
    text = text_of(root / "site" / "witnesses.html")
    assert "No family could be tested for witnesses" in text
    assert "There was no pseudo-family to test" in text
    assert "There is no result in H1 and L1." in text_of(folder / "F001.html")


def test_a_weak_precursor_is_no_candidate(tmp_path: Path) -> None:
    root = fake_results(tmp_path, count=60, families=2)
    names = fake_coupling(root)
    change(root / "coupling" / "witnesses.parquet", lambda table: table.assign(strong=False))
    text = text_of(make_pages(root, root / "site", names) / "F001.html")
    only_weak = (
        "Precursor candidates: none. Only weak witnesses change significantly before the glitch begins."
    )
    assert only_weak in text


def test_a_site_without_channels_says_so_and_has_no_page_of_witnesses(tmp_path: Path) -> None:
    root = fake_results(tmp_path, count=60, families=2)
    make_site(root, root / "site", root / "figures")
    for path in (root / "site").rglob("*.html"):
        assert "witnesses.html" not in path.read_text(encoding="utf-8"), path.name
        assert "cost.html" not in path.read_text(encoding="utf-8"), path.name
    text = text_of(root / "site" / "family" / "F001.html")
    assert "Not run: the config lists no auxiliary channels. List them under coupling.channels" in text
    assert "snakemake --cores all coupling" in text
    assert "Not run: the config has neither a range channel" in text
    assert "snakemake --cores all impact" in text
    assert "Which channels are its witnesses: the coupling stage was not run." in text
    assert "What it costs the search, and which channels drive it: the impact stage was not run." in text


def test_the_surest_witness_and_what_is_unknown_stand_on_the_page_of_the_family(site: Path) -> None:
    first, third = (text_of(site / "family" / f"{family}.html") for family in ("F001", "F003"))
    assert "Best witness: H1:PEM-ACC_A_DQ (q ≤ " in first
    assert "the safety of 1 witness in H1 is unknown" in first
    assert "Its witness in L1: none of 4 channels is significant" in first
    assert f"Its witness in L1: no result. {TOO_FEW}" in third
    assert "Best witness" not in third
    assert "Whether its rate moves with the ground motion in H1 (anthropogenic)" in first

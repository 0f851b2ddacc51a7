"""Every product is there, links lead somewhere, and the same input gives the same bytes."""

import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from fake_coupling import EVIL, fake_coupling, make_pages
from fake_impact import TURNED, data_of, fake_impact, make_cost
from fake_results import HOSTILE, change, fake_results, make_site, text_of, write_audit
from markupsafe import escape
from PIL import Image

from glitch_explorer.audit.gate import require_no_leakage
from glitch_explorer.audit.schemas import AUDIT_FAMILIES, GRADIENTS, LEAKAGE
from glitch_explorer.core import files, tables
from glitch_explorer.map.schemas import FAMILIES
from glitch_explorer.site.glitch.page import SCRIPTS as OF_A_GLITCH
from glitch_explorer.site.map.page import SCRIPTS as OF_THE_MAP

#: Scripts of our own in each page.
SCRIPTS = {"cost.html": 4, "audit.html": 5, "atlas.html": 1, "witnesses.html": 1}
SCRIPTS |= {"map.html": len(OF_THE_MAP) + 5, "glitch.html": len(OF_A_GLITCH) + 5}


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def test_there_is_a_page_for_each_family(site: Path, results: Path) -> None:
    families = set(tables.read(FAMILIES, results / "map" / "families.parquet")["family"]) - {"-1"}
    assert {path.stem for path in (site / "family").glob("*.html")} == families
    assert {path.name for path in site.glob("*.html")} == {
        "index.html",
        "map.html",
        "glitch.html",
        "atlas.html",
        "audit.html",
        "witnesses.html",
        "cost.html",
        "methods.html",
    }


def test_names_never_become_markup_nor_turn_the_text_around(site: Path) -> None:
    for page in pages(site):
        text = page.read_text(encoding="utf-8")
        assert HOSTILE not in text
        assert "\u202e" not in text
        assert len(re.findall(r"<script\b", text)) == SCRIPTS.get(page.name, 0)
    assert "&lt;script&gt;" in (site / "family" / "F002.html").read_text(encoding="utf-8")
    for name in ("cost", "witnesses", "family/F001"):
        assert str(escape(EVIL)) in (site / f"{name}.html").read_text(encoding="utf-8")
    for name in ("cost", "family/F001"):
        assert "&#39;&gt;&lt;b&gt;_DQ" in (site / f"{name}.html").read_text(encoding="utf-8")
    for data in (
        site / "map" / "points.js",
        site / "glitches" / "index.js",
        site / "cost" / "data.js",
        site / "audit" / "suspects.js",
    ):
        assert "<" not in data.read_text(encoding="utf-8")
    assert {EVIL, TURNED.replace("\u202e", "\ufffd")} <= set(data_of(site)["cells"]["channel"])


@pytest.mark.parametrize(
    ("stage", "page", "more"), [("coupling", "witnesses", r"|\bexplain"), ("impact", "cost", "")]
)
def test_nothing_is_ever_called_a_cause(site: Path, results: Path, stage: str, page: str, more: str) -> None:
    claims = r"\bcaus|\breason for\b|\bdue to\b|\bbecause of\b|\bculprit" + more
    for path in [*results.glob(f"{stage}/pages/*.html"), site / f"{page}.html"]:
        assert not re.search(claims, text_of(path), re.IGNORECASE), path.name


def test_pages_name_no_place_of_the_machine(site: Path, results: Path) -> None:
    scripts = {*(site / "map").glob("*.js"), *(site / "glitches").glob("*.js")}
    for path in [*pages(site), *scripts, site / "cost" / "data.js"]:
        text = path.read_text(encoding="utf-8")
        assert str(results) not in text
        assert not re.search(r"(?:src|href)=\"https?:", text)


def test_figures_are_drawn_and_not_blank(results: Path, site: Path) -> None:
    drawn = {path.name for path in (results / "figures").glob("*.png")}
    assert len(drawn) == 8
    shown = re.findall(r'<img src="figures/(\w+.png)" alt="\w', (site / "index.html").read_text("utf-8"))
    assert set(shown) == drawn == {path.name for path in (site / "figures").iterdir()}
    for path in results.rglob("*.png"):
        with Image.open(path) as picture:
            assert np.asarray(picture.convert("L")).std() > 5, path.name


def test_sprites_hold_every_glitch(results: Path, site: Path) -> None:
    rows = tables.read(FAMILIES, results / "map" / "families.parquet")
    sheets = sorted((site / "map" / "sprites").glob("*.webp"))
    assert len(sheets) == -(-rows["glitch_id"].nunique() // 64)
    sizes = set()
    for path in sheets:
        with Image.open(path) as picture:
            sizes.add(picture.size)
    assert sizes == {(390, 64 * 100)}


def test_pages_say_whose_labels_change_along_the_axis(site: Path, results: Path) -> None:
    sections = tables.read(GRADIENTS, results / "audit" / "gradients.parquet")
    assert set(sections.loc[sections["gradient"], "family"]) == {"F004"}
    changing = "The commonest label changes along the family's principal axis."
    families = sorted((site / "family").glob("*.html"))
    assert [path.stem for path in families if changing in text_of(path)] == ["F004"]
    assert text_of(site / "atlas.html").count("labels change along axis") == 1


@pytest.mark.slow
def test_same_input_same_bytes(results: Path, site: Path, tmp_path: Path) -> None:
    """Also in another style of Matplotlib: whoever imports gwpy, as some tests do, changes the style."""
    again = fake_results(tmp_path / "again")
    with mpl.rc_context({"font.size": 14, "axes.grid": True, "axes.axisbelow": False}):
        fragments = make_pages(again, again / "site", fake_coupling(again), cost=True)
        costs = make_cost(again, again / "site", fake_impact(again))
        make_site(again, again / "site", again / "figures", fragments, costs)
    for folder in ("audit", "coupling", "impact", "site", "figures"):
        paths = [path for path in sorted((results / folder).rglob("*")) if path.is_file()]
        assert paths
        for path in paths:
            assert path.read_bytes() == (again / path.relative_to(results)).read_bytes(), path.name


def test_unit_view_shows_rows_per_view(tmp_path: Path) -> None:
    """In `unit: view` the key is (glitch_id, view) and one glitch is several rows."""
    root = fake_results(tmp_path, count=60, families=3, unit="view")
    make_site(root, root / "site", root / "figures")
    leaks = tables.read(LEAKAGE, root / "audit" / "leakage.parquet").set_index("variable")
    assert not leaks["gated"].any()
    assert leaks.loc["view length", "normalised"] > 0.8
    require_no_leakage(root / "audit" / "leakage.parquet")
    assert len(list((root / "site" / "family").glob("*.html"))) == 12


def test_a_possible_new_class_stands_first_everywhere(tmp_path: Path) -> None:
    """The members of F002 lack the label that is hostile; nothing is called after the few that have it."""
    root = fake_results(tmp_path, count=90, families=3)
    rows = tables.read(FAMILIES, root / "map" / "families.parquet")
    lost = rows.loc[rows["family"] == "F002", "glitch_id"][2:]
    change(
        root / "catalog" / "glitches.parquet",
        lambda table: table.assign(label=table["label"].mask(table["glitch_id"].isin(lost))),
    )
    write_audit(root, "glitch")
    make_site(root, root / "site", root / "figures")
    families = tables.read(AUDIT_FAMILIES, root / "audit" / "families.parquet").set_index("family")
    assert families["possible_new_class"].to_dict() == {"F001": "", "F002": "without_label", "F003": ""}
    front = (root / "site" / "index.html").read_text(encoding="utf-8")
    assert front.index("F002 is a possible new class.") < front.index("<li>", front.index("<li><strong>") + 4)
    atlas = text_of(root / "site" / "atlas.html")
    assert "3 families, possible new classes first" in atlas
    assert atlas.index("possible new class ") < atlas.index("class 00")
    page = text_of(root / "site" / "family" / "F002.html")
    assert "A possible new class." in page
    assert "Why it may be a new class" in page
    assert "class 00" in page
    for other in ("F001", "F003"):
        assert "new class" not in text_of(root / "site" / "family" / f"{other}.html")


def test_a_map_without_families_or_labels(tmp_path: Path) -> None:
    root = fake_results(tmp_path, count=20, families=1, bare=True)
    make_site(root, root / "site", root / "figures")
    assert tables.read(AUDIT_FAMILIES, root / "audit" / "families.parquet").empty
    assert "0 families" in (root / "site" / "atlas.html").read_text(encoding="utf-8")
    front = text_of(root / "site" / "index.html")
    assert re.search(
        r"20 glitches of H1 and L1, \d{4}-\d\d-\d\d( to \d{4}-\d\d-\d\d)? \(UTC\), "
        r"in [\d.]+ h of live time of H1 and [\d.]+ h of live time of L1; 20 of them have spectrograms",
        front,
    )
    for path in (root / "figures").glob("*.png"):
        with Image.open(path) as picture:
            assert np.asarray(picture.convert("L")).std() > 1, f"{path.name} is blank"


def test_nothing_half_written_stays(site: Path, results: Path) -> None:
    assert not list(results.rglob(".*"))
    assert files.read_array(next((results / "views").glob("*.npy"))).ndim == 4

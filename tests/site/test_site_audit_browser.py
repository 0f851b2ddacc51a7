"""Audit page, atlas, family pages and matrix of witnesses in a real browser, opened from a folder."""

import csv
from pathlib import Path
from typing import Any

import pytest
from fake_coupling import write_many
from fake_results import WORST, change, fake_results, make_site
from watched import Watched, broken

from glitch_explorer.audit.schemas import AUDIT_FAMILIES, RELABEL, SUSPECTS
from glitch_explorer.core import tables
from glitch_explorer.site.audit.suspects import review_rows

pytestmark = pytest.mark.browser

#: What labels and ids may hold, and must not do anything.
HOSTILE_LABELS = {
    "class 00": "\"'><img src=x onerror=alert(1)>",
    WORST: '\u202e</script><script>alert(2)</script>\u2066&amp;=HYPERLINK("a"),\n' + "L" * 10_000,
}
HOSTILE_IDS = ("#pin=&'\"><b>%22/..", "\u202eid" * 2_500)


@pytest.fixture(scope="module")
def review(results: Path) -> Any:
    """Return what the page lists, straight from the tables."""
    audit = results / "audit"
    return review_rows(
        tables.read(SUSPECTS, audit / "suspects.parquet"), tables.read(RELABEL, audit / "relabel.parquet")
    )


def rename(root: Path, names: dict[str, str]) -> None:
    """Replace texts in all tables of a run."""
    for path in root.rglob("*.parquet"):
        change(path, lambda table: table.replace(names))


def leave(page: Any, link: Any) -> None:
    """Follow a link; a picture still on its way then would count as a failed request."""
    broken(page)
    link.click()


def download(page: Any) -> list[dict[str, str]]:
    with page.expect_download() as waiting:
        page.locator("#save").click()
    assert waiting.value.suggested_filename == "proposed_labels.csv"
    with Path(waiting.value.path()).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_suspects_are_judged_by_key_and_by_button_and_downloaded(
    site: Path, watched: Watched, review: Any
) -> None:
    page = watched.open(site / "audit.html")
    cards = page.locator(".suspect")
    assert cards.count() == min(24, len(review))
    assert page.locator("#range").inner_text().startswith(f"1 to {cards.count()} of {len(review)} shown")
    assert review["proposed_label"].iloc[0] in cards.first.locator(".change").inner_text()
    page.wait_for_function("document.querySelector('.suspect img').naturalWidth === 390")
    cards.first.click(position={"x": 5, "y": 5})
    for key in ("a", "r", "n", "a", "p", "p", "r", "p", "p", "r"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.dataset.row") == "2"
    # The first was accepted, the second rejected and cleared, the fourth accepted, the third rejected.
    cards.nth(4).get_by_role("button", name="reject").click()
    states = [cards.nth(number).get_attribute("data-judgement") for number in range(5)]
    judged = download(page)
    assert [row["judgement"] for row in judged[:5]] == states
    assert list(judged[0]) == ["glitch_id", "view", "label", "proposed_label", "evidence", "judgement"]
    assert [row["glitch_id"] for row in judged] == review["glitch_id"].tolist()
    assert [row["label"] for row in judged] == review["label"].fillna("").tolist()
    accepted = sum(row["judgement"] == "accepted" for row in judged)
    assert f"{accepted} accepted" in page.locator("#judged").inner_text()
    page.select_option("#state", "accepted")
    assert cards.count() == accepted > 0
    cards.first.get_by_role("button", name="accept").click()
    assert f"{accepted - 1} accepted" in page.locator("#judged").inner_text()


def test_a_card_has_what_supports_its_label_along_the_axis(site: Path, watched: Watched, review: Any) -> None:
    row = review[review["vote"].notna() & review["label"].notna()].iloc[0]
    page = watched.open(site / "audit.html")
    page.select_option("#family", f"={row['family']}")
    card = page.locator(".suspect").filter(has_text=row["glitch_id"])
    card.locator("summary").click()
    text = card.locator("details").inner_text()
    assert f"of {row['n_labelled']:.0f} labelled members are {row['proposed_label']}" in text
    assert f"{row['vote']:.2f}, and {row['vote_given']:.2f} to the label it has" in text


def test_filters_pages_and_addresses(site: Path, watched: Watched, review: Any) -> None:
    page = watched.open(site / "audit.html")
    shown = page.locator("#range")
    for kind, count in (("issue", review["issue"].sum()), ("confusable", review["confusable_pair"].sum())):
        page.select_option("#kind", kind)
        assert f"of {count} shown" in shown.inner_text() or f"to {count} of" in shown.inner_text()
    page.select_option("#kind", "every")
    before = page.locator(".suspect code").first.inner_text()
    page.locator("#on").click()
    assert shown.inner_text().startswith("25 to ")
    page.locator("#back").click()
    assert page.locator(".suspect code").first.inner_text() == before
    page.select_option("#family", "=F003")
    count = int((review["family"] == "F003").sum())
    assert f"of {count} shown" in shown.inner_text()
    page.goto((site / "audit.html").as_uri() + "#family=F003")
    broken(page)
    page.reload()
    assert f"of {count} shown" in shown.inner_text()
    cell = page.locator(".pairs td a").first
    n = cell.inner_text()
    cell.click()
    page.wait_for_function(f"document.querySelector('#range').textContent.includes('of {n} shown')")
    pair = page.locator(".suspect .change").first.inner_text()
    assert all(text == pair for text in page.locator(".suspect .change").all_inner_texts())
    glitch = page.locator(".suspect code").first.inner_text()
    links = page.locator(".suspect .links").first.locator("a")
    assert links.nth(0).get_attribute("href") == f"glitch.html#{glitch}"
    assert links.nth(1).get_attribute("href") == f"map.html#pin={glitch}"


def test_tables_say_what_the_tables_hold_and_sort(site: Path, results: Path, watched: Watched) -> None:
    page = watched.open(site / "audit.html")
    families = tables.read(AUDIT_FAMILIES, results / "audit" / "families.parquet")
    rows = page.get_by_role("region", name="Over-splitting by family").locator("tbody tr")
    values = [float(row.split("\t")[1]) for row in rows.all_inner_texts()]
    assert values == sorted(families["label_entropy_bits"].round(2), reverse=True)
    page.get_by_role("region", name="Over-splitting by family").get_by_role("button", name="Labelled").click()
    labelled = [int(row.split("\t")[3]) for row in rows.all_inner_texts()]
    assert labelled == sorted(families["n_labelled"], reverse=True)
    page.locator("#gate ~ details summary").press("Enter")
    assert "The null permutes the variable within each label." in page.locator("main").inner_text()
    leave(page, rows.first.locator("a").first)
    page.wait_for_selector("h1")
    assert page.locator("h1").inner_text().startswith("Family F")


def test_the_atlas_sorts_and_filters(site: Path, watched: Watched) -> None:
    page = watched.open(site / "atlas.html")
    rows = page.locator("#atlas tbody tr:visible")
    page.get_by_role("button", name="Rank by cost").focus()
    page.keyboard.press("Enter")
    ranks = [int(text.split()[0]) for text in page.locator("#atlas td a[href$='#cost']").all_inner_texts()]
    assert ranks == sorted(ranks)
    page.fill("input[data-filters]", "PEM-ACC_A")
    assert rows.count() == 1
    assert "1 of 6 shown" in page.locator("#atlas-count").inner_text()
    leave(page, rows.locator("th a"))
    page.wait_for_selector("h1")
    assert page.locator("h1").inner_text() == "Family F001"


def test_a_family_page_leads_to_its_parts_the_map_and_the_suspects(site: Path, watched: Watched) -> None:
    page = watched.open(site / "family" / "F001.html")
    for link in page.locator(".toc a").all():
        assert page.locator(link.get_attribute("href")).count() == 1
    assert page.locator(".steps a[href='../map.html#family=F001']").count() == 1
    medoid = page.locator("#medoid ~ .caption code").inner_text()
    assert page.locator(f"a[href='../map.html#pin={medoid}']").count() >= 1
    assert page.locator(".unknown li").count() >= 3
    leave(page, page.get_by_role("link", name="Inspect their spectrograms"))
    page.wait_for_selector(".suspect")
    assert page.locator("#family").input_value() == "=F001"


def test_three_hundred_families_and_four_hundred_channels(tmp_path: Path, watched: Watched) -> None:
    path = tmp_path / "witnesses.html"
    cells = write_many(path, 300, 400, 8)
    assert path.stat().st_size < 3e6
    page = watched.page
    (tmp_path / "witnesses").mkdir()
    page.route("**/calibration.png", lambda route: route.fulfill(body=b"", content_type="image/png"))
    watched.open(path)
    assert (
        f"{cells} of {cells} witnesses shown: 300 families, 400 groups"
        in page.locator("#matrixcount").inner_text()
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    page.fill("#only", "gpj.exe")
    few = page.locator(".hitcell:visible").count()
    assert 0 < few < 60
    page.locator("#cells").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    word = page.locator("#matrixword").inner_text()
    assert word == page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert "excess efficiency" in word
    page.fill("#only", "")
    page.select_option("#order", "name")
    first = page.locator(".rowhead").evaluate_all(
        "heads => heads.find(head => head.style.gridRowStart === '2').textContent"
    )
    assert first == "F001"


def test_hostile_names_do_nothing(tmp_path: Path, watched: Watched) -> None:
    root = fake_results(tmp_path, count=90, families=3)
    doubted = tables.read(SUSPECTS, root / "audit" / "suspects.parquet")["glitch_id"]
    rename(root, HOSTILE_LABELS | dict(zip(doubted, HOSTILE_IDS, strict=False)))
    make_site(root, root / "site", root / "figures")
    for name in ("atlas.html", "family/F001.html", "family/F003.html", "audit.html"):
        page = watched.open(root / "site" / name)
        assert page.locator("img[src=x]").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        assert page.evaluate("document.documentElement.scrollHeight") < 6000
        broken(page)
    assert "\u202e" not in page.locator("main").inner_text()
    judged = download(page)
    assert {row[name] for row in judged for name in ("label", "proposed_label")} >= set(
        HOSTILE_LABELS.values()
    )
    assert tuple(row["glitch_id"] for row in judged[:2]) == HOSTILE_IDS
    leave(page, page.locator(".suspect").first.get_by_role("link", name="on the map"))
    page.wait_for_function("wanted => document.body.innerText.includes(wanted)", arg=HOSTILE_IDS[0])


@pytest.mark.parametrize(
    ("name", "rows"),
    [("audit.html", ".halves tbody tr"), ("atlas.html", "tbody tr"), ("witnesses.html", ".hitcell")],
)
def test_without_a_script_the_tables_are_there(site: Path, chromium: Any, name: str, rows: str) -> None:
    page = chromium.new_page(java_script_enabled=False, viewport={"width": 1280, "height": 720})
    page.goto((site / name).as_uri())
    assert page.locator(rows).filter(visible=True).count() >= 3
    assert page.locator("button:visible, select:visible, input:visible").count() == 0
    page.close()

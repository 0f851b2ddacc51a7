"""The cost ranking in a real browser, opened from a folder: every control, a phone, no scripts."""

import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_coupling import EVIL
from fake_impact import fake_impact, make_cost
from fake_results import change
from PIL import Image
from watched import Watched

pytestmark = pytest.mark.browser

BARS = "#ranking .barlayer .point"


class Dashboard(Watched):
    """The page of costs, with what it asked for and complained about."""

    def open(self, path: Path) -> Any:
        page = super().open(path)
        page.wait_for_selector("#ranking .main-svg")
        page.wait_for_function("document.querySelector('#matrix .hm image') !== null")
        return page


@pytest.fixture
def dashboard(chromium: Any) -> Iterator[Dashboard]:
    page = Dashboard(chromium)
    yield page
    page.close()


def priced(root: Path, results: Path, **options: Any) -> None:
    """Write costs beside links to the map and the audit of the fake results."""
    for name in ("map", "audit"):
        (root / name).symlink_to(results / name)
    fake_impact(root, own=False, **options)


@pytest.fixture(scope="module")
def wide(site: Path, results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Costs of 30 families and 40 channels a detector, beside the map's folder."""
    root = tmp_path_factory.mktemp("wide")
    families = [f"F{number:03d}" for number in range(1, 31)]
    priced(root, results, families=families, channels=40)
    make_cost(root, root / "site", [])
    (root / "site" / "map").symlink_to(site / "map")
    return root / "site"


def ticks(page: Any, chart: str, axis: str) -> list[str]:
    return page.locator(f"#{chart} .{axis}tick text").all_text_contents()


def overlaps(page: Any, selector: str) -> int:
    """Count neighbouring texts that lie on each other."""
    boxes = page.locator(selector).evaluate_all(
        "nodes => nodes.map(node => { const b = node.getBoundingClientRect();"
        " return [b.left, b.top, b.right, b.bottom]; })"
    )
    count = 0
    for one, other in itertools.pairwise(boxes):
        count += one[0] < other[2] and other[0] < one[2] and one[1] + 1 < other[3] and other[1] + 1 < one[3]
    return count


def test_bars_have_intervals_names_and_units(site: Path, dashboard: Dashboard) -> None:
    page = dashboard.open(site / "cost.html")
    assert page.locator(BARS).count() == 11
    assert page.locator("#ranking .xerror").count() == 11
    assert ticks(page, "ranking", "y")[0].strip() == "F001 L1 class 00"
    assert page.locator("#ranking .xtitle").text_content() == "Lost sensitive time–volume (Mpc³ yr)"
    assert page.locator("#timeline .xtitle").text_content() == "Day (UTC)"
    assert page.locator("#pareto .ytitle").text_content() == "Cumulative cost (Mpc³ yr)"


def test_the_unit_is_switched_everywhere(site: Path, dashboard: Dashboard) -> None:
    page = dashboard.open(site / "cost.html")
    before = ticks(page, "ranking", "x"), ticks(page, "timeline", "y")
    page.select_option("#unit", "hours")
    page.wait_for_function("document.querySelector('#ranking .xtitle').textContent.startsWith('Equivalent')")
    assert (ticks(page, "ranking", "x"), ticks(page, "timeline", "y")) != before
    assert page.locator("#pareto .ytitle").text_content() == "Cumulative cost (h per 1000 h)"
    assert page.locator("#timeline .ytitle").text_content() == "Equivalent h lost per 1000 h, per day"
    assert "h per 1000 h" in page.locator("#matrix").text_content()


def test_a_detector_is_chosen_for_charts_and_tables(site: Path, dashboard: Dashboard) -> None:
    page = dashboard.open(site / "cost.html")
    assert page.locator("#detector option").all_text_contents() == ["all", "H1", "L1"]
    page.select_option("#detector", "H1")
    page.wait_for_function(f"document.querySelectorAll('{BARS}').length === 6")
    assert all(" H1 " in name for name in ticks(page, "ranking", "y"))
    assert all(name.startswith("H1:") for name in ticks(page, "matrix", "y"))
    rows = page.locator("table.costs tbody tr:visible")
    assert rows.count() == 6
    assert set(rows.evaluate_all("rows => rows.map(row => row.dataset.ifo)")) == {"H1"}
    assert page.locator("#timeline .legendtext").first.text_content() == "F001"
    assert page.locator("#pareto .legendtext").count() == 0
    page.select_option("#detector", "all")
    page.wait_for_function("document.querySelectorAll('#pareto .legendtext').length === 2")
    assert page.locator("#timeline .legendtext").all_text_contents() == ["H1", "L1"]
    page.wait_for_function(f"document.querySelectorAll('{BARS}').length === 11")


def test_all_rows_are_shown_when_asked(wide: Path, dashboard: Dashboard) -> None:
    page = dashboard.open(wide / "cost.html")
    assert page.locator(BARS).count() == 25
    assert "25 of 59 shown" in page.locator("#rankingnote").inner_text()
    page.locator("#every").check()
    page.wait_for_function(f"document.querySelectorAll('{BARS}').length === 59")
    assert page.locator("#rankingnote").inner_text() == ""
    assert overlaps(page, "#ranking .ytick text") == 0
    page.locator("#every").uncheck()
    page.wait_for_function(f"document.querySelectorAll('{BARS}').length === 25")


def test_a_bar_shows_its_details_and_links_to_its_family(site: Path, dashboard: Dashboard) -> None:
    page = dashboard.open(site / "cost.html")
    page.locator("#ranking").scroll_into_view_if_needed()
    box = page.locator(BARS).nth(1).bounding_box()
    place = (box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
    page.mouse.move(*place)
    page.wait_for_function("document.querySelector('#rankingword').textContent.includes('rank 2')")
    assert page.locator("#rankingword").inner_text().startswith("F001 (class 00) in H1 costs")
    page.mouse.click(*place)
    page.wait_for_url("**/family/F001.html#cost")
    assert page.locator("#cost").inner_text() == "What drives it, and what it costs"


def test_the_keyboard_steps_through_the_bars_and_opens_one(site: Path, dashboard: Dashboard) -> None:
    page = dashboard.open(site / "cost.html")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "ranking":
            break
    assert page.evaluate("document.activeElement.id") == "ranking"
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    assert "rank 3." in page.locator("#rankingword").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url("**/family/F002.html#cost")


def test_a_cell_of_the_matrix_shows_what_is_recoverable(site: Path, dashboard: Dashboard) -> None:
    page = dashboard.open(site / "cost.html")
    page.locator("#matrix").scroll_into_view_if_needed()
    names = ticks(page, "matrix", "y")
    assert any(name.startswith("H1:PEM-<script>alert") for name in names)
    first = page.locator("#matrix .heatmap-label text, #matrix .hm text").first.bounding_box()
    page.mouse.move(first["x"] + 3, first["y"] + 3)
    page.wait_for_function("document.querySelector('#matrixword').textContent.startsWith('Removing')")
    assert "would recover at most" in page.locator("#matrixword").inner_text()
    page.locator("#matrixword a").click()
    page.wait_for_url("**/family/F00*.html#cost")


def test_a_matrix_of_30_families_and_40_channels_stays_legible(wide: Path, dashboard: Dashboard) -> None:
    page = dashboard.open(wide / "cost.html")
    assert len(ticks(page, "matrix", "y")) >= 38
    assert len(ticks(page, "matrix", "x")) >= 20
    for axis in ("x", "y"):
        assert overlaps(page, f"#matrix .{axis}tick text") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    sizes = page.locator("#matrix .ytick text").evaluate_all(
        "nodes => nodes.map(node => parseFloat(getComputedStyle(node).fontSize))"
    )
    assert min(sizes) >= 11


def test_tables_are_sorted_by_their_headings(site: Path, dashboard: Dashboard) -> None:
    page = dashboard.open(site / "cost.html")
    table = page.locator('[aria-label="Simpler rankings"] table')
    head = table.locator("thead th").nth(4)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    column = "rows => rows.map(row => Number(row.cells[4].dataset.key))"
    down = table.locator("tbody tr").evaluate_all(column)
    assert down == sorted(down, reverse=True)
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    assert table.locator("tbody tr").evaluate_all(column) == sorted(down)
    costs = page.locator("table.costs")
    costs.locator("thead th").nth(3).locator("button").click()
    costs.locator("thead th").nth(3).locator("button").click()
    keys = costs.locator("tbody tr").evaluate_all("rows => rows.map(row => row.cells[3].dataset.key)")
    assert keys[-1] == ""
    assert [float(key) for key in keys[:-1]] == sorted(float(key) for key in keys[:-1])


def test_every_explanation_opens(site: Path, dashboard: Dashboard) -> None:
    page = dashboard.open(site / "cost.html")
    for summary in page.locator("main details > summary").all():
        summary.click()
    assert page.locator("main details[open]").count() == page.locator("main details").count() == 4
    assert page.get_by_text("No gated second counts for two families").is_visible()
    assert page.locator("body").inner_text().count(EVIL) >= 1


def test_the_ranking_fits_a_phone_in_the_dark(site: Path, chromium: Any) -> None:
    phone = Dashboard(chromium, "dark")
    phone.page.set_viewport_size({"width": 390, "height": 844})
    page = phone.open(site / "cost.html")
    assert page.locator("#ranking").bounding_box()["width"] <= 390
    assert overlaps(page, "#ranking .ytick text") == 0
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        assert np.median(np.asarray(picture.convert("L"))) < 60
    phone.close()


def test_without_scripts_the_tables_say_it_all(site: Path, chromium: Any) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "cost.html").as_uri())
    assert not page.locator("#charts").is_visible()
    assert not page.locator("#matrix").is_visible()
    assert page.locator("table.costs tbody tr:visible").count() == 12
    assert page.get_by_text("The charts need JavaScript").is_visible()
    assert page.locator("table.costs thead button").count() == 0
    context.close()


def test_costs_are_drawn_without_a_witness(results: Path, chromium: Any, tmp_path: Path) -> None:
    priced(tmp_path, results)
    change(tmp_path / "impact" / "recoverable.parquet", lambda table: table.head(0))
    make_cost(tmp_path, tmp_path / "site", [])
    quiet = Dashboard(chromium)
    page = Watched.open(quiet, tmp_path / "site" / "cost.html")
    page.wait_for_selector("#timeline .main-svg")
    assert page.locator(BARS).count() == 11
    quiet.close()


def test_a_page_without_costs_stays_quiet(site: Path, results: Path, chromium: Any, tmp_path: Path) -> None:
    priced(tmp_path, results, known=False)
    make_cost(tmp_path, tmp_path / "site", [])
    quiet = Dashboard(chromium)
    page = Watched.open(quiet, tmp_path / "site" / "cost.html")
    assert "No family's cost in H1 is known" in page.locator(".lead").inner_text()
    assert page.locator("table.costs tbody tr:visible").count() == 12
    page.locator("table.costs thead button").first.click()
    assert page.locator(".js-plotly-plot").count() == 0
    quiet.close()

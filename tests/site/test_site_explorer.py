"""The interactive map in a real browser, opened from a folder: clicks, keys and drags."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from astropy.time import Time
from fake_results import HOSTILE, fake_results, make_map
from gwpy.segments import SegmentList
from map_page import Explorer
from PIL import Image

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import tables
from glitch_explorer.site.map.leap_seconds import leap_seconds

pytestmark = pytest.mark.browser
#: The whole state of the filters as the page counts it.
COUNTS = "[Filters.shown, Array.from(Filters.rows())]"


@pytest.fixture
def explorer(site: Path, chromium: Any) -> Iterator[Explorer]:
    opened = Explorer(chromium, site / "map.html")
    yield opened
    opened.close()


def test_hovering_shows_the_picture_and_the_facts(explorer: Explorer, rows: pd.DataFrame) -> None:
    row = explorer.some()
    explorer.page.mouse.move(*explorer.at(row))
    explorer.page.wait_for_timeout(300)
    with Image.open(io.BytesIO(explorer.page.locator("#picture").screenshot())) as shown:
        assert np.asarray(shown.convert("RGB")).reshape(-1, 3).std(axis=0).max() > 10
    glitch, text = rows.iloc[row], explorer.text("#what")
    for part in (
        f"{glitch.glitch_id}\n{glitch.ifo} · O3b · GPS {glitch.event_time}\n",
        f"Label: {glitch.label}\nFamily: F002 · membership {glitch.probability:.3f}",
        f"SNR {glitch.snr:.1f} · {glitch.peak_frequency_hz:.1f} Hz",
    ):
        assert part in text
    assert Time(glitch.event_time, format="gps").utc.iso in text
    assert not any("near.js" in url for url in explorer.requests)


def test_a_click_pins_the_glitch_with_links(explorer: Explorer, rows: pd.DataFrame) -> None:
    row = explorer.some()
    explorer.click(row)
    explorer.page.mouse.move(5, 700)
    assert explorer.text("#what").startswith(rows.glitch_id[row])
    start, end = rows.event_time[row] - 8, rows.event_time[row] + 8
    line = f"TimeSeries.fetch_open_data('{rows.ifo[row]}', {start:.3f}, {end:.3f})"
    assert explorer.page.locator("#line").input_value() == line
    explorer.page.locator("#copy").click()
    assert explorer.text("#copied") == "copied"
    explorer.page.locator("#find").focus()
    explorer.page.keyboard.press("Control+V")
    assert explorer.page.locator("#find").input_value() == line
    assert explorer.page.locator("#near li").count() == 8
    nearest = explorer.page.locator("#near button").first.inner_text()
    explorer.page.locator("#near button").first.click()
    assert explorer.text("#what").startswith(nearest)
    explorer.page.locator("#what a[href^='family/']").click()
    explorer.page.wait_for_selector("h1")
    assert explorer.text("h1").startswith("Family F")


def test_times_are_those_of_astropy(explorer: Explorer) -> None:
    draw = np.random.default_rng(1)
    around = [step + part for step, _ in leap_seconds(1.4e9) for part in (-1.75, -0.75, 0.25)]
    times = [*np.round(draw.uniform(3e7, 1.4e9, 50), 3), *around]
    # The fake catalogue ends in 2020, after the last leap second.
    pairs = explorer.js("times => times.map(gps => [Times.utc(gps), Times.gps(Times.utc(gps))])", times)
    for gps, (utc, back) in zip(times, pairs, strict=True):
        assert utc == Time(gps, format="gps").utc.isot
        assert back == pytest.approx(gps, abs=2e-3)
    bad = ["2020-13", "yesterday", "12", "2020-01-06 25h"]
    assert explorer.js("texts => texts.map(text => Number.isNaN(Times.parse(text)))", bad) == [True] * 4


def test_colours_follow_the_choice(explorer: Explorer) -> None:
    groups = ("family", "label", "detector", "run")
    for name in (*groups, "snr", "frequency", "duration", "time", "probability", "isolation", "evidence"):
        explorer.page.select_option("#mode", name)
        explorer.page.wait_for_timeout(100)
        row = explorer.alone()
        pixel = explorer.js("row => Colours.pixels[row]", row)
        expected = np.array([pixel & 255, pixel >> 8 & 255, pixel >> 16 & 255])
        assert np.abs(np.array(explorer.colour(row)) - expected).max() <= 3, name
        assert explorer.page.locator("#scale").is_visible() == (name not in groups), name
        if name in groups:
            signs = explorer.page.locator(f"#group-{name} .sign svg").count()
            assert signs == explorer.js("name => Data.names[name].length", name)
        else:
            missing = explorer.js("name => Data[name].filter(value => value !== value).length", name)
            assert explorer.page.locator("#scaleticks span").count() == 3
            assert (f"no value ({missing})" in explorer.text("#scale")) == (missing > 0)
            logarithmic = "logarithmic" in explorer.text("#scaletitle")
            assert logarithmic == (name in ("snr", "frequency", "duration", "isolation"))


def test_filters_combine_and_all_views_follow(explorer: Explorer, rows: pd.DataFrame) -> None:
    page = explorer.page
    assert explorer.text("#shown") == "300 of 300 shown"
    explorer.unfold("#snr-low")
    page.fill("#snr-low", "15")
    page.fill("#snr-high", "25")
    page.keyboard.press("Enter")
    expected = rows.snr.between(15, 25)
    assert explorer.shown() == expected.sum()
    explorer.unfold("#group-detector .none")
    page.locator("#group-detector li", has_text="L1").locator("input").uncheck()
    expected &= rows.ifo == "H1"
    page.fill("#frequency-high", "160")
    page.fill("#probability-low", "0.5")
    page.fill("#time-low", Time(1262304000 + 86400, format="gps").utc.isot)
    page.keyboard.press("Enter")
    expected &= (
        (rows.peak_frequency_hz <= 160) & (rows.probability >= 0.5) & (rows.event_time >= 1262304000 + 86400)
    )
    shown, numbers = explorer.js(COUNTS)
    assert numbers == np.flatnonzero(expected).tolist()
    assert shown == expected.sum() == explorer.shown() > 5
    assert page.locator("#chips button").count() == 5
    cells = [int(text) for text in page.locator("#crosstab td").all_inner_texts() if text]
    assert sum(cells) == shown
    explorer.unfold("#suspects")
    page.check("#suspects")
    assert (
        explorer.shown()
        == explorer.js("Array.from(Filters.rows()).filter(row => Data.suspect[row]).length")
        < shown
    )
    page.locator("#group-detector .none").click()
    assert explorer.shown() == 0
    assert page.locator("#empty").is_visible()
    page.fill("#snr-low", "loud")
    page.keyboard.press("Enter")
    assert page.get_attribute("#snr-low", "aria-invalid") == "true"
    page.locator("#reset").click()
    assert explorer.shown() == 300
    assert page.locator("#chips button").count() == 0


def test_brushing_the_timeline_filters_map_and_table(explorer: Explorer, rows: pd.DataFrame) -> None:
    explorer.page.select_option("#bin", "86400")
    assert "glitches per hour of live time, by family" in explorer.text("#bintext")
    box = explorer.page.locator("#timeline").bounding_box()
    middle = box["y"] + 40
    explorer.drag((box["x"] + 200, middle), (box["x"] + 400, middle))
    low, high = explorer.js("Filters.now.range.time")
    assert high - low == pytest.approx(200 / (box["width"] - 46) * 8 * 86400, rel=0.02)
    assert explorer.shown() == rows.event_time.between(low, high).sum() > 0
    assert (
        sum(int(text) for text in explorer.page.locator("#crosstab td").all_inner_texts() if text)
        == explorer.shown()
    )
    explorer.page.mouse.click(box["x"] + 100, middle)
    assert explorer.shown() == 300
    explorer.page.mouse.move(box["x"] + 300, middle)
    assert "UTC: " in explorer.text("#bintext")


def test_the_rate_counts_live_time_only(explorer: Explorer) -> None:
    """Segments of 460 s a day for two detectors: 920 s of live time in each whole day."""
    explorer.js("Timeline.choose(86400)")
    explorer.js("Timeline.refresh()")
    box = explorer.page.locator("#timeline").bounding_box()
    explorer.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
    start, _, rest = explorer.text("#bintext").removeprefix("from ").partition(" UTC: ")
    begin = Time(start, format="iso").gps
    number = explorer.js(
        "begin => Data.time.filter(time => time >= begin && time < begin + 86400).length", begin
    )
    assert float(rest.split(" ")[0]) == pytest.approx(number / (920 / 3600), rel=0.01)


def test_cells_rows_and_columns_of_the_table_filter(explorer: Explorer, rows: pd.DataFrame) -> None:
    table = explorer.page.locator("#crosstab")
    headers = table.locator("thead th").all_inner_texts()
    names = table.locator("tbody th").all_inner_texts()
    assert HOSTILE in names
    cell = table.locator("tbody tr").nth(names.index("class 00")).locator("td").nth(headers.index("F001"))
    count = int(cell.inner_text())
    assert count == ((rows.label == "class 00") & (rows.family == "F001")).sum()
    cell.click()
    assert explorer.shown() == count
    cell.click()
    assert explorer.shown() == 300
    table.locator("thead button").nth(headers.index("F002")).click()
    assert explorer.shown() == (rows.family == "F002").sum()
    table.locator("tbody button").nth(names.index(HOSTILE)).press("Enter")
    assert explorer.shown() == ((rows.family == "F002") & (rows.label == HOSTILE)).sum()
    assert table.locator("button[aria-pressed=true]").count() == 2


@pytest.mark.parametrize("tool", ["box", "lasso"])
def test_box_and_lasso_select(explorer: Explorer, tool: str) -> None:
    explorer.page.select_option("#tools", tool)
    box = explorer.page.locator("#plot").bounding_box()
    x, y = box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5
    corners = [(x, y), (x + 350, y), (x + 350, y - 250), (x, y - 250)]
    explorer.drag(*(corners[::2] if tool == "box" else corners))
    places = np.array(explorer.js("Array.from(Data.x, (_, row) => Plot.position(row))"))
    places += [box["x"], box["y"]]
    within = (places > (x, y - 250)).all(axis=1) & (places < (x + 350, y)).all(axis=1)
    inside = np.flatnonzero(within).tolist()
    assert 10 < len(inside) < 290
    assert explorer.js(COUNTS)[1] == inside
    explorer.page.locator("#chips button").click()
    assert explorer.shown() == 300


def test_exported_files_can_be_read(explorer: Explorer, rows: pd.DataFrame) -> None:
    explorer.js("document.querySelector('#crosstab thead button').click()")
    expected = rows[rows.family == "F001"].reset_index(drop=True)
    explorer.unfold("#csv")
    table = pd.read_csv(explorer.downloaded("#csv"), dtype={"view": str})
    assert table.glitch_id.tolist() == expected.glitch_id.tolist()
    first = ["glitch_id", "view", "ifo", "event_time", "duration_s", "peak_frequency_hz", "snr", "label"]
    assert table.columns[:8].tolist() == first
    assert table.event_time.tolist() == expected.event_time.tolist()
    assert table.label.fillna("").tolist() == expected.label.fillna("").tolist()
    assert np.allclose(table.snr, expected.snr, rtol=1e-6)
    assert np.loadtxt(explorer.downloaded("#gps")).tolist() == sorted(expected.event_time)
    explorer.page.fill("#half", "2000")
    path = explorer.downloaded("#segments button >> nth=0")
    named = path.with_name("segments-H1.txt")
    path.rename(named)
    segments = SegmentList.read(named, format="segwizard")
    times = np.sort(expected.event_time[expected.ifo == "H1"])
    assert len(segments) < len(times)
    assert abs(segments) == abs(segments.coalesce())
    assert all(any(start < time < end for start, end in segments) for time in times)
    union = 4000 + np.minimum(np.diff(times), 4000).sum()
    assert float(abs(segments)) == pytest.approx(union, abs=0.01)


def test_search_by_id_gps_and_utc(explorer: Explorer, rows: pd.DataFrame) -> None:
    page = explorer.page

    def find(text: str) -> str:
        page.fill("#find", text)
        page.keyboard.press("Enter")
        return explorer.text("#what").split("\n")[0]

    assert find("g00000") == next(name for name in rows.glitch_id if name.startswith("g00000"))
    assert find("G000017") == "g000017"
    glitch = rows.iloc[17]
    assert find(f"{glitch.event_time + 0.01:.2f}") == glitch.glitch_id
    assert "Nearest in time, 0.0" in explorer.text("#found")
    assert find(Time(rows.event_time[40], format="gps").utc.isot + "Z") == rows.glitch_id[40]
    find("nothing <b>like</b> it")
    assert explorer.text("#found") == "No glitch id begins with nothing <b>like</b> it."


def test_the_address_keeps_the_state_and_back_goes_back(
    explorer: Explorer, site: Path, chromium: Any
) -> None:
    page = explorer.page
    page.select_option("#mode", "snr")
    explorer.js("document.querySelectorAll('#crosstab tbody button')[0].click()")
    explorer.unfold("#snr-low")
    page.fill("#snr-low", "12")
    page.keyboard.press("Enter")
    page.locator("#closer").click()
    row = explorer.js("Filters.rows()[0]")
    explorer.js("row => Plot.look({ ...Plot.extent, x: Data.x[row], y: Data.y[row] })", row)
    page.wait_for_timeout(100)
    explorer.click(row)
    page.wait_for_function("location.hash.includes('extent=') && location.hash.includes('pin=')")
    state = explorer.js("[Filters.shown, Colours.by, Card.pinned, Plot.extent.span]")
    other = Explorer(chromium, site / "map.html", "#" + page.url.partition("#")[2])
    restored = other.js("[Filters.shown, Colours.by, Card.pinned, Plot.extent.span]")
    assert restored[:3] == state[:3]
    assert restored[3] == pytest.approx(state[3], rel=1e-4)
    assert other.page.locator("#snr-low").input_value() == "12"
    other.close()
    shown = explorer.shown()
    page.locator("#reset").click()
    assert explorer.shown() == 300
    page.go_back()
    page.wait_for_function(f"Filters.shown === {shown}")


@pytest.mark.parametrize(
    "hash_",
    ["#label=%3Cb%3E&colour=constructor&pin=%E0&extent=0,0,-1&area=1,2&snr=a..b", f"#%%%&label={HOSTILE}"],
)
def test_a_hostile_address_does_nothing(site: Path, chromium: Any, hash_: str) -> None:
    opened = Explorer(chromium, site / "map.html", hash_)
    assert opened.js("Colours.by") == "family"
    assert not opened.js("document.querySelector('main script')")
    opened.close()


def test_keys_step_zoom_and_unpin(explorer: Explorer) -> None:
    page = explorer.page
    for _ in range(17):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "plot":
            break
    assert page.evaluate("document.activeElement.id") == "plot"
    explorer.js("Filters.set({ ...Filters.blank(), suspects: true })")
    explorer.js("Filters.apply()")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert explorer.js("Card.pinned === Filters.rows()[1]")
    page.keyboard.press("ArrowLeft")
    assert explorer.js("Card.pinned === Filters.rows()[0]")
    span = explorer.js("Plot.extent.span")
    page.keyboard.press("+")
    assert explorer.js("Plot.extent.span") == pytest.approx(span / 1.5)
    page.keyboard.press("0")
    assert explorer.js("Plot.isWhole")
    page.keyboard.press("Escape")
    assert explorer.js("Card.pinned") == -1


def test_wheel_and_drag_move_the_map(explorer: Explorer) -> None:
    row = explorer.some()
    before = explorer.at(row)
    explorer.page.mouse.move(*before)
    explorer.page.mouse.wheel(0, -400)
    explorer.page.wait_for_function("!Plot.isWhole")
    assert explorer.at(row) == pytest.approx(before, abs=1.5)
    before = explorer.at(row)
    explorer.drag(before, (before[0] + 60, before[1] - 30))
    assert explorer.at(row) == pytest.approx((before[0] + 60, before[1] - 30), abs=1)
    explorer.page.locator("#fit").click()
    assert explorer.js("Plot.isWhole")


def test_points_are_drawn_in_the_dark(site: Path, chromium: Any) -> None:
    opened = Explorer(chromium, site / "map.html", scheme="dark")
    with Image.open(io.BytesIO(opened.page.screenshot())) as picture:
        grey = np.asarray(picture.convert("L"))
    assert np.median(grey) < 60
    assert grey.std() > 10
    opened.close()


def test_views_as_rows_without_times_and_few_pictures(
    tmp_path: Path, chromium: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows per view; a catalogue of pictures has no times; not all glitches keep their pictures."""
    root = fake_results(tmp_path, count=60, families=3, unit="view")
    path = root / "catalog/glitches.parquet"
    glitches = tables.read(GLITCHES, path).assign(event_time=np.nan, snr=np.nan, run=None)
    glitches["label"] = glitches["label"].where(glitches["label"] != HOSTILE, "\u202e" + "x" * 10_000)
    tables.write(GLITCHES, glitches, path)
    make_map(root, root / "site", pictures=20)
    opened = Explorer(chromium, root / "site/map.html")
    assert opened.text("#shown") == "240 of 240 shown"
    assert "60 glitches have a picture" in opened.text("aside")
    assert not opened.page.locator("#time").is_visible()
    row = opened.js("Array.from(Data.glitch).findIndex((glitch) => Data.sprite[glitch] < 0)")
    opened.js("row => Card.show(row)", row)
    assert opened.text("#picture") == "no picture stored"
    assert " s view" in opened.text("#what")
    assert not opened.page.locator("#strain").is_visible()
    opened.page.select_option("#mode", "snr")
    assert "no value (240)" in opened.text("#scale")
    assert "\u202e" not in opened.text("main")
    assert opened.js("document.documentElement.scrollWidth - innerWidth") <= 0
    opened.click(opened.js("Filters.rows()[100]"))
    address = opened.js("location.hash")
    opened.close()
    monkeypatch.setattr("glitch_explorer.site.map.page.MOST", 239)
    make_map(root, root / "site")
    thinned = Explorer(chromium, root / "site/map.html", address)
    shown = thinned.js("Data.n")
    assert 200 < shown < 240
    assert f"{shown} of 240 rows are on this page" in thinned.text(".thinned")
    glitch, view = address.partition("pin=")[2].split("%7E")
    assert thinned.text("#what").startswith(f"{glitch}, the {view} s view")
    thinned.close()

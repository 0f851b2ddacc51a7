"""Measure the interactive map in Chromium: size, time until it can be used, hover and frame times.

Families are random clouds, pictures are noise. Frames are timed while the map is moved and zoomed in each
of them; hover is timed from the pointer's event to the next frame. The processor time of the page's
process is given as well, because other work on the machine hardly changes it (Linux only).

    python benchmarks/explorer.py 8600 34332 300000
"""

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from harness import print_row, print_table

from glitch_explorer.audit.schemas import AUDIT_FAMILIES, SUSPECTS
from glitch_explorer.catalog.runs import RUNS
from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import files, tables
from glitch_explorer.map.schemas import COORDINATES, FAMILIES
from glitch_explorer.similar.schemas import NEIGHBOURS
from glitch_explorer.site.map.gwpy_line import gwpy_line
from glitch_explorer.site.map.page import write_map_page
from glitch_explorer.sources.schemas import SEGMENTS
from glitch_explorer.views.schemas import VIEWS
from glitch_explorer.views.status import views_table

COLUMNS = ["glitches", "page MB", "near.js MB", "drawn", "ready", "hover, to the frame", "hover, own part"]
COLUMNS += ["frame moved", "frame zoomed", "CPU to ready", "CPU of a frame"]
FRAMES = 90
POINTS = 40
FRAME_TIMES = """async ([frames, zoom]) => {
  const began = { ...Plot.extent }; const gaps = []; let last = await new Promise(requestAnimationFrame);
  for (let i = 0; i < frames; i += 1) {
    const turn = 6.28 * i / frames;
    if (zoom) Plot.look({ ...began, span: began.span * (0.55 + 0.45 * Math.cos(turn)) });
    else Plot.look({ ...began, x: began.x + began.span * 0.2 * Math.sin(turn) });
    const now = await new Promise(requestAnimationFrame); gaps.push(now - last); last = now;
  }
  Plot.look(began); return gaps;
}"""
LISTEN = """() => {
  window.latencies = []; window.handled = [];
  const plot = document.getElementById("plot");
  let began;
  plot.addEventListener("pointermove", () => { began = performance.now(); }, { capture: true });
  plot.addEventListener("pointermove", (event) => {
    window.handled.push(performance.now() - began);
    requestAnimationFrame(() => setTimeout(() => window.latencies.push(performance.now() - event.timeStamp)));
  });
}"""


def generate(root: Path, n: int) -> None:
    """Write the tables and views that the map is made of."""
    generator = np.random.default_rng(1)
    families = min(300, 20 + n // 500)
    family = np.minimum(families, generator.geometric(8 / families, n))
    centre = generator.normal(0, 8, (families + 1, 2))
    position = centre[family] + generator.normal(0, 0.5, (n, 2))
    ids = [f"glitch{number:07d}" for number in range(n)]
    names = np.array(["-1", *(f"F{number + 1:03d}" for number in range(families))], dtype=object)
    start = RUNS["O3b"][0]
    glitches = tables.empty(GLITCHES).reindex(range(n)).astype(object)
    glitches = glitches.assign(
        glitch_id=ids,
        ifo=generator.choice(["H1", "L1"], n),
        event_time=(start + generator.random(n) * 1.2e7).round(4),
        duration_s=generator.lognormal(0, 1, n).round(3),
        peak_frequency_hz=generator.lognormal(5, 1, n).round(2),
        snr=(7.5 + generator.lognormal(1, 1, n)).round(2),
        label=np.array([f"Label_{number:02d}" for number in range(22)], dtype=object)[family % 22],
        run="O3b",
        shard="one",
        astrophysical="",
    )
    key = pd.DataFrame({"glitch_id": ids, "view": ""})
    near = pd.concat(
        key.assign(rank=rank, neighbour_id=np.roll(ids, -rank), neighbour_view="", distance=0.01 * rank)
        for rank in range(1, 9)
    )
    score = generator.random(n)
    tables.write(GLITCHES, glitches, root / "glitches.parquet")
    tables.write(COORDINATES, key.assign(x=position[:, 0], y=position[:, 1]), root / "coordinates.parquet")
    members = key.assign(
        family=names[family], probability=score, outlier_score=1 - score, isolation=2 - score
    )
    tables.write(FAMILIES, members, root / "families.parquet")
    tables.write(NEIGHBOURS, near, root / "neighbours.parquet")
    judged = members[["glitch_id", "view", "family"]].assign(
        label=glitches["label"],
        proposed_label="Blip",
        evidence=score,
        issue=score > 0.97,
        confusable_pair=False,
    )
    tables.write(SUSPECTS, judged, root / "suspects.parquet")
    tables.write(AUDIT_FAMILIES, tables.empty(AUDIT_FAMILIES), root / "audit_families.parquet")
    live = pd.DataFrame(
        {"ifo": ["H1", "L1"], "start": float(start), "end": start + 1.2e7, "flag": "", "source": ""}
    )
    tables.write(SEGMENTS, live, root / "segments.parquet")
    views = generator.integers(0, 60, (n, 4, 8, 8), dtype=np.uint8)
    files.write_array(root / "views.npy", views)
    status = views_table(key["glitch_id"], views, np.ones((n, 4), dtype=bool))
    tables.write(VIEWS, status, root / "views.parquet")


def write_page(root: Path, pictures: int) -> Path:
    """Write the page of the results under `root`."""
    names = ("glitches", "families", "coordinates", "neighbours", "segments", "audit_families", "suspects")
    write_map_page(
        **{name: root / f"{name}.parquet" for name in names},
        views=[root / "views.npy"],
        status=[root / "views.parquet"],
        out=root / "site/map",
        page=root / "site/map.html",
        pictures=pictures,
        line=gwpy_line("gwosc", channel="", frames=None, frame_type=None),
        witnesses=False,
        cost=False,
    )
    return root / "site/map.html"


def processor_ms() -> float:
    """Return the processor time of the busiest of our processes that show a page, in ms."""
    parents, spent = {}, {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            shows = b"--type=renderer" in (process / "cmdline").read_bytes()
            words = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        parents[process.name] = words[1]
        if shows:
            spent[process.name] = 1000 * sum(map(int, words[11:13])) / os.sysconf("SC_CLK_TCK")
    return max((time for name, time in spent.items() if is_ours(name, parents)), default=0.0)


def is_ours(process: str | None, parents: dict[str, str]) -> bool:
    while process is not None and process != str(os.getpid()):
        process = parents.get(process)
    return process is not None


def measure(browser: Any, page_file: Path) -> list[str]:
    """Open the page and return the times of a row of the table, in ms."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(page_file.as_uri())
    page.wait_for_selector("html[data-ready=true]", timeout=120_000)
    loaded = processor_ms()
    marks = dict(
        page.evaluate("performance.getEntriesByType('mark').map(mark => [mark.name, mark.startTime])")
    )
    page.evaluate(LISTEN)
    box = page.locator("#plot").bounding_box()
    for row in np.linspace(0, page.evaluate("Data.n") - 1, POINTS).astype(int):
        x, y = page.evaluate("row => Plot.position(row)", int(row))
        page.mouse.move(box["x"] + x, box["y"] + y)
        page.wait_for_timeout(30)
    times = [page.evaluate("window.latencies"), page.evaluate("window.handled")]
    began = processor_ms()
    times += [page.evaluate(FRAME_TIMES, [FRAMES, zoom]) for zoom in (False, True)]
    frame = (processor_ms() - began) / (2 * FRAMES)
    page.close()
    cells = [f"{np.median(part):.1f} ({np.percentile(part, 95):.1f})" for part in times]
    drawn, ready = marks["map-drawn"], marks["map-ready"]
    return [f"{drawn:.0f}", f"{ready:.0f}", *cells, f"{loaded:.0f}", f"{frame:.1f}"]


def megabytes(paths: Iterable[Path]) -> str:
    return f"{sum(path.stat().st_size for path in paths) / 1e6:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n", type=int, nargs="*", default=[8600, 34332, 300_000])
    parser.add_argument("--pictures", type=int, default=1000, help="glitches with a picture")
    arguments = parser.parse_args()
    from playwright.sync_api import sync_playwright

    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    print(f"load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores; times in ms, median (95 %)\n")
    print_table(COLUMNS, ())
    with sync_playwright() as playwright:
        for n in arguments.n:
            browser = playwright.chromium.launch(
                executable_path=browser_path, args=["--headless", "--no-sandbox"]
            )
            with tempfile.TemporaryDirectory() as name:
                generate(Path(name), n)
                page = write_page(Path(name), arguments.pictures)
                scripts = [
                    path for path in (page.parent / "map").glob("*.js") if path.name != "plotly.min.js"
                ]
                later = [path for path in scripts if path.name == "near.js"]
                weight = megabytes([page, *set(scripts) - set(later)])
                print_row(n, weight, megabytes(later), *measure(browser, page))
            browser.close()


if __name__ == "__main__":
    main()

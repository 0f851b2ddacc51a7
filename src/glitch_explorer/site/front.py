"""The front page: what was analysed, what came out, and where to go on."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from lal import GPSToUTC

from glitch_explorer import files, tables
from glitch_explorer.site.cost_words import costliest, family_labels
from glitch_explorer.site.names import FIGURES
from glitch_explorer.site.pages import records, render, whole_folder
from glitch_explorer.tables import UNASSIGNED

#: Reasons of quarantine that are listed.
REASONS = 12


def live_time(segments: pd.DataFrame) -> dict[str, float]:
    """Give each detector's live time in seconds: the union of its segments."""
    total = {}
    for ifo, rows in segments.sort_values(["ifo", "start"]).groupby("ifo"):
        reached, seconds = float("-inf"), 0.0
        for start, end in zip(rows["start"], rows["end"], strict=True):
            seconds += max(0.0, end - max(start, reached))
            reached = max(reached, end)
        total[str(ifo)] = seconds
    return total


def utc_date(gps: float) -> str:
    """Give the UTC date of a GPS time, e.g. `2019-04-01`."""
    year, month, day = GPSToUTC(int(gps))[:3]
    return f"{year:04d}-{month:02d}-{day:02d}"


def detector_lines(glitches: pd.DataFrame, segments: pd.DataFrame) -> list[dict[str, Any]]:
    """Describe what each detector gave: glitches, span, runs and live time."""
    live = live_time(segments)
    lines = []
    for ifo, rows in glitches.groupby("ifo"):
        times = rows["event_time"].dropna()
        span = (times.min(), times.max()) if len(times) else None
        lines.append(
            {
                "ifo": ifo,
                "n": len(rows),
                "labelled": int(rows["label"].notna().sum()),
                "span": span,
                "dates": tuple(utc_date(time) for time in span) if span else None,
                "runs": ", ".join(sorted(rows["run"].dropna().unique())),
                "live_hours": live[str(ifo)] / 3600 if ifo in live else None,
            }
        )
    return lines


def quarantine_lines(quarantine: pd.DataFrame) -> list[dict[str, Any]]:
    """Count the reasons of quarantine, the commonest first, whatever interval each names."""
    reasons = quarantine["reason"].str.replace(r"\[\d+\.?\d*, \d+\.?\d*\)", "[…)", regex=True)
    counts = quarantine.assign(reason=reasons).groupby(["stage", "reason"]).size().reset_index(name="n")
    counts = counts.sort_values(["n", "stage", "reason"], ascending=[False, True, True])
    return records(counts)


def _costliest(cost: str | Path, audit: Path) -> str:
    """Say which family costs most."""
    named = tables.read("audit_families", audit / "families.parquet", ["family", "plurality_label"])
    return costliest(tables.read("cost", cost), family_labels(named))


def make_front(
    *,
    glitches: str | Path,
    segments: str | Path,
    quarantine: str | Path,
    duplicates: str | Path,
    families: str | Path,
    quality: str | Path,
    audit: str | Path,
    figures: Sequence[str | Path],
    out: str | Path,
    page: str | Path,
    witnesses: bool,
    cost: str | Path | None,
    simulated: bool,
) -> None:
    """Write the front page of the site.

    Parameters
    ----------
    glitches, segments, quarantine, duplicates, families, quality : path
        Tables of these names; `quality` is the map's.
    audit : path
        Folder with the audit's tables families, quality, leakage, relabel and suspects.
    figures : list of path
        PNG files named as in `names.FIGURES`; the page shows copies.
    out : path
        Folder of the copies, replaced as a whole.
    page : path
        The page, beside the folder.
    witnesses : bool
        The site has a page of witnesses to go on to.
    cost : path or None
        Table of this name: the site has a page of costs; None where nothing has one.
    simulated : bool
        The data are the simulated observatory's: the site has a page of what was planted.
    """
    audit = Path(audit)
    catalogue = tables.read("glitches", glitches)
    mapped = tables.read("families", families)
    aside = quarantine_lines(tables.read("quarantine", quarantine))
    measured = pd.concat([tables.read("quality", quality), tables.read("quality", audit / "quality.parquet")])
    given = {Path(path).stem: Path(path) for path in figures}
    with whole_folder(out) as folder:
        for path in given.values():
            shutil.copyfile(path, folder / path.name)
    shown = [(f"{Path(out).name}/{name}.png", text) for name, text in FIGURES.items() if name in given]
    values = {
        "detectors": detector_lines(catalogue, tables.read("segments", segments)),
        "n_detectors": len(set(catalogue["ifo"]) - {"unknown"}),
        "n": len(catalogue),
        "astrophysical": int((catalogue["astrophysical"] != "").sum()),
        "duplicates": len(tables.read("duplicates", duplicates)),
        "mapped": mapped["glitch_id"].nunique(),
        "families": mapped.loc[mapped["family"] != UNASSIGNED, "family"].nunique(),
        "unassigned": float((mapped["family"] == UNASSIGNED).mean()) if len(mapped) else None,
        "unit": "view" if (mapped["view"] != "").any() else "glitch",
        "aside": aside[:REASONS],
        "aside_total": sum(line["n"] for line in aside),
        "aside_more": len(aside) - REASONS,
        "measured": records(measured),
        "leakage": records(tables.read("leakage", audit / "leakage.parquet")),
        "issues": int(tables.read("suspects", audit / "suspects.parquet", ["issue"])["issue"].sum()),
        "proposals": len(tables.read("relabel", audit / "relabel.parquet", ["glitch_id"])),
        "figures": shown,
        "witnesses": witnesses,
        "cost": cost is not None,
        "costliest": "" if cost is None else _costliest(cost, audit),
        "simulated": simulated,
        "root": "",
    }
    files.write_text(page, render("front.html", **values))

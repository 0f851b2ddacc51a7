"""The front page: what was analysed, what came out, and where to go on."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from lal import GPSToUTC

from glitch_explorer.audit.rows import map_rows
from glitch_explorer.audit.schemas import AUDIT_FAMILIES, LABELS, LEAKAGE, RELABEL, SUSPECTS
from glitch_explorer.catalog.schemas import DUPLICATES, GLITCHES, QUARANTINE
from glitch_explorer.core import files, tables
from glitch_explorer.core.intervals import union
from glitch_explorer.coupling.schemas import CALIBRATION, WITNESSES
from glitch_explorer.impact.schemas import COST
from glitch_explorer.map.schemas import FAMILIES, FAMILY_IDS, QUALITY, UNASSIGNED
from glitch_explorer.site.figure_names import FIGURES
from glitch_explorer.site.front.findings import RULE, Found, findings
from glitch_explorer.site.front.made import citations, left_out, setting_lines, sources, versions
from glitch_explorer.site.pages import records, render
from glitch_explorer.sources.schemas import SEGMENTS

#: Reasons of quarantine that are listed.
REASONS = 12


def live_time(segments: pd.DataFrame) -> dict[str, float]:
    """Give each detector's live time in seconds: the union of its segments."""
    return {
        str(ifo): float(np.diff(union(rows[["start", "end"]].to_numpy(dtype=float))).sum())
        for ifo, rows in segments.groupby("ifo")
    }


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
    """Count the reason codes of quarantined rows, the commonest first."""
    counts = quarantine.groupby(["stage", "reason"]).size().reset_index(name="n")
    counts = counts.sort_values(["n", "stage", "reason"], ascending=[False, True, True])
    return records(counts)


def _read(schema: pa.Schema, folder: str | Path | None) -> pd.DataFrame | None:
    """Read a table from a stage's folder; None where the stage was not run."""
    return None if folder is None else tables.read(schema, Path(folder) / f"{tables.name_of(schema)}.parquet")


@dataclass(frozen=True)
class FrontFiles:
    """The tables that the page is made from, each a path."""

    glitches: str | Path
    segments: str | Path
    quarantine: str | Path
    duplicates: str | Path
    #: Folder with the map's tables families, quality and family_ids.
    map: str | Path
    #: Folder with the audit's tables families, labels, quality, leakage, relabel and suspects.
    audit: str | Path
    #: Folder with the tables witnesses and calibration; None where the coupling was not run.
    coupling: str | Path | None
    #: Folder with the table cost; None where nothing has one.
    impact: str | Path | None

    def found(self) -> Found:
        """Read what findings are taken from."""
        audit = Path(self.audit)
        rows = map_rows(self.glitches, Path(self.map) / "families.parquet", ["label"])
        return Found(
            leakage=tables.read(LEAKAGE, audit / "leakage.parquet"),
            families=tables.read(AUDIT_FAMILIES, audit / "families.parquet"),
            labels=tables.read(LABELS, audit / "labels.parquet"),
            suspects=tables.read(SUSPECTS, audit / "suspects.parquet"),
            ids=tables.read(FAMILY_IDS, Path(self.map) / "family_ids.parquet"),
            labelled=rows.loc[rows["label"].notna(), ["family", "label"]],
            calibration=_read(CALIBRATION, self.coupling),
            witnesses=_read(WITNESSES, self.coupling),
            cost=_read(COST, self.impact),
        )


@dataclass(frozen=True)
class Making:
    """How the results were made."""

    #: Sections of the config that the numbers rest on.
    settings: Mapping[str, Any]
    #: Name of each stage to the fingerprint of its code.
    codes: Mapping[str, str]
    #: Content of CITATION.cff.
    citation: Mapping[str, Any]
    #: The data are the simulated observatory's.
    simulated: bool


def analysed(paths: FrontFiles) -> dict[str, Any]:
    """Say what was analysed, what was put aside, and how good map and catalogue are."""
    catalogue = tables.read(GLITCHES, paths.glitches)
    mapped = tables.read(FAMILIES, Path(paths.map) / "families.parquet")
    aside = quarantine_lines(tables.read(QUARANTINE, paths.quarantine))
    measured = [tables.read(QUALITY, Path(folder) / "quality.parquet") for folder in (paths.map, paths.audit)]
    return {
        "detectors": detector_lines(catalogue, tables.read(SEGMENTS, paths.segments)),
        "n_detectors": len(set(catalogue["ifo"]) - {"unknown"}),
        "n": len(catalogue),
        "astrophysical": int((catalogue["astrophysical"] != "").sum()),
        "duplicates": len(tables.read(DUPLICATES, paths.duplicates)),
        "mapped": mapped["glitch_id"].nunique(),
        "families": mapped.loc[mapped["family"] != UNASSIGNED, "family"].nunique(),
        "unassigned": float((mapped["family"] == UNASSIGNED).mean()) if len(mapped) else None,
        "unit": "view" if (mapped["view"] != "").any() else "glitch",
        "aside": aside[:REASONS],
        "aside_total": sum(line["n"] for line in aside),
        "aside_more": len(aside) - REASONS,
        "measured": records(pd.concat(measured)),
        "proposals": len(tables.read(RELABEL, Path(paths.audit) / "relabel.parquet", ["glitch_id"])),
    }


def stage_lines(found: Found, told: Mapping[str, Any], codes: Mapping[str, str]) -> list[dict[str, str]]:
    """Say what each stage gave, in the order of the data, with the fingerprint of its code."""
    gave = {
        "catalog": f"{told['n']} glitches; {told['aside_total']} rows put aside",
        "views": f"spectrograms of {told['mapped']} glitches, in four lengths",
        "embed": "a vector for each view",
        "map": f"{told['families']} families",
        "audit": f"{int(found.suspects['issue'].sum())} label errors, {told['proposals']} labels proposed",
    }
    if found.witnesses is not None:
        channels = found.witnesses["channel"].nunique()
        gave["coupling"] = f"{channels} channels held against every family"
    if found.cost is not None:
        gave["impact"] = f"{int(found.cost['cost_mpc3_yr'].notna().sum())} costs, of families in detectors"
    return [{"name": name, "gave": text, "code": codes[name]} for name, text in gave.items()]


def make_front(
    *,
    paths: FrontFiles,
    making: Making,
    figures: Sequence[str | Path],
    out: str | Path,
    page: str | Path,
    methods: str | Path,
) -> None:
    """Write the front page of the site, and the page that says what each number means.

    Parameters
    ----------
    paths : FrontFiles
        Tables.
    making : Making
        Settings, code and citation.
    figures : list of path
        PNG files named as in `names.FIGURES`; the page shows copies.
    out : path
        Folder of the copies, replaced as a whole.
    page, methods : path
        The pages, beside the folder.
    """
    found, told = paths.found(), analysed(paths)
    given = {Path(path).stem: Path(path) for path in figures}
    with files.whole_folder(out) as folder:
        for path in given.values():
            shutil.copyfile(path, folder / path.name)
    witnesses, cost = found.witnesses is not None, found.cost is not None
    values = {
        **told,
        "findings": findings(found),
        "rule": RULE,
        "leakage": records(found.leakage),
        "issues": int(found.suspects["issue"].sum()),
        "figures": [
            (f"{Path(out).name}/{name}.png", text) for name, text in FIGURES.items() if name in given
        ],
        "stages": stage_lines(found, told, making.codes),
        "settings": setting_lines(making.settings),
        "versions": versions(),
        "left_out": left_out(witnesses=witnesses, cost=cost, simulated=making.simulated),
        "cite": citations(making.citation, sources(making.settings)),
        "simulated": making.simulated,
    }
    for target, template in ((page, "front/front.html"), (methods, "methods.html")):
        files.write_text(target, render(template, **values, witnesses=witnesses, cost=cost, root=""))

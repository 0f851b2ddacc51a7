"""The front page: what was analysed, the findings, and the links to all other pages."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from glitch_explorer.audit.rows import map_rows
from glitch_explorer.audit.schemas import AUDIT_FAMILIES, LABELS, LEAKAGE, NEAREST_FAMILIES, RELABEL, SUSPECTS
from glitch_explorer.catalog.runs import uncovered_live_time
from glitch_explorer.catalog.schemas import DUPLICATES, GLITCHES, QUARANTINE
from glitch_explorer.core import files, tables
from glitch_explorer.core.intervals import lengths, segments_of
from glitch_explorer.coupling.auxiliary.safety import data_key
from glitch_explorer.coupling.rates.schemas import SLOW_DRIVERS
from glitch_explorer.coupling.schemas import ALPHA, CALIBRATION, COINCIDENCES, EVIDENCE, WITNESSES
from glitch_explorer.impact.schemas import COST, COST_BY_DETECTOR
from glitch_explorer.map.schemas import FAMILY_IDS, QUALITY, UNASSIGNED
from glitch_explorer.site.evidence.rows import witness_counts
from glitch_explorer.site.front.findings import FindingTables, findings
from glitch_explorer.site.front.provenance import Provenance
from glitch_explorer.site.pages import records, render
from glitch_explorer.sources.schemas import SEGMENTS

#: Reasons of quarantine that are listed.
REASONS = 12


def live_time(segments: pd.DataFrame) -> dict[str, float]:
    """Return each detector's live time in seconds: the union of its segments."""
    return {ifo: float(lengths(segments_of(segments, ifo)).sum()) for ifo in segments["ifo"].unique()}


def detector_lines(glitches: pd.DataFrame, segments: pd.DataFrame) -> list[dict[str, Any]]:
    """Return each detector's glitches, time span, runs, live time, and how much the glitches do not cover."""
    live, uncovered = live_time(segments), uncovered_live_time(glitches, segments)
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
                "runs": ", ".join(sorted(rows["run"].dropna().unique())),
                "live_hours": live[str(ifo)] / 3600 if ifo in live else None,
                "uncovered_hours": uncovered[str(ifo)][0] / 3600 if ifo in uncovered else None,
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
    #: Folder with the map's tables families, family_ids and, where there is a map, quality.
    map: str | Path
    #: Folder with the audit's tables families, labels and, where there is a map, nearest_families, quality,
    #: leakage, relabel and suspects.
    audit: str | Path
    #: Whether the families are those of a map.
    mapped: bool
    #: Folder with the tables witnesses and calibration; None where the coupling stage was not run.
    coupling: str | Path | None
    #: Table "coincidences"; None where there are no auxiliary triggers, flags and trends.
    coincidences: str | Path | None
    #: Table "evidence"; None where the coupling stage was not run.
    evidence: str | Path | None
    #: Tables "slow_drivers" of all detectors; empty where the coupling stage was not run.
    slow: Sequence[str | Path]
    #: Folder with the tables cost and cost_by_detector; None where nothing has a cost.
    impact: str | Path | None

    def map_rows(self) -> pd.DataFrame:
        """Read the rows of the map, with their labels."""
        return map_rows(self.glitches, Path(self.map) / "families.parquet", ["label"])

    def finding_tables(self, rows: pd.DataFrame) -> FindingTables:
        """Read the tables that findings are taken from, beside `rows` of the map."""
        return FindingTables(
            leakage=self.of_map(LEAKAGE, self.audit),
            families=tables.read(AUDIT_FAMILIES, Path(self.audit) / "families.parquet"),
            nearest=self.of_map(NEAREST_FAMILIES, self.audit),
            labels=tables.read(LABELS, Path(self.audit) / "labels.parquet"),
            suspects=self.of_map(SUSPECTS, self.audit),
            ids=tables.read(FAMILY_IDS, Path(self.map) / "family_ids.parquet"),
            labelled=rows.loc[rows["label"].notna(), ["family", "label"]],
            calibration=_read(CALIBRATION, self.coupling),
            witnesses=_read(WITNESSES, self.coupling),
            cost=_read(COST, self.impact),
            cost_by_detector=_read(COST_BY_DETECTOR, self.impact),
            coincidences=tables.read(COINCIDENCES, self.coincidences) if self.coincidences else None,
            evidence=tables.read(EVIDENCE, self.evidence) if self.evidence else None,
            slow=tables.read_all(SLOW_DRIVERS, self.slow) if self.slow else None,
        )

    def of_map(self, schema: pa.Schema, folder: str | Path) -> pd.DataFrame:
        """Read a table that needs a map; without one it is empty."""
        table = _read(schema, folder) if self.mapped else None
        return tables.empty(schema) if table is None else table


def catalogue_facts(paths: FrontFiles, mapped: pd.DataFrame) -> dict[str, Any]:
    """Return what was analysed, what was excluded, and how good map and catalogue are.

    Parameters
    ----------
    paths
        Tables.
    mapped
        Rows of the map.
    """
    catalogue = tables.read(GLITCHES, paths.glitches, ["ifo", "event_time", "label", "run", "astrophysical"])
    times = catalogue["event_time"].dropna()
    excluded = quarantine_lines(tables.read(QUARANTINE, paths.quarantine))
    quality = pd.concat([paths.of_map(QUALITY, folder) for folder in (paths.map, paths.audit)])
    return {
        "detectors": detector_lines(catalogue, tables.read(SEGMENTS, paths.segments)),
        "span": None if times.empty else (times.min(), times.max()),
        "n": len(catalogue),
        "astrophysical": int((catalogue["astrophysical"] != "").sum()),
        "duplicates": len(tables.read(DUPLICATES, paths.duplicates)),
        "n_mapped": mapped["glitch_id"].nunique(),
        "families": mapped.loc[mapped["family"] != UNASSIGNED, "family"].nunique(),
        "unassigned": float((mapped["family"] == UNASSIGNED).mean()) if len(mapped) else None,
        "unit": "view" if (mapped["view"] != "").any() else "glitch",
        "excluded": excluded[:REASONS],
        "excluded_total": sum(line["n"] for line in excluded),
        "excluded_more": len(excluded) - REASONS,
        "quality": records(quality),
        "proposals": len(paths.of_map(RELABEL, paths.audit)),
    }


def write_front(
    *,
    paths: FrontFiles,
    provenance: Provenance,
    figures: Sequence[str | Path],
    out: str | Path,
    page: str | Path,
    methods: str | Path,
) -> None:
    """Write the front page of the site, and the page that explains each number.

    Parameters
    ----------
    paths : FrontFiles
        Tables.
    provenance : Provenance
        Settings, code and citation.
    figures : list of path
        PNG files of `figures.draw_figures`; the page shows copies.
    out : path
        Folder for the copies; an existing one is replaced.
    page, methods : path
        The pages, in the same folder as `out`.
    """
    rows = paths.map_rows()
    results = paths.finding_tables(rows)
    with files.whole_folder(out) as folder:
        for path in figures:
            shutil.copyfile(path, folder / Path(path).name)
    coupled = [part for part in (results.witnesses, results.coincidences) if part is not None]
    cost = results.cost
    values = {
        **catalogue_facts(paths, rows),
        **provenance.facts(),
        "findings": findings(results, mapped=paths.mapped),
        "alpha": ALPHA,
        "leakage": records(results.leakage),
        "issues": int(results.suspects["issue"].sum()),
        "figures": [Path(path).stem for path in figures],
        "folder": Path(out).name,
        "channels": len({data_key(name) for part in coupled for name in part["channel"].unique()}),
        "counts": None if results.evidence is None else witness_counts(results.evidence),
        "costs": None if cost is None else int(cost["cost_mpc3_yr"].notna().sum()),
        "witnesses": bool(coupled),
        "cost": cost is not None,
        "mapped": paths.mapped,
        "groups": provenance.settings["families"],
        "n_families": len(results.families),
        "validated": provenance.simulated and paths.mapped,
    }
    for target, template in ((page, "front/front.html"), (methods, "front/methods.html")):
        files.write_text(target, render(template, **values, root=""))

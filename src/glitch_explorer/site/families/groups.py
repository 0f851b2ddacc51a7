"""Pages of families that labels or a file define: times and numbers, and the results of the other stages."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from glitch_explorer.audit.groups import members_with_unions
from glitch_explorer.audit.labels import label_counts
from glitch_explorer.audit.rows import map_rows
from glitch_explorer.audit.schemas import AUDIT_FAMILIES
from glitch_explorer.core import files, tables
from glitch_explorer.core.intervals import contains, lengths, segments_of
from glitch_explorer.coupling.schemas import EVIDENCE
from glitch_explorer.map.schemas import FAMILY_NAMES, UNASSIGNED, UNIONS
from glitch_explorer.site.families.compared import read_compared
from glitch_explorer.site.families.page import coupling_parts, spread, stage_part
from glitch_explorer.site.families.unknown import catalogue_unknown
from glitch_explorer.site.pages import records, render
from glitch_explorer.sources.schemas import SEGMENTS

_COLUMNS = ["ifo", "event_time", "duration_s", "peak_frequency_hz", "snr", "label", "label_confidence", "run"]
#: Numbers of a family of which its page shows median and quartiles.
_SPREADS = ("snr", "peak_frequency_hz", "duration_s", "label_confidence")
#: Members that a page lists: the loudest.
LOUDEST = 12


@dataclass(frozen=True)
class Groups:
    """The tables that the pages are made from."""

    #: Members of families and unions, with columns of the catalogue beside them.
    rows: pd.DataFrame
    #: Tables "audit_families" and "family_names", one row per family, by family.
    families: pd.DataFrame
    segments: pd.DataFrame
    #: Glitches in no family.
    unassigned: int
    #: Folders with parts of the pages: of the coupling stage, about channels, and about triggers, flags and
    #: trends; and of the impact stage. None where there are none.
    witnesses: Path | None
    coincidences: Path | None
    cost: Path | None
    #: Table "evidence", None where the coupling stage was not run.
    evidence: pd.DataFrame | None
    #: `families.source` of the config.
    source: str
    #: Comparison with other families (`read_compared`), None where there is none.
    compared: dict[str, Any] | None

    @property
    def has(self) -> dict[str, bool]:
        """Which pages the site has."""
        witnesses = self.witnesses is not None or self.coincidences is not None
        return {"witnesses": witnesses, "cost": self.cost is not None, "mapped": False}


def read_groups(
    *,
    glitches: str | Path,
    segments: str | Path,
    map: str | Path,  # noqa: A002 - the stage
    audit: str | Path,
    witnesses: str | Path | None,
    coincidences: str | Path | None,
    evidence: str | Path | None,
    cost: str | Path | None,
    source: str,
    compared: bool,
) -> Groups:
    """Read the tables of families that labels or a file define.

    Parameters
    ----------
    glitches, segments : path
        Tables "glitches" and "segments".
    map, audit : path
        Folders with the tables families, unions and family_names, and families of the audit.
    witnesses, coincidences, cost : path or None
        Folders of `write_witness_pages`, `write_coincidence_pages` and `write_impact_pages`; None where the
        stage was not run.
    evidence : path or None
        Table "evidence"; None where the coupling stage was not run.
    source : str
        `labels` or `file`.
    compared : bool
        Whether the audit has a comparison with other families.
    """
    folder = Path(map)
    rows = map_rows(glitches, folder / "families.parquet", _COLUMNS)
    unions = tables.read(UNIONS, folder / "unions.parquet")
    audited = tables.read(AUDIT_FAMILIES, Path(audit) / "families.parquet").drop(columns="name")
    names = tables.read(FAMILY_NAMES, folder / "family_names.parquet")
    return Groups(
        rows=members_with_unions(rows, unions),
        families=names.merge(audited, on="family", validate="1:1").set_index("family"),
        segments=tables.read(SEGMENTS, segments),
        unassigned=int((rows["family"] == UNASSIGNED).sum()),
        witnesses=Path(witnesses) if witnesses else None,
        coincidences=Path(coincidences) if coincidences else None,
        evidence=tables.read(EVIDENCE, evidence) if evidence else None,
        cost=Path(cost) if cost else None,
        source=source,
        compared=read_compared(audit) if compared else None,
    )


def detector_rates(members: pd.DataFrame, segments: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a family's glitches in each detector, their times, and their rate in the live time.

    Parameters
    ----------
    members
        The family's glitches: ifo, event_time (GPS s).
    segments
        Table "segments".
    """
    lines = []
    for ifo, rows in members.groupby("ifo"):
        times = rows["event_time"].dropna().to_numpy(dtype=float)
        live = segments_of(segments, str(ifo))
        hours = float(lengths(live).sum()) / 3600
        lines.append(
            {
                "ifo": ifo,
                "n": len(rows),
                "first": times.min() if len(times) else None,
                "last": times.max() if len(times) else None,
                "live_hours": hours or None,
                "rate_per_hour": np.count_nonzero(contains(live, times)) / hours if hours else None,
            }
        )
    return lines


def _joined(groups: Groups, family: str) -> list[dict[str, str | None]]:
    """Return the families that a union joins, by name, with the id of those that have one."""
    parts = [name for name in str(groups.families.loc[family, "parts"]).split("\n") if name]
    ids = dict(zip(groups.families["name"].astype(str), groups.families.index.astype(str), strict=True))
    return [{"name": name, "family": ids.get(name)} for name in parts]


def write_group_page(groups: Groups, family: str, folder: Path) -> dict[str, Any]:
    """Write the page of a family into `folder`; return its line of the page that lists all."""
    order = [str(name) for name in groups.families.index]
    number = order.index(family)
    members = groups.rows[groups.rows["family"] == family]
    audit = records(groups.families.loc[[family]])[0]
    coupling = coupling_parts(groups.witnesses, groups.coincidences, groups.evidence, family, folder)
    cost_part, impact = stage_part(groups.cost, family, folder)
    evidence = coupling["evidence"]
    facts = {"witness": evidence and evidence["best"], "rank": impact.get("rank")}
    counts = label_counts(members["label"])
    values = {
        "family": family,
        "audit": audit,
        "joined": _joined(groups, family),
        "source": groups.source,
        "detectors": detector_rates(members, groups.segments),
        "spreads": {name: spread(members[name]) for name in _SPREADS},
        "shares": [(label, count, count / counts.sum()) for label, count in counts.items()],
        "loudest": records(members.dropna(subset="snr").nlargest(LOUDEST, "snr")),
        "witness_part": coupling["witness_part"],
        "coincidence_part": coupling["coincidence_part"],
        "evidence": evidence,
        "cost_part": cost_part,
        "unknown": {
            "families": [{"code": "no_map", "source": groups.source}, *catalogue_unknown(members)],
            "witnesses": coupling["unknown"],
            "cost": impact["unknown"],
        },
        "previous": order[number - 1] if number else None,
        "following": next(iter(order[number + 1 :]), None),
        **facts,
        **groups.has,
        "root": "../",
    }
    files.write_text(folder / f"{family}.html", render("families/group.html", **values))
    return {"family": family, **audit, **facts, "joined": values["joined"], "detectors": values["detectors"]}


def write_group_pages(groups: Groups, *, out: str | Path, index: str | Path) -> None:
    """Write a page for each family, and the page that lists them.

    Parameters
    ----------
    groups : Groups
        Tables, as `read_groups` returns them.
    out : path
        Folder for the families' pages, directly below the site's folder; an existing one is replaced.
    index : path
        Page that lists the families, in the same folder as `out`.
    """
    with files.whole_folder(out) as folder:
        lines = [write_group_page(groups, str(family), folder) for family in groups.families.index]
    values = {"lines": lines, "unassigned": groups.unassigned, "source": groups.source}
    values |= {"compared": groups.compared}
    page = render("families/groups.html", **values, folder=Path(out).name, **groups.has, root="")
    files.write_text(index, page)

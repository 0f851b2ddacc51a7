"""The pages of the impact stage: the cost ranking, and a fragment for each family."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from glitch_explorer.audit.schemas import AUDIT_FAMILIES
from glitch_explorer.core import files, tables
from glitch_explorer.impact.schemas import COST, COST_BY_DAY, DRIVERS, RANK_STABILITY, RECOVERABLE
from glitch_explorer.site.cost.answers import (
    MODELS,
    Impact,
    OwnImpact,
    best_rank,
    drawn,
    impact_answer,
    read_own_impact,
    shown_glitch,
)
from glitch_explorer.site.cost.page import CostTables, write_cost_page
from glitch_explorer.site.cost.plots import Story, cost_ranking, story_picture
from glitch_explorer.site.cost.unknown import impact_unknown
from glitch_explorer.site.cost.words import family_labels
from glitch_explorer.site.pages import render

#: Lines of a family's table of cost: name, column, and the columns of its interval.
NUMBERS: tuple[tuple[str, str, str, str], ...] = (
    ("Cost (Mpc³ yr)", "cost_mpc3_yr", "cost_low", "cost_high"),
    ("Hours lost per 1000 h", "hours_per_1000h", "hours_low", "hours_high"),
    ("Gated time (s)", "deadtime_s", "", ""),
    ("of it gated by no other family (s)", "marginal_deadtime_s", "", ""),
    ("(a) Deadtime (Mpc³ yr)", "deadtime_loss_mpc3_yr", "", ""),
    ("(b) Range loss (Mpc³ yr)", "range_loss_mpc3_yr", "", ""),
    ("minutes with a known loss", "range_minutes", "", ""),
)


def _story(own: OwnImpact, one: dict[str, Any], family: str, medoid: str) -> Story | None:
    """Collect what is drawn of a model; None where there is nothing to tell."""
    found = drawn(own, one)
    if found is None:
        return None
    values, features = found
    glitch, which = shown_glitch(values, medoid)
    groups = [
        (
            str(group["group"]) + (f" +{len(group['members']) - 1}" if len(group["members"]) > 1 else ""),
            float(group["group_mean_abs_shap"]),
            any(member["safety"] == "unknown" for member in group["members"]),
        )
        for group in one["groups"]
    ]
    return Story(
        title=f"{family}, {one['ifo']}: {one['name']}. Average precision {one['ap']:.2f}, "
        f"of rate and time of day {one['ap_baseline']:.2f}",
        unit=one["unit"],
        groups=groups,
        values=values,
        features=features,
        base=float(one["base_value"]),
        glitch=glitch,
        which=which,
    )


def _fragment(
    own: OwnImpact, answers: list[dict[str, Any]], family: str, medoid: str, folder: Path, *, dpi: int
) -> None:
    """Write `<family>.html` (a part of a page), `<family>.json` and `<family>-drivers-<number>.png`."""
    number = 0
    for row in (row for one in answers for row in one["models"]):
        story = _story(own, row, family, medoid)
        row["picture"] = None
        if story is not None:
            number += 1
            row["picture"] = f"{family}-drivers-{number}.png"
            story_picture(story, folder / row["picture"], dpi=dpi)
    text = render("cost/fragment.html", answers=answers, numbers=NUMBERS, models=MODELS)
    files.write_text(folder / f"{family}.html", text)
    unknown = render("unknown.html", part="cost", items=impact_unknown(answers))
    files.write_json(folder / f"{family}.json", {"rank": best_rank(answers), "unknown": unknown})


def _write_families(
    impact: Impact,
    audited: pd.DataFrame,
    folders: Sequence[str | Path],
    folder: Path,
    vetoes: Path,
    *,
    dpi: int,
) -> None:
    """Write each family's fragment into `folder`, and copy its veto files into `vetoes`."""
    labels = family_labels(audited)
    found = {Path(path).name: Path(path) for path in folders}
    for family, medoid in audited[["family", "medoid"]].itertuples(index=False):
        own = read_own_impact(found.get(family))
        for name, path in own.files.items():
            shutil.copyfile(path, vetoes / name)
        detectors = sorted(set(impact.cost["ifo"]) | set(own.skill["ifo"]))
        answers = [impact_answer(impact, own, family, ifo, labels[family]) for ifo in detectors]
        _fragment(own, answers, family, medoid, folder, dpi=dpi)


def _costs(
    cost: str | Path,
    recoverable: str | Path,
    by_day: str | Path,
    stability: str | Path,
    labels: dict[str, str | None],
) -> CostTables:
    """Read the tables of the cost page."""
    return CostTables(
        cost=tables.read(COST, cost),
        recoverable=tables.read(RECOVERABLE, recoverable),
        by_day=tables.read(COST_BY_DAY, by_day),
        stability=tables.read(RANK_STABILITY, stability),
        labels=labels,
    )


def make_impact_pages(
    *,
    cost: str | Path,
    recoverable: str | Path,
    by_day: str | Path,
    stability: str | Path,
    table: str | Path,
    report: str | Path,
    drivers: str | Path | None,
    folders: Sequence[str | Path],
    audit_families: str | Path,
    out: str | Path,
    page: str | Path,
    assets: str | Path,
    vetoes: str | Path,
    figure: str | Path,
    dpi: int,
    witnesses: bool,
) -> None:
    """Write what is to be said of all families' drivers and costs.

    Parameters
    ----------
    cost, recoverable, by_day, stability : path
        Tables "cost", "recoverable", "cost_by_day" and "rank_stability".
    table, report : path
        The same costs as CSV, and as JSON with `settings` and `formula`, to take along.
    drivers : path or None
        Table of this name; None where no model was asked.
    folders : list of path
        The families' own folders of the impact stage, each called by its family; may be empty.
    audit_families : path
        Table of this name.
    out : path
        Folder for `F001.html` (a part of a page), its pictures and `F001.json` (its rank, and what is
        unknown), of each family; replaced as a whole.
    page : path
        The cost ranking.
    assets, vetoes : path
        Folders of its scripts and files, and of the veto files, beside it; replaced as a whole.
    figure : path
        The ranking as a picture, for the report.
    dpi : int
        Pixels per inch.
    witnesses : bool
        The site has a page of witnesses to go on to.
    """
    audited = tables.read(AUDIT_FAMILIES, audit_families)
    shown = _costs(cost, recoverable, by_day, stability, family_labels(audited))
    told = tables.empty(DRIVERS) if drivers is None else tables.read(DRIVERS, drivers)
    impact = Impact(cost=shown.cost, recoverable=shown.recoverable, drivers=told)
    with files.whole_folder(out) as folder, files.whole_folder(vetoes) as held:
        _write_families(impact, audited, folders, folder, held, dpi=dpi)
    cost_ranking(shown.cost, Path(figure), dpi=dpi)
    with files.whole_folder(assets) as folder:
        shutil.copyfile(table, folder / "cost.csv")
        shutil.copyfile(report, folder / "cost.json")
        told = json.loads(Path(report).read_text(encoding="utf-8"))
        write_cost_page(shown, page, folder, name=Path(assets).name, told=told, witnesses=witnesses)

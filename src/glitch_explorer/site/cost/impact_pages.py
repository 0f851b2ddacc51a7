"""Pages of the impact stage: the cost ranking, and each family's section on drivers and cost."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from glitch_explorer.audit.schemas import AUDIT_FAMILIES
from glitch_explorer.core import files, tables
from glitch_explorer.site.cost.family import (
    FamilyImpact,
    best_rank,
    detector_impact,
    read_family_impact,
    shap_tables,
    shown_glitch,
)
from glitch_explorer.site.cost.impact_tables import ImpactTables, read_impact
from glitch_explorer.site.cost.page import write_cost_page
from glitch_explorer.site.cost.plots import ShapFigure, cost_ranking, shap_picture
from glitch_explorer.site.cost.unknown import impact_unknown
from glitch_explorer.site.families.names import family_names
from glitch_explorer.site.pages import render


def _figure(family: FamilyImpact, model: dict[str, Any], medoid: str | None) -> ShapFigure | None:
    """Return the data of a model's SHAP figure, None where there are no SHAP values."""
    drawn = shap_tables(family, model)
    if drawn is None:
        return None
    values, features = drawn
    glitch = shown_glitch(values, medoid)
    groups = [
        (
            str(group["group"]) + (f" +{len(group['members']) - 1}" if len(group["members"]) > 1 else ""),
            float(group["group_mean_abs_shap"]),
            any(member["safety"] == "unknown" for member in group["members"]),
        )
        for group in model["groups"]
    ]
    return ShapFigure(
        model=model,
        groups=groups,
        values=values,
        features=features,
        glitch=glitch,
        is_medoid=glitch == medoid,
    )


def _write_fragment(
    impact: ImpactTables, family: FamilyImpact, folder: Path, *, medoid: str | None, dpi: int
) -> None:
    """Write `<family>.html` (section of a page), `<family>.json` and `<family>-drivers-<number>.png`."""
    modelled = impact.skill.loc[impact.skill["family"] == family.name, "ifo"]
    ifos = sorted(set(impact.cost["ifo"]) | set(modelled))
    detectors = [detector_impact(impact, family, ifo) for ifo in ifos]
    number = 0
    for model in (model for detector in detectors for model in detector["models"]):
        figure = _figure(family, model, medoid)
        model["picture"] = None
        if figure is not None:
            number += 1
            model["picture"] = f"{family.name}-drivers-{number}.png"
            shap_picture(figure, folder / model["picture"], dpi=dpi)
    text = render(
        "cost/fragment.html", detectors=detectors, family=family.name, label=impact.names[family.name]
    )
    files.write_text(folder / f"{family.name}.html", text)
    facts = {"rank": best_rank(detectors), "unknown": impact_unknown(detectors)}
    files.write_json(folder / f"{family.name}.json", facts)


def _write_families(
    impact: ImpactTables,
    audited: pd.DataFrame,
    folders: Sequence[str | Path],
    folder: Path,
    vetoes: Path,
    *,
    dpi: int,
) -> None:
    """Write each family's section into `folder`, and copy the family's veto files into `vetoes`."""
    by_family = {Path(path).name: Path(path) for path in folders}
    for name, medoid in audited[["family", "medoid"]].itertuples(index=False):
        family = read_family_impact(name, by_family.get(name))
        for file, path in family.files.items():
            shutil.copyfile(path, vetoes / file)
        _write_fragment(impact, family, folder, medoid=medoid, dpi=dpi)


def write_impact_pages(
    *,
    impact: str | Path,
    skill: str | Path | None,
    drivers: str | Path | None,
    folders: Sequence[str | Path],
    audit_families: str | Path,
    unions: str | Path | None,
    out: str | Path,
    page: str | Path,
    assets: str | Path,
    vetoes: str | Path,
    figure: str | Path,
    dpi: int,
    witnesses: bool,
) -> None:
    """Write the cost ranking, and each family's section on drivers and cost.

    Parameters
    ----------
    impact : path
        Folder with tables "cost", "recoverable", "cost_by_day" and "rank_stability", and the downloads
        cost.csv and cost.json; the latter also has `settings` and `formula`.
    skill, drivers : path or None
        Files of tables "skill" and "drivers"; None where no model was fitted.
    folders : list of path
        Folders of the families' results of the impact stage, each named after its family; an empty list if
        no models were fitted.
    audit_families : path
        File of table "audit_families".
    unions : path or None
        File of table "unions"; None where the families are those of a map.
    out : path
        Output folder; an existing one is replaced. For each family: `F001.html` (section of its page), the
        figures, and `F001.json` (best rank by cost over detectors, and codes of what is unknown).
    page : path
        HTML file of the cost ranking.
    assets, vetoes : path
        Folders for the scripts and data of that page, and for the veto files; both beside the page; existing
        ones are replaced.
    figure : path
        PNG of the ranking, for Snakemake's report.
    dpi : int
        Pixels per inch.
    witnesses : bool
        Whether the site has a page of witnesses.
    """
    source = Path(impact)
    audited = tables.read(AUDIT_FAMILIES, audit_families)
    shown = read_impact(source, skill, drivers, family_names(audited), unions)
    with files.whole_folder(out) as folder, files.whole_folder(vetoes) as veto_folder:
        _write_families(shown, audited, folders, folder, veto_folder, dpi=dpi)
    cost_ranking(shown.cost, Path(figure), dpi=dpi)
    with files.whole_folder(assets) as folder:
        for name in ("cost.csv", "cost.json"):
            shutil.copyfile(source / name, folder / name)
        report = json.loads((source / "cost.json").read_text(encoding="utf-8"))
        name = Path(assets).name
        write_cost_page(shown, page, folder, name=name, report=report, witnesses=witnesses)

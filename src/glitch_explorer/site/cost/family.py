"""One family's cost, models, alarms and vetoes, from the tables of the impact stage."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from glitch_explorer.core import tables
from glitch_explorer.impact.schemas import PRECURSOR_SKILL, SHAP_FEATURES, SHAP_VALUES, VETOES
from glitch_explorer.site.cost.impact_tables import ImpactTables
from glitch_explorer.site.cost.ranking import most_recoverable
from glitch_explorer.site.numbers import known
from glitch_explorer.site.pages import first_record, records

#: Groups of channels listed for a model.
GROUPS = 12
#: Endings of a family's veto files, and their formats.
VETO_FILES: dict[str, str] = {".xml.gz": "LIGO_LW XML", ".h5": "HDF5", ".txt": "text (start, end)"}
_MODEL = ["ifo", "view", "model"]


@dataclass(frozen=True)
class FamilyImpact:
    """One family's tables, without rows where no model was fitted."""

    name: str
    values: pd.DataFrame
    features: pd.DataFrame
    precursor: pd.DataFrame
    vetoes: pd.DataFrame
    #: Veto files by name.
    files: dict[str, Path]


def read_family_impact(name: str, folder: Path | None) -> FamilyImpact:
    """Read a family's tables from its folder of the impact stage; empty ones where there is no folder."""

    def read(schema: pa.Schema) -> pd.DataFrame:
        if folder is None:
            return tables.empty(schema)
        return tables.read(schema, folder / f"{tables.name_of(schema)}.parquet")

    return FamilyImpact(
        name=name,
        values=read(SHAP_VALUES),
        features=read(SHAP_FEATURES),
        precursor=read(PRECURSOR_SKILL),
        vetoes=read(VETOES),
        files={} if folder is None else {path.name: path for path in sorted((folder / "vetoes").glob("*"))},
    )


def driver_groups(drivers: pd.DataFrame) -> list[dict[str, Any]]:
    """List the groups of a model, each once with its channels, the most important first.

    Parameters
    ----------
    drivers
        Rows of table "drivers" of one family, detector, feature set and model.
    """
    rows = drivers[drivers["group_rank"].notna()].sort_values(["group_rank", "channel"], kind="stable")
    groups = []
    for group, members in rows.groupby("group", sort=False):
        ranked = members.sort_values("mean_abs_shap", ascending=False, kind="stable")
        best = records(ranked.head(1))[0]
        groups.append({**best, "group": group, "members": records(members[["channel", "safety"]])})
    return groups


def margins(values: pd.DataFrame) -> pd.Series:
    """Sum the SHAP values of each glitch: the model's output minus the base value."""
    return values.groupby("glitch_id", sort=True)["shap"].sum()


def shown_glitch(values: pd.DataFrame, medoid: str | None) -> str:
    """Select the glitch whose prediction is drawn: the medoid, else the one nearest the median output.

    Parameters
    ----------
    values
        Rows of table "shap_values" of one family, detector, feature set and model.
    medoid
        glitch_id of the family's medoid, None where it is not known.
    """
    sums = margins(values)
    # Among glitches as near, the first by name.
    return medoid if known(medoid) and medoid in sums.index else str((sums - sums.median()).abs().idxmin())


def _model_rows(skill: pd.DataFrame, drivers: pd.DataFrame) -> list[dict[str, Any]]:
    """Return each model of a family in a detector, with its groups of channels if it beats its baseline."""
    models = []
    for row in records(skill):
        rows = drivers[(drivers[_MODEL] == [row[name] for name in _MODEL]).all(axis=1)]
        groups = driver_groups(rows) if row["beats"] else []
        first = first_record(rows) or {"shap_unit": "", "perturbation": ""}
        models.append(
            {
                **row,
                "groups": groups[:GROUPS],
                "more": max(0, len(groups) - GROUPS),
                "unit": first["shap_unit"],
                "perturbation": first["perturbation"],
            }
        )
    return models


def _veto_rows(family: FamilyImpact, ifo: str) -> list[dict[str, Any]]:
    """Return the family's vetoes in a detector, with their files by name and format."""
    names = {f"{ifo}-{family.name}{ending}": kind for ending, kind in VETO_FILES.items()}
    present = [(name, kind) for name, kind in names.items() if name in family.files]
    return [{**row, "files": present} for row in records(family.vetoes[family.vetoes["ifo"] == ifo])]


def detector_impact(impact: ImpactTables, family: FamilyImpact, ifo: str) -> dict[str, Any]:
    """Return what is known of a family in a detector: its cost, models, alarms and vetoes.

    Parameters
    ----------
    impact
        All families' tables.
    family
        The family's tables.
    ifo
        The detector.
    """

    def part(table: pd.DataFrame) -> pd.DataFrame:
        return table[(table["family"] == family.name) & (table["ifo"] == ifo)]

    models = _model_rows(part(impact.skill), part(impact.drivers))
    reported = [row["model"] for row in models if row["view"] == "precursor" and row["beats"]]
    alarms = family.precursor[(family.precursor["ifo"] == ifo) & family.precursor["model"].isin(reported)]
    return {
        "ifo": ifo,
        "union": family.name in (impact.unions or ()),
        "cost": first_record(part(impact.cost)),
        "recoverable": records(most_recoverable(part(impact.recoverable))),
        "models": models,
        "precursor": records(alarms),
        "vetoes": _veto_rows(family, ifo),
    }


def shap_tables(family: FamilyImpact, model: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return the SHAP values and features of a model that beats its baseline, None where there are none.

    Parameters
    ----------
    family
        The family's tables.
    model
        One of the models of `detector_impact`.
    """
    key = [model[name] for name in _MODEL]
    values = family.values[(family.values[_MODEL] == key).all(axis=1)]
    features = family.features[(family.features[_MODEL] == key).all(axis=1)]
    drawn = model["groups"] and len(values) and known(model["base_value"])
    return (values, features) if drawn else None


def best_rank(detectors: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return a family's best place in the cost ranking, `rank` and `ifo`; None where it has none."""
    costs = [detector["cost"] for detector in detectors if detector["cost"]]
    ranked = [row for row in costs if known(row["rank"])]
    best = min(ranked, key=lambda row: row["rank"], default=None)
    return best and {"rank": int(best["rank"]), "ifo": best["ifo"]}

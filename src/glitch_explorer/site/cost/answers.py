"""What is said of one family's drivers and cost, taken from the tables of the impact stage."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from glitch_explorer.core import tables
from glitch_explorer.impact.schemas import PRECURSOR_SKILL, SHAP_FEATURES, SHAP_VALUES, SKILL, VETOES
from glitch_explorer.site.cost.words import most_recoverable, recoverable_text, row_text
from glitch_explorer.site.numbers import known
from glitch_explorer.site.pages import records

#: Witnesses told in sentences; groups of channels listed for a model.
TOLD, GROUPS = 3, 12
#: Endings of a family's veto files, and who reads them.
VETO_FILES: dict[str, str] = {".xml.gz": "LIGO_LW XML", ".h5": "HDF5", ".txt": "two columns"}
#: What a model sees, and what it is, in words.
VIEWS = {"witness": "all lags", "precursor": "before the glitch only"}
MODELS = {"xgboost": "XGBoost", "random_forest": "random forest"}
_MODEL = ["ifo", "view", "model"]


@dataclass(frozen=True)
class Impact:
    """What is known of all families: tables "cost", "recoverable" and "drivers"."""

    cost: pd.DataFrame
    recoverable: pd.DataFrame
    drivers: pd.DataFrame


@dataclass(frozen=True)
class OwnImpact:
    """A family's own tables, without rows where no model was asked."""

    skill: pd.DataFrame
    values: pd.DataFrame
    features: pd.DataFrame
    precursor: pd.DataFrame
    vetoes: pd.DataFrame
    #: Veto files by name.
    files: dict[str, Path]


def read_own_impact(folder: Path | None) -> OwnImpact:
    """Read a family's own tables from its folder of the impact stage; None where there is none."""

    def read(schema: pa.Schema) -> pd.DataFrame:
        if folder is None:
            return tables.empty(schema)
        return tables.read(schema, folder / f"{tables.name_of(schema)}.parquet")

    return OwnImpact(
        skill=read(SKILL),
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
        Rows of table "drivers" of one family, detector, view and model.
    """
    rows = drivers[drivers["group_rank"].notna()].sort_values(["group_rank", "channel"], kind="stable")
    listed = []
    for group, own in rows.groupby("group", sort=False):
        best = records(own.sort_values("mean_abs_shap", ascending=False, kind="stable").head(1))[0]
        listed.append({**best, "group": group, "members": records(own[["channel", "safety"]])})
    return listed


def margins(values: pd.DataFrame) -> pd.Series:
    """Sum the SHAP values of each glitch: its margin less the base value."""
    return values.groupby("glitch_id", sort=True)["shap"].sum()


def shown_glitch(values: pd.DataFrame, medoid: str) -> tuple[str, str]:
    """Choose the glitch whose prediction is drawn: the medoid, else the one nearest the median margin.

    Parameters
    ----------
    values
        Rows of table "shap_values" of one family, detector, view and model.
    medoid
        glitch_id of the family's medoid.

    Returns
    -------
    glitch_id, words
        And which glitch that is.
    """
    sums = margins(values)
    if medoid in sums.index:
        return medoid, "the medoid"
    # Among glitches as near, the first by name.
    return str((sums - sums.median()).abs().idxmin()), "of median margin; the medoid has no SHAP"


def model_answers(own: OwnImpact, drivers: pd.DataFrame, ifo: str) -> list[dict[str, Any]]:
    """Describe each model of a family in a detector, with its groups of channels where it may tell them.

    Parameters
    ----------
    own
        The family's own tables.
    drivers
        Rows of table "drivers" of the family.
    ifo
        Detector.
    """
    answers = []
    for row in records(own.skill[own.skill["ifo"] == ifo]):
        rows = drivers[(drivers[_MODEL] == [row[name] for name in _MODEL]).all(axis=1)]
        groups = driver_groups(rows) if row["beats"] else []
        first = records(rows.head(1))
        answers.append(
            {
                **row,
                "name": f"{MODELS.get(row['model'], row['model'])}, {VIEWS.get(row['view'], row['view'])}",
                "groups": groups[:GROUPS],
                "more": max(0, len(groups) - GROUPS),
                "unit": first[0]["shap_unit"] if first else "",
                "perturbation": first[0]["perturbation"] if first else "",
                "story": bool(groups),
            }
        )
    return answers


def veto_answers(own: OwnImpact, family: str, ifo: str) -> list[dict[str, Any]]:
    """Describe the family's vetoes in a detector, with their files by name and kind."""
    return [
        {
            **row,
            "files": [
                (f"{ifo}-{family}{ending}", kind)
                for ending, kind in VETO_FILES.items()
                if f"{ifo}-{family}{ending}" in own.files
            ],
        }
        for row in records(own.vetoes[own.vetoes["ifo"] == ifo])
    ]


def impact_answer(impact: Impact, own: OwnImpact, family: str, ifo: str, label: str | None) -> dict[str, Any]:
    """Collect what is said of `family` in the detector `ifo`."""

    def part(table: pd.DataFrame) -> pd.DataFrame:
        return table[(table["family"] == family) & (table["ifo"] == ifo)]

    cost = records(part(impact.cost))
    won = records(most_recoverable(part(impact.recoverable)))
    return {
        "ifo": ifo,
        "cost": cost[0] if cost else None,
        "words": row_text(cost[0], label) if cost else f"{family} has no glitch in analysed time of {ifo}.",
        "recoverable": won,
        "told": [recoverable_text(row) for row in won[:TOLD]],
        "models": model_answers(own, impact.drivers[impact.drivers["family"] == family], ifo),
        "precursor": records(own.precursor[own.precursor["ifo"] == ifo]),
        "vetoes": veto_answers(own, family, ifo),
    }


def drawn(own: OwnImpact, one: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Give the SHAP values and features of a model that may tell its story, None where there are none.

    Parameters
    ----------
    own
        The family's own tables.
    one
        One of `model_answers`.
    """
    wanted = [one[name] for name in _MODEL]
    values = own.values[(own.values[_MODEL] == wanted).all(axis=1)]
    features = own.features[(own.features[_MODEL] == wanted).all(axis=1)]
    return (values, features) if one["story"] and len(values) and known(one["base_value"]) else None


def best_rank(answers: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Give a family's best place in the cost ranking, `rank` and `ifo`; None where it has none."""
    ranked = [one for one in answers if one["cost"] and known(one["cost"]["rank"])]
    if not ranked:
        return None
    best = min(ranked, key=lambda one: one["cost"]["rank"])
    return {"rank": int(best["cost"]["rank"]), "ifo": best["ifo"]}

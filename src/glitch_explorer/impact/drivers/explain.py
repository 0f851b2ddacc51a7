"""Drivers of a family in a detector: models, their gain over the baseline, SHAP values, precursor skill."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Float64
from glitch_explorer.coupling.channels.feature_set import FeatureSet
from glitch_explorer.coupling.witnesses.background import LAGS_S
from glitch_explorer.coupling.witnesses.blocks import LEAST_BLOCKS
from glitch_explorer.coupling.witnesses.lag_profiles import isolated
from glitch_explorer.coupling.witnesses.ranks import make_grid
from glitch_explorer.coupling.witnesses.search import start_times
from glitch_explorer.coupling.witnesses.slides import make_triggers, shifted_times
from glitch_explorer.impact.drivers import shapley
from glitch_explorer.impact.drivers.lead import precursor_skill
from glitch_explorer.impact.drivers.skill import Gain, roc_auc
from glitch_explorer.impact.drivers.training import MODELS, PERTURBATION, UNITS, ModelName
from glitch_explorer.impact.drivers.trials import (
    FEATURE_SETS,
    Case,
    FeatureSetName,
    Sample,
    Trial,
    Unfit,
    make_sample,
    run_trials,
)
from glitch_explorer.impact.drivers.windows import Material, leading_columns, make_material
from glitch_explorer.impact.reasons import Reason
from glitch_explorer.impact.schemas import (
    FAMILY_DRIVERS,
    FAMILY_SKILL,
    PRECURSOR_SKILL,
    SHAP_FEATURES,
    SHAP_VALUES,
)

#: Tables of a family's drivers, by file name.
TABLES: dict[str, pa.Schema] = {
    "skill": FAMILY_SKILL,
    "drivers": FAMILY_DRIVERS,
    "shap_values": SHAP_VALUES,
    "shap_features": SHAP_FEATURES,
    "precursor_skill": PRECURSOR_SKILL,
}
_COUNTS = ("n_glitches", "n_background", "n_segments", "n_folds", "blocks")
#: Key added to the seed, so that the time shifts have a random stream of their own.
_SHIFT = 7

#: Tables of one family in one detector, or of one of its models, by file name.
Tables = dict[str, pd.DataFrame]


def explain(
    features: FeatureSet,
    family: pd.DataFrame,
    quiet: Float64,
    segments: Float64,
    channels: pd.DataFrame,
    *,
    family_id: str,
    ifo: str,
    max_glitches: int,
    seed: int,
    threads: int,
) -> Tables:
    """Compute which channels drive a family.

    They are those on which models rely that predict the family's glitches better than a baseline of glitch
    rate and time of day does. See docs/explanation/drivers.md.

    Parameters
    ----------
    features
        Features over the family's live time.
    family
        The family's glitches in this detector, with columns glitch_id, event_time (no missing values),
        duration_s, and start_time (may be missing).
    quiet
        ``(k, 2)`` stretches without any glitch of the detector, GPS seconds (`map.members`).
    segments
        ``(k, 2)`` sorted, disjoint analysis segments of the detector, GPS seconds.
    channels
        Table of the channels, with columns channel and safety.
    family_id, ifo
        Names for the tables.
    max_glitches
        Largest number of glitches with windows; if there are more, they are sampled evenly in time.
    seed
        Seed of the random streams.
    threads
        Folds fitted in parallel; the tables do not depend on it.

    Returns
    -------
    dict
        The tables of `TABLES`.
    """
    family = family.sort_values("event_time", kind="stable", ignore_index=True)
    material = make_material(features, channels) if len(family) else None
    if material is None:
        reason = Reason.NO_DATA if len(family) else Reason.FEW_TIMED
        return unexplained(reason, family_id=family_id, ifo=ifo, n_timed=len(family))
    case = Case(material, quiet, segments, max_glitches, seed, threads)
    parts = [
        _model_tables(result, name, case, family) for result in _results(case, family) for name in MODELS
    ]
    return _joined(parts, family_id, ifo, len(family))


def unexplained(reason: Reason, *, family_id: str, ifo: str, n_timed: int) -> Tables:
    """Return the tables of a family without models, with the reason."""
    results = [_Result(feature_set, Unfit(reason), None) for feature_set in FEATURE_SETS]
    parts = [_without_shap(_skill(result, name)) for result in results for name in MODELS]
    return _joined(parts, family_id, ifo, n_timed)


def _joined(parts: Sequence[Tables], family_id: str, ifo: str, n_timed: int) -> Tables:
    """Return the tables of all feature sets and models."""
    key: dict[str, Any] = {"family": family_id, "ifo": ifo, "n_timed": n_timed}
    return {
        name: tables.joined(schema, [part[name] for part in parts if name in part]).assign(**key)[
            schema.names
        ]
        for name, schema in TABLES.items()
    }


@dataclass(frozen=True)
class _Result:
    """Cross-validated models of one feature set, or why there are none, and those of the control.

    The control has time-shifted triggers in place of the glitches.
    """

    feature_set: FeatureSetName
    trial: Trial | Unfit
    control: Trial | None


def _results(case: Case, family: pd.DataFrame) -> list[_Result]:
    """Fit the cross-validated models of both feature sets, each with its control."""
    times = family["event_time"].to_numpy(dtype=float)
    grid = make_grid(case.material.live, LAGS_S)
    rng = np.random.default_rng([case.seed, _SHIFT])
    shifted = shifted_times(times, make_triggers(times, grid), grid, rng=rng)
    leading, early = leading_columns(case.material, times, start_times(family))
    # For precursors only isolated triggers are used: what looks like a precursor could otherwise be an
    # after-effect of the previous glitch.
    usable = {
        "witness": (np.ones(len(times), bool), np.ones(len(shifted), bool)),
        "precursor": (early & isolated(times), isolated(shifted)),
    }
    columns = {"witness": np.arange(case.material.n_columns), "precursor": leading}
    samples: dict[tuple[FeatureSetName, bool], Sample] = {}
    unfit: dict[FeatureSetName, Unfit] = {}
    for k, name in enumerate(FEATURE_SETS):
        if not len(columns[name]):
            unfit[name] = Unfit(Reason.NO_LEADING_BIN)
            continue
        sample = make_sample(case, times, usable[name][0], columns[name], stream=2 * k)
        if isinstance(sample, Unfit):
            unfit[name] = sample
            continue
        samples[name, False] = sample
        control = make_sample(case, shifted, usable[name][1], columns[name], stream=2 * k + 1)
        if isinstance(control, Sample):
            samples[name, True] = control
    trials = dict(zip(samples, run_trials(case, list(samples.values())), strict=True))
    return [
        _Result(name, unfit.get(name) or trials[name, False], trials.get((name, True)))
        for name in FEATURE_SETS
    ]


def _model_tables(result: _Result, name: ModelName, case: Case, family: pd.DataFrame) -> Tables:
    """Return the rows of all tables for one feature set and model."""
    skill, trial = _skill(result, name), result.trial
    if isinstance(trial, Unfit) or skill["reason"]:
        return _without_shap(skill)
    key = {"view": result.feature_set, "model": name}
    explained = shapley.explain_glitches(trial, name)
    skill["base_value"] = float(explained.base.mean())
    values = shapley.by_channel(case.material, trial, explained)
    glitches = family.iloc[values.pop("number")][["glitch_id", "event_time"]].reset_index(drop=True)
    parts = {
        "skill": pd.DataFrame([skill]),
        "drivers": _importance(values, case.material).assign(**_driver(skill)),
        "shap_values": pd.concat([glitches, values], axis=1).assign(**key),
        "shap_features": shapley.by_feature(case.material, trial, explained).assign(**key),
    }
    if result.feature_set == "precursor":
        times = family["event_time"].to_numpy(dtype=float)
        alarms = precursor_skill(case, trial, name, times, start_times(family))
        parts["precursor_skill"] = alarms.assign(model=name)
    return parts


def _without_shap(skill: dict[str, Any]) -> Tables:
    """Return the rows of a model whose SHAP values are not computed."""
    driver = {"channel": "", "mean_abs_shap": np.nan, "safety": "unknown", **_driver(skill)}
    return {"skill": pd.DataFrame([skill]), "drivers": pd.DataFrame([driver])}


def _driver(skill: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of table "family_drivers" that all rows of one model share."""
    columns = ("view", "model", "ap", "ap_baseline", "brier_skill", "reason")
    return {
        **{column: skill[column] for column in columns},
        "shap_unit": UNITS[skill["model"]],
        "perturbation": PERTURBATION,
    }


def _importance(values: pd.DataFrame, material: Material) -> pd.DataFrame:
    """Return the importance of each channel, the largest first.

    It is the mean over glitches of the absolute value of the channel's SHAP values, summed over its features.
    """
    size = values["shap"].abs().groupby(values["channel"]).mean()
    safety = material.columns.drop_duplicates("channel").set_index("channel")["safety"]
    table = pd.DataFrame({"channel": size.index, "mean_abs_shap": size.to_numpy()})
    table["safety"] = table["channel"].map(safety)
    return table.sort_values(["mean_abs_shap", "channel"], ascending=[False, True], ignore_index=True)


def _skill(result: _Result, name: ModelName) -> dict[str, Any]:
    """Return the row of table "skill" of one model."""
    row: dict[str, Any] = dict.fromkeys(FAMILY_SKILL.names, np.nan) | dict.fromkeys(_COUNTS, 0)
    row |= {"view": result.feature_set, "model": name, "slid_beats": None}
    if result.control is not None:
        control = result.control.gain[name]
        row |= {"ap_slid": control.ap, "slid_beats": control.beats}
    if isinstance(result.trial, Unfit):
        return row | asdict(result.trial)
    sample, gain = result.trial.sample, result.trial.gain[name]
    probability = result.trial.probability[name]
    return row | {
        "n_glitches": int(sample.glitch.sum()),
        "n_background": int((~sample.glitch).sum()),
        "n_segments": sample.n_segments,
        "n_folds": sample.n_folds,
        "blocks": gain.blocks,
        "prevalence": float(sample.glitch.mean()),
        "ap": gain.ap,
        "ap_baseline": gain.baseline,
        "ap_gain": gain.ap - gain.baseline,
        "ap_gain_low": gain.low,
        "ap_gain_high": gain.high,
        "brier_skill": gain.brier_skill,
        "brier_skill_low": gain.brier_low,
        "brier_skill_high": gain.brier_high,
        "roc_auc": roc_auc(probability, sample.glitch),
        "p_value": gain.p_value,
        "reason": _reason(gain),
    }


def _reason(gain: Gain) -> str:
    """Return the code of the reason why a model's SHAP values are not computed; empty if they are."""
    if gain.beats:
        return ""
    return Reason.FEW_BLOCKS if gain.blocks < LEAST_BLOCKS else Reason.NO_GAIN

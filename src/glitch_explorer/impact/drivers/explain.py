"""What drives one family in one detector: models, gates, SHAP and precursor skill, on its features."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from glitch_explorer.core import tables
from glitch_explorer.core.arrays import Bool, Float64, Int64
from glitch_explorer.coupling.channels.feature_set import FeatureSet
from glitch_explorer.coupling.witnesses.background import LAGS_S
from glitch_explorer.coupling.witnesses.blocks import LEAST_BLOCKS
from glitch_explorer.coupling.witnesses.lag_profiles import isolated
from glitch_explorer.coupling.witnesses.ranks import make_grid
from glitch_explorer.coupling.witnesses.search import start_times
from glitch_explorer.coupling.witnesses.slides import make_triggers, shifted_times
from glitch_explorer.impact.drivers import shapley
from glitch_explorer.impact.drivers.lead import precursor_skill
from glitch_explorer.impact.drivers.skill import Gain, brier_skill, roc_auc
from glitch_explorer.impact.drivers.training import MODELS, PERTURBATION, UNITS, ModelName
from glitch_explorer.impact.drivers.trials import (
    VIEWS,
    Case,
    Sample,
    Trial,
    Unfit,
    View,
    make_sample,
    run_trials,
)
from glitch_explorer.impact.drivers.windows import Material, leading_columns, make_material
from glitch_explorer.impact.reasons import Reason
from glitch_explorer.impact.schemas import FAMILY_DRIVERS, PRECURSOR_SKILL, SHAP_FEATURES, SHAP_VALUES, SKILL

#: Tables of an explanation, by their schema's name.
TABLES = (SKILL, FAMILY_DRIVERS, SHAP_VALUES, SHAP_FEATURES, PRECURSOR_SKILL)
#: Purpose of the random stream of the slid train.
_SLID = 7


@dataclass(frozen=True)
class Explanation:
    """The tables of one family in one detector, named by their schemas."""

    skill: pd.DataFrame
    family_drivers: pd.DataFrame
    shap_values: pd.DataFrame
    shap_features: pd.DataFrame
    precursor_skill: pd.DataFrame


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
) -> Explanation:
    """Say which channels drive a family, as far as models beat rate and time of day (METHODS §7).

    Parameters
    ----------
    features
        Features over the family's live time.
    family
        Its glitches in this detector: glitch_id, event_time (known), duration_s, and start_time where it is
        known.
    quiet
        ``(k, 2)`` stretches that keep clear of every glitch of the detector, GPS seconds (`map.members`).
    segments
        ``(k, 2)`` sorted, disjoint analysis segments of the detector, GPS seconds.
    channels
        channel and safety.
    family_id, ifo
        Names for the tables.
    max_glitches
        Of more glitches with windows, so many are looked at, drawn evenly in time.
    seed, threads
        The answer depends on the first only.
    """
    family = family.sort_values("event_time", kind="stable", ignore_index=True)
    material = make_material(features, channels) if len(family) else None
    if material is None:
        reason = Reason.NO_DATA if len(family) else Reason.FEW_TIMED
        return unexplained(reason, family_id=family_id, ifo=ifo, n_timed=len(family))
    case = Case(material, quiet, segments, max_glitches, seed, threads)
    parts = [_told(look, name, case, family) for look in _looks(case, family) for name in MODELS]
    return _explanation(parts, family_id, ifo, len(family))


def unexplained(reason: Reason, *, family_id: str, ifo: str, n_timed: int) -> Explanation:
    """Give no answer, and say why."""
    rows = [_Look(view, None, None, Unfit(reason)) for view in VIEWS]
    parts = [_gated(look, name, _skill(look, name)) for look in rows for name in MODELS]
    return _explanation(parts, family_id, ifo, n_timed)


def _explanation(
    parts: Sequence[dict[str, pd.DataFrame]], family_id: str, ifo: str, n_timed: int
) -> Explanation:
    """Join the rows of each view and model."""
    key = {"family": family_id, "ifo": ifo, "n_timed": n_timed}
    made = {tables.name_of(schema): _joined(schema, parts, key) for schema in TABLES}
    return Explanation(**made)


def _joined(schema: pa.Schema, parts: Sequence[dict[str, pd.DataFrame]], key: dict[str, Any]) -> pd.DataFrame:
    """Join the parts' rows of one table."""
    name = tables.name_of(schema)
    kept = [part[name] for part in parts if name in part and len(part[name])]
    if not kept:
        return tables.empty(schema)
    whole = pd.concat(kept, ignore_index=True).assign(**key)
    table: pd.DataFrame = whole[schema.names]
    return table


@dataclass(frozen=True)
class _Look:
    """One view of a family: its trial and the slid train's, or the reason why there is none."""

    view: View
    trial: Trial | None
    slid: Trial | None
    unfit: Unfit | None


def _looks(case: Case, family: pd.DataFrame) -> list[_Look]:
    """Try both views, each with its slid train."""
    material, times = case.material, family["event_time"].to_numpy(dtype=float)
    slid = _slid_times(case, times)
    leading, early = leading_columns(material, times, start_times(family))
    every = np.ones(len(times), dtype=bool)
    # What precedes a glitch by seconds is not told from what followed the one before it.
    views: dict[View, tuple[Int64, Bool, Bool]] = {
        "witness": (np.arange(material.n_columns), every, every[: len(slid)]),
        "precursor": (leading, early & isolated(times), isolated(slid)),
    }
    unfit: dict[View, Unfit] = {}
    samples: dict[tuple[View, bool], tuple[Sample, Float64]] = {}
    for k, (view, (columns, own, free)) in enumerate(views.items()):
        made = (
            make_sample(case, times, own, columns, stream=2 * k)
            if len(columns)
            else Unfit(Reason.NO_LEADING_BIN)
        )
        if isinstance(made, Unfit):
            unfit[view] = made
            continue
        samples[view, False] = (made, times)
        control = make_sample(case, slid, free, columns, stream=2 * k + 1)
        if isinstance(control, Sample):
            samples[view, True] = (control, slid)
    done = dict(zip(samples, run_trials(case, samples.values()), strict=True))
    return [_Look(view, done.get((view, False)), done.get((view, True)), unfit.get(view)) for view in VIEWS]


def _slid_times(case: Case, times: Float64) -> Float64:
    """Turn the train in each ring of live time by an offset of its own: what no channel can know of."""
    grid = make_grid(case.material.live, LAGS_S)
    rng = np.random.default_rng([case.seed, _SLID])
    return shifted_times(times, make_triggers(times, grid), grid, rng=rng)


def _told(look: _Look, name: ModelName, case: Case, family: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Give the rows of all tables for one view and model."""
    skill = _skill(look, name)
    if look.trial is None or not skill["beats"]:
        return _gated(look, name, skill)
    key = {"view": look.view, "model": name}
    found = shapley.explain_glitches(look.trial, name)
    skill["base_value"] = float(found.base.mean())
    values = shapley.by_channel(case.material, look.trial, found)
    glitches = family.iloc[values.pop("number")][["glitch_id", "event_time"]].reset_index(drop=True)
    made = {
        "skill": pd.DataFrame([{**key, **skill}]),
        "family_drivers": _drivers(values, case.material).assign(**_driver(look, name, skill)),
        "shap_values": pd.concat([glitches, values], axis=1).assign(**key),
        "shap_features": shapley.by_feature(case.material, look.trial, found).assign(**key),
    }
    if look.view == "precursor":
        times = family["event_time"].to_numpy(dtype=float)
        warned = precursor_skill(case, look.trial, name, times, start_times(family))
        made["precursor_skill"] = warned.assign(model=name)
    return made


def _gated(look: _Look, name: ModelName, skill: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Give the rows of a model that tells nothing."""
    nothing = {"channel": "", "mean_abs_shap": np.nan, "safety": "unknown"}
    return {
        "skill": pd.DataFrame([{"view": look.view, "model": name, **skill}]),
        "family_drivers": pd.DataFrame([{**nothing, **_driver(look, name, skill)}]),
    }


def _driver(look: _Look, name: ModelName, skill: dict[str, Any]) -> dict[str, Any]:
    """Give what all rows of table "family_drivers" of one model share."""
    return {
        "view": look.view,
        "model": name,
        "shap_unit": UNITS[name],
        "perturbation": PERTURBATION,
        "gated": not skill["beats"],
        **{column: skill[column] for column in ("ap", "ap_baseline", "brier_skill", "reason")},
    }


def _drivers(values: pd.DataFrame, material: Material) -> pd.DataFrame:
    """Give the importance of channels, the largest first: the mean size of their summed SHAP values."""
    size = values["shap"].abs().groupby(values["channel"]).mean()
    safety = material.columns.drop_duplicates("channel").set_index("channel")["safety"]
    made = pd.DataFrame({"channel": size.index, "mean_abs_shap": size.to_numpy()})
    made["safety"] = made["channel"].map(safety)
    return made.sort_values(["mean_abs_shap", "channel"], ascending=[False, True], ignore_index=True)


def _skill(look: _Look, name: ModelName) -> dict[str, Any]:
    """Give the row of table "skill" of one model, and whether it beats its baseline."""
    floats = ("prevalence", "ap", "ap_baseline", "ap_gain", "ap_gain_low", "ap_gain_high", "ap_slid")
    counts = dict.fromkeys(("n_glitches", "n_background", "n_segments", "n_folds", "blocks"), 0)
    row: dict[str, Any] = {
        **counts,
        **dict.fromkeys((*floats, "brier_skill", "roc_auc", "base_value"), np.nan),
        "slid_beats": None,
        "beats": False,
        "reason": "",
    }
    if look.slid is not None:
        row["ap_slid"], row["slid_beats"] = look.slid.gain[name].ap, look.slid.gain[name].beats
    if look.unfit is not None:
        row |= {
            name: getattr(look.unfit, name) for name in ("reason", "n_glitches", "n_background", "n_segments")
        }
    if look.trial is None:
        return row
    sample, won = look.trial.sample, look.trial.gain[name]
    probability = look.trial.probability[name]
    row |= {
        "n_glitches": int(sample.glitch.sum()),
        "n_background": int((~sample.glitch).sum()),
        "n_segments": sample.n_segments,
        "n_folds": sample.n_folds,
        "blocks": won.blocks,
        "prevalence": float(sample.glitch.mean()),
        "ap": won.ap,
        "ap_baseline": won.baseline,
        "ap_gain": won.ap - won.baseline,
        "ap_gain_low": won.low,
        "ap_gain_high": won.high,
        "brier_skill": brier_skill(probability, look.trial.baseline, sample.glitch),
        "roc_auc": roc_auc(probability, sample.glitch),
        "beats": won.beats,
        "reason": _reason(won),
    }
    return row


def _reason(won: Gain) -> str:
    """Return the code of the reason why a model is not reported; empty where it beats its baseline."""
    if won.beats:
        return ""
    return Reason.FEW_BLOCKS if won.blocks < LEAST_BLOCKS else Reason.NO_GAIN

"""Results of the impact stage for the families of the fake results: planted costs and drivers, no data."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fake_coupling import EVIL

from glitch_explorer.core import files, tables
from glitch_explorer.impact.reasons import Reason
from glitch_explorer.impact.schemas import (
    COST,
    COST_BY_DAY,
    COST_BY_DETECTOR,
    DRIVERS,
    RANK_STABILITY,
    RECOVERABLE,
    SHAP_FEATURES,
    SHAP_VALUES,
    SKILL,
)
from glitch_explorer.map.schemas import FAMILIES
from glitch_explorer.site.cost.impact_pages import write_impact_pages
from glitch_explorer.workflow.reference import all_schemas

DAY, START = 86400.0, 1261872000.0
YEAR = 365.25 * DAY
#: A text that changes the reading direction of what follows it.
TURNED = "H1:SUS-\u202egpj.exe\"'><b>_DQ"
DETECTORS = {"H1": (9.2e6, 20 * DAY), "L1": (1.3e7, 22 * DAY)}
BINS = ((-60.0, -30.0), (-30.0, -10.0), (-10.0, -3.0), (-3.0, -1.0), (-1.0, 1.0), (1.0, 10.0))
UNITS = {"xgboost": "log-odds", "random_forest": "probability"}
SETTINGS = {
    "min_gate_s": 0.5,
    "gate_snr": None,
    "gate_threshold": 50.0,
    "false_alarm_rate_per_yr": 1.0,
    "cbc_rate_per_yr": 10.0,
}
FORMULA = {"cost_mpc3_yr": "V dT + (b)", "T": "live_s: analysed time"}


def chances(families: list[str]) -> list[float]:
    """Return chances to be first by family and detector: sure in H1, a tie of two in L1."""
    sure, tied = [1.0, *[0.0] * len(families)], [0.6, 0.4, *[0.0] * len(families)]
    return [side[number] for number in range(len(families)) for side in (sure, tied)]


def cost_table(families: list[str], *, known: bool) -> pd.DataFrame:
    """Build table "cost": costs fall with the family's number; some are below 0; the last in L1 has none."""
    key = pd.MultiIndex.from_product([families, DETECTORS], names=["family", "ifo"]).to_frame(index=False)
    number = key["family"].map(families.index)
    volume, live = (key["ifo"].map({ifo: of[at] for ifo, of in DETECTORS.items()}) for at in (0, 1))
    share = 4e-3 / (1 + number) ** 1.2 * np.where(key["ifo"] == "L1", 1.2, 1.0)
    hours = 1000 * share * np.random.default_rng(3).uniform(0.8, 1.2, len(key)) - 0.12
    spread = 0.25 + 0.2 * hours.abs()
    n = (400 / (1 + number)).astype(int) + 3
    scale, deadtime_loss = volume * live / YEAR / 1000, volume * 0.9 * n / YEAR
    priced = pd.DataFrame(
        {
            "cost_mpc3_yr": hours * scale,
            "cost_low": (hours - spread) * scale,
            "cost_high": (hours + 1.3 * spread) * scale,
            "hours_per_1000h": hours,
            "hours_low": hours - spread,
            "hours_high": hours + 1.3 * spread,
            "deadtime_loss_mpc3_yr": deadtime_loss,
            "range_loss_mpc3_yr": hours * scale - deadtime_loss,
            "chance_first": chances(families),
        }
    )
    has = known & ((key["family"] != families[-1]) | (key["ifo"] != "L1"))
    return key.assign(
        **priced.where(has),
        n=n,
        n_gated=n,
        n_excursions=np.where(number == 0, 5, 0),
        search_hours_per_1000h=np.where(has & (number == 0), 1.5, np.nan),
        search_hours_low=np.where(has & (number == 0), 1.0, np.nan),
        search_hours_high=np.where(has & (number == 0), 2.5, np.nan),
        deadtime_s=1.1 * n,
        marginal_deadtime_s=0.9 * n,
        range_minutes=n.where(has, 0),
        threshold_loss=0.02 / (1 + number),
        threshold_source="snr",
        threshold_in_cost=False,
        contamination_per_yr=0.4 / (1 + number),
        recoverable=None,
        best_witness="",
        live_s=live,
        volume_mpc3=volume if known else None,
        rate_per_day=n / live * DAY,
        rate_times_snr=n / live * DAY * (30 - number),
        efficiency_over_deadtime=(40.0 - number).where(number % 2 == 1),
        blocks=(live / DAY).astype(int),
        reason=np.where(has, "", Reason.NO_RANGE_LOSS if known else Reason.NO_RANGE),
        rank=priced["cost_mpc3_yr"].where(has).rank(ascending=False, method="first"),
    )


def detector_table(*, known: bool) -> pd.DataFrame:
    """Build table "cost_by_detector": gates of a search, and of every glitch."""
    rows = []
    for ifo, (volume, live) in DETECTORS.items():
        scale = volume * live / YEAR / 1000
        hours = {"hours_per_1000h": 12.5, "hours_low": 11.0, "hours_high": 14.5}
        costs = {"cost_mpc3_yr": 12.5 * scale, "cost_low": 11.0 * scale, "cost_high": 14.5 * scale}
        parts = {"deadtime_loss_mpc3_yr": 10.0 * scale, "range_loss_mpc3_yr": 2.5 * scale}
        row = {"ifo": ifo, "gates": "all", "in_cost": True, "n": 900, "n_gated": 900, "gated_s": 950.0}
        row |= {"live_s": live, "volume_mpc3": volume if known else None, "blocks": int(live / DAY)}
        row |= {"reason": "" if known else Reason.NO_RANGE}
        row |= hours | costs | parts if known else dict.fromkeys(hours | costs | parts)
        search = {"gates": "excursions", "in_cost": False, "n_gated": 5, "gated_s": 6.0}
        search |= {"hours_per_1000h": 3.5, "hours_low": 2.5, "hours_high": 5.0} if known else {}
        rows += [row | search, row]
    return pd.DataFrame(rows)


def recoverable_table(cost: pd.DataFrame, channels: int) -> pd.DataFrame:
    """Build table "recoverable": a few channels witness each family, two of them with hostile names."""
    rows = []
    for number, row in enumerate(cost[cost["cost_mpc3_yr"].notna()].to_dict("records")):
        names = [f"{row['ifo']}:PEM-EX_ACC_BSC{channel:02d}_ETMX_X_DQ" for channel in range(channels)]
        if row["ifo"] == "H1":
            names[0], names[2] = EVIL, TURNED
        for step, channel in enumerate(sorted({number % channels, (number * 3) % channels, number % 2})):
            share = 0.8 / (1 + step) / (1 + number % 3)
            rows.append(
                {
                    "family": row["family"],
                    "ifo": row["ifo"],
                    "channel": names[channel],
                    "group": names[1 if channel == 3 else channel],
                    "excess_efficiency": share,
                    "q_value": 1e-4 * (1 + step),
                    "at_floor": step == 0,
                    "safety": "unknown" if channel < 3 else "safe",
                    "relation": ("leads", "co-moves", "follows")[step],
                    "kind": ("raw", "raw", "triggers")[step],
                    "recoverable_mpc3_yr": max(0.0, row["cost_mpc3_yr"]) * share,
                    "recoverable_low": max(0.0, row["cost_low"]) * share * 0.8,
                    "recoverable_high": row["cost_high"] * min(1.0, share * 1.2),
                }
            )
    return pd.DataFrame(rows, columns=RECOVERABLE.names)


def with_best(cost: pd.DataFrame, recoverable: pd.DataFrame) -> pd.DataFrame:
    """Add each family's best witness to table "cost"."""
    best = recoverable.sort_values("recoverable_mpc3_yr", ascending=False).drop_duplicates(["family", "ifo"])
    named = best.set_index(["family", "ifo"])
    key = pd.MultiIndex.from_frame(cost[["family", "ifo"]])
    return cost.assign(
        best_witness=named["channel"].reindex(key).fillna("").to_numpy(),
        recoverable=named["recoverable_mpc3_yr"].reindex(key).to_numpy(),
    )


def days(cost: pd.DataFrame) -> pd.DataFrame:
    """Split each cost over days, signed, so that they sum to it."""
    generator = np.random.default_rng([3, 1])
    parts = []
    for row in cost.to_dict("records"):
        count = int(row["live_s"] / DAY)
        weight, noise = generator.exponential(1, count), generator.normal(0, 1, count)
        total = np.nan if pd.isna(row["cost_mpc3_yr"]) else row["cost_mpc3_yr"]
        share = total * weight / weight.sum() + 0.02 * abs(total) * (noise - noise.mean())
        part = pd.DataFrame({"day": START + DAY * np.arange(count), "cost_mpc3_yr": share})
        parts.append(part.assign(family=row["family"], ifo=row["ifo"], n=1, live_s=DAY))
    return pd.concat(parts, ignore_index=True) if parts else tables.empty(COST_BY_DAY)


def rank_stability(cost: pd.DataFrame) -> pd.DataFrame:
    """Build table "rank_stability"."""
    ranked = int(cost["cost_mpc3_yr"].notna().sum())
    rows = [
        ("all", varied, value, tau if ranked >= 3 else None, ranked)
        for varied, value, tau in (
            ("min_gate_s", 0.25, 0.95),
            ("min_gate_s", 2.0, 0.83),
            ("gate_snr", 0.0, 1.0),
            ("gate_snr", 10.0, 0.91),
            ("false_alarm_rate", 2.0, 0.97),
        )
    ]
    return pd.DataFrame(rows, columns=RANK_STABILITY.names)


def skill_rows(family: str, *, beats: bool) -> pd.DataFrame:
    """Build rows of table "skill": four models in H1, one of which fails; too few glitches in L1."""
    models = pd.MultiIndex.from_product([["witness", "precursor"], UNITS], names=["view", "model"])
    table = models.to_frame(index=False)
    good = beats & ((table["view"] == "witness") | (table["model"] == "xgboost"))
    gain = pd.Series(np.where(good, 0.4, 0.02))
    table = table.assign(
        ifo="H1",
        n_timed=60,
        n_glitches=60,
        n_background=600,
        n_segments=12,
        n_folds=5,
        blocks=12,
        prevalence=0.09,
        ap_baseline=0.3,
        ap_slid=0.14,
        ap=0.3 + gain,
        ap_gain=gain,
        ap_gain_low=gain - 0.1,
        ap_gain_high=gain + 0.1,
        slid_beats=table["view"] == "precursor",
        brier_skill=gain,
        brier_skill_low=gain - 0.1,
        brier_skill_high=gain + 0.1,
        p_value=np.where(good, 0.001, 0.4),
        q_value=np.where(good, 0.004, 0.5),
        roc_auc=0.7 + gain / 2,
        base_value=np.where(table["model"] == "xgboost", -2.2, 0.09),
        beats=good,
        reason=np.where(good, "", Reason.NO_GAIN),
    )
    few = {"ifo": "L1", "view": "witness", "model": "xgboost", "n_timed": 9, "n_glitches": 9}
    few |= {"n_background": 0, "n_segments": 2, "n_folds": 0, "blocks": 0}
    rows = [*table.to_dict("records"), few | {"beats": False, "reason": Reason.FEW_GLITCHES}]
    return pd.DataFrame([dict.fromkeys(SKILL.names) | row | {"family": family} for row in rows])


def shap_rows(family: str, skill: pd.DataFrame, ids: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Build tables "shap_values" and "shap_features" of all models."""
    generator = np.random.default_rng(5)
    names = [EVIL, TURNED, *(f"H1:PEM-CS_MAG_LVEA_{letter}_OUT_DQ" for letter in "ABCDEFGHIJ")]
    values, features = [], []
    for row in skill[skill["ap"].notna()].to_dict("records"):
        key = {name: row[name] for name in ("family", "ifo", "view", "model")}
        scale = 1.5 if row["model"] == "xgboost" else 0.12
        for place, channel in enumerate(names):
            score = generator.normal(0, 3, len(ids))
            shap = scale / (1 + place) * (np.tanh(score) + generator.normal(0, 0.2, len(ids)))
            score[0] = np.nan
            own = pd.DataFrame({"glitch_id": ids, "event_time": START, "shap": shap, "value": score})
            values.append(own.assign(**key, channel=channel))
            for low, high in BINS:
                size = scale / (1 + place) * np.exp(-abs(low + 3) / 10)
                features.append(
                    {**key, "channel": channel, "band": "10-30", "lag_low": low, "lag_high": high}
                    | {"mean_abs_shap": size}
                )
    empty = tables.empty(SHAP_VALUES), tables.empty(SHAP_FEATURES)
    return (pd.concat(values), pd.DataFrame(features)) if values else empty


def driver_rows(skill: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Build table "drivers"; the third and fourth channels are one group."""
    rows = []
    for row in skill.to_dict("records"):
        own = {name: row[name] for name in ("family", "ifo", "view", "model", "ap", "ap_baseline")}
        own |= {name: row[name] for name in ("brier_skill", "q_value", "reason")}
        own |= {"gated": not row["beats"]}
        own |= {"shap_unit": UNITS[row["model"]], "perturbation": "tree path dependent"}
        if not row["beats"]:
            nothing = {"channel": "", "mean_abs_shap": None, "safety": "safe", "group": ""}
            rows.append({**own, **nothing, "group_mean_abs_shap": None, "group_rank": None})
            continue
        part = values[(values["view"] == row["view"]) & (values["model"] == row["model"])]
        sizes = part.assign(size=part["shap"].abs()).groupby("channel", sort=False)["size"].mean()
        for place, (channel, size) in enumerate(sizes.items()):
            first = sizes.index[2] if place == 3 else channel
            safety = "unknown" if place < 2 else "safe"
            group = {"group": first, "group_mean_abs_shap": sizes[first], "group_rank": place + (place < 3)}
            rows.append({**own, "channel": channel, "mean_abs_shap": size, "safety": safety, **group})
    return pd.DataFrame(rows, columns=DRIVERS.names)


def precursor_rows(family: str) -> pd.DataFrame:
    """Build table "precursor_skill"."""
    rate = pd.Series([0.5, 1.0, 5.0])
    return pd.DataFrame(
        {"false_alarms_per_hour": rate, "measured_per_hour": 1.1 * rate, "warned": 0.2 + 0.1 * rate}
    ).assign(
        family=family,
        ifo="H1",
        model="xgboost",
        threshold=0.5,
        n_glitches=60,
        lead_s=9.5,
        lead_low_s=4.0,
        lead_high_s=21.0,
        live_time_s=90000.0,
        reason="",
        warned_chance=0.02 * rate,
    )


def veto_rows(family: str) -> pd.DataFrame:
    """Build table "vetoes": one of a channel with a hostile name in H1, none in L1."""
    veto = {"family": family, "ifo": "H1", "channel": EVIL, "band": "10-30", "lag": -2.0, "threshold": 4.2}
    veto |= {"n_segments": 51, "vetoed_s": 700.0, "live_time_s": 90000.0, "n_timed": 60, "n_glitches": 60}
    veto |= {"n_vetoed": 48, "efficiency": 0.8, "deadtime": 0.0078, "efficiency_over_deadtime": 102.6}
    none = {**dict.fromkeys(veto), "family": family, "ifo": "L1", "channel": "", "band": "", "n_segments": 0}
    none |= {"vetoed_s": 0.0, "live_time_s": 9000.0, "n_timed": 9, "n_glitches": 9, "n_vetoed": 0}
    return pd.DataFrame([veto | {"reason": ""}, none | {"reason": Reason.NO_WITNESS}])


def write_own(folder: Path, family: str, ids: list[str], *, beats: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write a family's folder; return its rows of tables "skill" and "drivers"."""
    skill = skill_rows(family, beats=beats)
    values, features = shap_rows(family, skill, ids)
    precursor = precursor_rows(family)
    for name, table in (
        ("shap_values", values),
        ("shap_features", features),
        ("precursor_skill", precursor),
        ("vetoes", veto_rows(family)),
    ):
        tables.write(all_schemas()[name], table, folder / f"{name}.parquet")
    for ending in (".xml.gz", ".h5", ".txt"):
        files.write_text(folder / "vetoes" / f"H1-{family}{ending}", "1262304000 1262304001\n")
    return skill, driver_rows(skill, values)


def fake_impact(
    root: Path,
    *,
    families: list[str] | None = None,
    channels: int = 12,
    known: bool = True,
    own: bool = True,
) -> list[str]:
    """Write `impact` for the fake results; return the families that have a folder.

    Costs, `known` or not, are of the map's families or of `families`; `own` writes the former's folders.
    """
    mapped = tables.read(FAMILIES, root / "map" / "families.parquet")
    members = {name: rows["glitch_id"].tolist() for name, rows in mapped.groupby("family") if name != "-1"}
    names = sorted(members) if families is None else families
    folder = root / "impact"
    cost = cost_table(names, known=known) if names else tables.empty(COST)
    recoverable = recoverable_table(cost, channels)
    cost = with_best(cost, recoverable) if names else cost
    tables.write(COST, cost, folder / "cost.parquet")
    by_detector = detector_table(known=known) if names else tables.empty(COST_BY_DETECTOR)
    tables.write(COST_BY_DETECTOR, by_detector, folder / "cost_by_detector.parquet")
    tables.write(RECOVERABLE, recoverable, folder / "recoverable.parquet")
    tables.write(COST_BY_DAY, days(cost), folder / "cost_by_day.parquet")
    tables.write(RANK_STABILITY, rank_stability(cost), folder / "rank_stability.parquet")
    files.write_text(folder / "cost.csv", cost.to_csv(index=False))
    files.write_json(folder / "cost.json", {"settings": SETTINGS, "formula": FORMULA, "rows": len(cost)})
    modelled = sorted(members) if own else []
    models = [
        write_own(folder / name, name, members[name][:40], beats=place < 2)
        for place, name in enumerate(modelled)
    ]
    for k, schema in enumerate((SKILL, DRIVERS)):
        rows = [tables.empty(schema), *(parts[k] for parts in models)]
        tables.write(schema, tables.joined(schema, rows), folder / f"{tables.name_of(schema)}.parquet")
    return modelled


def make_cost(root: Path, site: Path, names: list[str]) -> Path:
    """Run the job of the pages of the impact stage; return the folder of the parts of pages."""
    folder = root / "impact"
    write_impact_pages(
        impact=folder,
        skill=folder / "skill.parquet",
        drivers=folder / "drivers.parquet",
        folders=[folder / name for name in names],
        audit_families=root / "audit" / "families.parquet",
        unions=None,
        out=folder / "pages",
        page=site / "cost.html",
        assets=site / "cost",
        vetoes=site / "vetoes",
        figure=folder / "cost_ranking.png",
        dpi=60,
        witnesses=True,
    )
    return folder / "pages"


def data_of(site: Path) -> dict[str, Any]:
    """Read what the page draws."""
    text = (site / "cost" / "data.js").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text.removeprefix("window.COST=").removesuffix(";\n"))
    return data

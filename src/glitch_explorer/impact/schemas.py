"""Tables of drivers and costs of families."""

from glitch_explorer.core.schema import (
    BAND,
    BOOL,
    CHANNEL,
    FAMILY,
    FLOAT,
    ID,
    IFO,
    INT,
    STRING,
    Column,
    number,
    schema,
)

MODEL = Column(STRING, "xgboost or random_forest")
REASON = Column(STRING, "code of the reason why a result is missing (`impact/reasons.py`); else empty")
N_TIMED = Column(INT, "glitches of the family with a time")
AP = number("average precision on held-out segments")
AP_BASELINE = number("average precision of rate and time of day alone")
BRIER_SKILL = number("1 - Brier score / that of the baseline, on held-out segments")

_FAMILY: dict[str, Column] = {"family": FAMILY, "ifo": IFO}
_MODEL: dict[str, Column] = {
    **_FAMILY,
    "view": Column(
        STRING, "feature set of the model: witness (all lags) or precursor (only bins before the glitch)"
    ),
    "model": MODEL,
}

#: Columns that "family_drivers" and "drivers" share.
_DRIVER: dict[str, Column] = {
    **_MODEL,
    "channel": Column(STRING, "full name of the channel; empty where the model has no SHAP values"),
    "mean_abs_shap": number("mean over the glitches of abs(sum of the channel's SHAP values)"),
    "shap_unit": Column(STRING, "log-odds (xgboost) or probability (random_forest)"),
    "perturbation": Column(STRING, "how SHAP removes features: tree path dependent"),
    "safety": Column(STRING, "safe or unknown; no model uses unsafe channels"),
    "ap": AP,
    "ap_baseline": AP_BASELINE,
    "brier_skill": BRIER_SKILL,
    "reason": REASON,
}

#: Columns that "family_skill" and "skill" share.
_SKILL: dict[str, Column] = {
    **_MODEL,
    "n_timed": N_TIMED,
    "n_glitches": Column(INT, "glitches with features"),
    "n_background": Column(INT, "background windows"),
    "n_segments": Column(INT, "segments with glitches"),
    "n_folds": Column(INT, "folds of whole segments"),
    "blocks": Column(INT, "blocks of time for the intervals and the p-value"),
    "prevalence": number("share of glitches among the windows: the average precision of chance"),
    "ap": AP,
    "ap_baseline": AP_BASELINE,
    "ap_gain": number("ap minus ap_baseline"),
    "ap_gain_low": number("lower end of its 95 % block-bootstrap interval"),
    "ap_gain_high": number("upper end of its 95 % block-bootstrap interval"),
    "ap_slid": number("average precision of the same procedure for time-shifted triggers"),
    "slid_beats": Column(
        BOOL,
        "p_value of the model of time-shifted triggers is at most 0.05: expected in 1 of 20",
        nullable=True,
    ),
    "brier_skill": BRIER_SKILL,
    "brier_skill_low": number("lower end of its 95 % block-bootstrap interval"),
    "brier_skill_high": number("upper end of its 95 % block-bootstrap interval"),
    "roc_auc": number("area under the ROC curve on held-out segments"),
    "base_value": number("value that SHAP values are added to, in the model's unit"),
    "p_value": number("larger of the p-values of the gains in average precision and in Brier score"),
    "reason": REASON,
}

#: `impact/{family}/skill.parquet`: the models of a family against their baseline, one row per detector,
#: feature set and model, as far as it depends on this family alone. SHAP values are computed where p_value is
#: at most 0.05; whether they are reported depends on all models (`impact/skill.parquet`).
FAMILY_SKILL = schema("family_skill", **_SKILL)

#: `impact/skill.parquet`: the models of all families against their baseline.
SKILL = schema(
    "skill",
    **_SKILL,
    q_value=number("q-value among the models of all families, detectors and feature sets"),
    beats=Column(BOOL, "the model beats its baseline: q_value is at most 0.05"),
)

#: `impact/{family}/drivers.parquet`: the importance of each channel, as far as it depends on this family
#: alone.
FAMILY_DRIVERS = schema("family_drivers", **_DRIVER)

#: `impact/{family}/shap_values.parquet`: SHAP values of each glitch, summed with sign over a channel's
#: features, of models with a p_value of at most 0.05.
SHAP_VALUES = schema(
    "shap_values",
    **_MODEL,
    glitch_id=ID,
    event_time=Column(FLOAT, "GPS time of the glitch", unit="s"),
    channel=CHANNEL,
    shap=Column(FLOAT, "sum of the channel's SHAP values, in the model's unit"),
    value=number("largest abs(score) of the channel's features, with its sign"),
)

#: `impact/{family}/shap_features.parquet`: the importance by feature, that is by band and lag.
SHAP_FEATURES = schema(
    "shap_features",
    **_MODEL,
    channel=CHANNEL,
    band=BAND,
    lag_low=Column(FLOAT, "first second of the bin of lags", unit="s"),
    lag_high=Column(FLOAT, "last second of the bin of lags", unit="s"),
    mean_abs_shap=Column(FLOAT, "mean over the glitches of abs(SHAP)"),
)

#: `impact/{family}/precursor_skill.parquet`: alarms of precursor models with a p_value of at most 0.05, over
#: all held-out live time.
PRECURSOR_SKILL = schema(
    "precursor_skill",
    **_FAMILY,
    model=MODEL,
    false_alarms_per_hour=Column(FLOAT, "nominal rate of alarms that no glitch follows", unit="1/h"),
    threshold=number("probability that raises an alarm"),
    measured_per_hour=number("the rate measured on held-out time", unit="1/h"),
    warned=number("share of the glitches with an alarm before them"),
    warned_chance=number("the share for as many alarms at random times"),
    lead_s=number("median time from the alarm to the glitch's start", unit="s"),
    lead_low_s=number("lower quartile of that time", unit="s"),
    lead_high_s=number("upper quartile of that time", unit="s"),
    live_time_s=Column(FLOAT, "held-out live time in which alarms are counted", unit="s"),
    n_glitches=Column(INT, "glitches in it"),
    reason=REASON,
)

#: `impact/drivers.parquet`: the drivers of all families, with groups and ranks.
DRIVERS = schema(
    "drivers",
    **_DRIVER,
    q_value=number("q-value of the model among all models"),
    gated=Column(BOOL, "the model does not beat its baseline (q_value): SHAP values are not reported"),
    group=Column(STRING, "group of correlated channels, named after its first"),
    group_mean_abs_shap=number("mean over the glitches of abs(sum of the group's SHAP values)"),
    group_rank=Column(
        INT, "rank of the group within family, detector, feature set and model; 1 is best", nullable=True
    ),
)

#: `impact/{family}/vetoes.parquet`: a veto made of the best witness of a family, over the family's live
#: time.
VETOES = schema(
    "vetoes",
    **_FAMILY,
    channel=Column(STRING, "best witness; empty without one"),
    band=Column(STRING, "its band"),
    lag=number("time of its signal relative to the glitch", unit="s"),
    threshold=number(
        "limit of the score (of minus the score if T is negative): the background's 99 % quantile"
    ),
    n_segments=Column(INT, "veto segments"),
    vetoed_s=Column(FLOAT, "length of the veto segments", unit="s"),
    live_time_s=Column(FLOAT, "live time searched", unit="s"),
    n_timed=N_TIMED,
    n_glitches=Column(INT, "the family's glitches in it"),
    n_vetoed=Column(INT, "glitches whose gate overlaps a veto segment"),
    efficiency=number("n_vetoed / n_glitches"),
    deadtime=number("vetoed_s / live_time_s"),
    efficiency_over_deadtime=number("efficiency / deadtime"),
    reason=REASON,
)

#: `impact/minutes/{ifo}.parquet`: the BNS range and its loss, minute by minute.
MINUTES = schema(
    "minutes",
    ifo=IFO,
    minute=Column(FLOAT, "GPS start of the minute", unit="s"),
    live_s=Column(FLOAT, "live time in it", unit="s"),
    gated_s=Column(FLOAT, "time in it within gates of any glitch", unit="s"),
    range_mpc=number("BNS range of the time outside gates; null if unknown", unit="Mpc"),
    reference_mpc=number("running median of minutes gated by less than 10 %", unit="Mpc"),
    loss_mpc3_yr=number("(4 pi/3)(reference^3 - range^3) times the live time, signed", unit="Mpc^3 yr"),
    source=Column(STRING, "channel, or strain"),
)

#: `impact/excursions/{ifo}.parquet`: the whitened strain at each glitch in the live time.
EXCURSIONS = schema(
    "excursions",
    glitch_id=ID,
    ifo=IFO,
    peak=number(
        "largest magnitude, in standard deviations of the noise; null without 16 s of strain around it"
    ),
    start=number("GPS second at which it first exceeds gate_threshold; null if it does not", unit="s"),
    end=number("GPS second at which it last does", unit="s"),
)

#: `impact/cost.parquet`, `impact/cost.csv`: the cost of each family in each detector.
COST = schema(
    "cost",
    **_FAMILY,
    n=Column(INT, "glitches in the live time"),
    n_gated=Column(INT, "glitches that a search would gate: SNR at least the configured one"),
    rank=Column(INT, "rank by cost among all families and detectors; null without a cost", nullable=True),
    cost_mpc3_yr=number("lost sensitive time-volume, the headline C_k", unit="Mpc^3 yr"),
    cost_low=number("lower end of its 95 % interval over blocks of live time", unit="Mpc^3 yr"),
    cost_high=number("upper end of that interval", unit="Mpc^3 yr"),
    chance_first=number("chance to cost most of all families in the detector, from resampled blocks"),
    hours_per_1000h=number("hours of sensitive time lost per 1000 h", unit="h"),
    hours_low=number("lower end of its interval", unit="h"),
    hours_high=number("upper end of its interval", unit="h"),
    n_excursions=Column(
        INT,
        "glitches whose whitened strain exceeds gate_threshold; those without usable strain count as not "
        "gated; null if the detector has no strain at any glitch",
        nullable=True,
    ),
    search_hours_per_1000h=number(
        "equivalent live time lost by (a) and (b) with gates at these excursions, per 1000 h; null if the "
        "family has none",
        unit="h",
    ),
    search_hours_low=number("lower end of its interval", unit="h"),
    search_hours_high=number("upper end of its interval", unit="h"),
    deadtime_s=Column(FLOAT, "(a) live time in the family's gates", unit="s"),
    marginal_deadtime_s=Column(FLOAT, "(a) exclusive gated time: gated by this family only", unit="s"),
    deadtime_loss_mpc3_yr=number("(a) mean volume times the exclusive gated time", unit="Mpc^3 yr"),
    range_loss_mpc3_yr=number("(b) loss of range charged to the family, signed", unit="Mpc^3 yr"),
    range_minutes=Column(INT, "(b) minutes with a known loss and a share of the family", unit="min"),
    threshold_loss=number("(c) share of the volume lost to a higher threshold"),
    threshold_source=Column(
        STRING, "ranking, snr (a proxy, outside the headline), or none (every glitch is gated)"
    ),
    threshold_in_cost=Column(BOOL, "(c) is part of the headline"),
    contamination_per_yr=number("(d) signals that overlap a glitch of the family", unit="1/yr"),
    recoverable=number(
        "cost, at least 0, times the best witness's excess efficiency: an upper bound", unit="Mpc^3 yr"
    ),
    best_witness=Column(STRING, "channel of the best witness; empty without a strong one that is not unsafe"),
    live_s=Column(FLOAT, "live time of the detector", unit="s"),
    volume_mpc3=number("mean sensitive volume, from the reference range", unit="Mpc^3"),
    rate_per_day=number("naive: glitches per day of live time", unit="1/d"),
    rate_times_snr=number("naive: rate times median SNR", unit="1/d"),
    efficiency_over_deadtime=number("naive: of the best witness at its threshold"),
    blocks=Column(INT, "blocks of live time for the interval"),
    reason=REASON,
)

#: `impact/recoverable.parquet`: what removing a witness's coupling would give back at most.
RECOVERABLE = schema(
    "recoverable",
    **_FAMILY,
    channel=CHANNEL,
    group=Column(STRING, "group of correlated channels, named after its first"),
    excess_efficiency=Column(FLOAT, "efficiency minus its mean over time slides, at least 0"),
    q_value=Column(FLOAT, "q-value of the channel as a witness"),
    at_floor=Column(BOOL, "the q-value is an upper limit"),
    safety=Column(STRING, "safe or unknown"),
    relation=Column(STRING, "leads, co-moves or follows"),
    kind=Column(STRING, "evidence of the witness: raw (its samples), triggers, segments or trends"),
    recoverable_mpc3_yr=Column(
        FLOAT, "upper bound of what removing the coupling gives back", unit="Mpc^3 yr"
    ),
    recoverable_low=number("product of the lower ends of cost and excess", unit="Mpc^3 yr"),
    recoverable_high=number("product of the upper ends of cost and excess", unit="Mpc^3 yr"),
)

#: `impact/cost_by_detector.parquet`: the cost of all glitches of a detector together, the unassigned among
#: them, without (c).
COST_BY_DETECTOR = schema(
    "cost_by_detector",
    ifo=IFO,
    gates=Column(
        STRING,
        "glitches that are gated: excursions (of the whitened strain above gate_threshold, as a search "
        "gates), snr (SNR from gate_snr, a proxy), or all (an upper bound)",
    ),
    in_cost=Column(BOOL, "these gates are those of the families' costs"),
    n=Column(INT, "glitches in the live time"),
    n_gated=Column(INT, "glitches that are gated"),
    gated_s=Column(FLOAT, "live time in gates", unit="s"),
    cost_mpc3_yr=number("lost sensitive time-volume", unit="Mpc^3 yr"),
    cost_low=number("lower end of its 95 % interval over blocks of live time", unit="Mpc^3 yr"),
    cost_high=number("upper end of that interval", unit="Mpc^3 yr"),
    hours_per_1000h=number("hours of sensitive time lost per 1000 h", unit="h"),
    hours_low=number("lower end of its interval", unit="h"),
    hours_high=number("upper end of its interval", unit="h"),
    deadtime_loss_mpc3_yr=number("(a) mean volume times the gated time", unit="Mpc^3 yr"),
    range_loss_mpc3_yr=number("(b) loss of range in minutes with glitches, signed", unit="Mpc^3 yr"),
    live_s=Column(FLOAT, "live time of the detector", unit="s"),
    volume_mpc3=number("mean sensitive volume, from the reference range", unit="Mpc^3"),
    blocks=Column(INT, "blocks of live time for the interval"),
    reason=REASON,
)

#: `impact/cost_by_day.parquet`: the cost by day. Days are of GPS seconds: midnight UTC but for leap
#: seconds.
COST_BY_DAY = schema(
    "cost_by_day",
    **_FAMILY,
    day=Column(FLOAT, "GPS second at which the day begins", unit="s"),
    n=Column(INT, "glitches"),
    live_s=Column(FLOAT, "live time of the detector on that day", unit="s"),
    cost_mpc3_yr=number("share of the headline on that day, signed", unit="Mpc^3 yr"),
)

#: `impact/rank_stability.parquet`: how the ranking changes with the assumptions.
RANK_STABILITY = schema(
    "rank_stability",
    ifo=Column(STRING, "detector, or all"),
    varied=Column(STRING, "min_gate_s, gate_snr or false_alarm_rate"),
    value=Column(FLOAT, "value of the varied setting, in its unit (s, none with 0 for all, 1/yr)"),
    kendall_tau=number("tau-b with the ranking of the headline; null with fewer than three families"),
    n=Column(INT, "families and detectors ranked in both"),
)

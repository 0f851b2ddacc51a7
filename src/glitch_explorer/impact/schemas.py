"""Tables of what drives a family and what it costs."""

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
    column,
    schema,
)

VIEW_OF_TIME = column(STRING, "witness (all lags) or precursor (only what ends before the glitch)")
MODEL = column(STRING, "xgboost or random_forest")
REASON = column(STRING, "code of the reason why a result is missing (`impact/reasons.py`); else empty")

#: What a model's importance of a channel is, beside how well the model does.
_DRIVER: dict[str, Column] = {
    "family": FAMILY,
    "ifo": IFO,
    "view": VIEW_OF_TIME,
    "model": MODEL,
    "channel": column(STRING, "full name of the channel; empty where the model is gated"),
    "mean_abs_shap": column(
        FLOAT, "mean over the glitches of abs(sum of the channel's SHAP values)", nullable=True
    ),
    "shap_unit": column(STRING, "log-odds (xgboost) or probability (random_forest)"),
    "perturbation": column(STRING, "how SHAP takes features away: tree path dependent or interventional"),
    "safety": column(STRING, "safe or unknown; unsafe channels enter no model"),
    "ap": column(FLOAT, "average precision on held-out segments", nullable=True),
    "ap_baseline": column(FLOAT, "the same of rate and time of day alone", nullable=True),
    "brier_skill": column(
        FLOAT, "1 - Brier score / that of the baseline, on held-out segments", nullable=True
    ),
    "gated": column(BOOL, "the model does not beat its baseline: no SHAP is told"),
    "reason": REASON,
}

#: `impact/{family}/skill.parquet`: the models of a family against their baseline, one row per detector,
#: view and model.
SKILL = schema(
    "skill",
    family=FAMILY,
    ifo=IFO,
    view=VIEW_OF_TIME,
    model=MODEL,
    n_timed=column(INT, "glitches of the family with a time"),
    n_glitches=column(INT, "glitches with features"),
    n_background=column(INT, "background windows"),
    n_segments=column(INT, "segments that hold glitches"),
    n_folds=column(INT, "folds of whole segments"),
    blocks=column(INT, "blocks of time that the interval of the gain is over"),
    prevalence=column(
        FLOAT, "share of glitches among the windows: the average precision of chance", nullable=True
    ),
    ap=column(FLOAT, "average precision on held-out segments", nullable=True),
    ap_baseline=column(FLOAT, "the same of rate and time of day alone", nullable=True),
    ap_gain=column(FLOAT, "ap less ap_baseline", nullable=True),
    ap_gain_low=column(FLOAT, "lower end of its 95 % block-bootstrap interval", nullable=True),
    ap_gain_high=column(FLOAT, "upper end of its 95 % block-bootstrap interval", nullable=True),
    ap_slid=column(FLOAT, "average precision of the same procedure on a slid train", nullable=True),
    slid_beats=column(
        BOOL, "the slid train's model beats its own baseline, which it should not", nullable=True
    ),
    brier_skill=column(FLOAT, "1 - Brier score / that of the baseline", nullable=True),
    roc_auc=column(FLOAT, "area under the ROC curve on held-out segments", nullable=True),
    base_value=column(FLOAT, "what SHAP values are added to, in the model's unit", nullable=True),
    beats=column(BOOL, "ap_gain_low is above 0"),
    reason=REASON,
)

#: `impact/{family}/drivers.parquet`: the importance of each channel, as far as it depends on this family
#: alone.
FAMILY_DRIVERS = schema("family_drivers", **_DRIVER)

#: `impact/{family}/shap_values.parquet`: SHAP values of each glitch, summed with sign over a channel's
#: features, of models that beat their baseline.
SHAP_VALUES = schema(
    "shap_values",
    family=FAMILY,
    ifo=IFO,
    view=VIEW_OF_TIME,
    model=MODEL,
    glitch_id=ID,
    event_time=column(FLOAT, "GPS time of the glitch", unit="s"),
    channel=CHANNEL,
    shap=column(FLOAT, "sum of the channel's SHAP values, in the model's unit"),
    value=column(FLOAT, "largest abs(score) of the channel's features, with its sign", nullable=True),
)

#: `impact/{family}/shap_features.parquet`: the importance by feature, that is by band and lag.
SHAP_FEATURES = schema(
    "shap_features",
    family=FAMILY,
    ifo=IFO,
    view=VIEW_OF_TIME,
    model=MODEL,
    channel=CHANNEL,
    band=BAND,
    lag_low=column(FLOAT, "first second of the lags that the feature is taken over", unit="s"),
    lag_high=column(FLOAT, "last second of them", unit="s"),
    mean_abs_shap=column(FLOAT, "mean over the glitches of abs(SHAP)"),
)

#: `impact/{family}/precursor_skill.parquet`: alarms of precursor models that beat their baseline, over
#: all held-out live time.
PRECURSOR_SKILL = schema(
    "precursor_skill",
    family=FAMILY,
    ifo=IFO,
    model=MODEL,
    false_alarms_per_hour=column(FLOAT, "alarms that no glitch of the family follows, as stated", unit="1/h"),
    threshold=column(FLOAT, "probability that raises an alarm", nullable=True),
    measured_per_hour=column(FLOAT, "the same, as they were on held-out time", unit="1/h", nullable=True),
    warned=column(FLOAT, "share of the glitches that an alarm came before", nullable=True),
    warned_chance=column(FLOAT, "the same for alarms at random times, as many of them", nullable=True),
    lead_s=column(FLOAT, "median seconds from the alarm to the glitch's start", unit="s", nullable=True),
    lead_low_s=column(FLOAT, "lower quartile of them", unit="s", nullable=True),
    lead_high_s=column(FLOAT, "upper quartile of them", unit="s", nullable=True),
    live_time_s=column(FLOAT, "held-out live time that the alarms are counted on", unit="s"),
    n_glitches=column(INT, "glitches in it"),
    reason=REASON,
)

#: `impact/drivers.parquet`: the drivers of all families, with groups and ranks.
DRIVERS = schema(
    "drivers",
    **_DRIVER,
    group=column(STRING, "group of correlated channels, called by its first"),
    group_mean_abs_shap=column(
        FLOAT, "mean over the glitches of abs(sum of the group's SHAP values)", nullable=True
    ),
    group_rank=column(
        INT, "place of the group within family, detector, view and model; 1 is the best", nullable=True
    ),
)

#: `impact/{family}/vetoes.parquet`: a veto made of the best witness of a family, over the family's live
#: time.
VETOES = schema(
    "vetoes",
    family=FAMILY,
    ifo=IFO,
    channel=column(STRING, "best witness; empty where there is none"),
    band=column(STRING, "its band"),
    lag=column(FLOAT, "when it lights up relative to the glitch", unit="s", nullable=True),
    threshold=column(
        FLOAT, "score above which time is vetoed: the background's 99 % quantile", nullable=True
    ),
    n_segments=column(INT, "veto segments"),
    vetoed_s=column(FLOAT, "their length", unit="s"),
    live_time_s=column(FLOAT, "live time that they were looked for in", unit="s"),
    n_timed=column(INT, "glitches of the family with a time"),
    n_glitches=column(INT, "the family's glitches in it"),
    n_vetoed=column(INT, "those whose gate meets a veto segment"),
    efficiency=column(FLOAT, "n_vetoed / n_glitches", nullable=True),
    deadtime=column(FLOAT, "vetoed_s / live_time_s", nullable=True),
    efficiency_over_deadtime=column(FLOAT, "their ratio", nullable=True),
    reason=REASON,
)

#: `impact/minutes/{ifo}.parquet`: the BNS range and its loss, minute by minute.
MINUTES = schema(
    "minutes",
    ifo=IFO,
    minute=column(FLOAT, "GPS start of the minute", unit="s"),
    live_s=column(FLOAT, "analysed seconds of it", unit="s"),
    gated_s=column(FLOAT, "seconds of it in gates of any glitch", unit="s"),
    range_mpc=column(
        FLOAT, "BNS range of the time that remains; null where it is not known", unit="Mpc", nullable=True
    ),
    reference_mpc=column(
        FLOAT, "running median of minutes gated by less than 10 %", unit="Mpc", nullable=True
    ),
    loss_mpc3_yr=column(
        FLOAT, "(4 pi/3)(reference^3 - range^3) times the time, signed", unit="Mpc^3 yr", nullable=True
    ),
    source=column(STRING, "channel, or strain"),
)

#: `impact/cost.parquet`, `impact/cost.csv`: the cost of each family in each detector.
COST = schema(
    "cost",
    family=FAMILY,
    ifo=IFO,
    n=column(INT, "glitches in the analysed time"),
    n_gated=column(INT, "those that a search would gate: SNR at least the configured one"),
    rank=column(INT, "place by cost within all families and detectors; null without a cost", nullable=True),
    cost_mpc3_yr=column(
        FLOAT, "lost sensitive time-volume, the headline C_k", unit="Mpc^3 yr", nullable=True
    ),
    cost_low=column(
        FLOAT, "lower end of its 95 % interval over blocks of live time", unit="Mpc^3 yr", nullable=True
    ),
    cost_high=column(FLOAT, "upper end of it", unit="Mpc^3 yr", nullable=True),
    hours_per_1000h=column(FLOAT, "hours of sensitive time lost per 1000 h", unit="h", nullable=True),
    hours_low=column(FLOAT, "lower end of its interval", unit="h", nullable=True),
    hours_high=column(FLOAT, "upper end of it", unit="h", nullable=True),
    deadtime_s=column(FLOAT, "(a) analysed time in the family's gates", unit="s"),
    marginal_deadtime_s=column(FLOAT, "(a) what only this family gates", unit="s"),
    deadtime_loss_mpc3_yr=column(
        FLOAT, "(a) mean volume times the marginal deadtime", unit="Mpc^3 yr", nullable=True
    ),
    range_loss_mpc3_yr=column(
        FLOAT, "(b) loss of range charged to the family, signed", unit="Mpc^3 yr", nullable=True
    ),
    range_minutes=column(INT, "(b) minutes with a known loss that the family has a share of", unit="min"),
    threshold_loss=column(FLOAT, "(c) share of the volume lost to a higher threshold", nullable=True),
    threshold_source=column(STRING, "ranking, snr (a proxy, outside the headline), or none: all is gated"),
    threshold_in_cost=column(BOOL, "(c) is part of the headline"),
    contamination_per_yr=column(
        FLOAT, "(d) signals that a glitch of the family overlaps", unit="1/yr", nullable=True
    ),
    recoverable=column(
        FLOAT,
        "cost, at least 0, times the best witness's excess efficiency: an upper bound",
        unit="Mpc^3 yr",
        nullable=True,
    ),
    best_witness=column(STRING, "channel of that witness, empty where none has q at most 0.05"),
    live_s=column(FLOAT, "analysed time of the detector", unit="s"),
    volume_mpc3=column(FLOAT, "mean sensitive volume, from the reference range", unit="Mpc^3", nullable=True),
    rate_per_day=column(FLOAT, "naive: glitches per day of analysed time", unit="1/d", nullable=True),
    rate_times_snr=column(FLOAT, "naive: rate times median SNR", unit="1/d", nullable=True),
    efficiency_over_deadtime=column(FLOAT, "naive: of the best witness at its threshold", nullable=True),
    blocks=column(INT, "blocks of live time that the interval is over"),
    reason=REASON,
)

#: `impact/recoverable.parquet`: what removing a witness's coupling would give back at most.
RECOVERABLE = schema(
    "recoverable",
    family=FAMILY,
    ifo=IFO,
    channel=CHANNEL,
    group=column(STRING, "group of correlated channels, called by its first"),
    excess_efficiency=column(FLOAT, "efficiency less the slides' mean, at least 0"),
    q_value=column(FLOAT, "of the channel as a witness"),
    safety=column(STRING, "safe or unknown"),
    relation=column(STRING, "leads, co-moves or follows"),
    recoverable_mpc3_yr=column(FLOAT, "removing the coupling gives back at most so much", unit="Mpc^3 yr"),
    recoverable_low=column(FLOAT, "lower ends of cost and excess multiplied", unit="Mpc^3 yr", nullable=True),
    recoverable_high=column(FLOAT, "upper ends multiplied", unit="Mpc^3 yr", nullable=True),
)

#: `impact/cost_by_day.parquet`: the cost by day. Days are of GPS seconds: midnight UTC but for leap
#: seconds.
COST_BY_DAY = schema(
    "cost_by_day",
    family=FAMILY,
    ifo=IFO,
    day=column(FLOAT, "GPS second at which the day begins", unit="s"),
    n=column(INT, "glitches"),
    live_s=column(FLOAT, "analysed time of the detector on that day", unit="s"),
    cost_mpc3_yr=column(
        FLOAT, "share of the headline that falls on it, signed", unit="Mpc^3 yr", nullable=True
    ),
)

#: `impact/rank_stability.parquet`: how the ranking changes with the assumptions.
RANK_STABILITY = schema(
    "rank_stability",
    ifo=column(STRING, "detector, or all"),
    varied=column(STRING, "min_gate_s, gate_snr or false_alarm_rate"),
    value=column(FLOAT, "the value tried, in its unit (s, none with 0 for all, 1/yr)"),
    kendall_tau=column(
        FLOAT, "tau-b of the ranking with the headline's; null under three families", nullable=True
    ),
    n=column(INT, "families and detectors ranked in both"),
)

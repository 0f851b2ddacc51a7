"""Tables of planted against measured answers."""

from glitch_explorer.core.schema import BOOL, CHANNEL, FAMILY, FLOAT, IFO, INT, STRING, Column, number, schema

#: `validate/couplings.parquet`: planted witnesses and what was found, one row per planted witness and
#: family of its class.
COUPLINGS = schema(
    "couplings",
    planted_class=Column(STRING, "planted class that the channel witnesses"),
    ifo=IFO,
    channel=CHANNEL,
    family=Column(STRING, "family that matches the class, null where none was searched", nullable=True),
    n_glitches=Column(INT, "the family's planted glitches in the detector"),
    planted_band=Column(STRING, "band that moves"),
    planted_lag=Column(FLOAT, "planted lag relative to the glitch, negative before", unit="s"),
    planted_relation=Column(STRING, "leads or co-moves"),
    band=Column(STRING, "measured band, that of the channel's largest abs(T)", nullable=True),
    rank=Column(INT, "rank of the channel's group, null where it was not ranked", nullable=True),
    lag=number("measured lag", unit="s"),
    lag_error=number("measured less planted lag", unit="s"),
    t_peak=number("largest T, signed"),
    p_fwer=number("its family-wise p"),
    q_value=number("its q-value"),
    relation=Column(STRING, "measured relation", nullable=True),
    excess_efficiency=number("efficiency minus its mean over time slides"),
)

#: `validate/drivers.parquet`: planted drivers and what was found, one row per driver, family of its class
#: and model of the witness feature set.
PLANTED_DRIVERS = schema(
    "planted_drivers",
    planted_class=Column(STRING, "planted class with a driver"),
    ifo=IFO,
    kind=Column(STRING, "single, pair or interaction"),
    family=FAMILY,
    model=Column(STRING, "xgboost or random_forest"),
    n_glitches=Column(INT, "glitches with features"),
    beats=Column(BOOL, "whether the model beats its baseline (q_value at most 0.05)"),
    ap=number("average precision on held-out segments"),
    ap_baseline=number("average precision of rate and time of day alone"),
    top_group=Column(STRING, "group of channels with the largest mean abs(SHAP)", nullable=True),
    hit=Column(BOOL, "the group contains a planted driver; null without SHAP", nullable=True),
    reason=Column(
        STRING, "code of the reason why SHAP values are not reported (`impact/reasons.py`); else empty"
    ),
)

#: `validate/costs.parquet`: planted costs and what was found, one row per class and detector with exactly
#: one family.
PLANTED_COSTS = schema(
    "planted_costs",
    planted_class=Column(STRING, "planted class"),
    ifo=IFO,
    family=FAMILY,
    n_planted=Column(INT, "planted glitches of the class"),
    n_glitches=Column(INT, "glitches of the family"),
    planted_deadtime_s=Column(FLOAT, "time that only the class gates", unit="s"),
    marginal_deadtime_s=Column(FLOAT, "time that only the family gates", unit="s"),
    planted_range_loss=Column(FLOAT, "planted range loss", unit="Mpc^3 yr"),
    range_loss=number("measured loss of range", unit="Mpc^3 yr"),
    planted_cost=Column(FLOAT, "planted cost", unit="Mpc^3 yr"),
    cost=number("measured cost", unit="Mpc^3 yr"),
    cost_low=number("lower end of its 95 % interval", unit="Mpc^3 yr"),
    cost_high=number("upper end of it", unit="Mpc^3 yr"),
)

#: `validate/month.parquet`: planted slow drivers of the simulated month and what was found, adjusted for
#: local time, one row per family, detector and driver.
MONTH = schema(
    "month",
    family=FAMILY,
    ifo=IFO,
    channel=CHANNEL,
    n_glitches=Column(INT, "glitches in live minutes with data"),
    clock=Column(BOOL, "whether a daily cycle of the rate is planted that no driver records"),
    planted_ratio=Column(FLOAT, "planted rate ratio, 1 for an idle driver"),
    ratio=number("measured rate ratio with local time in the model"),
    ratio_low=number("lower end of its interval"),
    ratio_high=number("upper end"),
    p_value=number("two-sided"),
    p_fwer=number("the same, corrected for all drivers of the family (max-t)"),
    answer=Column(STRING, "rises, falls, nothing found, or too short, as in slow_drivers"),
)

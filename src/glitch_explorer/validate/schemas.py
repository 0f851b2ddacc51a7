"""Tables of planted against measured answers."""

from glitch_explorer.core.schema import BOOL, CHANNEL, FAMILY, FLOAT, IFO, INT, STRING, column, schema

#: `validate/couplings.parquet`: planted witnesses and what was found, one row per planted witness and
#: family of its class.
COUPLINGS = schema(
    "couplings",
    planted_class=column(STRING, "planted class that the channel witnesses"),
    ifo=IFO,
    channel=CHANNEL,
    family=column(STRING, "family that matches the class, null where none was searched", nullable=True),
    n_glitches=column(INT, "the family's planted glitches in the detector"),
    planted_band=column(STRING, "band that moves"),
    planted_lag=column(FLOAT, "planted lag relative to the glitch, negative before", unit="s"),
    planted_relation=column(STRING, "leads or co-moves"),
    band=column(STRING, "measured band, that of the channel's largest abs(T)", nullable=True),
    rank=column(INT, "rank of the channel's group, null where it was not ranked", nullable=True),
    lag=column(FLOAT, "measured lag", unit="s", nullable=True),
    lag_error=column(FLOAT, "measured less planted lag", unit="s", nullable=True),
    t_peak=column(FLOAT, "largest T, signed", nullable=True),
    p_fwer=column(FLOAT, "its family-wise p", nullable=True),
    q_value=column(FLOAT, "its q-value", nullable=True),
    relation=column(STRING, "measured relation", nullable=True),
    excess_efficiency=column(FLOAT, "efficiency minus its mean over time slides", nullable=True),
)

#: `validate/drivers.parquet`: planted drivers and what was found, one row per driver, family of its class
#: and model of the witness feature set.
PLANTED_DRIVERS = schema(
    "planted_drivers",
    planted_class=column(STRING, "planted class with a driver"),
    ifo=IFO,
    kind=column(STRING, "single, pair or interaction"),
    family=FAMILY,
    model=column(STRING, "xgboost or random_forest"),
    n_glitches=column(INT, "glitches with features"),
    beats=column(BOOL, "whether the model beats its baseline"),
    ap=column(FLOAT, "average precision on held-out segments", nullable=True),
    ap_baseline=column(FLOAT, "average precision of rate and time of day alone", nullable=True),
    top_group=column(STRING, "group of channels with the largest mean abs(SHAP)", nullable=True),
    hit=column(BOOL, "the group contains a planted driver; null without SHAP", nullable=True),
    reason=column(
        STRING, "code of the reason why SHAP values are not reported (`impact/reasons.py`); else empty"
    ),
)

#: `validate/costs.parquet`: planted costs and what was found, one row per class and detector with exactly
#: one family.
PLANTED_COSTS = schema(
    "planted_costs",
    planted_class=column(STRING, "planted class"),
    ifo=IFO,
    family=FAMILY,
    n_planted=column(INT, "planted glitches of the class"),
    n_glitches=column(INT, "glitches of the family"),
    planted_deadtime_s=column(FLOAT, "time that only the class gates", unit="s"),
    marginal_deadtime_s=column(FLOAT, "time that only the family gates", unit="s"),
    planted_range_loss=column(FLOAT, "planted range loss", unit="Mpc^3 yr"),
    range_loss=column(FLOAT, "measured loss of range", unit="Mpc^3 yr", nullable=True),
    planted_cost=column(FLOAT, "planted cost", unit="Mpc^3 yr"),
    cost=column(FLOAT, "measured cost", unit="Mpc^3 yr", nullable=True),
    cost_low=column(FLOAT, "lower end of its 95 % interval", unit="Mpc^3 yr", nullable=True),
    cost_high=column(FLOAT, "upper end of it", unit="Mpc^3 yr", nullable=True),
)

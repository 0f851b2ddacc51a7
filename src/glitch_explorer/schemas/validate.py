"""What was planted, beside what was found."""

import pyarrow as pa

from glitch_explorer.core.schema import BOOL, CHANNEL, FAMILY, FLOAT, IFO, INT, STRING, schema

TABLES: dict[str, pa.Schema] = {
    # One row a planted witness and a family that stands for its class.
    "couplings": schema(
        planted_class=(STRING, False, "", "planted class that the channel witnesses"),
        ifo=IFO,
        channel=CHANNEL,
        family=(STRING, True, "", "family that stands for the class, null where none has an answer"),
        n_glitches=(INT, False, "", "the family's planted glitches in the detector"),
        planted_band=(STRING, False, "", "band that moves"),
        planted_lag=(FLOAT, False, "s", "when it moves relative to the glitch, negative before"),
        planted_relation=(STRING, False, "", "leads or co-moves"),
        band=(STRING, True, "", "band found, that of the channel's largest abs(T)"),
        rank=(INT, True, "", "place of the channel's group, null where it was not ranked"),
        lag=(FLOAT, True, "s", "lag found"),
        lag_error=(FLOAT, True, "s", "lag found less lag planted"),
        t_peak=(FLOAT, True, "", "largest T, signed"),
        p_fwer=(FLOAT, True, "", "its family-wise p"),
        q_value=(FLOAT, True, "", "its q-value"),
        relation=(STRING, True, "", "relation found"),
        excess_efficiency=(FLOAT, True, "", "efficiency less the slides' mean"),
    ),
    # One row a planted driver, a family that stands for its class, and a model of the witness view.
    "planted_drivers": schema(
        planted_class=(STRING, False, "", "planted class that is driven"),
        ifo=IFO,
        kind=(STRING, False, "", "single, pair or interaction"),
        family=FAMILY,
        model=(STRING, False, "", "xgboost or random_forest"),
        n_glitches=(INT, False, "", "glitches with features"),
        beats=(BOOL, False, "", "the model beats its baseline"),
        ap=(FLOAT, True, "", "average precision on held-out segments"),
        ap_baseline=(FLOAT, True, "", "the same of rate and time of day alone"),
        top_group=(STRING, True, "", "group of channels with the largest mean abs(SHAP)"),
        hit=(BOOL, True, "", "it holds a planted driver; null without SHAP"),
        reason=(STRING, False, "", "why there is no model or no story, empty where there is one"),
    ),
    # One row a class and detector that one family stands for.
    "planted_costs": schema(
        planted_class=(STRING, False, "", "planted class"),
        ifo=IFO,
        family=FAMILY,
        n_planted=(INT, False, "", "planted glitches of the class"),
        n_glitches=(INT, False, "", "glitches of the family"),
        planted_deadtime_s=(FLOAT, False, "s", "what only the class gates"),
        marginal_deadtime_s=(FLOAT, False, "s", "what only the family gates"),
        planted_range_loss=(FLOAT, False, "Mpc^3 yr", "planted loss of range"),
        range_loss=(FLOAT, True, "Mpc^3 yr", "loss of range found"),
        planted_cost=(FLOAT, False, "Mpc^3 yr", "what the class cost"),
        cost=(FLOAT, True, "Mpc^3 yr", "cost found"),
        cost_low=(FLOAT, True, "Mpc^3 yr", "lower end of its 95 % interval"),
        cost_high=(FLOAT, True, "Mpc^3 yr", "upper end of it"),
    ),
}

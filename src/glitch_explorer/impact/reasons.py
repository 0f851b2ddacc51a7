"""Codes of the reasons for which a model, a veto or a cost is missing or incomplete.

The facts of a reason are in the columns of its row; `site/cost/reasons.html` has the sentences.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a row has no result, or not all of it."""

    #: Models and vetoes: too few glitches with a time (n_timed).
    FEW_TIMED = "few_timed"
    #: Models: too few glitches with windows, or in too few segments (n_glitches, n_segments).
    FEW_GLITCHES = "few_glitches"
    #: Models: no channel that models may use has enough data.
    NO_DATA = "no_data"
    #: Precursor models: no bin of lags ends before the glitches start.
    NO_LEADING_BIN = "no_leading_bin"
    #: Models: fewer background windows than glitches (n_background, n_glitches).
    FEW_BACKGROUND = "few_background"
    #: Models: the embargo leaves a fold without glitches, or without background, to fit.
    EMBARGO = "embargo"
    #: Models and costs: too few blocks for an interval (blocks).
    FEW_BLOCKS = "few_blocks"
    #: Models: average precision or Brier skill are not clear of the baseline's (p_value).
    NO_GAIN = "no_gain"
    #: Models: better than the baseline alone, but not among all models (q_value).
    MANY_MODELS = "many_models"
    #: Precursor alarms: no threshold has so few false alarms (false_alarms_per_hour, live_time_s).
    NO_ALARM_RATE = "no_alarm_rate"
    #: Vetoes: no channel that may be used is a witness.
    NO_WITNESS = "no_witness"
    #: Vetoes: too little of the live time is background for a threshold.
    NO_BACKGROUND = "no_background"
    #: Costs: the detector has no live time.
    NO_LIVE_TIME = "no_live_time"
    #: Costs: no glitch of the family is in the live time.
    NO_LIVE_GLITCH = "no_live_glitch"
    #: Costs: the detector's range is unknown.
    NO_RANGE = "no_range"
    #: Costs: the search gates no glitch of the family, and the catalogue has no ranking from a search.
    NOT_GATED = "not_gated"
    #: Costs: the range is unknown in all minutes with glitches of the family, so the deadtime alone counts.
    NO_RANGE_LOSS = "no_range_loss"

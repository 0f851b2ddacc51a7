"""Tables of the rates of families against slow drivers."""

from glitch_explorer.core.schema import (
    BAND,
    BOOL,
    CHANNEL,
    FAMILY,
    FLOAT,
    IFO,
    INT,
    STRING,
    Column,
    number,
    schema,
)

#: `coupling/slow_drivers/{ifo}.parquet`: the rate of each family against ground motion. A rate ratio is the
#: rate at the driver's 90th percentile over that at its median; intervals are of 95 %.
SLOW_DRIVERS = schema(
    "slow_drivers",
    family=FAMILY,
    ifo=IFO,
    channel=CHANNEL,
    band=BAND,
    n_glitches=Column(INT, "glitches in live minutes with data"),
    live_min=Column(INT, "live minutes with data", unit="min"),
    level_median=number("median of the driver in them, natural logarithm"),
    level_high=number("90th percentile"),
    ratio=number("rate ratio within blocks: minutes of one block are compared"),
    ratio_low=number("lower end of its interval"),
    ratio_high=number("upper end"),
    p_value=number("two-sided, counted among surrogates of the driver"),
    p_fwer=number("the same, corrected for all drivers of the family (max-t)"),
    least_ratio=number("smallest ratio that has p_value up to 0.05 with probability 0.8"),
    blocks=Column(INT, "blocks of time with a glitch"),
    block_s=number("length of a block", unit="s"),
    correlation_s=number("correlation time of the driver", unit="s"),
    clock_ratio=number("rate ratio with local time of day, and of the week, in the model"),
    clock_low=number("lower end of its interval"),
    clock_high=number("upper end"),
    clock_p=number("two-sided"),
    clock_p_fwer=number("the same, corrected for all drivers of the family (max-t)"),
    clock_least_ratio=number("smallest ratio that has clock_p up to 0.05 with probability 0.8"),
    overall_ratio=number("rate ratio over the whole time: blocks are compared too"),
    overall_low=number("lower end of its interval"),
    overall_high=number("upper end"),
    overall_p=number("two-sided"),
    overall_p_fwer=number("the same, corrected for all drivers of the family (max-t)"),
    overall_least_ratio=number("smallest ratio that has overall_p up to 0.05 with probability 0.8"),
    joint_step=Column(INT, "order in which drivers enter the joint model, null if not in it", nullable=True),
    joint_ratio=number("rate ratio in the joint model"),
    joint_low=number("lower end of its interval"),
    joint_high=number("upper end"),
    joint_p=number("two-sided, not corrected"),
    shifts=Column(INT, "whole-day shifts of the driver"),
    shifts_above=Column(INT, "those with at least as large an effect; a description, not tested"),
    shift_low=number("smallest rate ratio of the shifts"),
    shift_high=number("largest"),
    not_live=number("share of the driver's minutes that are not live, null if it is known in live time only"),
    not_live_top=number("the same of the top tenth of its minutes"),
    answer=Column(
        STRING, "rises, falls (p_fwer up to 0.05), nothing found, or too short (least_ratio above 2)"
    ),
    clock_answer=Column(STRING, "the same with local time in the model"),
    overall_answer=Column(STRING, "the same over the whole time"),
    reason=Column(STRING, "code of why there is no ratio, else empty"),
    clock_reason=Column(STRING, "code of why there is no clock_ratio, else empty"),
)

#: `coupling/rate_curves/{ifo}.parquet`: the rate of each family as a curve of each driver, with its band, and
#: the counts by tenth of the driver.
RATE_CURVES = schema(
    "rate_curves",
    family=FAMILY,
    ifo=IFO,
    channel=CHANNEL,
    band=BAND,
    part=Column(STRING, "curve or tenth"),
    level=Column(FLOAT, "level of the driver, natural logarithm; of a tenth, its mean"),
    ratio=Column(FLOAT, "rate over that at the driver's median, within blocks"),
    low=number("lower end of its 95 % interval, null for a tenth"),
    high=number("upper end"),
    n_glitches=Column(INT, "glitches in a tenth, 0 for the curve"),
    minutes=Column(INT, "live minutes in a tenth", unit="min"),
)

#: `coupling/rate_days/{ifo}.parquet`: by day of GPS time, the counts of each family and the driver with its
#: smallest p.
RATE_DAYS = schema(
    "rate_days",
    family=FAMILY,
    ifo=IFO,
    channel=CHANNEL,
    band=BAND,
    day_gps=Column(FLOAT, "start of the day, GPS", unit="s"),
    live_min=Column(INT, "live minutes", unit="min"),
    n_glitches=Column(INT, "glitches in them"),
    level_low=number("lower quartile of the driver, natural logarithm"),
    level_median=number("median"),
    level_high=number("upper quartile"),
)

#: `coupling/driver_pairs/{ifo}.parquet`: whether two drivers of different bands act more together than each
#: alone.
DRIVER_PAIRS = schema(
    "driver_pairs",
    family=FAMILY,
    ifo=IFO,
    channel_a=CHANNEL,
    band_a=BAND,
    channel_b=CHANNEL,
    band_b=BAND,
    ratio=Column(FLOAT, "rate with both at their 90th percentile over what the two effects alone make of it"),
    ratio_low=Column(FLOAT, "lower end of its 95 % interval"),
    ratio_high=Column(FLOAT, "upper end"),
    p_value=Column(FLOAT, "two-sided"),
    p_fwer=Column(FLOAT, "the same, corrected for all pairs of the family (max-t)"),
    only_together=Column(BOOL, "p_fwer up to 0.05, ratio above 1, and neither rises or falls alone"),
)

#: Tables of the rate models, in the order of `rates.drivers.RateTables`.
RATE_TABLES = (SLOW_DRIVERS, RATE_CURVES, RATE_DAYS, DRIVER_PAIRS)
